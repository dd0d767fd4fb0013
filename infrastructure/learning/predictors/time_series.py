"""Forecasts in memory: trees over the past of a series, its calendar, and what is known of its future."""

from collections.abc import Mapping, Sequence
from threading import Lock

import numpy as np
from numpy.typing import NDArray

from application.ports.predictor import Predicted, Predictor, Row, Rows
from domain.inference.values import AnswerKind, ForecastStep
from infrastructure.learning.arrays import array_of
from infrastructure.learning.artifact import Parts
from infrastructure.learning.bare_lightgbm import lightgbm as lgb
from infrastructure.learning.forecast_inputs import (
    EXOGENOUS,
    SERIES,
    ForecastInputs,
    Transform,
    restored,
    transformed,
)
from infrastructure.learning.forecast_questions import Questions
from infrastructure.learning.lags import BASES, Base, Past
from infrastructure.learning.manifest import TREES, Manifest
from infrastructure.learning.row_costs import MEASURED_ROWS, measured_cost_s
from infrastructure.learning.trees import Trees, trees_of

STATE, INTERVALS = "state", "intervals"
"""The parts: of each series the step of its last value, its scale and its last values; and half widths by step.

`exogenous` is one as well where changes of it are told: what it was at the steps of the last values.
"""
END, SCALE, VALUES = 0, 1, 2
"""The columns of the state; values take all that follow."""

PLATFORM = "lightgbm_text"
_OVERHEAD_BYTES = 4_096

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]


def load(manifest: Manifest, parts: Parts) -> Predictor:
    """Return what answers with forecasts.

    Raises:
        ValueError: LightGBM refuses the trees, or they are not what the manifest says.
        KeyError: Something is missing.
    """
    settings = manifest.settings
    try:
        booster = lgb.Booster(model_str=parts[TREES].decode())
    except (lgb.basic.LightGBMError, ValueError) as error:
        msg = f"LightGBM refuses its trees: {error}"
        raise ValueError(msg) from None
    try:
        inputs = ForecastInputs.read(settings)
    except (TypeError, AttributeError) as error:
        raise ValueError(str(error)) from None
    names, state, widths = (
        settings[SERIES],
        array_of(manifest, parts, STATE, may_miss=True),
        array_of(manifest, parts, INTERVALS),
    )
    exogenous = np.full((len(state), state.shape[1] - VALUES, len(inputs.exogenous)), np.nan)
    if inputs.has_changes:
        exogenous = array_of(manifest, parts, EXOGENOUS, may_miss=True)
    expected = {
        "features": (len(inputs.names), booster.num_feature()),
        "scores per round": (1, booster.num_model_per_iteration()),
        "rounds": (manifest.best_iteration, booster.current_iteration()),
        "series": (1 if names is None else len(names), len(state)),
        "steps of each": ((len(state), state.shape[1] - VALUES, len(inputs.exogenous)), exogenous.shape),
        "base": (True, settings["base"] in BASES),
        "newest values": (True, not np.isnan(state[:, [END, SCALE, -1]]).any()),
    }
    for what, (said, found) in expected.items():
        if said != found:
            msg = f"its manifest speaks of {said} {what}, its parts have {found}"
            raise ValueError(msg)
    return TimeSeriesPredictor(
        trees=trees_of(booster),
        inputs=inputs,
        base=settings["base"],
        transform=settings["transform"],
        names=names,
        state=state,
        exogenous=exogenous,
        half_widths=widths,
        size_bytes=len(parts[TREES]) + state.nbytes + exogenous.nbytes,
    )


class TimeSeriesPredictor:
    """Answers with the steps that follow the last value of a series.

    A contribution is the mean over the steps that are asked for, in the unit of the values (of their logarithms
    where the trees learned these); what the forecast begins with is the bias.

    Args:
        trees: Forecast how far a step is from what it begins with, in units of the series' scale.
        inputs: What they are told.
        base: What a step begins with.
        transform: Of the values, for the trees.
        names: Of the series; None where there is only one.
        state: Of shape (series, 2 + memory).
        exogenous: What else was known of the steps of the memory, of shape (series, memory, exogenous).
        half_widths: Of the intervals, by step, in units of the series' scale.
        size_bytes: About how much memory it takes.

    Attributes:
        inputs: What the trees are told.
        horizon: So many steps ahead it looks at most.
    """

    answers = AnswerKind.FORECASTS
    labels = None
    explained = None
    platform = PLATFORM

    def __init__(
        self,
        *,
        trees: Trees,
        inputs: ForecastInputs,
        base: Base,
        transform: Transform,
        names: Sequence[str] | None,
        state: Floats,
        exogenous: Floats,
        half_widths: Floats,
        size_bytes: int,
    ) -> None:
        self._codes = None if names is None else {name: code for code, name in enumerate(names)}
        self._questions = Questions(self._codes, inputs.exogenous, horizon=len(half_widths))
        self.schema = self._questions.schema
        self.size_bytes = size_bytes + _OVERHEAD_BYTES
        self._trees = trees
        self._explaining = Lock()
        self.inputs = inputs
        self._base: Base = base
        self._transform: Transform = transform
        self._state = state
        self._known = exogenous
        self._half_widths = half_widths
        self.horizon = len(half_widths)
        self.row_cost_s = measured_cost_s(self.predict_row, [self._questions.largest()] * MEASURED_ROWS)

    def predict_row(self, row: Row) -> tuple[list[ForecastStep], None, Sequence[float]]:
        """Return the forecast that one row asks for.

        Raises:
            NonConformingInstance: There is no such series, the horizon is beyond the one that was trained, or what
                is to be known of the future is not given.
        """
        code, steps, exogenous = self._questions.read(row)
        rows, base, scale = self._rows(code, steps, exogenous)
        middle = base + self._trees.scores(rows)[:, 0] * scale
        width = self._half_widths[steps - 1] * scale
        found = [restored(each, self._transform).tolist() for each in (middle, middle - width, middle + width)]
        times = self.inputs.frequency.texts_of(int(self._state[code, END]) + steps)
        forecast = [
            ForecastStep(time=time, value=value, lower=lower, upper=upper)
            for time, value, lower, upper in zip(times, *found, strict=True)
        ]
        return forecast, None, []

    def predict(self, rows: Rows) -> Predicted:
        """Return the forecasts that rows ask for.

        Raises:
            NonConformingInstance: As that of one row.
        """
        forecasts = [self.predict_row(row)[0] for row in self._each(rows)]
        return Predicted(predictions=forecasts, probabilities=None, scores=np.empty((len(rows), 0)), chosen=None)

    def explain(self, rows: Rows, chosen: object) -> list[Mapping[str, float]]:
        """Return what contributed to each forecast, on average over its steps."""
        found: list[Mapping[str, float]] = []
        for row in self._each(rows):
            inputs, _, scale = self._rows(*self._questions.read(row))
            with self._explaining:  # LightGBM recomputes depths of the shared trees at the start of each call
                contributions = self._trees.contributions(inputs)[:, 0, :-1]
            means = (contributions.mean(axis=0) * scale).tolist()
            found.append(dict(zip(self.inputs.names, means, strict=True)))
        return found

    def code_of(self, series: str | None) -> int | None:
        """Return the place of a series among those that are known; None for one that is not."""
        if self._codes is None or series is None:
            return 0 if self._codes is None and series is None else None
        return self._codes.get(series)

    def end_of(self, code: int) -> int:
        """Return the step of the last value that is known of a series."""
        return int(self._state[code, END])

    def forecast_from(
        self, values: Floats, origins: Integers, steps: Integers, *, first: int, code: int, exogenous: Floats
    ) -> Floats:
        """Return what would have been forecast, had a series ended earlier or with other values.

        Args:
            values: By place, NaN where one is missing.
            origins: The last places that are known then.
            steps: How many ahead, from 1 to as many as the version was trained for; of the same shape.
            first: The step of place 0.
            code: Of the series.
            exogenous: What else is known of each place, of shape (places, exogenous).

        Returns:
            Of shape (origins,): NaN where nothing is known that a forecast could begin with.
        """
        with np.errstate(divide="ignore", invalid="ignore"):  # a logarithm may be asked for what has none
            past_values = transformed(values, self._transform)
        past_values[np.isinf(past_values)] = np.nan
        past = Past(past_values, lags=self.inputs.lags, scale=float(self._state[code, SCALE]))
        rows = self.inputs.rows(past, origins, steps, first=first, code=code, exogenous=exogenous)
        base = past.base(self._base, origins, steps)
        return restored(base + self._trees.scores(rows)[:, 0] * past.scale, self._transform)

    def _each(self, rows: Rows) -> list[Row]:
        columns = [
            rows.objects[place] if place in self.schema.objects else rows.numbers[:, place].tolist()
            for place in range(len(self.schema.features))
        ]
        return list(zip(*columns, strict=True))

    def _rows(self, code: int, steps: NDArray[np.int64], exogenous: Floats) -> tuple[Floats, Floats, float]:
        state, scale = self._state[code], float(self._state[code, SCALE])
        past = Past(state[VALUES:], lags=self.inputs.lags, scale=scale)
        newest = len(past.values) - 1
        origins, first = np.full(len(steps), newest), int(state[END]) - newest
        known = np.concatenate([self._known[code], exogenous])
        rows = self.inputs.rows(past, origins, steps, first=first, code=code, exogenous=known)
        return rows, past.base(self._base, origins, steps), scale
