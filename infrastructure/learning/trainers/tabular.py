"""What classifications and regressions have in common: trees that learn one column of a table from others.

The table is taken apart column by column: at no time do all numbers lie there twice.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from domain.inference.values import Feature, Label
from domain.training.values import TrainingPlan
from infrastructure.datasets.freed_memory import FreedMemory
from infrastructure.learning.artifact import part_of
from infrastructure.learning.boosting import (
    Example,
    Grown,
    HeldAgainst,
    binned,
    grow,
    grow_in_folds,
    part_of_dataset,
)
from infrastructure.learning.dates import Layout
from infrastructure.learning.encoding import EncodedTarget, all_missing, encode_feature, encode_rows, encode_values
from infrastructure.learning.environment import environment
from infrastructure.learning.manifest import TREES, Manifest, Source, Target
from infrastructure.learning.objectives import Objective, Parameters, parameters_for
from infrastructure.learning.split import Split
from infrastructure.learning.trained import OnIteration
from infrastructure.learning.trainers.holding_out import tabular_settings

Floats = NDArray[np.float64]

TOLD_BY_MAX = 20_000
"""Of more rows held out, so many drawn by the seed tell after each round whether it was better: more would take
longer to be measured, and tell the same."""

OF_FOLDS = (
    "The figures are of models that learned from the other folds; the version has learned from all rows, for as "
    "many rounds as were best on average."
)

FEW_ROWS = 5_000
OF_FEW_ROWS = (
    "The version has not learned from the rows held out, which of so few are missed: in 5 folds it learns from "
    "all rows in the end, and its figures are of all."
)


@dataclass(frozen=True, kw_only=True)
class Learned:
    """Trees, and what they say of rows held out.

    Attributes:
        features: What they ask of an instance.
        parameters: What LightGBM was given.
        rows: How many were learned from.
        is_in_folds: Whether those that were held out are among them.
        table: The rows held out, fold after fold.
        truth: Of shape (rows held out,): the place of the label, or the number.
        notes: What a reader of the report is to know.
    """

    features: tuple[Feature, ...]
    parameters: Parameters
    grown: Grown
    rows: int
    is_in_folds: bool
    table: pa.Table
    truth: Floats
    notes: tuple[str, ...]


def learn(
    plan: TrainingPlan,
    columns: dict[str, pa.ChunkedArray],
    target: EncodedTarget,
    parts: Sequence[Split],
    *,
    objective: Objective,
    weights: Floats | None = None,
    num_threads: int,
    on_iteration: OnIteration,
) -> Learned:
    """Grow trees on the rows that are learned from, and ask them about those held out.

    Of several parts, the rows of all are learned from in the end, for as many rounds as were best on average.

    Args:
        plan: Says what is learned from what.
        columns: Those of the plan, by name; all are taken out.
        target: What is learned.
        parts: Positions in it.
        objective: What the trees are to get right.
        weights: Of the values of the target; None where all weigh the same.
        num_threads: They change nothing but the time.
        on_iteration: Told each round.

    Raises:
        WorkFailed: `training.all-missing`, or as `grow` says.
        MemoryError: There was not enough.
    """
    settings = tabular_settings(plan)
    parameters = parameters_for(objective, settings)
    is_in_folds = len(parts) > 1
    held_out = np.concatenate([part.validation for part in parts])
    learned = np.arange(len(target.values)) if is_in_folds else parts[0].training
    rows, features, table = _taken_apart(plan, columns, target.rows[learned], target.rows[held_out])
    layout = Layout([feature.type for feature in features])
    given: Any = {"parameters": parameters, "num_threads": num_threads}
    training = binned(_example(layout, rows, target, weights, learned), **given)
    del rows  # the trees grow on bins, which are an eighth of it
    growing: Any = {
        **given,
        "objective": objective,
        "early_stopping_rounds": settings.early_stopping_rounds,
        "on_iteration": on_iteration,
    }
    if is_in_folds:
        pairs = [
            _held_against(
                part_of_dataset(training, part.training),
                part_of_dataset(training, part.validation),
                target,
                weights,
                part.validation,
                seed=settings.seed,
            )
            for part in parts
        ]
        grown = grow_in_folds(pairs, training, **growing)
    else:
        asked = layout.rows(encode_rows(features, table))
        validation = binned(_example(layout, asked, target, weights, held_out), like=training, **given)
        del asked
        pair = _held_against(training, validation, target, weights, held_out, seed=settings.seed)
        grown = grow(pair, **growing)
    return Learned(
        features=features,
        parameters=parameters,
        grown=grown,
        rows=len(learned),
        is_in_folds=is_in_folds,
        table=table,
        truth=target.values[held_out],
        notes=_notes(len(target.values), is_in_folds=is_in_folds),
    )


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
            sha256=plan.contents.sha256,
            training_rows=learned.rows,
            validation_rows=0 if learned.is_in_folds else len(learned.truth),
        ),
        parts={name: part_of(content) for name, content in parts.items()},
    )
    return manifest, parts


def _notes(rows: int, *, is_in_folds: bool) -> tuple[str, ...]:
    if is_in_folds:
        return (OF_FOLDS,)
    return (OF_FEW_ROWS,) if rows < FEW_ROWS else ()


def _taken_apart(
    plan: TrainingPlan,
    columns: dict[str, pa.ChunkedArray],
    learned: NDArray[np.int64],
    held_out: NDArray[np.int64],
) -> tuple[Floats, tuple[Feature, ...], pa.Table]:
    """Return the rows to learn from, as numbers, their features, and the rows held out, as they are."""
    learned_rows, held_out_rows = pa.array(learned), pa.array(held_out)
    layout = Layout([column.type for column in plan.features])
    # column by column: memory that no number was written to is not taken yet
    rows = np.empty((len(learned), layout.width), dtype=np.float64, order="F")
    features: list[Feature] = []
    kept: dict[str, pa.ChunkedArray] = {}
    freed = FreedMemory()
    for place, column in enumerate(plan.features):
        values = columns.pop(column.name)
        kept[column.name] = values.take(held_out_rows)
        values = values.take(learned_rows)
        features.append(encode_feature(column, values))
        layout.put(rows, place, encode_values(features[-1], values))
        freed.add(values.nbytes)
        del values
    for name in list(columns):
        kept[name] = columns.pop(name).take(held_out_rows)
    freed.give_back()
    if all(np.isnan(column).all() for column in rows.T):
        raise all_missing()
    return rows, tuple(features), pa.table({column.name: kept[column.name] for column in plan.columns})


def _example(
    layout: Layout, rows: Floats, target: EncodedTarget, weights: Floats | None, places: NDArray[np.int64]
) -> Example:
    return Example(
        rows=rows,
        target=target.values[places],
        weights=None if weights is None else weights[places],
        categorical=layout.categorical,
    )


def _held_against(
    training: Any,
    validation: Any,
    target: EncodedTarget,
    weights: Floats | None,
    places: NDArray[np.int64],
    *,
    seed: int,
) -> HeldAgainst:
    rows = len(places)
    told_by = np.arange(rows)
    if rows > TOLD_BY_MAX:
        told_by = np.sort(np.random.default_rng(seed).choice(rows, TOLD_BY_MAX, replace=False))
    return HeldAgainst(
        training=training,
        validation=validation,
        truth=target.values[places],
        weights=None if weights is None else weights[places],
        told_by=told_by,
    )
