"""A part that is begun anew whenever it fails, and whose failures are told."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from datetime import datetime

from nats.aio.client import Client
from nats.errors import Error as NatsError

from application.ports.clock import Clock
from application.ports.messaging import PartStatus
from infrastructure.messaging.hindrances import Hindrance
from infrastructure.messaging.streams import ACK_WAIT_S

_log = logging.getLogger(__name__)

_BACKOFF_FIRST_S = 0.1
_BACKOFF_MAX_S = 5.0
_STEADY_S = 1.5 * ACK_WAIT_S
"""A part that worked for so long is well again: what it failed at has come again by then, and has failed again or
has not."""


class SupervisedPart:
    """Does a part's work on one connection after another, and knows how it fares.

    Args:
        name: Of the part.
        work: Works on a connection until cancelled.
        clock: Tells since when it fails, and whether that is over.
    """

    def __init__(self, *, name: str, work: Callable[[Client], Awaitable[None]], clock: Clock) -> None:
        self._name = name
        self._work = work
        self._clock = clock
        self._began_at: float | None = None  # on the monotonic clock; None while it does not run
        self._error: str | None = None
        self._failing_since: datetime | None = None

    @property
    def status(self) -> PartStatus:
        """How it fares now."""
        is_well = self._error is None or self._is_steady()
        return PartStatus(
            name=self._name,
            is_running=self._began_at is not None,
            error=None if is_well else self._error,
            failing_since=None if is_well else self._failing_since,
        )

    async def run(self, client: Client) -> None:
        """Work, and begin anew after a failure, until the connection is lost."""
        backoff_s = _BACKOFF_FIRST_S
        while True:
            self._began_at = self._clock.monotonic()
            try:
                await self._work(client)
                error: Exception = RuntimeError("it ended, which it never should")
            except Exception as raised:
                error = raised
            finally:
                was_steady = self._is_steady()
                self._began_at = None
            if client.is_closed or _is_being_cancelled():
                return  # whatever it says, that is why
            if was_steady:
                backoff_s = _BACKOFF_FIRST_S
            self._note(error, is_new=was_steady or self._error is None)
            await asyncio.sleep(backoff_s)
            backoff_s = min(2 * backoff_s, _BACKOFF_MAX_S)

    def _is_steady(self) -> bool:
        return self._began_at is not None and self._clock.monotonic() - self._began_at >= _STEADY_S

    def _note(self, error: Exception, *, is_new: bool) -> None:
        text = f"{type(error).__name__}: {error}"
        if is_new or text != self._error:
            self._tell(error, text)
        if is_new:
            self._failing_since = self._clock.now()
        self._error = text

    def _tell(self, error: Exception, text: str) -> None:
        if isinstance(error, Hindrance | NatsError):  # where in the program it was met says nothing to an operator
            _log.error("%s failed, and is begun anew until it goes well: %s", self._name, text)
            _log.debug("%s failed here", self._name, exc_info=error)
        else:
            _log.error("%s failed, and is begun anew until it goes well", self._name, exc_info=error)


def _is_being_cancelled() -> bool:
    task = asyncio.current_task()
    return task is not None and task.cancelling() > 0
