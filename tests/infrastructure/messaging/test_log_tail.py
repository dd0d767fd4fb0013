import asyncio
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from threading import Event
from uuid import UUID

import pytest

from application.ledger import Ledger
from application.ports.event_log import Following, Recorded
from infrastructure.event_store.settings import sqlite_environment
from infrastructure.messaging.log_tail import LogTail
from tests.support.events import model_registered
from tests.support.fakes.event_log import InMemoryEventLog

ENOUGH_S = 20


def commit(ledger: Ledger, *numbers: int) -> None:
    for number in numbers:
        ledger.commit([model_registered(originator_id=UUID(int=number), event_id=UUID(int=number))])


async def first(pages: AsyncIterator[Sequence[Recorded]], count: int) -> list[int]:
    """Return the positions of the next so many events, and of those in the same page."""
    positions: list[int] = []
    while len(positions) < count:
        positions += [each.position for each in await anext(pages)]
    return positions


@pytest.fixture
def a_ledger(tmp_path: Path) -> Iterator[Ledger]:
    with Ledger(sqlite_environment(tmp_path / "events.db")) as ledger:
        yield ledger


def test_what_was_there_comes_before_what_comes_to_be(a_ledger: Ledger) -> None:
    commit(a_ledger, 1, 2, 3)

    async def read() -> None:
        async with asyncio.timeout(ENOUGH_S), LogTail(a_ledger).pages(after=1) as pages:
            assert await first(pages, 2) == [2, 3]
            await asyncio.to_thread(commit, a_ledger, 4)
            assert await first(pages, 1) == [4]

    asyncio.run(read())


def test_whoever_reads_slowly_holds_up_the_tail_and_nobody_else(a_ledger: Ledger) -> None:
    pages_taken = 0

    class CountedLog(InMemoryEventLog):
        @contextmanager
        def follow(self, *, after: int, page_events: int) -> Iterator[Following]:  # type: ignore[override]
            yield EndlessPages()

    class EndlessPages:
        def __iter__(self) -> Iterator[Sequence[Recorded]]:
            nonlocal pages_taken
            while True:
                pages_taken += 1
                yield (Recorded(position=pages_taken, event=model_registered()),)

        def stop(self) -> None:
            pass

        def wake(self) -> None:
            pass

    async def read() -> None:
        async with asyncio.timeout(ENOUGH_S), LogTail(CountedLog()).pages(after=0) as pages:
            for position in (1, 2, 3):
                assert [each.position for each in await anext(pages)] == [position]
            await asyncio.sleep(0.05)
            assert pages_taken <= 7

    asyncio.run(read())


def test_what_the_log_raises_is_raised_where_its_pages_are_read() -> None:
    class Broken(InMemoryEventLog):
        @contextmanager
        def follow(self, *, after: int, page_events: int) -> Iterator[Following]:  # type: ignore[override]
            message = "no such log"
            raise OSError(message)
            yield

    async def read() -> None:
        async with asyncio.timeout(ENOUGH_S), LogTail(Broken()).pages(after=0) as pages:
            with pytest.raises(OSError, match="no such log"):
                await anext(pages)

    asyncio.run(read())


def test_a_cancelled_reader_lets_go_of_the_log(a_ledger: Ledger) -> None:
    async def read() -> None:
        reading = asyncio.Event()

        async def wait_for_events() -> None:
            async with LogTail(a_ledger).pages(after=0) as pages:
                reading.set()
                await anext(pages)

        task = asyncio.create_task(wait_for_events())
        async with asyncio.timeout(ENOUGH_S):
            await reading.wait()
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task

    asyncio.run(read())


def test_a_log_that_does_not_answer_holds_up_no_end() -> None:
    answer = Event()

    class Silent(InMemoryEventLog):
        @contextmanager
        def follow(self, *, after: int, page_events: int) -> Iterator[Following]:  # type: ignore[override]
            answer.wait()
            with super().follow(after=after, page_events=page_events) as following:
                yield following

    async def read() -> None:
        async with asyncio.timeout(ENOUGH_S), LogTail(Silent()).pages(after=0):
            pass

    asyncio.run(read())
    answer.set()
