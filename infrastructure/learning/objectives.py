"""What trees are to get right, and what LightGBM is given for it."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from domain.training.hyperparameters.classification import Classification
from domain.training.hyperparameters.trees import Trees
from infrastructure.learning.metrics import RoundMetric, binary_log_loss, multiclass_log_loss, rmse

Parameters = dict[str, str | int | float | bool]

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


@dataclass(frozen=True, kw_only=True)
class Objective:
    """What the trees are to get right.

    Attributes:
        name: LightGBM's.
        classes: Classes that have scores of their own; 1 for two classes and for numbers.
        metric_name: Under which each round's figure is known.
        metric: That figure.
        parameters: What LightGBM is told of it beside its name.
        has_log_link: Whether trees add up to the logarithm of what is predicted.
    """

    name: str
    classes: int
    metric_name: str
    metric: RoundMetric
    parameters: Mapping[str, float] = field(default_factory=dict)
    has_log_link: bool = False


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
    parameters |= objective.parameters
    if objective.classes > 1:
        parameters["num_class"] = objective.classes
    if objective.name == "binary" and isinstance(hyperparameters, Classification):
        parameters["is_unbalance"] = hyperparameters.is_unbalance
    return parameters


def draws_at_random(parameters: Parameters) -> bool:
    """Return whether chance has a say in each round."""
    bags = parameters["bagging_fraction"] != 1.0 and parameters["bagging_freq"] != 0
    return bags or parameters["feature_fraction"] != 1.0
