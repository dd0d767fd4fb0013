"""Forecasts: trees over all series at once, held against what was known already.

Source:
    R. J. Hyndman and G. Athanasopoulos, "Forecasting: Principles and Practice": rolling origins, scaled errors.
"""

from collections.abc import Callable, Sequence

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from application.ports.trainer import Iteration
from domain.training.hyperparameters.time_series import TimeSeries
from domain.training.values import TrainingPlan
from infrastructure.learning.artifact import part_of
from infrastructure.learning.backtests import Backtests, backtests_for
from infrastructure.learning.forecast_inputs import INPUTS, ForecastInputs, restored
from infrastructure.learning.forecast_metrics import forecast_metrics, widths_of
from infrastructure.learning.forecasting import Backtest, Learner, Start
from infrastructure.learning.lags import Past
from infrastructure.learning.manifest import TREES, Manifest, Source, Target
from infrastructure.learning.objectives import objective_for, parameters_for
from infrastructure.learning.predictors.time_series import INTERVALS, STATE, asked_features
from infrastructure.learning.series import Panel, panel_of
from infrastructure.learning.trained import HeldOut, OnIteration, Trained, environment

Floats = NDArray[np.float64]


def train(plan: TrainingPlan, table: pa.Table, *, num_threads: int, on_iteration: OnIteration) -> Trained:
    """Train as planned; manifest and parts depend on nothing but the plan, the table and the libraries.

    The number of rounds is what is best for the latest backtest; the others, and the model itself, do as many.

    Raises:
        WorkFailed: The data cannot be learned; the code says why.
        MemoryError: There was not enough.
    """
    asked = plan.hyperparameters
    assert isinstance(asked, TimeSeries), "the plan chooses by its type"
    assert plan.target is not None, "what is forecast is a column"
    panel = panel_of(plan, table)
    backtests = backtests_for(asked, [len(each.values) for each in panel.series], panel.frequency)
    inputs = ForecastInputs(
        lags=backtests.lags,
        frequency=panel.frequency,
        has_series=plan.series is not None,
        exogenous=panel.exogenous,
    )
    learner = Learner(panel, backtests, inputs, seed=asked.seed)
    start = learner.start()
    parameters = {
        **parameters_for(objective_for(None), asked),
        # a leaf is to rest on so many values, each of which is forecast from many origins
        "min_data_in_leaf": round(asked.min_data_in_leaf * learner.pairs_per_value()),
    }
    progress = _Progress(on_iteration, fits=backtests.folds + 1, rounds=asked.num_iterations)
    latest, first = learner.learned(
        1,
        start,
        parameters=parameters,
        early_stopping_rounds=asked.early_stopping_rounds,
        num_threads=num_threads,
        on_iteration=progress.of_fit(0, is_told=True),
    )
    same = {**parameters, "num_iterations": latest.rounds}
    found = [first]
    for fold in (*range(2, backtests.folds + 1), 0):
        grown, backtest = learner.learned(
            fold,
            start,
            parameters=same,
            early_stopping_rounds=0,
            num_threads=num_threads,
            on_iteration=progress.of_fit(fold - 1 if fold else backtests.folds),
        )
        if fold:
            found.append(backtest)
    widths = widths_of(found, horizon=backtests.horizon, share=asked.interval)
    arrays = {STATE: _state(learner, panel, start, backtests), INTERVALS: widths}
    parts = {TREES: grown.body.encode(), **{name: each.astype("<f8").tobytes() for name, each in arrays.items()}}
    shapes = {name: each.shape for name, each in arrays.items()}
    held_out = _held_out(panel, found, start, backtests, table)
    manifest = Manifest(
        model_type=plan.model_type,
        target=Target(name=plan.target.name, type=plan.target.type),
        features=asked_features(has_series=inputs.has_series, has_exogenous=bool(inputs.exogenous)),
        labels=None,
        best_iteration=grown.rounds,
        hyperparameters=asked.model_dump(mode="json"),
        parameters={**same, "horizon": backtests.horizon, "season": backtests.lags.season},
        settings={
            "frequency": panel.frequency.written(),
            "season": backtests.lags.season,
            "longer_season": backtests.lags.longer,
            "base": start.base,
            "transform": start.transform,
            "series": [each.name for each in panel.series] if inputs.has_series else None,
            INPUTS: list(inputs.names),
            "exogenous": [each.model_dump(mode="json") for each in panel.exogenous],
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
        metrics=forecast_metrics(panel, found, held_out, backtests, share=asked.interval),
        held_out=held_out,
        notes=(_in_words(backtests, panel, start), *backtests.notes),
    )


class _Progress:
    """Tells of the rounds of several fits as if they were of one."""

    def __init__(self, on_iteration: OnIteration, *, fits: int, rounds: int) -> None:
        self._on_iteration = on_iteration
        self._fits = fits
        self._rounds = rounds

    def of_fit(self, fit: int, *, is_told: bool = False) -> Callable[[Iteration], None]:
        """Return what takes the rounds of a fit; its figures go on only where they tell how good the model is."""

        def tell(iteration: Iteration) -> None:
            self._on_iteration(
                Iteration(
                    iteration=fit * self._rounds + iteration.iteration,
                    total=self._fits * self._rounds,
                    metrics=iteration.metrics if is_told else {},
                    is_best=iteration.is_best and is_told,
                )
            )

        return tell


def _state(learner: Learner, panel: Panel, start: Start, backtests: Backtests) -> Floats:
    """Return what a forecast needs of the past, of shape (series, 2 + memory)."""
    memory = backtests.lags.memory
    state = np.full((len(panel.series), 2 + memory), np.nan)
    for row, series in zip(state, panel.series, strict=True):
        past = learner.past(series, start, 0)
        kept = past.values[-memory:]
        row[0], row[1] = series.first + len(past.values) - 1, past.scale
        row[len(row) - len(kept) :] = kept
    return state


def _held_out(
    panel: Panel, found: Sequence[Backtest], start: Start, backtests: Backtests, table: pa.Table
) -> HeldOut:
    rows, truths, naive = [], [], []
    for each in found:
        row, truth, baseline = np.empty(len(each.pairs), dtype=np.int64), *np.empty((2, len(each.pairs)))
        for code, part in each.pairs.by_series():
            series = panel.series[code]
            origins, steps = each.pairs.origins[part], each.pairs.steps[part]
            past = Past(series.values, lags=backtests.lags, scale=1.0)
            row[part], truth[part] = series.rows[origins + steps], series.values[origins + steps]
            baseline[part] = past.base("seasonal", origins, steps)
        rows.append(row)
        truths.append(truth)
        naive.append(baseline)
    predicted = restored(np.concatenate([each.predicted for each in found]), start.transform)
    return HeldOut(
        table=table.take(pa.array(np.concatenate(rows))),
        truth=np.concatenate(truths),
        scores=predicted[:, np.newaxis],
        baseline=np.concatenate(naive)[:, np.newaxis],
        labels=None,
        steps=np.concatenate([each.pairs.steps for each in found]),
    )


def _in_words(backtests: Backtests, panel: Panel, start: Start) -> str:
    season = f"repeating after {backtests.lags.season}" if backtests.lags.season > 1 else "without a season"
    of_logarithms = " of logarithms" if start.transform == "log" else ""
    return (
        f"Steps of {panel.frequency.in_words}, {season}; up to {backtests.horizon} ahead, tried {backtests.folds} "
        f"times on what was known already. What trees correct{of_logarithms}: {start.base}."
    )
