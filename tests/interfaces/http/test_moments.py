"""What names a moment, and what does not."""

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.errors import InvalidInput
from interfaces.http.moments import parse_moment, written

OFFSETS = st.timedeltas(timedelta(hours=-23, minutes=-59), timedelta(hours=23, minutes=59)).map(
    lambda each: timezone(timedelta(minutes=each // timedelta(minutes=1)))
)
INSTANTS = st.datetimes(datetime(2, 1, 1), datetime(9998, 12, 31), timezones=OFFSETS)


@given(INSTANTS)
def test_an_instant_is_read_whatever_its_offset(instant: datetime) -> None:
    assert parse_moment(instant.isoformat(), field="as_of") == instant


@given(INSTANTS)
def test_a_plus_that_became_a_space_on_its_way_is_still_an_offset(instant: datetime) -> None:
    assert parse_moment(instant.isoformat().replace("+", " "), field="as_of") == instant


@given(st.integers(0, 2**63 - 1))
def test_all_digits_are_a_position(position: int) -> None:
    assert parse_moment(str(position), field="as_of") == position


@pytest.mark.parametrize(
    ("given_", "expected"),
    [
        ("2026-01-31t09:30:00z", datetime(2026, 1, 31, 9, 30, tzinfo=UTC)),
        ("2026-01-31 09:30:00-01:00", datetime(2026, 1, 31, 10, 30, tzinfo=UTC)),
        ("2026-01-31T09:30:00.1234569999Z", datetime(2026, 1, 31, 9, 30, 0, 123456, tzinfo=UTC)),
        ("0007", 7),
    ],
)
def test_what_rfc_3339_allows_is_read(given_: str, expected: datetime | int) -> None:
    assert parse_moment(given_, field="as_of") == expected


@pytest.mark.parametrize(
    "given_",
    [
        "2026-01-01",
        "2026-01-01T00:00:00",
        "2026-01-01T00:00Z",
        "2026-01-01T00:00:00+0100",
        "2026-01-01T00:00:60Z",
        "2026-02-30T00:00:00Z",
        "2026-01-01T24:00:00Z",
        "2026-01-01T00:00:00+24:00",
        "0000-01-01T00:00:00Z",
        "0001-01-01T00:00:00+01:00",
        "9999-12-31T23:59:59-01:00",
        "20260101T000000Z",
        "1e5",
        "-1",
        "+1",
        "1.0",
        "٣",
        "now",
        "production",
        " ",
        "2026-01-01T00:00:00Z\n",
    ],
)
def test_what_names_no_moment_is_refused_with_an_example(given_: str) -> None:
    with pytest.raises(InvalidInput, match="2026-01-31T09:30:00Z") as refused:
        parse_moment(given_, field="as_of")
    assert [each.field for each in refused.value.problems] == ["as_of"]


@given(INSTANTS)
def test_one_instant_is_written_in_one_way(instant: datetime) -> None:
    assert written(instant) == written(instant.astimezone(UTC))
    assert parse_moment(written(instant), field="as_of") == instant
