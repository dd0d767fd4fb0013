"""How far the steps of series are apart."""

import calendar
from datetime import UTC, date, datetime, timedelta

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from infrastructure.learning.frequencies import Frequency, Irregular, frequency_of

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def instants(*times: datetime | date):
    found = [each if isinstance(each, datetime) else datetime(each.year, each.month, each.day) for each in times]
    return np.array([(each.replace(tzinfo=UTC) - EPOCH) // timedelta(microseconds=1) for each in found])


def months_on(day: int, *, first: date, apart: int, count: int) -> list[date]:
    """Return one day of each month, or the last one of months that do not have it, as plain Python finds it."""
    found = []
    for place in range(count):
        year, month = divmod(first.year * 12 + first.month - 1 + place * apart, 12)
        found.append(date(year, month + 1, min(day, calendar.monthrange(year, month + 1)[1])))
    return found


@given(
    day=st.integers(1, 31),
    first=st.dates(date(1900, 1, 1), date(2100, 1, 1)),
    apart=st.integers(1, 24),
    missing=st.sets(st.integers(1, 17), max_size=8),
)
def test_days_of_months_are_steps_of_the_calendar(day, first, apart, missing):
    days = months_on(day, first=first, apart=apart, count=19)
    known = [each for place, each in enumerate(days) if place not in missing]

    found = frequency_of([instants(*known)])

    steps = found.steps_of(instants(*known))
    assert found.texts_of(steps) == [str(each) for each in known]
    assert apart % found.months == 0 or found.months % apart == 0
    if not missing:
        assert found.months == apart
        assert found.texts_of(np.arange(19)) == [str(each) for each in days]


@given(
    step=st.sampled_from([timedelta(minutes=30), timedelta(hours=1), timedelta(days=1), timedelta(days=7)]),
    first=st.datetimes(datetime(1900, 1, 1), datetime(2100, 1, 1)),
    missing=st.sets(st.integers(2, 27), max_size=10),
)
def test_equal_distances_are_steps_whatever_is_missing(step, first, missing):
    known = [first + place * step for place in range(30) if place not in missing]

    found = frequency_of([instants(*known)])

    assert found.us == step // timedelta(microseconds=1)
    assert (
        found.instants_of(found.steps_of(instants(*known))).astype(np.int64).tolist() == instants(*known).tolist()
    )


@pytest.mark.parametrize(
    ("frequency", "season", "named"),
    [
        (Frequency(months=1, us=0, first=0), 12, ("month",)),
        (Frequency(months=3, us=0, first=0), 4, ("month",)),
        (Frequency(months=12, us=0, first=0), 1, ()),
        (Frequency(months=0, us=7 * 86_400_000_000, first=0), 52, ("month",)),
        (Frequency(months=0, us=86_400_000_000, first=0), 7, ("weekday", "day", "month")),
        (Frequency(months=0, us=3_600_000_000, first=0), 24, ("minute_of_day", "weekday", "month")),
        (Frequency(months=0, us=1_000_000, first=0), 1, ("minute_of_day", "weekday", "month")),
    ],
)
def test_the_season_and_the_calendar_are_those_of_the_frequency(frequency, season, named):
    assert (frequency.season, frequency.calendar(10**9)) == (season, named)
    assert Frequency.read(frequency.written()) == frequency


def test_months_are_told_of_days_that_go_on_for_two_years():
    daily = Frequency(months=0, us=86_400_000_000, first=0)

    assert daily.calendar(729) == ("weekday", "day")
    assert daily.calendar(730) == ("weekday", "day", "month")


@given(first=st.datetimes(datetime(1900, 1, 1), datetime(2100, 1, 1)))
def test_the_calendar_is_pythons(first):
    hourly = Frequency(months=0, us=3_600_000_000, first=int(instants(first)[0]))

    found = hourly.calendar_of(np.arange(50), hourly.calendar(10**9))

    times = [first + timedelta(hours=place) for place in range(50)]
    assert found.tolist() == [[each.hour * 60 + each.minute, each.weekday(), each.month] for each in times]


@pytest.mark.parametrize(
    ("times", "texts"),
    [
        ([datetime(2026, 3, 1, 6), datetime(2026, 3, 1, 12)], ["2026-03-01T06:00:00Z", "2026-03-01T12:00:00Z"]),
        ([datetime(2026, 1, 31, 6), datetime(2026, 2, 28, 6)], ["2026-01-31T06:00:00Z", "2026-02-28T06:00:00Z"]),
        ([datetime(2026, 3, 1), datetime(2026, 3, 2)], ["2026-03-01", "2026-03-02"]),
    ],
)
def test_instants_are_written_as_dates_where_all_are_at_midnight(times, texts):
    found = frequency_of([instants(*times)])

    assert found.texts_of(found.steps_of(instants(*times))) == texts


def test_several_series_share_one_frequency():
    early = [datetime(2026, 1, 1) + timedelta(days=2 * place) for place in range(20)]
    late = [datetime(2026, 1, 2) + timedelta(days=2 * place) for place in range(20)]

    assert frequency_of([instants(*early)]).us == 2 * 86_400_000_000
    assert frequency_of([instants(*early), instants(*late)]).us == 86_400_000_000


@pytest.mark.parametrize(
    "times",
    [
        [datetime(2026, 1, 1)],
        [datetime(2026, 1, 1), datetime(2026, 1, 1, 0, 0, 1), *(datetime(2026, 2, day) for day in range(1, 20))],
    ],
)
def test_times_without_a_frequency_have_none(times):
    with pytest.raises(Irregular):
        frequency_of([instants(*times)])


@pytest.mark.parametrize("days", [1, 7, 30])
def test_midnights_of_a_zone_whose_clocks_are_changed_are_told_from_other_irregular_times(days):
    midnights = [datetime(2025, 1, 1) + timedelta(days=days * place) for place in range(20)]
    ahead = [each - timedelta(hours=2 if place in range(5, 12) else 1) for place, each in enumerate(midnights)]

    with pytest.raises(Irregular, match="clocks are changed"):
        frequency_of([instants(*ahead)])
    with pytest.raises(Irregular, match="near in time"):
        frequency_of([instants(*ahead, datetime(2027, 1, 1), datetime(2027, 1, 1, 1))])


@pytest.mark.parametrize(
    ("apart", "words"),
    [
        (timedelta(days=7), "7 days"),
        (timedelta(hours=1), "1 hour"),
        (timedelta(minutes=15), "15 minutes"),
        (timedelta(seconds=1), "1 second"),
    ],
)
def test_steps_are_told_in_the_largest_unit_that_they_fill(apart, words):
    times = instants(*(datetime(2026, 1, 1) + place * apart for place in range(9)))

    assert frequency_of([times]).in_words == words
