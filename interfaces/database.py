"""The role `database`: the reference server of the Database Service, as a process or for a while."""

import signal
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from threading import Event

from infrastructure.database_service.queries import Queries
from infrastructure.database_service.server import DatabaseServer
from infrastructure.database_service.store import SCHEMA, SqlMetadataStore
from infrastructure.messaging.address import NatsAddress
from infrastructure.messaging.parts import Messaging
from infrastructure.postgres_connection import DatabaseURLInvalid, conninfo
from infrastructure.read_models.dialects import sqlite_url
from infrastructure.system.clock import SystemClock
from interfaces.program import program_version
from interfaces.requests.filters import parse_filter, parse_order_by
from interfaces.settings import Settings


@contextmanager
def database_server(settings: Settings) -> Iterator[DatabaseServer]:
    """Yield the server over its database, to be run where there is NATS; the database is let go of at the end.

    Raises:
        DatabaseURLInvalid: The database's URL is none.
        SQLAlchemyError: The database cannot be used.
    """
    require_database_service_url(settings)
    with closing(_store(settings)) as store:
        yield DatabaseServer(
            store=store,
            queries=Queries(store, parse_filter=parse_filter, parse_order=parse_order_by),
            version=program_version(),
            replicas=settings.nats_replicas,
        )


def run_database(settings: Settings, *, address: Callable[[], NatsAddress]) -> None:
    """Serve until SIGINT or SIGTERM, whatever becomes of NATS meanwhile.

    Raises:
        DatabaseURLInvalid: The database's URL is none.
        SQLAlchemyError: The database cannot be used.
    """
    stopping = Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stopping.set())
    with database_server(settings) as server:
        messaging = Messaging(address=address, name="database", parts=[server], clock=SystemClock())
        messaging.start()
        stopping.wait()
        messaging.stop()


def require_database_service_url(settings: Settings) -> None:
    """Demand that the Database Service's URL is one, where one is set.

    Raises:
        DatabaseURLInvalid: It is none of PostgreSQL.
    """
    if settings.database_service_url is None:
        return
    try:
        conninfo(settings.database_service_url.get_secret_value())
    except DatabaseURLInvalid as error:
        message = f"--database-service-url: {error}"
        raise DatabaseURLInvalid(message) from None


def _store(settings: Settings) -> SqlMetadataStore:
    if settings.database_service_url is None:
        settings.home.mkdir(mode=0o700, parents=True, exist_ok=True)
        return SqlMetadataStore(url=sqlite_url(settings.database_service_path))
    return SqlMetadataStore(url=settings.database_service_url.get_secret_value(), schema=SCHEMA)
