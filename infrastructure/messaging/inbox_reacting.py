"""Reacting to an event in a thread: tried again when what is around fails, given up when the event is at fault."""

import asyncio
import logging
from collections.abc import Callable

import anyio
import anyio.to_thread
import sqlalchemy.exc
from eventsourcing.persistence import InterfaceError, OperationalError

from application.integration.inbound import InboundEvent
from application.integration.ingestion import ReadModelsBehind
from application.integration.reactions import Reaction
from application.ledger import Conflict
from application.ports.artifacts import ArtifactStoreUnreachable
from application.ports.messaging import MessagingUnavailable
from domain.errors import DomainError
from domain.kernel import Immutable

FAILURES_MAX = 4
"""So often something may fail that no outage explains, until it counts as the event's own fault."""

BACKOFF_S = (0.2, 5.0)
"""The first wait after a failure, doubled by each that follows, and the longest."""

OUTAGES = (
    OperationalError,
    InterfaceError,
    sqlalchemy.exc.OperationalError,
    sqlalchemy.exc.InterfaceError,
    sqlalchemy.exc.TimeoutError,
    ReadModelsBehind,
    MessagingUnavailable,
    ArtifactStoreUnreachable,
)
"""They say nothing about the event, and are waited for however long they last."""

_log = logging.getLogger(__name__)


class Refused(Immutable):
    """Why a message was not handled.

    Attributes:
        code: Stable, dotted name of the reason.
        reason: In a sentence.
    """

    code: str
    reason: str


class Reacting:
    """Reacts to events, so many at once, until each is done or refused.

    Args:
        react: Reacts to one; blocks.
        at_once: How many at once.
        backoff_s: The first wait after a failure, and the longest.
    """

    def __init__(self, *, react: Reaction, at_once: int, backoff_s: tuple[float, float] = BACKOFF_S) -> None:
        self._react = react
        self._at_once = at_once
        self._backoff_s = backoff_s
        self._limiter: anyio.CapacityLimiter | None = None
        self.retries = 0

    async def to(self, event: InboundEvent, *, around: Callable[[Callable[[], bool]], bool]) -> bool | Refused:
        """React to the event; return whether it was known already, or why it was refused.

        An outage is waited for, however long it lasts: it says nothing about the event.

        Args:
            event: To react to.
            around: Called in the thread with what is to be done there, for each attempt.
        """
        failures, wait_s = 0, self._backoff_s[0]
        while True:
            try:
                return await self._in_thread(lambda: around(lambda: self._react(event)))
            except Exception as error:
                if not isinstance(error, OUTAGES):
                    failures += 1
                if (refused := refusal(error, failures)) is not None:
                    return refused
                _log.warning("%s %s is tried again: %s: %s", event.type, event.id, type(error).__name__, error)
            self.retries += 1
            await asyncio.sleep(wait_s)
            wait_s = min(2 * wait_s, self._backoff_s[1])

    async def _in_thread(self, work: Callable[[], bool]) -> bool:
        if self._limiter is None:
            self._limiter = anyio.CapacityLimiter(self._at_once)  # belongs to the loop that it is made on
        # abandoned when the connection is lost: what is begun again is carried out once all the same
        return await anyio.to_thread.run_sync(work, limiter=self._limiter, abandon_on_cancel=True)


def refusal(error: Exception, failures: int) -> Refused | None:
    """Return why the event is given up after so many failures; None where it is to be tried again."""
    if isinstance(error, OUTAGES):
        return None
    if isinstance(error, DomainError) and not isinstance(error, Conflict):
        return Refused(code=error.code, reason=error.message)
    if failures < FAILURES_MAX:
        return None
    _log.error("an event is given up after %d failures", failures, exc_info=error)
    reason = f"It has failed {failures} times, the last time with {type(error).__name__}: {error}"
    return Refused(code="inbox.keeps-failing", reason=reason)
