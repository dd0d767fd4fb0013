from collections.abc import Iterator
from pathlib import Path

import pytest

from infrastructure.event_store.sqlite import SQLiteEventRecorder
from tests.infrastructure.event_store.stores import an_open_recorder


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "events.db"


@pytest.fixture
def an_empty_store(path: Path) -> Iterator[SQLiteEventRecorder]:
    with an_open_recorder(path) as recorder:
        yield recorder
