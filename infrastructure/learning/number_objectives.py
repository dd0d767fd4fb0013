"""What a regression is to get right, and what is known of numbers for which it makes sense.

Source:
    LightGBM's documentation, "Parameters", `objective`: names, and what `alpha` means for each.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from application.ports.work import WorkFailed
from domain.datasets.values import Column
from domain.training.hyperparameters.regression import Regression
from infrastructure.learning.losses import (
    MEAN,
    RowLoss,
    absolute,
    gamma_deviance,
    huber,
    is_below,
    mean_of,
    pinball,
    poisson_deviance,
    tweedie_deviance,
)
from infrastructure.learning.metrics import rmse
from infrastructure.learning.objectives import Objective

Floats = NDArray[np.float64]

OF_LOGARITHMS = (
    "Contributions of features are to the logarithm of what is predicted; predictions and figures are in the unit "
    "of the target."
)

_QUANTILE = 0.9
_OF_NORMAL = 1.4826
"""Times the median size of deviations is their standard deviation, of normally distributed numbers."""
_EFFICIENT = 1.345
"""In standard deviations: errors this far out are taken for outliers at a cost of 5 % where there are none."""


@dataclass(frozen=True, kw_only=True)
class NumberObjective(Objective):
    """An objective for numbers.

    Attributes:
        statistic: What is told of the numbers that a row may have, in words: the `mean`, the `median`, ….
        constant: The best of all predictions that are the same for every row, given the targets.
        losses: By name, what tells how well the objective was met, beside the figures that any regression has.
        least: No target lies below it; None where all may be learned.
        is_least_excluded: Whether none lies on it either.
    """

    statistic: str
    constant: Callable[[Floats], float]
    losses: Mapping[str, RowLoss] = field(default_factory=dict)
    least: float | None = None
    is_least_excluded: bool = False


def number_objective(settings: Regression, known: Floats | None = None) -> NumberObjective:
    """Return the objective that is asked for.

    Args:
        settings: Ask for it.
        known: Targets that are learned from, which suggest the width of Huber's loss; None where it is given.
    """
    match settings.objective:
        case "regression":
            return NumberObjective(
                name="regression", classes=1, metric_name="rmse", metric=rmse, statistic=MEAN, constant=_mean
            )
        case "regression_l1":
            return _of_median("regression_l1", "mae", absolute, {})
        case "huber":
            width = settings.alpha
            if width is None:
                assert known is not None, "what nobody gives is suggested by data"
                width = _suggested_width(known)
            found = _of_median("huber", "huber", huber(width), {"alpha": width})
            return replace(found, losses={"huber": huber(width)})
        case "quantile":
            return _of_quantile(_QUANTILE if settings.alpha is None else settings.alpha)
        case "poisson" | "gamma" | "tweedie" as name:
            return _of_amounts(name, power=settings.tweedie_variance_power)


def require_learnable(target: Column, least: float, objective: NumberObjective) -> None:
    """Demand that the objective makes sense for the target.

    Args:
        target: The column.
        least: Of its values.
        objective: What is asked for.

    Raises:
        WorkFailed: `training.target-outside-objective`.
    """
    if objective.least is None or least > objective.least:
        return
    if least == objective.least and not objective.is_least_excluded:
        return
    allowed = f"above {objective.least:g}" if objective.is_least_excluded else f"of at least {objective.least:g}"
    others = "'tweedie' where 0 is the least, " if least == 0.0 else ""
    message = (
        f"The least value of the target {target.name!r} is {least:g}: objective {objective.name!r} learns numbers "
        f"{allowed}. Remove those rows, or take another objective: {others}'regression', 'regression_l1', 'huber' "
        "and 'quantile' learn any number."
    )
    raise WorkFailed(message, code="training.target-outside-objective")


def _of_median(name: str, metric_name: str, loss: RowLoss, parameters: Mapping[str, float]) -> NumberObjective:
    return NumberObjective(
        name=name,
        classes=1,
        metric_name=metric_name,
        metric=mean_of(loss),
        parameters=parameters,
        statistic="median",
        constant=_median,
    )


def _of_quantile(share: float) -> NumberObjective:
    return NumberObjective(
        name="quantile",
        classes=1,
        metric_name="pinball",
        metric=mean_of(pinball(share)),
        parameters={"alpha": share},
        statistic=f"{share:g} quantile",
        constant=lambda known: float(np.quantile(known, share)),
        losses={"pinball": pinball(share), "share_below": is_below},
    )


def _of_amounts(name: str, *, power: float) -> NumberObjective:
    deviances = {"poisson": poisson_deviance, "gamma": gamma_deviance, "tweedie": tweedie_deviance(power)}
    deviance = deviances[name]
    return NumberObjective(
        name=name,
        classes=1,
        metric_name=f"{name}_deviance",
        metric=mean_of(deviance),
        parameters={"tweedie_variance_power": power} if name == "tweedie" else {},
        has_log_link=True,
        statistic=MEAN,
        constant=_mean,
        losses={f"{name}_deviance": deviance},
        least=0.0,
        is_least_excluded=name == "gamma",
    )


def _mean(known: Floats) -> float:
    return float(known.mean())


def _median(known: Floats) -> float:
    return float(np.median(known))


def _suggested_width(known: Floats) -> float:
    """Return the width that hides few errors where there are no outliers; of the targets' own deviations."""
    deviations = np.abs(known - np.median(known))
    usual = _OF_NORMAL * float(np.median(deviations))
    return _EFFICIENT * (usual or float(deviations.mean()))
