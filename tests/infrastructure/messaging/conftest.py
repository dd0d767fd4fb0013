from collections.abc import Iterator
from pathlib import Path

import pytest

from application.ledger import Ledger
from application.ports.follower_positions import FollowerPositions
from infrastructure.event_store.settings import sqlite_environment
from infrastructure.messaging.positions import SqlFollowerPositions
from tests.support.inboxes import Journal, Neighbour, RunningInbox
from tests.support.nats import NatsServer
from tests.support.operation import operation_database


@pytest.fixture
def journal() -> Journal:
    return Journal()


@pytest.fixture
def neighbour(nats_server: NatsServer) -> Iterator[Neighbour]:
    with Neighbour(nats_server.address) as neighbour:
        yield neighbour


@pytest.fixture
def an_inbox(nats_server: NatsServer, tmp_path: Path, journal: Journal) -> Iterator[RunningInbox]:
    with RunningInbox(nats_server.address, tmp_path, journal.react) as inbox:
        yield inbox


@pytest.fixture
def a_ledger(tmp_path: Path) -> Iterator[Ledger]:
    with Ledger(sqlite_environment(tmp_path / "events.db")) as ledger:
        yield ledger


@pytest.fixture
def positions(tmp_path: Path) -> Iterator[FollowerPositions]:
    with operation_database(tmp_path / "operation.db") as operation:
        yield SqlFollowerPositions(operation)
