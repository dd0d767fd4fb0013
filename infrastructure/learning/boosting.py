"""Growing trees with LightGBM, the same ones in every run."""

import math
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import lightgbm as lgb
import numpy as np
from numpy.typing import NDArray

from application.ports.trainer import Iteration
from application.ports.work import WorkFailed
from domain.training.hyperparameters.classification import Classification
from domain.training.hyperparameters.trees import Trees
from infrastructure.learning.metrics import RoundMetric, binary_log_loss, multiclass_log_loss, rmse

Floats = NDArray[np.float64]
Parameters = dict[str, str | int | float | bool]

DIVERGED = "The predictions left the range of numbers: lower the learning rate or scale the target down."

_LIGHTGBM_NAMES = (
    "seed",
    "num_iterations",
    "learning_rate",
    "num_leaves",
    "max_depth",
    "min_data_in_leaf",
    "min_sum_hessian_in_leaf",
    "min_gain_to_split",
    "feature_fraction",
    "bagging_fraction",
    "bagging_freq",
    "lambda_l1",
    "lambda_l2",
    "max_bin",
    "cat_smooth",
)
_THREADS_LINE = re.compile(r"^\[num_threads: -?\d+\]$", re.MULTILINE)


@dataclass(frozen=True, kw_only=True)
class Objective:
    """What the trees are to get right.

    Attributes:
        name: LightGBM's.
        classes: Classes that have scores of their own; 1 for two classes and for numbers.
        metric_name: Under which each round's figure is known.
        metric: That figure.
    """

    name: str
    classes: int
    metric_name: str
    metric: RoundMetric


def objective_for(labels: int | None) -> Objective:
    """Return the objective for so many labels, or for numbers when None."""
    if labels is None:
        return Objective(name="regression", classes=1, metric_name="rmse", metric=rmse)
    if labels == 2:  # noqa: PLR2004 - binary
        return Objective(name="binary", classes=1, metric_name="log_loss", metric=binary_log_loss)
    return Objective(name="multiclass", classes=labels, metric_name="log_loss", metric=multiclass_log_loss)


def parameters_for(objective: Objective, hyperparameters: Trees) -> Parameters:
    """Return what LightGBM is given, all but the number of threads."""
    parameters: Parameters = {name: getattr(hyperparameters, name) for name in _LIGHTGBM_NAMES}
    parameters |= {
        "objective": objective.name,
        "metric": "none",
        "deterministic": True,
        "force_row_wise": True,
        "verbosity": -1,
    }
    if objective.classes > 1:
        parameters["num_class"] = objective.classes
    if objective.name == "binary" and isinstance(hyperparameters, Classification):
        parameters["is_unbalance"] = hyperparameters.is_unbalance
    return parameters


@dataclass(frozen=True, kw_only=True)
class Example:
    """Rows with their answers.

    Attributes:
        rows: Of shape (rows, features), NaN where a value is missing.
        target: Of shape (rows,).
    """

    rows: Floats
    target: Floats


@dataclass(frozen=True, kw_only=True)
class Grown:
    """A model.

    Attributes:
        body: LightGBM's text, the same for any number of threads.
        best_iteration: Rounds in it.
    """

    body: str
    best_iteration: int


def grow(
    *,
    objective: Objective,
    parameters: Parameters,
    training: Example,
    validation: Example,
    categorical: list[int],
    early_stopping_rounds: int,
    num_threads: int,
    on_iteration: Callable[[Iteration], None],
) -> Grown:
    """Boost round by round until all are done or, for `early_stopping_rounds` rounds, none was better.

    The rounds up to the best one are kept; with `early_stopping_rounds` 0, all of them.

    Raises:
        WorkFailed: `training.diverged`, or LightGBM refuses: `training.refused`.
        MemoryError: LightGBM got no memory.
    """
    try:
        booster = _booster(parameters, training, validation, categorical, num_threads)
        best = _boost(
            booster,
            objective=objective,
            total=int(parameters["num_iterations"]),
            draws_at_random=_draws_at_random(parameters),
            held_out=validation.target,
            early_stopping_rounds=early_stopping_rounds,
            on_iteration=on_iteration,
        )
        text = booster.model_to_string(num_iteration=best)
    except lgb.basic.LightGBMError as error:
        if "bad_alloc" in str(error):
            raise MemoryError(str(error)) from error
        message = f"LightGBM refuses these data with these hyperparameters: {error}"
        raise WorkFailed(message, code="training.refused") from error
    # the only line that tells how many threads there were
    return Grown(body=_THREADS_LINE.sub("[num_threads: 0]", text), best_iteration=best)


def _booster(
    parameters: Parameters, training: Example, validation: Example, categorical: list[int], num_threads: int
) -> lgb.Booster:
    given: dict[str, Any] = {**parameters, "num_threads": num_threads}
    learned = lgb.Dataset(
        training.rows,
        training.target,
        # LightGBM refuses some characters in names, so the body knows columns by number only
        feature_name=[f"f{index}" for index in range(training.rows.shape[1])],
        categorical_feature=categorical,
        params=given,
    )
    booster = lgb.Booster(given, learned)
    booster.add_valid(lgb.Dataset(validation.rows, validation.target, reference=learned, params=given), "held out")
    return booster


def _draws_at_random(parameters: Parameters) -> bool:
    bags = parameters["bagging_fraction"] != 1.0 and parameters["bagging_freq"] != 0
    return bags or parameters["feature_fraction"] != 1.0


def _boost(
    booster: lgb.Booster,
    *,
    objective: Objective,
    total: int,
    draws_at_random: bool,
    held_out: Floats,
    early_stopping_rounds: int,
    on_iteration: Callable[[Iteration], None],
) -> int:
    def evaluate(predicted: Floats, _: lgb.Dataset) -> tuple[str, float, bool]:
        return objective.metric_name, objective.metric(held_out, predicted), False

    kept, best_round, best_value = 0, 0, math.inf
    for done in range(1, total + 1):
        is_barren = booster.update()
        value = booster.eval_valid(evaluate)[0].metric_value
        is_best = value < best_value
        if is_best:
            kept, best_round, best_value = booster.current_iteration(), done, value
        metrics = {objective.metric_name: value} if math.isfinite(value) else {}
        on_iteration(Iteration(iteration=done, total=total, metrics=metrics, is_best=is_best))
        if is_barren and not draws_at_random:
            break  # without chance in it, no later round finds a split either
        if early_stopping_rounds and done - best_round >= early_stopping_rounds:
            break
    if best_round == 0:
        raise WorkFailed(DIVERGED, code="training.diverged")
    return kept if early_stopping_rounds else booster.current_iteration()
