"""A new file of SQLite holds all rows that were added, or is not there."""

import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from infrastructure.read_models.building import build
from infrastructure.read_models.bulk_tables import Row
from infrastructure.read_models.file_generations import FileGenerations
from infrastructure.read_models.sqlite_bulk import new_file
from infrastructure.read_models.tables import PARKED
from tests.infrastructure.read_models.stores import Told, a_log, a_source
from tests.support.events import model_registered, model_renamed


def parked_rows(count: int) -> list[Row]:
    return [(position, "model.dreamt.v9", "no such topic") for position in range(1, count + 1)]


@pytest.mark.parametrize("count", [0, 1, 99, 100, 101, 350])
def test_rows_are_all_written_whatever_their_number(tmp_path, count):
    path = tmp_path / "new.db"
    with new_file(path) as tables:
        tables.add(PARKED, parked_rows(count))
        tables.finish(count)
    with closing(sqlite3.connect(path)) as connection:
        assert connection.execute("SELECT * FROM parked ORDER BY position").fetchall() == parked_rows(count)


def test_a_log_that_breaks_off_leaves_no_file(tmp_path: Path) -> None:
    def breaking(*, after: int, upto: int) -> Any:
        yield 1, model_registered()
        yield 2, model_renamed(name="two")
        raise ConnectionError

    source = a_source(a_log(model_registered()))._replace(replay=breaking)
    with pytest.raises(ConnectionError):
        build(FileGenerations(tmp_path), source, Told())
    assert not list(tmp_path.glob("*.db"))
