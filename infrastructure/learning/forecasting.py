"""Learning to forecast, and what was forecast of steps that had not been learned from."""

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from application.ports.trainer import Iteration
from application.ports.work import WorkFailed
from infrastructure.learning.backtests import Backtests
from infrastructure.learning.boosting import Example, Grown, HeldAgainst, binned, grow
from infrastructure.learning.forecast_inputs import ForecastInputs, Transform, restored, transformed
from infrastructure.learning.forecast_pairs import Pairs, drawn
from infrastructure.learning.lags import BASES, Base, Past, scale_of
from infrastructure.learning.objectives import Parameters, objective_for
from infrastructure.learning.series import Panel, Series

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]

TRAINING_PAIRS_MAX = 100_000
HELD_OUT_PAIRS_MAX = 50_000
"""Of all backtests."""
_LEAF_SHARE_MAX = 0.1

_TOO_RARE = (
    "So many values are missing that none is known so few steps behind another. Leave out the rows without a "
    "value where the others are a longer step apart, ask for a longer horizon, or bring more values."
)


@dataclass(frozen=True, kw_only=True)
class Start:
    """What trees correct.

    Attributes:
        transform: Of the values.
        base: What a forecast begins with.
    """

    transform: Transform
    base: Base


@dataclass(frozen=True, kw_only=True)
class Backtest:
    """What was forecast of steps behind the values that were learned from.

    Attributes:
        pairs: Which steps, from which origins.
        folds: The backtest that each pair belongs to, from 1, the latest one.
        predicted: As trees see the values, of shape (pairs,).
        truth: The same, as it came.
        scale: Of each pair's series.
    """

    pairs: Pairs
    folds: Integers
    predicted: Floats
    truth: Floats
    scale: Floats


@dataclass(frozen=True, kw_only=True)
class Tried:
    """A way to forecast, and how far off it was.

    Attributes:
        start: What it begins with.
        rounds: Of trees that correct it; 0 where it is left as it is.
        backtest: What it forecast.
        error: How far off, on average, in units of each series' scale as the data have the values.
    """

    start: Start
    rounds: int
    backtest: Backtest
    error: float


class Learner:
    """Learns from a panel.

    Args:
        panel: The series.
        backtests: What of them is tried.
        inputs: What trees are told.
        seed: Of draws.

    Raises:
        WorkFailed: `training.too-few-rows`.
    """

    def __init__(self, panel: Panel, backtests: Backtests, inputs: ForecastInputs, *, seed: int) -> None:
        self._panel = panel
        self._backtests = backtests
        self._inputs = inputs
        self._seed = seed
        is_positive = all(np.nanmin(each.values) > 0.0 for each in panel.series)
        self._transforms: tuple[Transform, ...] = ("none", "log") if is_positive else ("none",)
        self._held_out = self._held_out_pairs()
        if 0 in (len(self._held_out), len(self._training_pairs(backtests.folds))):
            raise WorkFailed(_TOO_RARE, code="training.too-few-rows")

    def starts(self) -> list[Start]:
        """Return the start of values, and of their logarithms if they have any, that comes nearest without trees.

        It is found on what the earliest backtest knows.
        """
        pairs = self._training_pairs(self._backtests.folds)
        found = []
        for transform in self._transforms:
            candidates = [Start(transform=transform, base=base) for base in BASES]
            found.append(min(candidates, key=lambda start: self._tried(start, pairs, None).error))
        return found

    def tried(
        self,
        start: Start,
        *,
        parameters: Parameters,
        early_stopping_rounds: int,
        num_threads: int,
        on_iteration: Callable[[Iteration], None],
    ) -> Tried:
        """Return what trees say that learn from what all backtests know, in the rounds that suit these best.

        Raises:
            WorkFailed: `training.diverged` or `training.refused`.
            MemoryError: There was not enough.
        """
        fold = self._backtests.folds
        grown = self._grown(
            self._example(start, self._training_pairs(fold), fold),
            self._example(start, self._held_out, fold),
            parameters=parameters,
            early_stopping_rounds=early_stopping_rounds,
            num_threads=num_threads,
            on_iteration=on_iteration,
        )
        return self._tried(start, self._held_out, grown)

    def alone(self) -> Tried:
        """Return what comes nearest to the backtests without trees."""
        starts = [Start(transform=transform, base=base) for transform in self._transforms for base in BASES]
        return min((self._tried(start, self._held_out, None) for start in starts), key=lambda each: each.error)

    def grown(
        self,
        tried: Tried,
        *,
        parameters: Parameters,
        num_threads: int,
        on_iteration: Callable[[Iteration], None],
    ) -> Grown:
        """Return trees that have learned from everything, in as many rounds; of 0 rounds, one that says nothing.

        Raises:
            WorkFailed: `training.diverged` or `training.refused`.
            MemoryError: There was not enough.
        """
        learned = self._example(tried.start, self._training_pairs(0), 0)
        held_out = self._example(tried.start, self._held_out, 0)
        if tried.rounds == 0:
            learned = replace(learned, target=np.zeros(len(learned.target)))
        return self._grown(
            learned,
            held_out,
            parameters={**parameters, "num_iterations": max(1, tried.rounds)},
            early_stopping_rounds=0,
            num_threads=num_threads,
            on_iteration=on_iteration,
        )

    def past(self, series: Series, start: Start, fold: int) -> Past:
        """Return a series as trees see it, in the scale of what the fold knows."""
        values = transformed(series.values, start.transform)
        known = self._backtests.known(len(values), fold)
        scale = scale_of(values, known=known, season=self._inputs.lags.season)
        return Past(values, lags=self._inputs.lags, scale=scale)

    def rows_per_leaf(self, values: int) -> int:
        """Return how many rows a leaf is to have at least that rests on so many values.

        The same value is learned from different origins. And what happens at a time happens to all series: of
        several ones, so many moments are asked for, up to a tenth of all rows.
        """
        pairs = len(self._training_pairs(0))
        known = sum(int((~np.isnan(each.values)).sum()) for each in self._panel.series)
        of_one = max(1.0, pairs / known) * values
        return round(max(of_one, min(of_one * len(self._panel.series), pairs * _LEAF_SHARE_MAX)))

    def _held_out_pairs(self) -> Pairs:
        """Return the steps that backtests forecast: from where the earliest begins and each step behind."""
        horizon, folds = self._backtests.horizon, self._backtests.folds
        firsts = [self._backtests.known(len(each.values), folds) - 1 for each in self._panel.series]
        counts = [folds * horizon if first >= 0 else 0 for first in firsts]
        pairs = drawn(firsts, counts, horizon=horizon, limit=HELD_OUT_PAIRS_MAX, seed=self._seed)
        return self._known(pairs, fold=0)

    def _training_pairs(self, fold: int) -> Pairs:
        first = self._inputs.lags.window - 1
        known = [self._backtests.known(len(each.values), fold) for each in self._panel.series]
        counts = [max(0, length - 1 - first) for length in known]
        horizon = self._backtests.horizon
        pairs = drawn([first] * len(known), counts, horizon=horizon, limit=TRAINING_PAIRS_MAX, seed=self._seed)
        return self._known(pairs, fold=fold)

    def _known(self, pairs: Pairs, *, fold: int) -> Pairs:
        """Return those whose origin and step have values that the fold knows."""
        is_known = np.zeros(len(pairs), dtype=np.bool_)
        for code, part in pairs.by_series():
            values = self._panel.series[code].values
            origins, places = pairs.origins[part], pairs.origins[part] + pairs.steps[part]
            is_within = places < self._backtests.known(len(values), fold)
            at = np.minimum(places, len(values) - 1)
            is_known[part] = is_within & ~np.isnan(values[np.minimum(origins, len(values) - 1)] + values[at])
        return pairs.where(is_known)

    def _example(self, start: Start, pairs: Pairs, fold: int) -> Example:
        """Return what is learned of pairs: how far they are from what they begin with."""
        rows = np.empty((len(pairs), len(self._inputs.names)))
        target = np.empty(len(pairs))
        for code, part in pairs.by_series():
            series, past = self._panel.series[code], self.past(self._panel.series[code], start, fold)
            origins, steps = pairs.origins[part], pairs.steps[part]
            rows[part] = self._inputs.rows(
                past, origins, steps, first=series.first, code=code, exogenous=series.exogenous
            )
            target[part] = (past.values[origins + steps] - past.base(start.base, origins, steps)) / past.scale
        return Example(rows=rows, target=target, categorical=self._inputs.categorical)

    def _grown(
        self,
        learned: Example,
        held_out: Example,
        *,
        parameters: Parameters,
        early_stopping_rounds: int,
        num_threads: int,
        on_iteration: Callable[[Iteration], None],
    ) -> Grown:
        training = binned(learned, parameters=parameters, num_threads=num_threads)
        pair = HeldAgainst(
            training=training,
            validation=binned(held_out, parameters=parameters, num_threads=num_threads, like=training),
            truth=held_out.target,
            weights=None,
            told_by=np.arange(len(held_out.target)),
        )
        return grow(
            pair,
            objective=objective_for(None),
            parameters=parameters,
            early_stopping_rounds=early_stopping_rounds,
            num_threads=num_threads,
            on_iteration=on_iteration,
        )

    def _tried(self, start: Start, pairs: Pairs, grown: Grown | None) -> Tried:
        """Return what is forecast of pairs by what the earliest backtest knows; without trees, the start alone."""
        fold, off = self._backtests.folds, 0.0
        predicted, truth, scale = np.empty((3, len(pairs)))
        folds = np.empty(len(pairs), dtype=np.int64)
        for code, part in pairs.by_series():
            series, past = self._panel.series[code], self.past(self._panel.series[code], start, fold)
            origins, steps = pairs.origins[part], pairs.steps[part]
            folds[part] = self._backtests.folds_of(len(series.values), origins)
            truth[part], scale[part] = past.values[origins + steps], past.scale
            predicted[part] = past.base(start.base, origins, steps)
            if grown is not None:
                predicted[part] += grown.predicted[part] * past.scale
            plain = self.past(series, _AS_IT_IS, fold)
            said = restored(predicted[part], start.transform)
            off += float(np.abs(said - plain.values[origins + steps]).sum()) / plain.scale
        return Tried(
            start=start,
            rounds=0 if grown is None else grown.rounds,
            backtest=Backtest(pairs=pairs, folds=folds, predicted=predicted, truth=truth, scale=scale),
            error=off / max(1, len(pairs)),
        )


_AS_IT_IS = Start(transform="none", base="level")
