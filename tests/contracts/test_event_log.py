"""The log, as every reader relies on it."""

import threading
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from uuid import UUID

import pytest

from application.ledger import Ledger
from application.ports.event_log import EventLog, Recorded
from domain.kernel import DomainEvent
from infrastructure.event_store.settings import postgres_environment, sqlite_environment
from tests.support.events import model_registered
from tests.support.fakes.event_log import InMemoryEventLog

ENOUGH_S = 20.0


class Appendable:
    """A log, and how a test appends to it."""

    def __init__(self, log: EventLog, append: Callable[[list[DomainEvent]], object]) -> None:
        self.log = log
        self._append = append

    def append(self, *numbers: int) -> None:
        """Append an event of another stream for each number, in one transaction."""
        self._append([_event(number) for number in numbers])


@pytest.fixture(params=["memory", "sqlite", "postgres"])
def an_empty_log(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Appendable]:
    if request.param == "memory":
        log = InMemoryEventLog()
        yield Appendable(log, lambda events: log.append(*events))
        return
    if request.param == "sqlite":
        environment = sqlite_environment(tmp_path / "events.db")
    else:
        environment = postgres_environment(request.getfixturevalue("postgres_url"))
    with Ledger(environment) as ledger:
        yield Appendable(ledger, ledger.commit)


def _event(number: int) -> DomainEvent:
    return model_registered(event_id=UUID(int=number), originator_id=UUID(int=number), name=f"model-{number}")


def _numbers(page: Sequence[Recorded]) -> list[int]:
    return [recorded.event.originator_id.int for recorded in page]


def test_an_empty_log_has_its_head_at_zero_and_nothing_to_read(an_empty_log: Appendable) -> None:
    assert an_empty_log.log.head() == 0
    assert list(an_empty_log.log.read(after=0, limit=10)) == []


def test_events_are_read_in_the_order_they_were_appended_in(an_empty_log: Appendable) -> None:
    an_empty_log.append(3, 1)
    an_empty_log.append(2)
    page = an_empty_log.log.read(after=0, limit=10)
    assert _numbers(page) == [3, 1, 2]
    positions = [recorded.position for recorded in page]
    assert positions == sorted(positions)
    assert positions[-1] == an_empty_log.log.head()


def test_reading_goes_on_after_a_position(an_empty_log: Appendable) -> None:
    an_empty_log.append(1, 2, 3)
    first = an_empty_log.log.read(after=0, limit=2)
    assert _numbers(first) == [1, 2]
    assert _numbers(an_empty_log.log.read(after=first[-1].position, limit=2)) == [3]


def test_who_follows_sees_what_was_there_and_what_comes_once_each_in_order(an_empty_log: Appendable) -> None:
    an_empty_log.append(1, 2)
    seen: list[int] = []
    all_seen = threading.Event()

    def follow() -> None:
        with an_empty_log.log.follow(after=0) as following:
            started.set()
            for page in following:
                assert page
                seen.extend(_numbers(page))
                if len(seen) >= 52:
                    all_seen.set()
                    following.stop()

    started = threading.Event()
    thread = threading.Thread(target=follow)
    thread.start()
    assert started.wait(ENOUGH_S)
    for number in range(3, 53):
        an_empty_log.append(number)
    assert all_seen.wait(ENOUGH_S)
    thread.join(ENOUGH_S)
    assert seen == list(range(1, 53))


def test_who_follows_is_given_as_many_events_at_once_as_asked_for(an_empty_log: Appendable) -> None:
    an_empty_log.append(*range(1, 8))
    with an_empty_log.log.follow(after=0, page_events=3) as following:
        pages = iter(following)
        assert [_numbers(next(pages)) for _ in range(3)] == [[1, 2, 3], [4, 5, 6], [7]]


def test_following_ends_when_another_thread_stops_it(an_empty_log: Appendable) -> None:
    with an_empty_log.log.follow(after=0) as following:
        timer = threading.Timer(0.1, following.stop)
        timer.start()
        assert list(following) == []
        timer.join()


def test_who_is_woken_without_a_reason_goes_on_waiting(an_empty_log: Appendable) -> None:
    an_empty_log.append(1)
    with an_empty_log.log.follow(after=0) as following:
        pages = iter(following)
        following.wake()
        assert _numbers(next(pages)) == [1]
        following.wake()
        an_empty_log.append(2)
        assert _numbers(next(pages)) == [2]
