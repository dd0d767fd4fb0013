"""What tests of all layers share: a PostgreSQL server per process that runs tests, started when first needed."""

import signal
from collections.abc import Callable, Iterator
from contextlib import ExitStack

import pytest
from hypothesis import HealthCheck, settings

from tests.support.examples import examples
from tests.support.nats import NatsServer
from tests.support.object_stores import KINDS, ObjectStoreServer, object_store_server
from tests.support.postgres import PostgresServer


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--object-store", choices=KINDS, default=KINDS[0], help="which kind of object store artifacts are kept in"
    )


def pytest_configure() -> None:
    settings.register_profile(
        "service",
        max_examples=examples(25),
        deadline=None,
        suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
    )
    settings.load_profile("service")  # nothing of it depends on how busy the machine is
    _heed_interrupts()


def _heed_interrupts() -> None:
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


@pytest.fixture(scope="session")
def shared_nats(tmp_path_factory: pytest.TempPathFactory) -> Iterator[NatsServer]:
    with NatsServer(tmp_path_factory.mktemp("nats")) as server:
        yield server


@pytest.fixture
def nats_server(shared_nats: NatsServer) -> Iterator[NatsServer]:
    """A server without streams, running at the end whatever the test did to it."""
    yield shared_nats
    shared_nats.resume()
    shared_nats.start()
    shared_nats.clean()


@pytest.fixture
def fresh_nats(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[[], NatsServer]]:
    """Starts a server of the test's own at each call."""
    with ExitStack() as servers:
        yield lambda: servers.enter_context(NatsServer(tmp_path_factory.mktemp("nats")))


@pytest.fixture(scope="session")
def object_store(pytestconfig: pytest.Config) -> Iterator[ObjectStoreServer]:
    with object_store_server(pytestconfig.getoption("--object-store")) as server:
        yield server


@pytest.fixture
def bucket_url(object_store: ObjectStoreServer, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """An empty bucket, known to this process and those that it starts."""
    for name, value in object_store.environment.items():
        monkeypatch.setenv(name, value)
    with object_store.fresh_bucket() as url:
        yield url
