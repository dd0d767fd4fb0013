"""What tests of all layers share: a PostgreSQL server per process that runs tests, started when first needed."""

import signal
from collections.abc import Iterator

import pytest

from tests.support.postgres import PostgresServer


def pytest_configure() -> None:
    """Heed Ctrl-C also in a run that a shell started in its background, where the processes that tests start
    would inherit that it is ignored."""
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[PostgresServer]:
    with PostgresServer() as server:
        yield server


@pytest.fixture
def postgres_url(postgres_server: PostgresServer) -> Iterator[str]:
    with postgres_server.fresh_database() as url:
        yield url
