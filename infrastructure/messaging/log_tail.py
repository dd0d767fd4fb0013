"""The log as a stream of pages for coroutines."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from threading import Event, Lock, Semaphore, Thread

from application.ports.event_log import EventLog, Following, Recorded

_PAGE_EVENTS = 100  # little memory, and no long work at a stretch
_PAGES_AHEAD = 1
_END_S = 0.4  # so long an end waits for the thread, which may hang in a database that does not answer


class LogTail:
    """Follows the log in a thread of its own and hands its pages to an event loop.

    Args:
        log: What to follow.
    """

    def __init__(self, log: EventLog) -> None:
        self._log = log

    @asynccontextmanager
    async def pages(self, *, after: int) -> AsyncIterator[AsyncIterator[Sequence[Recorded]]]:
        """Yield the pages of events after the position: in order, none empty, without end.

        The thread runs ahead of who reads by a few pages at most, and ends with the block. The iteration
        raises what the log raises.
        """
        thread = _Thread(self._log, after=after)
        thread.start()
        try:
            yield thread.pages()
        finally:
            thread.stop()
            with suppress(TimeoutError):
                async with asyncio.timeout(_END_S):
                    await thread.ended.wait()


class _Thread:
    """One following of the log, from its thread to the loop that it was made on."""

    def __init__(self, log: EventLog, *, after: int) -> None:
        self.ended = asyncio.Event()
        self._log = log
        self._after = after
        self._loop = asyncio.get_running_loop()
        self._pages: asyncio.Queue[Sequence[Recorded] | Exception] = asyncio.Queue()
        self._room = Semaphore(_PAGES_AHEAD)
        self._guard = Lock()
        self._following: Following | None = None
        self._stopping = Event()

    def start(self) -> None:
        Thread(target=self._run, name="log-tail", daemon=True).start()

    def stop(self) -> None:
        with self._guard:
            self._stopping.set()
            if self._following is not None:
                self._following.stop()
        self._room.release()

    async def pages(self) -> AsyncIterator[Sequence[Recorded]]:
        while True:
            page = await self._pages.get()
            if isinstance(page, Exception):
                raise page
            self._room.release()
            yield page

    def _run(self) -> None:
        error: Exception = EOFError("the log is closed")
        try:
            self._follow()
        except Exception as raised:
            error = raised
        with suppress(RuntimeError):  # the loop is closed: nobody is left to be told
            self._loop.call_soon_threadsafe(self._pages.put_nowait, error)
            self._loop.call_soon_threadsafe(self.ended.set)

    def _follow(self) -> None:
        with self._log.follow(after=self._after, page_events=_PAGE_EVENTS) as following:
            with self._guard:
                self._following = following
                if self._stopping.is_set():
                    return
            for page in following:
                self._room.acquire()
                if self._stopping.is_set():
                    return
                self._loop.call_soon_threadsafe(self._pages.put_nowait, page)
