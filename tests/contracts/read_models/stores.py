"""Every implementation of the read models, empty."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from application.ports.read_models import ReadModels
from infrastructure.read_models.building import Source
from infrastructure.read_models.current import CurrentReadModels
from infrastructure.read_models.dialects import sqlite_url
from infrastructure.read_models.file_generations import FileGenerations
from infrastructure.read_models.opening import open_current
from infrastructure.read_models.sql import SqlReadModels
from tests.support.fakes.event_log import InMemoryEventLog
from tests.support.fakes.read_models import InMemoryReadModels
from tests.support.postgres import PostgresServer
from tests.support.replays import replay_of

SEARCHING = ("in memory", "SQLite", "PostgreSQL")
"""Those that search by themselves."""

ALL = (*SEARCHING, "current generation")


@contextmanager
def opened(request: pytest.FixtureRequest, directory: Path) -> Iterator[ReadModels]:
    """Yield the implementation that the request's parameter names."""
    models: InMemoryReadModels | SqlReadModels | CurrentReadModels
    match request.param:
        case "in memory":
            models = InMemoryReadModels()
        case "SQLite":
            models = SqlReadModels(url=sqlite_url(directory / "r.db"))
        case "current generation":
            log = InMemoryEventLog()
            models = open_current(
                generations=FileGenerations(directory),
                source=Source(log=log, replay=replay_of(log), projections=()),
                on_progress=lambda _: None,
            )
        case _:
            server: PostgresServer = request.getfixturevalue("postgres_server")
            with server.fresh_database() as url:
                models = SqlReadModels(url=url)
                yield models
                models.close()
            return
    yield models
    models.close()
