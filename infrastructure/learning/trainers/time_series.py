"""Forecasts: trees over all series at once, held against what was known already.

Source:
    R. J. Hyndman and G. Athanasopoulos, "Forecasting: Principles and Practice": rolling origins, scaled errors.
"""

import math
from collections.abc import Callable, Mapping
from dataclasses import replace
from types import MappingProxyType

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from application.ports.trainer import Iteration
from domain.training.hyperparameters.time_series import TimeSeries
from domain.training.values import TrainingPlan
from infrastructure.learning.artifact import part_of
from infrastructure.learning.backtests import Backtests, backtests_for
from infrastructure.learning.environment import environment
from infrastructure.learning.forecast_inputs import EXOGENOUS, SERIES, ForecastInputs, restored
from infrastructure.learning.forecast_metrics import forecast_means, forecast_metrics, widths_of
from infrastructure.learning.forecast_questions import asked_features
from infrastructure.learning.forecasting import Learner, Start, Tried
from infrastructure.learning.lags import Base, Past
from infrastructure.learning.manifest import TREES, Manifest, Source, Target
from infrastructure.learning.objectives import objective_for, parameters_for
from infrastructure.learning.predictors.time_series import INTERVALS, STATE
from infrastructure.learning.series import Panel, panel_of
from infrastructure.learning.trained import HeldOut, OnIteration, Origins, Trained

Floats = NDArray[np.float64]


def train(plan: TrainingPlan, table: pa.Table, *, num_threads: int, on_iteration: OnIteration) -> Trained:
    """Train as planned; manifest and parts depend on nothing but the plan, the table and the libraries.

    Trees that have learned from what all backtests know are held against them, for the values and for their
    logarithms: what comes nearest, if nearer than any forecast without trees, learns from everything.

    Raises:
        WorkFailed: The data cannot be learned; the code says why.
        MemoryError: There was not enough.
    """
    asked = plan.hyperparameters
    assert isinstance(asked, TimeSeries), "the plan chooses by its type"
    assert plan.target is not None, "what is forecast is a column"
    panel = panel_of(plan, table)
    backtests = backtests_for(asked, [len(each.values) for each in panel.series], panel.frequency)
    inputs = ForecastInputs.learned(
        backtests.lags,
        panel.frequency,
        steps=max(len(each.values) for each in panel.series),
        has_series=plan.series is not None,
        exogenous=panel.exogenous,
    )
    learner = Learner(panel, backtests, inputs, seed=asked.seed)
    parameters = {
        **parameters_for(objective_for(None), asked),
        # the fewer rounds, the nearer to what they begin with
        "boost_from_average": False,
        "min_data_in_leaf": learner.rows_per_leaf(asked.min_data_in_leaf),
    }
    starts = learner.starts()
    progress = _Progress(on_iteration, fits=len(starts) + 1, rounds=asked.num_iterations)
    candidates = [learner.alone()]
    for fit, start in enumerate(starts):
        candidates.append(
            learner.tried(
                start,
                parameters=parameters,
                early_stopping_rounds=asked.early_stopping_rounds,
                num_threads=num_threads,
                on_iteration=progress.of_fit(fit, is_told=True),
            )
        )
    best = min(candidates, key=lambda each: each.error)
    grown = learner.grown(
        best, parameters=parameters, num_threads=num_threads, on_iteration=progress.of_fit(len(starts))
    )
    widths = widths_of(best.backtest, horizon=backtests.horizon, share=asked.interval)
    arrays = {**_state(learner, panel, best.start, inputs), INTERVALS: widths}
    parts = {TREES: grown.body.encode(), **{name: each.astype("<f8").tobytes() for name, each in arrays.items()}}
    shapes = {name: each.shape for name, each in arrays.items()}
    held_out = _held_out(panel, best, backtests, table)
    manifest = Manifest(
        model_type=plan.model_type,
        target=Target(name=plan.target.name, type=plan.target.type),
        features=asked_features(has_series=inputs.has_series, has_exogenous=bool(inputs.exogenous)),
        labels=None,
        best_iteration=grown.rounds,
        hyperparameters=asked.model_dump(mode="json"),
        parameters={
            **parameters,
            "num_iterations": grown.rounds,
            "horizon": backtests.horizon,
            "season": backtests.lags.season,
        },
        settings={
            **inputs.written(),
            "base": best.start.base,
            "transform": best.start.transform,
            SERIES: [each.name for each in panel.series] if inputs.has_series else None,
        },
        environment=environment(),
        dataset=Source(
            sha256=plan.contents.sha256,
            training_rows=sum(int((~np.isnan(each.values)).sum()) for each in panel.series),
            validation_rows=0,
        ),
        parts={name: part_of(content, shape=shapes.get(name)) for name, content in parts.items()},
    )
    return Trained(
        manifest=manifest,
        parts=parts,
        metrics=forecast_metrics(panel, best.backtest, held_out, backtests, share=asked.interval),
        held_out=replace(
            held_out,
            means=forecast_means(panel, best.backtest, held_out, backtests, share=asked.interval),
        ),
        notes=(*_in_words(backtests, panel, best), *backtests.notes),
    )


class _Progress:
    """Tells of the rounds of several fits as if they were of one."""

    def __init__(self, on_iteration: OnIteration, *, fits: int, rounds: int) -> None:
        self._on_iteration = on_iteration
        self._fits = fits
        self._rounds = rounds
        self._least = math.inf

    def of_fit(self, fit: int, *, is_told: bool = False) -> Callable[[Iteration], None]:
        """Return what takes the rounds of a fit; its figures go on only where they tell how good the model is."""

        def tell(iteration: Iteration) -> None:
            metrics = iteration.metrics if is_told else {}
            least = min(metrics.values(), default=math.inf)
            is_best, self._least = least < self._least, min(least, self._least)
            self._on_iteration(
                Iteration(
                    iteration=fit * self._rounds + iteration.iteration,
                    total=self._fits * self._rounds,
                    metrics=metrics,
                    is_best=is_best,
                )
            )

        return tell


def _state(learner: Learner, panel: Panel, start: Start, inputs: ForecastInputs) -> dict[str, Floats]:
    """Return the parts that a forecast needs of the past.

    They are of shape (series, 2 + memory), and where changes are told, (series, memory, exogenous).
    """
    memory = inputs.lags.memory
    state = np.full((len(panel.series), 2 + memory), np.nan)
    exogenous = np.full((len(panel.series), memory, len(inputs.exogenous)), np.nan)
    for row, known, series in zip(state, exogenous, panel.series, strict=True):
        past = learner.past(series, start, 0)
        kept = past.values[-memory:]
        row[0], row[1] = series.first + len(past.values) - 1, past.scale
        row[len(row) - len(kept) :] = kept
        known[memory - len(kept) :] = series.exogenous[-memory:]
    return {STATE: state, EXOGENOUS: exogenous} if inputs.has_changes else {STATE: state}


def _held_out(panel: Panel, best: Tried, backtests: Backtests, table: pa.Table) -> HeldOut:
    pairs = best.backtest.pairs
    rows, truth, naive = np.empty(len(pairs), dtype=np.int64), *np.empty((2, len(pairs)))
    for code, part in pairs.by_series():
        series = panel.series[code]
        origins, steps = pairs.origins[part], pairs.steps[part]
        past = Past(series.values, lags=backtests.lags, scale=1.0)
        rows[part], truth[part] = series.rows[origins + steps], series.values[origins + steps]
        naive[part] = past.base("seasonal", origins, steps)
    return HeldOut(
        table=table.take(pa.array(rows)),
        truth=truth,
        scores=restored(best.backtest.predicted, best.start.transform)[:, np.newaxis],
        baseline=naive[:, np.newaxis],
        labels=None,
        steps=pairs.steps,
        origins=Origins(panel=panel, table=table, pairs=pairs),
    )


def _in_words(backtests: Backtests, panel: Panel, best: Tried) -> tuple[str, str]:
    season = f"repeating after {backtests.lags.season}" if backtests.lags.season > 1 else "without a season"
    longer = f" and {backtests.lags.longer}" if backtests.lags.longer else ""
    steps = (
        f"Steps of {panel.frequency.in_words}, {season}{longer}; up to {backtests.horizon} ahead, tried on the "
        f"last {backtests.folds * backtests.horizon}, of which nothing was learned then."
    )
    begins = _BEGINS[best.start.base]
    if best.rounds == 0:
        return steps, f"A forecast is {begins}: no trees came nearer to the backtests than that alone."
    of_logarithms = ", both as logarithms" if best.start.transform == "log" else ""
    return steps, f"A forecast begins with {begins}; the trees say how far from there a value lies{of_logarithms}."


_BEGINS: Mapping[Base, str] = MappingProxyType(
    {
        "level": "the mean of the newest values",
        "last": "the newest value",
        "seasonal": "the value of a season before",
        "longer": "the value of a longer season before",
        "drift": "the value of a season before and what the series has grown since",
    }
)
