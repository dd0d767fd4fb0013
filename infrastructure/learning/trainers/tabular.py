"""Classifications and regressions: trees that learn one column of a table from others."""

from typing import Any

import lightgbm as lgb
import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from application.ports.work import WorkFailed
from domain.datasets.values import Column
from domain.models.values import ModelType
from domain.training.hyperparameters.tabular import Tabular
from domain.training.values import TrainingPlan
from infrastructure.learning.artifact import part_of
from infrastructure.learning.boosting import DIVERGED, Example, grow, objective_for, parameters_for
from infrastructure.learning.encoding import encode_features, encode_rows, encode_target
from infrastructure.learning.manifest import TREES, Manifest, Source, Target
from infrastructure.learning.metrics import classification_metrics, regression_metrics
from infrastructure.learning.split import split
from infrastructure.learning.trained import HeldOut, OnIteration, Trained, environment

Floats = NDArray[np.float64]


def train(
    plan: TrainingPlan,
    table: pa.Table,
    *,
    num_threads: int,
    on_iteration: OnIteration,
) -> Trained:
    """Train as planned; manifest and parts depend on nothing but the plan, the table and the libraries.

    Rows whose target is missing are left out: there is nothing to learn from them.

    Raises:
        WorkFailed: The data cannot be learned; the code says why.
        MemoryError: There was not enough.
    """
    hyperparameters = plan.hyperparameters
    assert plan.target is not None, "what is learned is a column"
    assert isinstance(hyperparameters, Tabular), "the plan chooses by its type"
    target = encode_target(plan.model_type, plan.target, table.column(plan.target.name))
    divided = split(
        target.values,
        fraction=hyperparameters.validation_fraction,
        seed=hyperparameters.seed,
        is_classification=target.labels is not None,
    )
    _require_difference(plan, plan.target, target.values[divided.training])
    features = encode_features(plan.features, table, rows=target.rows[divided.training])
    validation = _example(features, table, target.rows, target.values, divided.validation)
    objective = objective_for(None if target.labels is None else len(target.labels))
    parameters = parameters_for(objective, hyperparameters)
    grown = grow(
        objective=objective,
        parameters=parameters,
        training=_example(features, table, target.rows, target.values, divided.training),
        validation=validation,
        categorical=[index for index, each in enumerate(features) if each.categories is not None],
        early_stopping_rounds=hyperparameters.early_stopping_rounds,
        num_threads=num_threads,
        on_iteration=on_iteration,
    )
    parts = {TREES: grown.body.encode()}
    manifest = Manifest(
        model_type=plan.model_type,
        target=Target(name=plan.target.name, type=plan.target.type),
        features=features,
        labels=target.labels,
        best_iteration=grown.best_iteration,
        hyperparameters=hyperparameters.model_dump(mode="json"),
        parameters=parameters,
        environment=environment(),
        dataset=Source(
            sha256=plan.contents.sha256,
            training_rows=len(divided.training),
            validation_rows=len(divided.validation),
        ),
        parts={name: part_of(content) for name, content in parts.items()},
    )
    scores = _scores(grown.body, validation, target.labels, num_threads)
    return Trained(
        manifest=manifest,
        parts=parts,
        metrics=_metrics(scores, validation, target.labels),
        held_out=HeldOut(
            table=table.take(pa.array(target.rows[divided.validation])),
            truth=validation.target,
            scores=scores,
            baseline=_baseline(target.values[divided.training], target.labels, len(divided.validation)),
            labels=target.labels,
        ),
    )


def _example(features: Any, table: pa.Table, rows: Any, values: Floats, part: Any) -> Example:
    return Example(rows=encode_rows(features, table, rows=rows[part]), target=values[part])


def _require_difference(plan: TrainingPlan, target: Column, values: Floats) -> None:
    if plan.model_type is ModelType.REGRESSION and values.min() == values.max():
        message = (
            f"The target {target.name!r} is the same in every row that is learned from: its few other "
            "values were held out. Take another seed or more rows."
        )
        raise WorkFailed(message, code="training.constant-target")


def _scores(body: str, validation: Example, labels: tuple[Any, ...] | None, num_threads: int) -> Floats:
    """Return what the body says as it will be loaded: of shape (rows, labels), or (rows, 1) for numbers."""
    predicted = np.asarray(lgb.Booster(model_str=body).predict(validation.rows, num_threads=num_threads))
    if predicted.ndim > 1:
        return predicted
    return np.column_stack([predicted] if labels is None else [1.0 - predicted, predicted])


def _metrics(scores: Floats, validation: Example, labels: tuple[Any, ...] | None) -> dict[str, float]:
    if labels is not None:
        return classification_metrics(validation.target, scores)
    predicted = scores[:, 0]
    if np.isfinite(predicted).all():
        with np.errstate(over="ignore"):
            found = regression_metrics(validation.target, predicted)
        if np.isfinite(list(found.values())).all():
            return found
    raise WorkFailed(DIVERGED, code="training.diverged")


def _baseline(known: Floats, labels: tuple[Any, ...] | None, rows: int) -> Floats:
    """Return what is said of rows by who has seen the target only: the frequencies of the labels, or the mean."""
    if labels is None:
        return np.full((rows, 1), known.mean())
    frequencies = np.bincount(known.astype(np.intp), minlength=len(labels)) / len(known)
    return np.tile(frequencies, (rows, 1))
