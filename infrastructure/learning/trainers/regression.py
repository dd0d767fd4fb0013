"""Regressions: trees that tell a number."""

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from application.ports.work import WorkFailed
from domain.datasets.values import Column
from domain.training.hyperparameters.regression import Regression
from domain.training.values import TrainingPlan
from infrastructure.learning.boosting import DIVERGED
from infrastructure.learning.metrics import regression_metrics
from infrastructure.learning.number_objectives import (
    OF_LOGARITHMS,
    NumberObjective,
    number_objective,
    require_learnable,
)
from infrastructure.learning.trained import HeldOut, OnIteration, Trained
from infrastructure.learning.trainers.holding_out import target_and_parts
from infrastructure.learning.trainers.tabular import Learned, learn, manifest_of

Floats = NDArray[np.float64]


def train(plan: TrainingPlan, table: pa.Table, *, num_threads: int, on_iteration: OnIteration) -> Trained:
    """Train as planned; rows whose number is missing are left out.

    Raises:
        WorkFailed: The data cannot be learned; the code says why.
        MemoryError: There was not enough.
    """
    assert plan.target is not None, "what is learned is a column"
    assert isinstance(plan.hyperparameters, Regression), "the plan chooses by its type"
    columns = dict(zip(table.column_names, table.columns, strict=True))
    del table
    target, parts = target_and_parts(plan, columns)
    for part in parts:
        _require_difference(plan.target, target.values[part.training])
    known = target.values[parts[-1].training]
    objective = number_objective(plan.hyperparameters, known)
    require_learnable(plan.target, float(target.values.min()), objective)
    learned = learn(
        plan,
        columns,
        target,
        parts,
        objective=objective,
        num_threads=num_threads,
        on_iteration=on_iteration,
    )
    return completed(plan, learned, objective=objective, constant=objective.constant(known))


def completed(plan: TrainingPlan, learned: Learned, *, objective: NumberObjective, constant: float) -> Trained:
    """Return the trees as a model.

    Args:
        plan: What was learned.
        learned: The trees.
        objective: What the trees were to get right.
        constant: The best prediction without learning, of the numbers that were learned from.

    Raises:
        WorkFailed: `training.diverged`.
    """
    manifest, contents = manifest_of(plan, learned, labels=None)
    return Trained(
        manifest=manifest,
        parts=contents,
        metrics=_metrics(learned.truth, learned.grown.predicted, objective),
        held_out=HeldOut(
            table=learned.table,
            truth=learned.truth,
            scores=learned.grown.predicted[:, np.newaxis],
            baseline=np.full((len(learned.truth), 1), constant),
            labels=None,
            losses=objective.losses,
            statistic=objective.statistic,
        ),
        notes=(*learned.notes, *([OF_LOGARITHMS] if objective.has_log_link else [])),
    )


def _require_difference(target: Column, known: Floats) -> None:
    if known.min() == known.max():
        message = (
            f"The target {target.name!r} is the same in every row that is learned from: its few other "
            "values were held out. Take another seed or more rows."
        )
        raise WorkFailed(message, code="training.constant-target")


def _metrics(truth: Floats, predicted: Floats, objective: NumberObjective) -> dict[str, float]:
    if np.isfinite(predicted).all():
        with np.errstate(over="ignore"):
            found = regression_metrics(truth, predicted)
            found |= {name: float(loss(truth, predicted).mean()) for name, loss in objective.losses.items()}
        if np.isfinite(list(found.values())).all():
            return found
    raise WorkFailed(DIVERGED, code="training.diverged")
