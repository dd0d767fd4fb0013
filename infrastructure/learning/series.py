"""The series of a table, each with a value for every step from its first known one to its last."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from application.ports.work import WorkFailed
from domain.datasets.values import Column
from domain.inference.values import Feature
from domain.training.values import TrainingPlan
from infrastructure.learning.encoding import encode_features, encode_rows, require_range
from infrastructure.learning.frequencies import Frequency, Irregular, frequency_of

Integers = NDArray[np.int64]
Floats = NDArray[np.float64]


@dataclass(frozen=True, kw_only=True)
class Series:
    """One series.

    Attributes:
        name: None where there is only one.
        first: The step of its first value.
        values: By place from there, of shape (places,); NaN where one is missing.
        exogenous: What else is known of each place, of shape (places, features).
        rows: Of the table, by place; -1 where there is none.
    """

    name: str | None
    first: int
    values: Floats
    exogenous: Floats
    rows: Integers


@dataclass(frozen=True, kw_only=True)
class Panel:
    """All series of a table.

    Attributes:
        exogenous: What the columns of `Series.exogenous` are.
        series: In the order of their names.
    """

    frequency: Frequency
    exogenous: tuple[Feature, ...]
    series: tuple[Series, ...]


def panel_of(plan: TrainingPlan, table: pa.Table) -> Panel:
    """Return the series; rows without an instant or a series are left out.

    Raises:
        WorkFailed: `training.all-missing`, `training.target-out-of-range`, `training.duplicate-times` or
            `training.irregular-times`.
    """
    assert plan.target is not None, "what is forecast is a column"
    assert plan.time is not None, "a forecast has a time"
    instants = table.column(plan.time.name)
    names, codes = _series_of(plan.series, table)
    is_placed = instants.is_valid().to_numpy() & (codes >= 0)
    times = instants.cast(pa.int64()).fill_null(0).to_numpy()
    targets = table.column(plan.target.name).cast(pa.float64()).to_numpy()
    order = np.lexsort((times, codes))
    order = order[is_placed[order]]
    if np.isnan(targets[order]).all():
        message = f"No row has an instant in {plan.time.name!r} and a number in the target {plan.target.name!r}."
        raise WorkFailed(message, code="training.all-missing")
    require_range(plan.target, targets[order][~np.isnan(targets[order])])
    exogenous = encode_features(plan.features, table, rows=order) if plan.features else ()
    known = encode_rows(exogenous, table, rows=np.arange(table.num_rows))
    parts = [each for each in np.split(order, np.flatnonzero(np.diff(codes[order])) + 1) if len(each)]
    _require_distinct(parts, times, names, codes, plan.time)
    kept = [each for part in parts if len(each := _known_part(part, targets))]
    try:
        frequency = frequency_of([times[part] for part in kept])
    except Irregular as why:
        message = (
            f"The instants in {plan.time.name!r} follow no frequency: {why}. A forecast takes a row for each step "
            "of one length, or for each month, quarter or year; some may be missing."
        )
        raise WorkFailed(message, code="training.irregular-times") from None
    series = [_dense(frequency, part, times, targets, known, name=names[codes[part[0]]]) for part in kept]
    return Panel(frequency=frequency, exogenous=exogenous, series=tuple(series))


def _series_of(column: Column | None, table: pa.Table) -> tuple[Sequence[str | None], Integers]:
    """Return the names of all series, and of each row which one it belongs to; -1 for none."""
    if column is None:
        return (None,), np.zeros(table.num_rows, dtype=np.int64)
    values = [None if each is None else series_name(each) for each in table.column(column.name).to_pylist()]
    names = sorted({each for each in values if each is not None})
    codes = {name: code for code, name in enumerate(names)}
    return names, np.array([-1 if each is None else codes[each] for each in values], dtype=np.int64)


def series_name(value: str | float) -> str:
    """Return how a series is asked for whose rows have this value."""
    if isinstance(value, str):
        return value
    return str(int(value)) if value.is_integer() else repr(value)


def _require_distinct(
    parts: Sequence[Integers], times: Integers, names: Sequence[str | None], codes: Integers, column: Column
) -> None:
    for part in parts:
        again = np.flatnonzero(np.diff(times[part]) == 0)
        if len(again):
            instant = np.datetime64(int(times[part[again[0]]]), "us").astype("datetime64[s]")
            name = names[codes[part[0]]]
            whose = "" if name is None else f" of series {name!r}"
            advice = (
                " If there are several series, name what tells them apart: series_column." if name is None else ""
            )
            message = f"Two rows{whose} are of {instant}Z in {column.name!r}: each step has one value.{advice}"
            raise WorkFailed(message, code="training.duplicate-times")


def _known_part(part: Integers, targets: Floats) -> Integers:
    """Return the rows from the first with a target to the last."""
    known = np.flatnonzero(~np.isnan(targets[part]))
    return part[known[0] : known[-1] + 1] if len(known) else part[:0]


def _dense(
    frequency: Frequency, part: Integers, times: Integers, targets: Floats, known: Floats, *, name: str | None
) -> Series:
    steps = frequency.steps_of(times[part])
    places = steps - steps[0]
    count = int(places[-1]) + 1
    values, rows = np.full(count, np.nan), np.full(count, -1, dtype=np.int64)
    exogenous = np.full((count, known.shape[1]), np.nan)
    values[places], rows[places], exogenous[places] = targets[part], part, known[part]
    return Series(name=name, first=int(steps[0]), values=values, exogenous=exogenous, rows=rows)
