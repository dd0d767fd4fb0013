"""How the payload of an older schema version becomes that of the next one."""

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any

Fields = dict[str, Any]
"""A stored event as JSON has it: `event_id`, `provenance` and the payload."""

Upcaster = Callable[[Fields], Fields]
"""A pure function from the fields of one schema version to those of the next."""

Upcasters = Mapping[tuple[str, int], Upcaster]
"""(topic, schema version it reads) → the function that gives the next version."""


def _planned_for_any_type(fields: Fields) -> Fields:
    """From plans of the two types that learn from tables to those of all types.

    What is new is given the value that means what was done then.
    """
    plan = {**fields["plan"], "time": None, "series": None, "group": None}
    hyperparameters = dict(plan["hyperparameters"])
    hyperparameters |= {
        "split": "auto",
        "group_column": None,
        "time_column": None,
        "folds": 0,
        "executor": "local",
    }
    if plan["model_type"] == "classification":
        hyperparameters |= {"class_weight": "none", "calibration": "none", "threshold": 0.5}
    else:
        del hyperparameters["is_unbalance"]  # it meant nothing where there are no labels
    plan["hyperparameters"] = hyperparameters
    return {**fields, "plan": plan, "priority": 0, "retries": None, "verifies": None}


UPCASTERS: Upcasters = MappingProxyType({("training-job.requested.v1", 1): _planned_for_any_type})


def upcast(fields: Fields, *, topic: str, stored: int, current: int, upcasters: Upcasters) -> Fields:
    """Return the fields in the current schema version.

    Args:
        fields: In the schema version `stored`.
        topic: Under which they are stored.
        stored: The schema version they were stored in, from 1.
        current: The schema version that the program writes.
        upcasters: One for each step on the way.

    Raises:
        ValueError: A newer program stored them, or a step is missing.
    """
    if stored > current:
        msg = f"stored in schema version {stored}, this program reads versions up to {current}"
        raise ValueError(msg)
    for version in range(stored, current):
        step = upcasters.get((topic, version))
        if step is None:
            msg = f"nothing leads from schema version {version} to {version + 1}"
            raise ValueError(msg)
        fields = step(fields)
    return fields
