"""How forecasts compare with those of the version in production, of the same steps from the same origins."""

from dataclasses import replace

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from application.ports.predictor import Predictor
from application.reports.views import Production
from domain.datasets.values import Column
from domain.inference.conformance import Schema
from infrastructure.evaluation.asking import Unaskable, rows_for
from infrastructure.evaluation.comparison import differences, rows_for_rival
from infrastructure.evaluation.judged import Judged
from infrastructure.evaluation.sampling import at
from infrastructure.learning.predictors.time_series import TimeSeriesPredictor
from infrastructure.learning.series import Panel, Series
from infrastructure.learning.trained import HeldOut

Floats = NDArray[np.float64]


def compared_forecasts(
    sampled: HeldOut, rival: Predictor, columns: tuple[Column, ...], *, version: str, seed: int
) -> Production:
    """Return the metrics of both where both can forecast.

    The trees of the rival are told the past that the new version was told, up to each origin: what it answers
    when it serves begins where its own data end.

    Args:
        sampled: The steps, with what the new version said of them.
        rival: The version in production.
        columns: Of the rows.
        version: The rival's number.
        seed: Of the resamples.

    Raises:
        Unaskable: The rival cannot be asked for such steps, or answers with other things.
    """
    if not isinstance(rival, TimeSeriesPredictor):
        msg = "one forecasts, the other does not"
        raise Unaskable(msg)
    assert sampled.origins is not None, "what is forecast has origins"
    _require_steps(sampled.origins.panel, rival)
    asked = rows_for_rival(sampled, rival)
    said, is_seen = _said(asked, rival, columns)
    known = np.flatnonzero(np.isfinite(said))
    if len(known) == 0:
        msg = "it knows none of the series, or nothing that a forecast of them could begin with"
        raise Unaskable(msg)
    both = at(asked, known)
    mine = Judged.of_model(both)
    others = replace(mine, scores=said[known, np.newaxis])
    return Production(
        version=version,
        rows=len(known),
        has_seen=bool(is_seen[known].any()),
        metrics=differences(mine, others, seed=seed),
    )


def _require_steps(panel: Panel, rival: TimeSeriesPredictor) -> None:
    mine, other = panel.frequency, rival.inputs.frequency
    first = panel.series[0].first
    instants = mine.instants_of(np.arange(first, first + 2)).astype(np.int64)
    steps = other.steps_of(instants)
    is_same = steps[1] == steps[0] + 1 and np.array_equal(other.instants_of(steps).astype(np.int64), instants)
    if (mine.months, mine.us) != (other.months, other.us) or not is_same:
        msg = f"it looks ahead in steps of {other.in_words}, which are others than these"
        raise Unaskable(msg)


def _said(
    both: HeldOut, rival: TimeSeriesPredictor, columns: tuple[Column, ...]
) -> tuple[Floats, NDArray[np.bool_]]:
    """Return what the rival says, NaN where it can say nothing, and whether it knows what came."""
    assert both.origins is not None, "what is forecast has origins"
    panel, pairs = both.origins.panel, both.origins.pairs
    told = _exogenous(both.origins.table, rival, columns)
    said, is_seen = np.full(len(pairs), np.nan), np.zeros(len(pairs), dtype=np.bool_)
    for place, part in pairs.by_series():
        series = panel.series[place]
        code = rival.code_of(series.name)
        if code is None:
            continue
        first = _first(panel, series, rival)
        origins, steps = pairs.origins[part], pairs.steps[part]
        is_near = steps <= rival.horizon
        found = np.full(len(steps), np.nan)
        found[is_near] = rival.forecast_from(
            series.values,
            origins[is_near],
            steps[is_near],
            first=first,
            code=code,
            exogenous=np.where(series.rows[:, np.newaxis] < 0, np.nan, told[series.rows]),
        )
        said[part], is_seen[part] = found, first + origins + steps <= rival.end_of(code)
    return said, is_seen


def _first(panel: Panel, series: Series, rival: TimeSeriesPredictor) -> int:
    """Return the number that the rival has for the first step of a series."""
    instants = panel.frequency.instants_of(np.array([series.first])).astype(np.int64)
    return int(rival.inputs.frequency.steps_of(instants)[0])


def _exogenous(table: pa.Table, rival: TimeSeriesPredictor, columns: tuple[Column, ...]) -> Floats:
    """Return what else is known of the rows, as the rival reads it."""
    if not rival.inputs.exogenous:
        return np.empty((table.num_rows, 0))
    return rows_for(Schema(rival.inputs.exogenous), table, columns).numbers
