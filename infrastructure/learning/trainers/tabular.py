"""What classifications and regressions have in common: trees that learn one column of a table from others.

The table is taken apart column by column: at no time do all numbers lie there twice.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from domain.inference.values import Feature, Label
from domain.training.hyperparameters.tabular import Tabular
from domain.training.values import TrainingPlan
from infrastructure.datasets.freed_memory import FreedMemory
from infrastructure.learning.artifact import part_of
from infrastructure.learning.boosting import Example, Grown, HeldAgainst, binned, grow
from infrastructure.learning.encoding import EncodedTarget, all_missing, encode_feature, encode_rows, encode_values
from infrastructure.learning.manifest import TREES, Manifest, Source, Target
from infrastructure.learning.objectives import Objective, Parameters
from infrastructure.learning.split import Split
from infrastructure.learning.trained import OnIteration, environment

Floats = NDArray[np.float64]

TOLD_BY_MAX = 20_000
"""Of more rows held out, so many drawn by the seed tell after each round whether it was better: more would take
longer to be measured, and tell the same."""


@dataclass(frozen=True, kw_only=True)
class Learned:
    """Trees, and what they say of rows held out.

    Attributes:
        features: What they ask of an instance.
        parameters: What LightGBM was given.
        rows: How many were learned from.
        table: The rows held out.
        truth: Of shape (rows held out,): the place of the label, or the number.
    """

    features: tuple[Feature, ...]
    parameters: Parameters
    grown: Grown
    rows: int
    table: pa.Table
    truth: Floats


def learn(
    plan: TrainingPlan,
    columns: dict[str, pa.ChunkedArray],
    target: EncodedTarget,
    divided: Split,
    *,
    objective: Objective,
    parameters: Parameters,
    weights: Floats | None = None,
    num_threads: int,
    on_iteration: OnIteration,
) -> Learned:
    """Grow trees on the rows that are learned from, and ask them about those held out.

    Args:
        plan: Says what is learned from what.
        columns: Those of the plan, by name; all are taken out.
        target: What is learned.
        divided: Positions in it.
        objective: What the trees are to get right.
        parameters: What LightGBM is given.
        weights: Of the values of the target; None where all weigh the same.
        num_threads: They change nothing but the time.
        on_iteration: Told each round.

    Raises:
        WorkFailed: `training.all-missing`, or as `grow` says.
        MemoryError: There was not enough.
    """
    settings = tabular_settings(plan)
    truth = target.values[divided.validation]
    of_training, of_validation = (None if weights is None else weights[part] for part in divided)
    given: Any = {"parameters": parameters, "num_threads": num_threads}
    rows, features, table = _taken_apart(plan, columns, target, divided)
    categorical = [index for index, each in enumerate(features) if each.categories is not None]
    training = binned(
        Example(rows=rows, target=target.values[divided.training], weights=of_training, categorical=categorical),
        **given,
    )
    del rows  # the trees grow on bins, which are an eighth of it
    validation = binned(
        Example(rows=encode_rows(features, table), target=truth, categorical=categorical), **given, like=training
    )
    grown = grow(
        HeldAgainst(
            training=training,
            validation=validation,
            truth=truth,
            weights=of_validation,
            told_by=_drawn(len(truth), seed=settings.seed),
        ),
        objective=objective,
        early_stopping_rounds=settings.early_stopping_rounds,
        on_iteration=on_iteration,
        **given,
    )
    return Learned(
        features=features,
        parameters=parameters,
        grown=grown,
        rows=len(divided.training),
        table=table,
        truth=truth,
    )


def tabular_settings(plan: TrainingPlan) -> Tabular:
    """Return the hyperparameters of a plan of this type."""
    assert isinstance(plan.hyperparameters, Tabular), "the plan chooses by its type"
    return plan.hyperparameters


def manifest_of(
    plan: TrainingPlan,
    learned: Learned,
    *,
    labels: tuple[Label, ...] | None,
    settings: Mapping[str, Any] = MappingProxyType({}),
) -> tuple[Manifest, dict[str, bytes]]:
    """Return what a version says of itself, and its parts."""
    assert plan.target is not None, "what is learned is a column"
    parts = {TREES: learned.grown.body.encode()}
    manifest = Manifest(
        model_type=plan.model_type,
        target=Target(name=plan.target.name, type=plan.target.type),
        features=learned.features,
        labels=labels,
        best_iteration=learned.grown.rounds,
        hyperparameters=plan.hyperparameters.model_dump(mode="json"),
        parameters=learned.parameters,
        settings=dict(settings),
        environment=environment(),
        dataset=Source(
            sha256=plan.contents.sha256, training_rows=learned.rows, validation_rows=len(learned.truth)
        ),
        parts={name: part_of(content) for name, content in parts.items()},
    )
    return manifest, parts


def _taken_apart(
    plan: TrainingPlan, columns: dict[str, pa.ChunkedArray], target: EncodedTarget, divided: Split
) -> tuple[Floats, tuple[Feature, ...], pa.Table]:
    """Return the rows to learn from, as numbers, their features, and the rows held out, as they are."""
    learned, held_out = (pa.array(target.rows[part]) for part in divided)
    # column by column: memory that no number was written to is not taken yet
    rows = np.empty((len(learned), len(plan.features)), dtype=np.float64, order="F")
    features: list[Feature] = []
    kept: dict[str, pa.ChunkedArray] = {}
    freed = FreedMemory()
    for position, column in enumerate(plan.features):
        values = columns.pop(column.name)
        kept[column.name] = values.take(held_out)
        values = values.take(learned)
        features.append(encode_feature(column, values))
        rows[:, position] = encode_values(features[-1], values)
        freed.add(values.nbytes)
        del values
    for name in list(columns):
        kept[name] = columns.pop(name).take(held_out)
    freed.give_back()
    if all(np.isnan(column).all() for column in rows.T):
        raise all_missing()
    return rows, tuple(features), pa.table({column.name: kept[column.name] for column in plan.columns})


def _drawn(rows: int, *, seed: int) -> NDArray[np.int64]:
    if rows <= TOLD_BY_MAX:
        return np.arange(rows)
    return np.sort(np.random.default_rng(seed).choice(rows, TOLD_BY_MAX, replace=False))
