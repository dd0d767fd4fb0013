import resource
import sqlite3
from pathlib import Path
from uuid import UUID

import pytest
from eventsourcing.persistence import IntegrityError, JSONTranscoder, OperationalError, StoredEvent

from domain.kernel import UnknownEvent
from infrastructure.event_store.mapper import EventMapper
from infrastructure.event_store.sqlite import SQLiteEventRecorder
from tests.infrastructure.event_store.stores import (
    an_open_recorder,
    chain,
    positions,
    recomputed_chain,
    stored,
)

A_STREAM = UUID(int=1)
ANOTHER_STREAM = UUID(int=2)


def test_positions_survive_vacuum_and_a_removed_tail_is_not_given_again(path: Path) -> None:
    with an_open_recorder(path) as recorder:
        for _ in range(5):
            recorder.insert_events([stored()])
    connection = sqlite3.connect(path, isolation_level=None)
    connection.execute("DELETE FROM stored_events WHERE rowid IN (2, 5)")
    connection.execute("VACUUM")
    connection.close()
    with an_open_recorder(path) as recorder:
        assert positions(recorder) == [1, 3, 4]
        assert recorder.insert_events([stored()]) == [6]


def test_a_stream_with_a_damaged_version_can_still_be_read(path: Path) -> None:
    with an_open_recorder(path) as recorder:
        recorder.insert_events([stored(A_STREAM, 1), stored(A_STREAM, 2), stored(A_STREAM, 3)])
    connection = sqlite3.connect(path, isolation_level=None)
    connection.execute("UPDATE stored_events SET originator_version = 'second' WHERE rowid = 2")
    connection.close()
    with an_open_recorder(path) as recorder:
        read = [EventMapper(JSONTranscoder()).to_domain_event(each) for each in recorder.select_events(A_STREAM)]
        assert [each.originator_version for each in read] == [1, 3, 0]


def test_a_stream_is_read_in_the_order_of_its_index(an_empty_file: SQLiteEventRecorder) -> None:
    statement = f"EXPLAIN QUERY PLAN {an_empty_file.select_events_statement} ORDER BY originator_version DESC"
    with an_empty_file.datastore.transaction(commit=False) as cursor:
        cursor.execute(statement, (A_STREAM.hex,))
        plan = [row["detail"] for row in cursor.fetchall()]
    assert len(plan) == 1
    assert "USING INDEX" in plan[0]


@pytest.mark.parametrize(
    "damage",
    [
        "state = 'text'",
        "state = 5",
        "originator_id = 'nobody'",
        "originator_id = x'00ff'",
        "originator_version = 'first'",
        "topic = CAST(x'c3ff' AS TEXT)",
        "topic = x'c3ff'",
    ],
)
def test_a_row_edited_by_hand_is_unknown_and_does_not_hide_the_others(path: Path, damage: str) -> None:
    with an_open_recorder(path) as recorder:
        recorder.insert_events([stored(), stored(), stored()])
    connection = sqlite3.connect(path, isolation_level=None)
    connection.execute(f"UPDATE stored_events SET {damage} WHERE rowid = 2")
    connection.close()
    with an_open_recorder(path) as recorder:
        given = recorder.select_range(after=0, limit=10)
        assert [each.id for each in given] == [1, 2, 3]
        assert isinstance(EventMapper(JSONTranscoder()).to_domain_event(given[1]), UnknownEvent)
        assert chain(recorder) != recomputed_chain(recorder)


def test_a_full_disk_is_said_and_the_store_goes_on_when_there_is_room(
    an_empty_file: SQLiteEventRecorder,
) -> None:
    large = bytes(1_000_000)
    an_empty_file.insert_events([stored()])
    with an_empty_file.datastore.transaction(commit=False) as cursor:
        cursor.execute("PRAGMA max_page_count = 20")
    with pytest.raises(OperationalError, match="full"):
        an_empty_file.insert_events([stored(), stored(state=large)])
    assert positions(an_empty_file) == [1]
    with an_empty_file.datastore.transaction(commit=False) as cursor:
        cursor.execute("PRAGMA max_page_count = 1000000")
    assert an_empty_file.insert_events([stored(state=large)]) == [2]
    assert chain(an_empty_file) == recomputed_chain(an_empty_file)


def test_a_commit_that_cannot_be_written_is_said_and_the_store_goes_on_when_it_can(
    an_empty_file: SQLiteEventRecorder, path: Path
) -> None:
    an_empty_file.insert_events([stored()])
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (path.with_name("events.db-wal").stat().st_size + 1, hard))
    try:
        for _ in range(3):
            with pytest.raises(OperationalError):
                an_empty_file.insert_events([stored()])
            assert positions(an_empty_file) == [1]
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert an_empty_file.insert_events([stored()]) == [2]
    assert chain(an_empty_file) == recomputed_chain(an_empty_file)


def test_a_lock_that_is_not_released_is_said_and_the_store_goes_on_after_it(path: Path) -> None:
    with an_open_recorder(path, SQLITE_LOCK_TIMEOUT="1") as recorder:
        recorder.insert_events([stored()])
        other = sqlite3.connect(path, isolation_level=None)
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(OperationalError, match="locked"):
            recorder.insert_events([stored()])
        assert positions(recorder) == [1]
        other.rollback()
        other.close()
        assert recorder.insert_events([stored()]) == [2]


def test_a_file_that_cannot_be_opened_is_said_each_time(tmp_path: Path) -> None:
    with an_open_recorder(tmp_path / "events.db", CREATE_TABLE="n") as recorder:
        recorder.datastore.pool.db_name = (tmp_path / "nowhere" / "events.db").as_uri()
        for _ in range(3):
            with pytest.raises(OperationalError, match="unable to open"):
                recorder.insert_events([stored()])
        (tmp_path / "nowhere").mkdir()
        recorder.create_table()
        assert recorder.insert_events([stored()]) == [1]


def test_an_error_of_the_caller_rolls_back(an_empty_file: SQLiteEventRecorder) -> None:
    with (  # noqa: PT012 - the block is the transaction
        pytest.raises(ZeroDivisionError),
        an_empty_file.datastore.transaction(commit=True) as cursor,
    ):
        cursor.execute("INSERT INTO chain VALUES (1, x'00')")
        _ = 1 / 0
    assert chain(an_empty_file) == []


def test_only_a_taken_version_is_an_integrity_error(an_empty_file: SQLiteEventRecorder) -> None:
    with an_empty_file.datastore.transaction(commit=True) as cursor:
        cursor.execute("INSERT INTO chain VALUES (1, zeroblob(32)), (2, zeroblob(32))")
    with pytest.raises(Exception, match=r"chain\.position") as raised:
        an_empty_file.insert_events([stored()])
    assert not isinstance(raised.value, IntegrityError | sqlite3.Error)
    with pytest.raises(Exception, match="NOT NULL") as raised:
        an_empty_file.insert_events([StoredEvent(A_STREAM, 1, None, b"{}")])  # type: ignore[arg-type]
    assert not isinstance(raised.value, IntegrityError | sqlite3.Error)
    assert positions(an_empty_file) == []


@pytest.mark.parametrize(("setting", "expected"), [("NORMAL", 1), ("FULL", 2), ("EXTRA", 3)])
def test_every_connection_syncs_as_it_was_told(path: Path, setting: str, expected: int) -> None:
    with an_open_recorder(path, SQLITE_SYNCHRONOUS=setting) as recorder:
        for _ in range(2):
            with (
                recorder.datastore.transaction(commit=False) as one,
                recorder.datastore.transaction(commit=False) as two,
            ):
                for cursor in (one, two):
                    cursor.execute("PRAGMA synchronous")
                    assert cursor.fetchone()[0] == expected
                    cursor.execute("PRAGMA journal_mode")
                    assert cursor.fetchone()[0] == "wal"


def test_a_setting_that_does_not_exist_is_refused(path: Path) -> None:
    with pytest.raises(OSError, match="NORMAL, FULL, EXTRA"), an_open_recorder(path, SQLITE_SYNCHRONOUS="OFF"):
        pass
