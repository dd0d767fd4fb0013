"""What a step is forecast from."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from infrastructure.learning.lags import BASES, Lags, Past, means, scale_of

VALUES = st.lists(st.none() | st.floats(-1e3, 1e3), min_size=30, max_size=60)


def as_floats(values):
    return np.array([np.nan if each is None else each for each in values], dtype=np.float64)


@given(values=VALUES, window=st.integers(1, 10))
def test_means_are_of_the_known_values_up_to_each(values, window):
    found = means(as_floats(values), window)

    for place in range(len(values)):
        known = [each for each in values[max(0, place - window + 1) : place + 1] if each is not None]
        assert found[place] == pytest.approx(np.mean(known), abs=1e-9) if known else np.isnan(found[place])


@given(
    values=VALUES, longer=st.sampled_from([0, 24]), season=st.sampled_from([1, 4, 12]), ahead=st.integers(1, 15)
)
def test_nothing_behind_the_origin_is_looked_at(values, longer, season, ahead):
    lags = Lags(season=season, longer=longer)
    known = as_floats(values)
    origins, steps = np.full(ahead, 20), np.arange(1, ahead + 1)
    future = known.copy()
    future[21:] = 1e9

    for seen, changed in zip(*(_all_of(each, lags, origins, steps) for each in (known, future)), strict=True):
        assert np.array_equal(seen, changed, equal_nan=True)


@given(values=VALUES, longer=st.sampled_from([0, 24]), season=st.sampled_from([1, 4, 12]))
def test_the_memory_is_enough_for_every_step(values, longer, season):
    lags = Lags(season=season, longer=longer)
    known = np.concatenate([as_floats(values), np.arange(float(lags.memory))])
    steps = np.arange(1, 20)
    whole = _all_of(known, lags, np.full(19, len(known) - 1), steps)
    remembered = _all_of(known[-lags.memory :], lags, np.full(19, lags.memory - 1), steps)

    for one, other in zip(whole, remembered, strict=True):
        assert np.allclose(one, other, atol=1e-9, equal_nan=True)


def test_the_base_is_what_it_is_called():
    values = np.arange(48.0) + np.tile([0.0, 0.0, 0.0, 10.0], 12)
    past = Past(values, lags=Lags(season=4, longer=12), scale=1.0)
    origins, steps = np.full(5, 47), np.arange(1, 6)

    assert past.base("last", origins, steps).tolist() == [57.0] * 5
    assert past.base("level", origins, steps).tolist() == [values[-4:].mean()] * 5
    assert past.base("seasonal", origins, steps).tolist() == [44.0, 45.0, 46.0, 57.0, 44.0]
    assert past.base("longer", origins, steps).tolist() == [36.0, 37.0, 38.0, 49.0, 40.0]
    assert past.base("drift", origins, steps).tolist() == [48.0, 49.0, 50.0, 61.0, 52.0]


def test_the_features_have_their_names():
    lags = Lags(season=4, longer=12)
    values = np.arange(48.0)

    (row,) = Past(values, lags=lags, scale=2.0).features(np.array([47]), np.array([2]), lags.names)

    named = dict(zip(lags.names, row.tolist(), strict=True))
    assert named["step"] == 2.0
    assert named["lag_1"] == (47.0 - 45.5) / 2.0
    assert named["season_before"] == (45.0 - 45.5) / 2.0
    assert named["two_seasons_before"] == (41.0 - 45.5) / 2.0
    assert named["step_of_season"] == 2.0
    assert named["longer_season_before"] == (37.0 - 45.5) / 2.0
    assert named["growth"] == named["newest_growth"] == 4.0 / 2.0
    assert named["newest_longer_growth"] == 12.0 / 2.0


def test_what_is_no_feature_of_the_past_is_refused():
    past = Past(np.arange(48.0), lags=Lags(season=4), scale=1.0)

    for name in ("lag_x", "price"):
        with pytest.raises(ValueError, match=name):
            past.features(np.array([47]), np.array([1]), [name])


def test_the_scale_is_that_of_a_season():
    assert scale_of(np.array([1.0, 5.0, 2.0, 6.0]), known=4, season=2) == 1.0
    assert scale_of(np.array([1.0, 5.0, 1.0, 5.0]), known=4, season=2) == 4.0
    assert scale_of(np.array([3.0, 3.0, 3.0]), known=3, season=1) == 1.0
    assert scale_of(np.array([3.0]), known=1, season=12) == 1.0


def test_where_what_is_known_tells_no_scale_all_values_do():
    assert scale_of(np.array([1.0, 5.0, 500.0]), known=2, season=1) == 4.0
    for known in (0, 1, 2):
        assert scale_of(np.array([500.0, 500.0, 900.0]), known=known, season=1) == 200.0


def _all_of(values, lags, origins, steps):
    past = Past(values, lags=lags, scale=2.0)
    return [past.features(origins, steps, lags.names), *(past.base(base, origins, steps) for base in BASES)]
