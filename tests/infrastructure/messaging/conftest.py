from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.inboxes import Journal, Neighbour, RunningInbox
from tests.support.nats import NatsServer


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
