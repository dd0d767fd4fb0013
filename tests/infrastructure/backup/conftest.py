from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.infrastructure.backup.homes import DataHome
from tests.support.postgres import PostgresServer


@pytest.fixture(params=["sqlite", "postgres"])
def a_home(request: pytest.FixtureRequest, tmp_path: Path) -> DataHome:
    """A data directory with all that belongs to one."""
    url = request.getfixturevalue("postgres_url") if request.param == "postgres" else None
    home = DataHome(tmp_path / "home", url)
    home.fill()
    return home


@pytest.fixture(params=["sqlite", "postgres"])
def an_empty_home(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[DataHome]:
    """A data directory and a store with nothing in them."""
    if request.param == "sqlite":
        yield DataHome(tmp_path / "restored")
        return
    server: PostgresServer = request.getfixturevalue("postgres_server")
    with server.fresh_database() as url:
        yield DataHome(tmp_path / "restored", url)


@pytest.fixture
def a_backup(tmp_path: Path) -> Path:
    """A backup of a data directory on SQLite."""
    home = DataHome(tmp_path / "another")
    home.fill()
    home.back_up(tmp_path / "backup-of-another")
    return tmp_path / "backup-of-another"
