"""Regressions: trees that tell a number."""

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from application.ports.work import WorkFailed
from domain.datasets.values import Column
from domain.training.values import TrainingPlan
from infrastructure.learning.boosting import DIVERGED
from infrastructure.learning.encoding import encode_target
from infrastructure.learning.metrics import regression_metrics
from infrastructure.learning.objectives import objective_for, parameters_for
from infrastructure.learning.split import split
from infrastructure.learning.trained import HeldOut, OnIteration, Trained
from infrastructure.learning.trainers.tabular import learn, manifest_of, tabular_settings

Floats = NDArray[np.float64]


def train(plan: TrainingPlan, table: pa.Table, *, num_threads: int, on_iteration: OnIteration) -> Trained:
    """Train as planned; rows whose number is missing are left out.

    Raises:
        WorkFailed: The data cannot be learned; the code says why.
        MemoryError: There was not enough.
    """
    settings = tabular_settings(plan)
    assert plan.target is not None, "what is learned is a column"
    columns = dict(zip(table.column_names, table.columns, strict=True))
    del table
    target = encode_target(plan.model_type, plan.target, columns[plan.target.name])
    divided = split(
        target.values, fraction=settings.validation_fraction, seed=settings.seed, is_classification=False
    )
    known = target.values[divided.training]
    _require_difference(plan.target, known)
    objective = objective_for(None)
    learned = learn(
        plan,
        columns,
        target,
        divided,
        objective=objective,
        parameters=parameters_for(objective, settings),
        num_threads=num_threads,
        on_iteration=on_iteration,
    )
    manifest, parts = manifest_of(plan, learned, labels=None)
    return Trained(
        manifest=manifest,
        parts=parts,
        metrics=_metrics(learned.truth, learned.grown.predicted),
        held_out=HeldOut(
            table=learned.table,
            truth=learned.truth,
            scores=learned.grown.predicted[:, np.newaxis],
            baseline=np.full((len(learned.truth), 1), known.mean()),
            labels=None,
        ),
    )


def _require_difference(target: Column, known: Floats) -> None:
    if known.min() == known.max():
        message = (
            f"The target {target.name!r} is the same in every row that is learned from: its few other "
            "values were held out. Take another seed or more rows."
        )
        raise WorkFailed(message, code="training.constant-target")


def _metrics(truth: Floats, predicted: Floats) -> dict[str, float]:
    if np.isfinite(predicted).all():
        with np.errstate(over="ignore"):
            found = regression_metrics(truth, predicted)
        if np.isfinite(list(found.values())).all():
            return found
    raise WorkFailed(DIVERGED, code="training.diverged")
