"""Learning to forecast, and what was forecast of steps that had not been learned from."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from application.ports.trainer import Iteration
from infrastructure.learning.backtests import Backtests
from infrastructure.learning.boosting import Example, Grown, HeldAgainst, binned, grow
from infrastructure.learning.forecast_inputs import ForecastInputs, Transform, transformed
from infrastructure.learning.forecast_pairs import Pairs, drawn
from infrastructure.learning.lags import BASES, Base, Past, scale_of
from infrastructure.learning.objectives import Parameters, objective_for
from infrastructure.learning.series import Panel, Series

Floats = NDArray[np.float64]

TRAINING_PAIRS_MAX = 100_000
HELD_OUT_PAIRS_MAX = 50_000
"""Of each backtest."""


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
    """What was forecast of the steps behind the values that were known.

    Attributes:
        pairs: Which steps, from which origins.
        predicted: As trees see the values, of shape (pairs,).
        truth: The same, as it came.
        scale: Of each pair's series.
    """

    pairs: Pairs
    predicted: Floats
    truth: Floats
    scale: Floats


class Learner:
    """Learns from a panel.

    Args:
        panel: The series.
        backtests: What of them is tried.
        inputs: What trees are told.
        seed: Of draws.
    """

    def __init__(self, panel: Panel, backtests: Backtests, inputs: ForecastInputs, *, seed: int) -> None:
        self._panel = panel
        self._backtests = backtests
        self._inputs = inputs
        self._seed = seed

    def start(self) -> Start:
        """Return the start that comes nearest without any trees, on what the earliest backtest knows."""
        pairs = self._training_pairs(self._backtests.folds)
        is_positive = all(np.nanmin(each.values) > 0.0 for each in self._panel.series)
        transforms: Sequence[Transform] = ("none", "log") if is_positive else ("none",)
        candidates = [Start(transform=transform, base=base) for transform in transforms for base in BASES]
        return min(candidates, key=lambda each: self._error_of(each, pairs))

    def learned(
        self,
        fold: int,
        start: Start,
        *,
        parameters: Parameters,
        early_stopping_rounds: int,
        num_threads: int,
        on_iteration: Callable[[Iteration], None],
    ) -> tuple[Grown, Backtest]:
        """Return trees that have learned from what the fold knows, and what they say of what comes behind.

        Fold 0 knows everything; it is told from how far it is by what fold 1 holds out.

        Raises:
            WorkFailed: `training.diverged` or `training.refused`.
            MemoryError: There was not enough.
        """
        objective = objective_for(None)
        training, _, _ = self._example(self._training_pairs(fold), fold, start)
        held_out = self.held_out_pairs(max(fold, 1))
        validation, base, scale = self._example(held_out, fold, start)
        learned = binned(training, parameters=parameters, num_threads=num_threads)
        pair = HeldAgainst(
            training=learned,
            validation=binned(validation, parameters=parameters, num_threads=num_threads, like=learned),
            truth=validation.target,
            weights=None,
            told_by=np.arange(len(held_out)),
        )
        grown = grow(
            pair,
            objective=objective,
            parameters=parameters,
            early_stopping_rounds=early_stopping_rounds,
            num_threads=num_threads,
            on_iteration=on_iteration,
        )
        backtest = Backtest(
            pairs=held_out,
            predicted=base + grown.predicted * scale,
            truth=base + validation.target * scale,
            scale=scale,
        )
        return grown, backtest

    def past(self, series: Series, start: Start, fold: int) -> Past:
        """Return a series as trees see it, in the scale of what the fold knows."""
        values = transformed(series.values, start.transform)
        known = values[: self._backtests.known(len(values), fold)]
        return Past(values, lags=self._inputs.lags, scale=scale_of(known, season=self._inputs.lags.season))

    def pairs_per_value(self) -> float:
        """Return how often the same value is learned, from different origins."""
        values = sum(int((~np.isnan(each.values)).sum()) for each in self._panel.series)
        return max(1.0, len(self._training_pairs(0)) / values)

    def held_out_pairs(self, fold: int) -> Pairs:
        """Return the steps that a fold forecasts: from its end on, and from each step of the following horizon."""
        horizon = self._backtests.horizon
        firsts = [self._backtests.known(len(each.values), fold) - 1 for each in self._panel.series]
        counts = [horizon if first >= 0 else 0 for first in firsts]
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

    def _example(self, pairs: Pairs, fold: int, start: Start) -> tuple[Example, Floats, Floats]:
        """Return what is learned of pairs, what each begins with, and its scale."""
        rows = np.empty((len(pairs), len(self._inputs.names)))
        base, scale, truth = np.empty(len(pairs)), np.empty(len(pairs)), np.empty(len(pairs))
        for code, part in pairs.by_series():
            series = self._panel.series[code]
            past = self.past(series, start, fold)
            origins, steps = pairs.origins[part], pairs.steps[part]
            rows[part] = self._inputs.rows(
                past,
                origins,
                steps,
                first=series.first,
                code=code,
                exogenous=series.exogenous[origins + steps],
            )
            base[part], scale[part] = past.base(start.base, origins, steps), past.scale
            truth[part] = past.values[origins + steps]
        target = (truth - base) / scale
        return Example(rows=rows, target=target, categorical=self._inputs.categorical), base, scale

    def _error_of(self, start: Start, pairs: Pairs) -> float:
        """Return how far the start alone is off, in units of the series' scales as the data have them."""
        plain = Start(transform="none", base=start.base)
        total = 0.0
        for code, part in pairs.by_series():
            series = self._panel.series[code]
            origins, steps = pairs.origins[part], pairs.steps[part]
            base = self.past(series, start, self._backtests.folds).base(start.base, origins, steps)
            said = np.exp(np.minimum(base, 700.0)) if start.transform == "log" else base
            scale = self.past(series, plain, self._backtests.folds).scale
            total += float(np.abs(said - series.values[origins + steps]).sum()) / scale
        return total / max(1, len(pairs))
