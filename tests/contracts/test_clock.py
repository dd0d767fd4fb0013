"""What every clock does."""

from datetime import UTC, timedelta

import pytest

from application.ports.clock import Clock
from infrastructure.system.clock import SystemClock
from tests.support.fakes.clock import FakeClock


@pytest.fixture(params=[SystemClock, FakeClock])
def clock(request: pytest.FixtureRequest) -> Clock:
    made: Clock = request.param()
    return made


def test_instants_are_in_utc(clock: Clock) -> None:
    assert clock.now().tzinfo is UTC


def test_seconds_never_run_backwards(clock: Clock) -> None:
    seconds = [clock.monotonic() for _ in range(100)]

    assert seconds == sorted(seconds)


def test_a_stepped_clock_measures_durations_all_the_same() -> None:
    clock = FakeClock()
    instant, seconds = clock.now(), clock.monotonic()

    clock.advance(5)
    clock.step(-3_600)

    assert clock.now() - instant == timedelta(seconds=5 - 3_600)
    assert clock.monotonic() - seconds == 5
