"""From a plan and its table to a trained model, the same bytes in every run."""

import hashlib
import platform
from collections.abc import Callable
from dataclasses import dataclass
from importlib.metadata import version
from typing import Any

import lightgbm as lgb
import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from application.ports.trainer import Iteration
from application.ports.work import WorkFailed
from domain.models.values import ModelType
from domain.training.values import TrainingPlan
from infrastructure.learning.artifact import Body, Manifest, Source, Target
from infrastructure.learning.boosting import DIVERGED, Example, grow, objective_for, parameters_for
from infrastructure.learning.encoding import encode_features, encode_rows, encode_target
from infrastructure.learning.metrics import classification_metrics, regression_metrics
from infrastructure.learning.split import split

_LIBRARIES = ("lightgbm", "numpy", "pyarrow", "scikit-learn")

Floats = NDArray[np.float64]


@dataclass(frozen=True, kw_only=True)
class Training:
    """What a training gave.

    Attributes:
        manifest: Of the model.
        body: LightGBM's text.
        metrics: On the validation rows, of the body as it will be loaded.
    """

    manifest: Manifest
    body: str
    metrics: dict[str, float]


def train(
    plan: TrainingPlan,
    table: pa.Table,
    *,
    num_threads: int,
    on_iteration: Callable[[Iteration], None],
) -> Training:
    """Train as planned; manifest and body depend on nothing but the plan, the table and the libraries.

    Rows whose target is missing are left out: there is nothing to learn from them.

    Raises:
        WorkFailed: The data cannot be learned; the code says why.
        MemoryError: There was not enough.
    """
    target = encode_target(plan.model_type, plan.target, table.column(plan.target.name))
    hyperparameters = plan.hyperparameters
    parts = split(
        target.values,
        fraction=hyperparameters.validation_fraction,
        seed=hyperparameters.seed,
        is_classification=target.labels is not None,
    )
    _require_difference(plan, target.values[parts.training])
    features = encode_features(plan.features, table, rows=target.rows[parts.training])
    validation = _example(features, table, target.rows, target.values, parts.validation)
    objective = objective_for(None if target.labels is None else len(target.labels))
    parameters = parameters_for(objective, hyperparameters)
    grown = grow(
        objective=objective,
        parameters=parameters,
        training=_example(features, table, target.rows, target.values, parts.training),
        validation=validation,
        categorical=[index for index, each in enumerate(features) if each.categories is not None],
        early_stopping_rounds=hyperparameters.early_stopping_rounds,
        num_threads=num_threads,
        on_iteration=on_iteration,
    )
    body = grown.body.encode()
    manifest = Manifest(
        model_type=plan.model_type,
        target=Target(name=plan.target.name, type=plan.target.type),
        features=features,
        labels=target.labels,
        best_iteration=grown.best_iteration,
        hyperparameters=hyperparameters,
        parameters=parameters,
        environment=environment(),
        dataset=Source(
            sha256=plan.contents.sha256,
            training_rows=len(parts.training),
            validation_rows=len(parts.validation),
        ),
        body=Body(sha256=hashlib.sha256(body).hexdigest(), size_bytes=len(body)),
    )
    return Training(
        manifest=manifest, body=grown.body, metrics=_metrics(grown.body, validation, target.labels, num_threads)
    )


def environment() -> dict[str, str]:
    """Return the versions of what takes part in a training: another one may give other bits."""
    found = {name: version(name) for name in _LIBRARIES}
    return {**found, "python": platform.python_version(), "machine": f"{platform.system()} {platform.machine()}"}


def _example(features: Any, table: pa.Table, rows: Any, values: Floats, part: Any) -> Example:
    return Example(rows=encode_rows(features, table, rows=rows[part]), target=values[part])


def _require_difference(plan: TrainingPlan, values: Floats) -> None:
    if plan.model_type is ModelType.REGRESSION and values.min() == values.max():
        message = (
            f"The target {plan.target.name!r} is the same in every row that is learned from: its few other "
            "values were held out. Take another seed or more rows."
        )
        raise WorkFailed(message, code="training.constant-target")


def _metrics(body: str, validation: Example, labels: tuple[Any, ...] | None, num_threads: int) -> dict[str, float]:
    predicted = np.asarray(lgb.Booster(model_str=body).predict(validation.rows, num_threads=num_threads))
    if labels is not None:
        probabilities = predicted if predicted.ndim > 1 else np.column_stack([1.0 - predicted, predicted])
        return classification_metrics(validation.target, probabilities)
    if np.isfinite(predicted).all():
        with np.errstate(over="ignore"):
            found = regression_metrics(validation.target, predicted)
        if np.isfinite(list(found.values())).all():
            return found
    raise WorkFailed(DIVERGED, code="training.diverged")
