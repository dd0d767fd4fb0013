"""Whoever waits for the log is woken by what neighbours are told of it, which comes sooner than the next look."""

import asyncio
from collections.abc import Callable, Iterable
from contextlib import suppress

from nats.aio.client import Client
from nats.aio.msg import Msg
from nats.errors import Error as NatsError

from application.integration.contracts import PublicEvent


class Waking:
    """Hears of public events as a part of messaging. It is a hint: what has happened is read in the log.

    Args:
        events: To be heard of.
        wake: Called for each of them, on the event loop of messaging; returns at once.

    Attributes:
        name: Of the part.
    """

    name = "waking"

    def __init__(self, *, events: Iterable[PublicEvent], wake: Callable[[], None]) -> None:
        self._subjects = tuple(each.subject for each in events)
        self._wake = wake

    async def run(self, client: Client) -> None:
        """Wake whenever one is published, until cancelled."""
        subscriptions = [await client.subscribe(each, cb=self._heard) for each in self._subjects]
        try:
            await client.flush()  # from here on the server tells of all that is published, by whomever
            self._wake()  # for what was published while nobody listened
            await asyncio.Event().wait()
        finally:
            with suppress(NatsError, OSError):
                for each in subscriptions:
                    await each.unsubscribe()

    async def _heard(self, _: Msg) -> None:
        self._wake()
