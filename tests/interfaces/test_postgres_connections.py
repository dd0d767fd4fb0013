"""A service takes no more connections of PostgreSQL than it says, and lets go of all of them."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from uuid import uuid4

import psycopg
from pydantic import SecretStr

from application.ports.messaging import MessagingUnavailable
from infrastructure.messaging.address import NatsAddress
from interfaces.bootstrap import running_service
from interfaces.settings import Settings
from tests.support.processes import eventually

LEAST, MOST = 24, 30
THREADS = 20
OURS = "test"
COUNTED = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND application_name <> %s"
TABLES = """
SELECT format('%I.%I', schemaname, tablename) FROM pg_tables
WHERE schemaname IN ('ml_events', 'ml_operation', 'ml_read_models_1')
"""


def no_nats() -> NatsAddress:
    raise MessagingUnavailable("There is no NATS.")


def connections(url: str) -> int:
    """Return how many connections others than this test have to the database."""
    with psycopg.connect(url, application_name=OURS) as connection:
        row = connection.execute(COUNTED, [OURS]).fetchone()
    assert row is not None
    return int(row[0])


@contextmanager
def every_table_locked(url: str) -> Iterator[None]:
    """Let whoever uses a table wait, and keep its connection meanwhile."""
    with psycopg.connect(url, application_name=OURS) as connection:
        tables = ", ".join(name for (name,) in connection.execute(TABLES))
        connection.execute(f"LOCK TABLE {tables} IN ACCESS EXCLUSIVE MODE")
        yield


def test_a_service_of_which_all_is_asked_at_once_takes_the_connections_that_it_may_and_ends_with_none(
    postgres_url: str, tmp_path: Path
) -> None:
    settings = Settings(home=tmp_path, database_url=SecretStr(postgres_url))
    with running_service(settings, nats=no_nats) as running, ThreadPoolExecutor(3 * THREADS) as threads:
        service = running.service
        with every_table_locked(postgres_url):
            for _ in range(THREADS):
                threads.submit(service.read_models.position)
                threads.submit(service.ledger.head)
                threads.submit(service.ledger.model, uuid4())
            assert eventually(lambda: connections(postgres_url) >= LEAST), connections(postgres_url)
            assert connections(postgres_url) <= MOST, connections(postgres_url)
    assert eventually(lambda: connections(postgres_url) == 0)
