from collections.abc import Iterator
from pathlib import Path

import pytest

from application.ledger import Ledger
from infrastructure.event_store.settings import sqlite_environment


@pytest.fixture
def an_empty_ledger(tmp_path: Path) -> Iterator[Ledger]:
    with Ledger(sqlite_environment(tmp_path / "events.db")) as ledger:
        yield ledger
