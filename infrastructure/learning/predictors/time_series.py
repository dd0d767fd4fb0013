"""Forecasts in memory: trees over the past of a series, its calendar, and what is known of its future."""

from collections.abc import Mapping, Sequence
from threading import Lock
from typing import Any

import numpy as np
from numpy.typing import NDArray

from application.ports.predictor import Predicted, Predictor, Row, Rows
from domain.errors import FieldProblem, suggestion
from domain.inference.conformance import Schema
from domain.inference.errors import NonConformingInstance
from domain.inference.values import AnswerKind, Feature, FeatureType, ForecastStep
from infrastructure.learning.arrays import array_of
from infrastructure.learning.artifact import Parts
from infrastructure.learning.bare_lightgbm import lightgbm as lgb
from infrastructure.learning.forecast_inputs import SERIES, ForecastInputs, Transform, restored
from infrastructure.learning.frequencies import Frequency
from infrastructure.learning.lags import BASES, Base, Lags, Past
from infrastructure.learning.manifest import TREES, Manifest
from infrastructure.learning.row_costs import MEASURED_ROWS, measured_cost_s
from infrastructure.learning.trees import Trees, trees_of

HORIZON, EXOGENOUS = "horizon", "exogenous"
"""Features beside `series`."""
STATE, INTERVALS = "state", "intervals"
"""The parts: of each series the step of its last value, its scale and its last values; and half widths by step."""
END, SCALE, VALUES = 0, 1, 2
"""The columns of the state; values take all that follow."""

PLATFORM = "lightgbm_text"
_OVERHEAD_BYTES = 4_096

Floats = NDArray[np.float64]


def asked_features(*, has_series: bool, has_exogenous: bool) -> tuple[Feature, ...]:
    """Return what is asked of an instance."""
    found = [Feature(name=HORIZON, type=FeatureType.NUMERIC, is_optional=True)]
    if has_series:
        found.append(Feature(name=SERIES, type=FeatureType.TEXT))
    if has_exogenous:
        found.append(Feature(name=EXOGENOUS, type=FeatureType.NESTED))
    return tuple(found)


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
    exogenous = tuple(Feature.model_validate(each) for each in settings["exogenous"])
    try:
        frequency = Frequency.read(settings["frequency"])
    except (TypeError, AttributeError) as error:
        raise ValueError(str(error)) from None
    inputs = ForecastInputs(
        lags=Lags(season=int(settings["season"]), longer=int(settings["longer_season"])),
        frequency=frequency,
        has_series=settings["series"] is not None,
        exogenous=exogenous,
    )
    names, state, widths = (
        settings["series"],
        array_of(manifest, parts, STATE, may_miss=True),
        array_of(manifest, parts, INTERVALS),
    )
    expected = {
        "features": (len(inputs.names), booster.num_feature()),
        "scores per round": (1, booster.num_model_per_iteration()),
        "rounds": (manifest.best_iteration, booster.current_iteration()),
        "state": ((1 if names is None else len(names), VALUES + inputs.lags.memory), state.shape),
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
        half_widths=widths,
        size_bytes=len(parts[TREES]) + state.nbytes,
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
        half_widths: Of the intervals, by step, in units of the series' scale.
        size_bytes: About how much memory it takes.
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
        half_widths: Floats,
        size_bytes: int,
    ) -> None:
        self.schema = Schema(asked_features(has_series=names is not None, has_exogenous=bool(inputs.exogenous)))
        self.size_bytes = size_bytes + _OVERHEAD_BYTES
        self._trees = trees
        self._explaining = Lock()
        self._inputs = inputs
        self._base: Base = base
        self._transform: Transform = transform
        self._codes = None if names is None else {name: code for code, name in enumerate(names)}
        self._state = state
        self._half_widths = half_widths
        self._reader = Schema(inputs.exogenous)
        self.row_cost_s = measured_cost_s(self.predict_row, [self._largest()] * MEASURED_ROWS)

    def predict_row(self, row: Row) -> tuple[list[ForecastStep], None, Sequence[float]]:
        """Return the forecast that one row asks for.

        Raises:
            NonConformingInstance: There is no such series, the horizon is beyond the one that was trained, or what
                is to be known of the future is not given.
        """
        code, steps, exogenous = self._asked(row)
        rows, base, scale = self._rows(code, steps, exogenous)
        middle = base + self._trees.scores(rows)[:, 0] * scale
        width = self._half_widths[steps - 1] * scale
        found = [restored(each, self._transform).tolist() for each in (middle, middle - width, middle + width)]
        times = self._inputs.frequency.texts_of(int(self._state[code, END]) + steps)
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
            inputs, _, scale = self._rows(*self._asked(row))
            with self._explaining:  # LightGBM recomputes depths of the shared trees at the start of each call
                contributions = self._trees.contributions(inputs)[:, 0, :-1]
            means = (contributions.mean(axis=0) * scale).tolist()
            found.append(dict(zip(self._inputs.names, means, strict=True)))
        return found

    def _each(self, rows: Rows) -> list[Row]:
        columns = [
            rows.objects[place] if place in self.schema.objects else rows.numbers[:, place].tolist()
            for place in range(len(self.schema.features))
        ]
        return list(zip(*columns, strict=True))

    def _rows(self, code: int, steps: NDArray[np.int64], exogenous: Floats) -> tuple[Floats, Floats, float]:
        state = self._state[code]
        lags, scale = self._inputs.lags, float(state[SCALE])
        past = Past(state[VALUES:], lags=lags, scale=scale)
        origins = np.full(len(steps), lags.memory - 1)
        first = int(state[END]) - lags.memory + 1
        rows = self._inputs.rows(past, origins, steps, first=first, code=code, exogenous=exogenous)
        return rows, past.base(self._base, origins, steps), scale

    def _asked(self, row: Row) -> tuple[int, NDArray[np.int64], Floats]:
        asked = dict(zip(self.schema.names, row, strict=True))
        horizon = self._horizon(asked[HORIZON])
        code = 0 if self._codes is None else self._code(self._codes, asked[SERIES])
        exogenous = self._exogenous(asked.get(EXOGENOUS), horizon)
        return code, np.arange(1, horizon + 1), exogenous

    def _horizon(self, asked: float | None) -> int:
        longest = len(self._half_widths)
        if asked is None or np.isnan(asked):
            return longest
        if asked != int(asked) or not 1 <= asked <= longest:
            message = (
                f"must be a whole number from 1 to {longest}, for which the version was trained; train one with a "
                "longer horizon to look farther ahead."
            )
            raise _refused(HORIZON, message, asked)
        return int(asked)

    def _code(self, codes: Mapping[str, int], asked: str | None) -> int:
        code = None if asked is None else codes.get(asked)
        if code is None:
            which = f"is none of the {len(codes)} series that the version knows"
            message = f"must name a series: the version knows {len(codes)}." if asked is None else f"{which}."
            raise _refused(SERIES, f"{message}{suggestion(asked or '', codes)}", asked)
        return code

    def _exogenous(self, asked: Any, horizon: int) -> Floats:
        names = self._reader.names
        if not names:
            return np.empty((horizon, 0))
        if not isinstance(asked, list) or len(asked) < horizon:
            given = len(asked) if isinstance(asked, list) else 0
            message = (
                f"must be a list with an object for each of the {horizon} steps, has {given}: each tells "
                f"{', '.join(map(repr, names))} at that step."
            )
            raise _refused(EXOGENOUS, message, None)
        try:
            found = self._reader.conform(asked[:horizon])
        except NonConformingInstance as error:
            raise NonConformingInstance(
                each.model_copy(update={"field": each.field.replace("features", "features.exogenous", 1)})
                for each in error.problems
            ) from None
        return np.array(found, dtype=np.float64).reshape(horizon, len(names))

    def _largest(self) -> Row:
        """Return a row that asks for as much as any."""
        unknown = dict.fromkeys(self._reader.names)
        series = None if self._codes is None else next(iter(self._codes))
        of_feature = {HORIZON: None, SERIES: series, EXOGENOUS: [unknown] * len(self._half_widths)}
        return [of_feature[name] for name in self.schema.names]


def _refused(feature: str, message: str, value: Any) -> NonConformingInstance:
    return NonConformingInstance([FieldProblem(field=f"features.{feature}", message=message, value=value)])
