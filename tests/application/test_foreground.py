import pytest

from application.foreground import LASTS_S, Foreground
from tests.support.fakes.clock import FakeClock


@pytest.fixture
def a_clock() -> FakeClock:
    return FakeClock()


def test_a_service_that_was_never_asked_anything_is_not_busy(a_clock: FakeClock) -> None:
    assert not Foreground(clock=a_clock).is_busy()


def test_whoever_was_asked_is_busy_for_a_while(a_clock: FakeClock) -> None:
    foreground = Foreground(clock=a_clock)
    foreground.note()
    a_clock.advance(0.9 * LASTS_S)
    assert foreground.is_busy()
    a_clock.advance(0.2 * LASTS_S)
    assert not foreground.is_busy()


def test_every_request_and_every_answer_begins_that_while_anew(a_clock: FakeClock) -> None:
    foreground = Foreground(clock=a_clock)
    for _ in range(3):
        foreground.note()
        a_clock.advance(0.6 * LASTS_S)
        assert foreground.is_busy()
