"""Where metrics would lie if other rows had been held out.

Source:
    B. Efron and R. J. Tibshirani, "An Introduction to the Bootstrap": the percentile interval; of fewer rows
    than there are, it is as much too wide as the root of their share says.
"""

import math
from collections.abc import Iterator, Mapping
from typing import NamedTuple, TypeVar

import numpy as np
from numpy.typing import NDArray

from infrastructure.evaluation.judged import Judged
from infrastructure.evaluation.ranking import areas_of_many
from infrastructure.evaluation.weighing import metrics_of, metrics_of_all

Metric = TypeVar("Metric", float, NDArray[np.float64])

RESAMPLES = 200
ROWS_MIN = 5
_TAILS = (0.025, 0.975)
_AT_ONCE = 25
"""So many resamples are held at a time: of 10,000 rows, they take 2 MB."""


class Spread(NamedTuple):
    """How far the ends of an interval lie from the value; the lower one is negative as a rule."""

    below: float
    above: float


def spreads(judged: Judged, *, against: Judged | None = None, seed: int, rows: int) -> Mapping[str, Spread]:
    """Return how far each metric may lie from its value; without those of which too few resamples tell anything.

    Of fewer than 5 rows nothing is told: drawn again, they would seem to be certain.

    Args:
        judged: Some of the rows, or all.
        against: Another model on the same rows, whose metrics are taken away each time; None for none.
        seed: Of the draws.
        rows: That the values are of.
    """
    if len(judged.truth) < ROWS_MIN:
        return {}
    values = differences(metrics_of_all(judged), None if against is None else metrics_of_all(against))
    drawn: dict[str, list[NDArray[np.float64]]] = {name: [] for name in values}
    for weights in resamples(len(judged.truth), seed=seed):
        found = differences(metrics_of(judged, weights), None if against is None else metrics_of(against, weights))
        for name, each in drawn.items():
            each.append(found[name])
    narrower = math.sqrt(len(judged.truth) / rows)
    spread = {}
    for name, each in drawn.items():
        around = spread_of(np.concatenate(each) - values[name])
        if around is not None:
            spread[name] = Spread(around.below * narrower, around.above * narrower)
    if against is None and (ranked := areas_of_many(judged)) is not None:
        (around,) = spreads_of_means(ranked[np.newaxis], seed=seed)
        spread["auc"] = Spread(around.below * narrower, around.above * narrower)
    return spread


def spread_of(drawn: NDArray[np.float64]) -> Spread | None:
    """Return the interval of how far resamples lie from the value; None where too few of them tell anything."""
    told = drawn[~np.isnan(drawn)]
    if len(told) <= RESAMPLES // 2:
        return None
    low, high = np.quantile(told, _TAILS)
    return Spread(float(low), float(high))


def spreads_of_means(influences: NDArray[np.float64], *, seed: int) -> list[Spread]:
    """Return how far figures may lie from their values.

    Args:
        influences: Of shape (figures, rows): what each grows by with the share of a row; they add up to 0.
        seed: Of the draws.
    """
    rows = influences.shape[1]
    drawn = np.concatenate([weights @ influences.T / rows for weights in resamples(rows, seed=seed)])
    return [Spread(float(low), float(high)) for low, high in np.quantile(drawn, _TAILS, axis=0).T]


def spreads_of_values(values: Mapping[str, NDArray[np.float64]], *, seed: int, rows: int) -> Mapping[str, Spread]:
    """Return how far the means of what is known of each row may lie from their values.

    Args:
        values: By name, of some of the rows, or all.
        seed: Of the draws.
        rows: That the means are of.
    """
    sampled = {name: each for name, each in values.items() if len(each) >= ROWS_MIN}
    if not sampled:
        return {}
    influences = np.array([each - each.mean() for each in sampled.values()])
    narrower = math.sqrt(influences.shape[1] / rows)
    return dict(zip(sampled, spreads_of_means(narrower * influences, seed=seed), strict=True))


def differences(metrics: Mapping[str, Metric], others: Mapping[str, Metric] | None) -> Mapping[str, Metric]:
    """Return each metric that both have, less the other's; the metrics themselves where there is no other."""
    if others is None:
        return metrics
    return {name: value - others[name] for name, value in metrics.items() if name in others}


def resamples(rows: int, *, seed: int) -> Iterator[NDArray[np.float64]]:
    """Yield how often each row is drawn, for some resamples at a time: of shape (resamples, rows)."""
    generator = np.random.default_rng(seed)
    for _ in range(0, RESAMPLES, _AT_ONCE):
        drawn = generator.integers(0, rows, (_AT_ONCE, rows))
        yield np.array([np.bincount(each, minlength=rows) for each in drawn], dtype=np.float64)
