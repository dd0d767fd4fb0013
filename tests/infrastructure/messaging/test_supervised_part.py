"""A part that fails is begun anew, and tells since when and why it fails until it has worked for a while."""

import asyncio
import logging
from collections.abc import Callable
from datetime import timedelta

import pytest
from nats.aio.client import Client
from nats.errors import Error as NatsError

from application.ports.messaging import PartStatus
from infrastructure.messaging.streams import ACK_WAIT_S, StreamUnavailable
from infrastructure.messaging.supervised_part import SupervisedPart
from tests.support.fakes.clock import FakeClock


class Attempts:
    """Work that fails by the error given for each attempt, and goes on when there is none left."""

    def __init__(self, *errors: Exception | None, clock: FakeClock, takes_s: float = 0.0) -> None:
        self._errors = list(errors)
        self._clock = clock
        self._takes_s = takes_s
        self.going_well = asyncio.Event()

    async def __call__(self, _client: Client) -> None:
        if not self._errors:
            self.going_well.set()
            await asyncio.Event().wait()
        self._clock.advance(self._takes_s)
        error = self._errors.pop(0)
        if error is not None:
            raise error


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


def supervised(attempts: Attempts, clock: FakeClock, check: Callable[[SupervisedPart], None]) -> None:
    """Run the work until it goes well, then look."""

    async def go() -> None:
        part = SupervisedPart(name="relay", work=attempts, clock=clock)
        running = asyncio.create_task(part.run(Client()))
        await attempts.going_well.wait()
        check(part)
        running.cancel()
        await asyncio.wait({running})
        assert not part.status.is_running

    asyncio.run(go())


def test_what_has_not_begun_does_not_run(clock: FakeClock) -> None:
    part = SupervisedPart(name="relay", work=Attempts(clock=clock), clock=clock)

    assert part.status == PartStatus(name="relay", is_running=False, error=None, failing_since=None)


def test_a_failing_part_is_begun_anew_and_its_last_error_told(clock: FakeClock) -> None:
    began = clock.now()

    def check(part: SupervisedPart) -> None:
        expected = PartStatus(name="relay", is_running=True, error="KeyError: 'b'", failing_since=began)
        assert part.status == expected

    supervised(Attempts(ValueError("a"), KeyError("b"), clock=clock), clock, check)


def test_a_part_that_works_for_a_while_is_well_again(clock: FakeClock) -> None:
    def check(part: SupervisedPart) -> None:
        clock.advance(20)
        assert part.status == PartStatus(name="relay", is_running=True, error=None, failing_since=None)

    supervised(Attempts(ValueError("a"), clock=clock), clock, check)


def test_a_failure_after_a_good_while_is_a_new_one(clock: FakeClock) -> None:
    began = clock.now()

    def check(part: SupervisedPart) -> None:
        assert part.status.failing_since == began + timedelta(seconds=40)

    supervised(Attempts(ValueError("a"), ValueError("a"), clock=clock, takes_s=20), clock, check)


def test_a_part_that_fails_at_each_redelivery_is_never_well_between(clock: FakeClock) -> None:
    began = clock.now()

    def check(part: SupervisedPart) -> None:
        clock.advance(ACK_WAIT_S + 1)
        assert part.status.failing_since == began + timedelta(seconds=ACK_WAIT_S + 1)

    supervised(Attempts(ValueError("a"), ValueError("a"), clock=clock, takes_s=ACK_WAIT_S + 1), clock, check)


def test_an_end_without_an_error_is_one(clock: FakeClock) -> None:
    def check(part: SupervisedPart) -> None:
        assert "ended" in (part.status.error or "")

    supervised(Attempts(None, clock=clock), clock, check)


def test_the_same_error_is_logged_once(clock: FakeClock, caplog: pytest.LogCaptureFixture) -> None:
    errors = (ValueError("a"), ValueError("a"), ValueError("b"), ValueError("b"))

    with caplog.at_level(logging.ERROR):
        supervised(Attempts(*errors, clock=clock), clock, lambda _: None)

    assert len(caplog.records) == 2


@pytest.mark.parametrize("error", [StreamUnavailable("no JetStream"), NatsError("no JetStream")])
def test_what_an_operator_can_mend_is_told_in_a_line(
    clock: FakeClock, caplog: pytest.LogCaptureFixture, error: Exception
) -> None:
    with caplog.at_level(logging.DEBUG, logger=SupervisedPart.__module__):
        supervised(Attempts(error, clock=clock), clock, lambda _: None)

    told = [(each.levelno, each.exc_info is not None) for each in caplog.records if "failed" in each.message]
    assert told == [(logging.ERROR, False), (logging.DEBUG, True)]
    assert "no JetStream" in caplog.records[0].message


def test_a_part_that_fails_at_its_end_is_not_begun_anew(clock: FakeClock) -> None:
    begun = 0

    async def work(_client: Client) -> None:
        nonlocal begun
        begun += 1
        try:
            await asyncio.Event().wait()
        finally:
            raise OSError

    async def go() -> PartStatus:
        part = SupervisedPart(name="relay", work=work, clock=clock)
        running = asyncio.create_task(part.run(Client()))
        await asyncio.sleep(0)
        running.cancel()
        await asyncio.wait({running})
        return part.status

    assert asyncio.run(go()).error is None
    assert begun == 1
