"""How wrong a number is, row by row: what objectives make small, and what their means tell of a model.

Source:
    Deviances are those of `sklearn.metrics.mean_tweedie_deviance`, the pinball loss that of
    `sklearn.metrics.mean_pinball_loss`, Huber's that of P. J. Huber, "Robust Estimation of a Location Parameter".
"""

from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from infrastructure.learning.metrics import RoundMetric, weighted_mean

Floats = NDArray[np.float64]

MEAN = "mean"
"""The statistic of the squared error, and of deviances."""


class RowLoss(Protocol):
    """Something of each row that is told by its mean."""

    def __call__(self, actual: Floats, predicted: Floats, /) -> Floats:
        """Return it, of shape (rows,); infinite or NaN where a prediction is what the loss does not know."""


def mean_of(loss: RowLoss) -> RoundMetric:
    """Return the mean of a loss as the figure of a round."""

    def figure(actual: Floats, predicted: Floats, weights: Floats | None = None) -> float:
        return weighted_mean(loss(actual, predicted), weights)

    return figure


def absolute(actual: Floats, predicted: Floats) -> Floats:
    """Return the size of the errors."""
    return np.abs(predicted - actual)


def pinball(share: float) -> RowLoss:
    """Return the loss whose mean is least at the quantile of a share."""

    def loss(actual: Floats, predicted: Floats) -> Floats:
        missing = actual - predicted
        found: Floats = np.maximum(share * missing, (share - 1.0) * missing)
        return found

    return loss


def is_below(actual: Floats, predicted: Floats) -> Floats:
    """Return 1 where the truth lies at or below what was predicted, else 0."""
    return (actual <= predicted).astype(np.float64)


def huber(width: float) -> RowLoss:
    """Return half the squared error up to a width, and beyond it what goes on as straight as it is there."""

    def loss(actual: Floats, predicted: Floats) -> Floats:
        size = np.abs(predicted - actual)
        inside = np.minimum(size, width)
        found: Floats = inside * (size - inside / 2.0)
        return found

    return loss


def poisson_deviance(actual: Floats, predicted: Floats) -> Floats:
    """Return the deviance of counts, of predictions above 0."""
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        surprise = np.where(actual > 0.0, actual * np.log(actual / predicted), 0.0)
        return _of_positive(predicted, 2.0 * (surprise - actual + predicted))


def gamma_deviance(actual: Floats, predicted: Floats) -> Floats:
    """Return the deviance of positive amounts, of predictions above 0."""
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        return _of_positive(predicted, 2.0 * (np.log(predicted / actual) + actual / predicted - 1.0))


def tweedie_deviance(power: float) -> RowLoss:
    """Return the deviance of amounts of which some are 0, of predictions above 0.

    Args:
        power: Between 1 and 2.
    """

    def loss(actual: Floats, predicted: Floats) -> Floats:
        with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
            own = np.power(actual, 2.0 - power) / ((1.0 - power) * (2.0 - power))
            drawn = actual * np.power(predicted, 1.0 - power) / (1.0 - power)
            return _of_positive(predicted, 2.0 * (own - drawn + np.power(predicted, 2.0 - power) / (2.0 - power)))

    return loss


def _of_positive(predicted: Floats, deviances: Floats) -> Floats:
    return np.where(predicted > 0.0, deviances, np.inf)
