from collections.abc import Iterator
from pathlib import Path

import pytest

from infrastructure.event_store.postgres import PostgresEventRecorder
from infrastructure.event_store.sqlite import SQLiteEventRecorder
from tests.infrastructure.event_store.stores import Place, Recorder, an_open_recorder


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "events.db"


@pytest.fixture(params=["sqlite", "postgres"])
def place(request: pytest.FixtureRequest, path: Path) -> Place:
    return path if request.param == "sqlite" else request.getfixturevalue("postgres_url")


@pytest.fixture
def an_empty_store(place: Place) -> Iterator[Recorder]:
    with an_open_recorder(place) as recorder:
        yield recorder


@pytest.fixture
def an_empty_file(path: Path) -> Iterator[SQLiteEventRecorder]:
    with an_open_recorder(path) as recorder:
        yield recorder


@pytest.fixture
def an_empty_database(postgres_url: str) -> Iterator[PostgresEventRecorder]:
    with an_open_recorder(postgres_url) as recorder:
        yield recorder
