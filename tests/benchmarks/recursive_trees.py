"""Forecasts as they are often made by hand: LightGBM's defaults on lags, each step resting on the one before."""

import lightgbm as lgb
import numpy as np
import pandas as pd
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]

_DAYS_IN_WEEK = 7


def recursive(
    past: pd.DataFrame, future: pd.DataFrame, *, season: int, is_daily: bool, known: list[str], seed: int
) -> dict[tuple[str, pd.Timestamp], float]:
    """Return a forecast for each series and time of the future.

    Args:
        past: Columns `series`, `time`, `value`, and those known; without gaps but for missing values.
        future: The same steps of each series, in order.
        season: So many of the newest values are features, and that of two seasons ago.
        is_daily: Whether a season is a day; then the value of a week ago is a feature, too.
        known: Columns that are known of the future.
        seed: LightGBM's.
    """
    lags = [*range(1, season + 1), 2 * season, *([_DAYS_IN_WEEK * season] if is_daily else [])]
    codes = {name: code for code, name in enumerate(sorted(past["series"].unique()))}
    rows, targets, values = [], [], {}
    for name, part in past.groupby("series"):
        told = _told(part, known, codes[str(name)])
        series = part["value"].to_numpy(dtype=np.float64)
        places = np.arange(len(series))
        values[name] = series.tolist()
        rows.append(np.column_stack([*(_at(series, places - lag) for lag in lags), told]))
        targets.append(series)
    learned, target = np.concatenate(rows), np.concatenate(targets)
    is_known = ~np.isnan(target)
    data = lgb.Dataset(learned[is_known], target[is_known], categorical_feature=[learned.shape[1] - 1])
    booster = lgb.train({"objective": "regression", "seed": seed, "num_threads": 1, "verbosity": -1}, data)
    found: dict[tuple[str, pd.Timestamp], float] = {}
    for name, part in future.groupby("series"):
        if name not in values:
            continue
        series = values[name]
        for time, told in zip(part["time"], _told(part, known, codes[str(name)]), strict=True):
            newest = [series[-lag] if lag <= len(series) else np.nan for lag in lags]
            said = float(np.asarray(booster.predict(np.array([[*newest, *told]]), num_threads=1))[0])
            series.append(said)
            found[str(name), time] = said
    return found


def _told(part: pd.DataFrame, known: list[str], code: int) -> Floats:
    times = part["time"].dt
    calendar = [times.month, times.dayofweek, times.hour * 60 + times.minute]
    return np.column_stack([*calendar, *(part[name] for name in known), np.full(len(part), code)]).astype(float)


def _at(series: Floats, places: Integers) -> Floats:
    return np.where(places < 0, np.nan, series[np.maximum(places, 0)])
