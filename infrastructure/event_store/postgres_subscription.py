"""Events of the PostgreSQL event store as they are appended, by this process or another."""

import logging
from collections.abc import Callable
from contextlib import closing
from threading import Event, Lock, Thread
from typing import Any

import psycopg
from eventsourcing.persistence import OperationalError
from psycopg import sql

from infrastructure.event_store.postgres_tables import CHANNEL
from infrastructure.event_store.subscription import EventSubscription

RECHECK_S = 1.0
"""So often to look for new events though none was announced: an announcement may be lost with a connection."""

_LISTEN_S = 0.2  # so late a stop is noticed at most
_RECONNECT_S = 0.2

_log = logging.getLogger(__name__)


class PostgresSubscription(EventSubscription):
    """Wakes when told of an append, and at least every second; outlives a server that is lost for a while."""

    def _watch(self) -> None:
        is_lost = False
        while not self._has_been_stopped:
            try:
                self._pull()
                is_lost = False
            except OperationalError as error:
                if not is_lost:
                    _log.warning("The event log cannot be read for now: %s", error)
                is_lost = True
            self._has_been_notified.wait(RECHECK_S)


class AppendListener:
    """Tells of appends of other processes, over a connection of its own that is made again when it is lost.

    Args:
        connect: Makes the connection.
        own: The payload with which this process announces its appends, of which it knows already.
        on_append: Called, by the listener's thread, when others have appended or may have.
    """

    def __init__(
        self, *, connect: Callable[[], psycopg.Connection[Any]], own: str, on_append: Callable[[], None]
    ) -> None:
        self._connect = connect
        self._own = own
        self._on_append = on_append
        self._guard = Lock()
        self._stopping = Event()
        self._thread: Thread | None = None

    def start(self) -> None:
        """Begin to listen; nothing changes when it has begun or was stopped already."""
        with self._guard:
            if self._thread is None and not self._stopping.is_set():
                self._thread = Thread(target=self._run, name="event-store-listener", daemon=True)
                self._thread.start()

    def stop(self) -> None:
        """End, and close the connection."""
        with self._guard:
            self._stopping.set()
            thread = self._thread
        if thread is not None:
            thread.join()

    def _run(self) -> None:
        while not self._stopping.is_set():
            try:
                self._listen()
            except (psycopg.Error, OperationalError) as error:
                # who follows says so where the log cannot be read; to hear late of appends is no failure
                _log.info("Appends of others are not heard of for now: %s", error)
                self._stopping.wait(_RECONNECT_S)

    def _listen(self) -> None:
        with closing(self._connect()) as connection:
            connection.execute(sql.SQL("LISTEN {}").format(sql.Identifier(CHANNEL)))
            self._on_append()  # of what was appended while nobody listened
            while not self._stopping.is_set():
                told = list(connection.notifies(timeout=_LISTEN_S, stop_after=1))
                if any(each.payload != self._own for each in told):
                    self._on_append()
