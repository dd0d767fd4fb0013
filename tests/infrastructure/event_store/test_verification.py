"""Verification of stores as they are: sound, empty, written to, damaged, read-only, cut."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from uuid import UUID

import psycopg
import pytest
from hypothesis import given
from hypothesis import strategies as st

from infrastructure.event_store.chain import GENESIS, link
from infrastructure.event_store.chain_breaks import ChainBroken
from infrastructure.event_store.log_rows import PAGE_ROWS, Head, LogUnreachable, StoredLog
from infrastructure.event_store.postgres_log import PostgresLog
from infrastructure.event_store.sqlite_log import SQLiteLog
from infrastructure.event_store.verification import Walk, verify
from tests.infrastructure.event_store.stores import an_open_recorder, stored
from tests.support.logs import EditableLog, EditablePostgresLog, EditableSQLiteLog, some_rows

COUNT = 2 * PAGE_ROWS + 7


@pytest.fixture(params=["sqlite", "postgres"])
def an_empty_log(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[EditableLog]:
    if request.param == "sqlite":
        yield EditableSQLiteLog(tmp_path / "events.db")
    else:
        yield EditablePostgresLog(request.getfixturevalue("postgres_url"))


@pytest.fixture
def a_file(tmp_path: Path) -> EditableSQLiteLog:
    log = EditableSQLiteLog(tmp_path / "events.db")
    rows = some_rows(COUNT)
    log.put(rows.events, rows.links)
    return log


def verified(log: StoredLog) -> Head:
    with log.snapshot() as snapshot:
        return verify(snapshot)


def broken(log: StoredLog) -> ChainBroken:
    with pytest.raises(ChainBroken) as raised:
        verified(log)
    return raised.value


def test_an_empty_log_is_sound(an_empty_log: EditableLog) -> None:
    assert verified(an_empty_log.log) == Head(position=0, hash=GENESIS)


@pytest.mark.parametrize("count", [1, PAGE_ROWS - 1, PAGE_ROWS, PAGE_ROWS + 1, COUNT])
def test_a_log_of_any_length_is_sound_to_its_end(an_empty_log: EditableLog, count: int) -> None:
    rows = some_rows(count)
    an_empty_log.put(rows.events, rows.links)
    assert verified(an_empty_log.log) == Head(position=count, hash=rows.links[-1][1])


def test_a_log_is_verified_as_it_is_while_it_is_written_to(tmp_path: Path) -> None:
    path = tmp_path / "events.db"
    with an_open_recorder(path) as recorder:
        recorder.insert_events([stored() for _ in range(10)])
        with SQLiteLog(path).snapshot() as snapshot:
            assert snapshot.head().position == 10
            recorder.insert_events([stored() for _ in range(10)])
            assert verify(snapshot).position == 10
        assert verified(SQLiteLog(path)).position == 20


def test_a_log_is_verified_where_nothing_may_be_written(a_file: EditableSQLiteLog) -> None:
    a_file.path.chmod(0o444)
    a_file.path.parent.chmod(0o555)
    try:
        assert verified(a_file.log).position == COUNT
    finally:
        a_file.path.parent.chmod(0o755)


def test_no_log_is_not_an_empty_log(tmp_path: Path, postgres_url: str) -> None:
    for log in (SQLiteLog(tmp_path / "events.db"), PostgresLog(postgres_url)):
        with pytest.raises(LogUnreachable, match="there is no log"), log.snapshot():
            pass


@pytest.mark.parametrize(
    "url", ["postgresql://x:secret@127.0.0.1:1/none", "postgresql://x:secret@@h/y", "x:secret"]
)
def test_a_server_that_is_not_there_is_told_without_the_password(url: str) -> None:
    with pytest.raises(LogUnreachable) as raised, PostgresLog(url).snapshot():
        pass
    assert "secret" not in str(raised.value)


@pytest.mark.parametrize(
    "assignment",
    [
        "originator_version = 'three'",
        "originator_version = 1.5",
        "originator_id = X'00'",
        "originator_id = upper(originator_id)",
        "originator_id = originator_id || '00'",
        "originator_id = substr(originator_id, 3)",
        "originator_id = 'zz' || substr(originator_id, 3)",
        "topic = CAST(topic AS BLOB)",
        "topic = CAST(X'FFFE' AS TEXT)",
        "topic = CAST(topic || X'00' AS TEXT)",
        "state = CAST(state AS TEXT)",
        "state = 7",
        "state = zeroblob(1000000)",
    ],
)
@pytest.mark.parametrize("position", [1, PAGE_ROWS + 3, COUNT])
def test_a_value_of_another_type_or_spelling_is_a_change(
    a_file: EditableSQLiteLog, assignment: str, position: int
) -> None:
    a_file.execute(f"UPDATE stored_events SET {assignment} WHERE rowid = {position}")
    assert broken(a_file.log).position == position


def test_an_empty_column_is_a_change(tmp_path: Path) -> None:
    for column in ("originator_id", "originator_version", "topic", "state", "hash"):
        log = EditableSQLiteLog(tmp_path / f"{column}.db")
        rows = some_rows(5)
        log.put(rows.events, rows.links)
        table = "chain" if column == "hash" else "stored_events"
        with closing(sqlite3.connect(log.path)) as connection, connection:
            connection.execute("PRAGMA writable_schema = 1")
            connection.execute("UPDATE sqlite_schema SET sql = replace(sql, 'NOT NULL', '')")
        key = "position" if column == "hash" else "rowid"
        log.execute(f"UPDATE {table} SET {column} = NULL WHERE {key} = 3")
        assert broken(log.log).position == 3


def test_a_hash_that_is_text_is_a_change(a_file: EditableSQLiteLog) -> None:
    a_file.execute("UPDATE chain SET hash = CAST(hash AS TEXT) WHERE position = 9")
    assert broken(a_file.log).position == 9


@pytest.mark.parametrize("table", ["stored_events", "chain"])
def test_a_table_that_is_gone_is_found_at_the_beginning(a_file: EditableSQLiteLog, table: str) -> None:
    a_file.execute(f"DROP TABLE {table}")
    assert broken(a_file.log).position == 1


def test_a_cut_end_is_seen_where_sqlite_remembers_its_positions(tmp_path: Path) -> None:
    path = tmp_path / "events.db"
    with an_open_recorder(path) as recorder:
        recorder.insert_events([stored() for _ in range(10)])
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("DELETE FROM stored_events WHERE rowid > 7")
        connection.execute("DELETE FROM chain WHERE position > 7")
    assert broken(SQLiteLog(path)).position == 8


def test_positions_that_are_there_twice_are_an_insertion(postgres_url: str) -> None:
    log = EditablePostgresLog(postgres_url)
    rows = some_rows(20)
    log.put(rows.events, rows.links)
    with psycopg.connect(postgres_url) as connection:
        connection.execute("ALTER TABLE ml_events.stored_events DROP CONSTRAINT stored_events_pkey")
        connection.execute("ALTER TABLE ml_events.stored_events DROP CONSTRAINT one_event_per_version")
        connection.execute("INSERT INTO ml_events.stored_events (TABLE ml_events.stored_events LIMIT 1)")
    assert broken(log.log).position == 1


def test_a_damaged_file_is_sound_up_to_where_it_cannot_be_read(a_file: EditableSQLiteLog) -> None:
    with closing(sqlite3.connect(a_file.path)) as connection:
        connection.execute("PRAGMA journal_mode=DELETE")
    content = bytearray(a_file.path.read_bytes())
    content[len(content) // 2 : len(content) // 2 + 8_192] = b"\xff" * 8_192
    a_file.path.write_bytes(content)
    position = broken(a_file.log).position
    assert position is not None
    assert 1 < position <= COUNT


def test_a_file_that_is_no_database_is_a_finding(a_file: EditableSQLiteLog) -> None:
    for beside in a_file.path.parent.glob("events.db-*"):
        beside.unlink()
    a_file.path.write_bytes(b"not a database at all" * 1_000)
    assert broken(a_file.log).position == 1


@pytest.mark.parametrize(
    ("statement", "reason"),
    [
        ("UPDATE chain SET hash = zeroblob(32) WHERE position = 4", "link of the chain was changed"),
        ("UPDATE stored_events SET state = X'7B7D' WHERE rowid = 4", "event was changed"),
        ("DELETE FROM stored_events WHERE rowid = 4", "event was removed: only its link"),
        ("DELETE FROM chain WHERE position = 4", "no link of the chain"),
        ("UPDATE stored_events SET rowid = 9999 WHERE rowid = 4", "stands at position 9999"),
    ],
)
def test_a_finding_says_what_was_done_as_far_as_that_can_be_told(
    a_file: EditableSQLiteLog, statement: str, reason: str
) -> None:
    a_file.execute(statement)
    finding = broken(a_file.log)
    assert finding.position == 4
    assert reason in finding.reason


def test_a_change_of_order_names_where_the_event_is_now(tmp_path: Path) -> None:
    log = EditableSQLiteLog(tmp_path / "events.db")
    rows = some_rows(9)
    rows.events[3][1:], rows.events[7][1:] = rows.events[7][1:], rows.events[3][1:]
    log.put(rows.events, rows.links)
    assert "stands at position 8" in broken(log.log).reason


@given(
    event=st.tuples(
        st.uuids(),
        st.integers(-(2**63), 2**63 - 1),
        st.text(st.characters(exclude_categories=["Cs"])),
        st.binary(max_size=300),
    ),
    previous=st.binary(min_size=32, max_size=32),
)
def test_a_walk_takes_exactly_what_the_chain_would_have_written(
    event: tuple[UUID, int, str, bytes], previous: bytes
) -> None:
    stream, version, topic, state = event
    walk = Walk()
    walk.hash = previous
    hash_ = link(previous, position=1, originator_id=stream, version=version, topic=topic, state=state)
    row = (1, stream.hex.encode(), version, topic.encode(), state, True)
    assert walk.accept([row], [(1, hash_, True)]) == 1
    assert walk.hash == hash_


def _page_of_index(connection: sqlite3.Connection) -> int:
    (page,) = connection.execute(
        "SELECT rootpage FROM sqlite_master WHERE name = 'sqlite_autoindex_stored_events_1'"
    ).fetchone()
    return int(page)


@pytest.mark.parametrize(
    ("page", "reason"),
    [
        (b"\x0a\x00\x00\x00\x00\x10\x00\x00", "no entry of the event"),
        (b"\xff" * 8, "cannot be read"),
    ],
)
def test_an_index_that_lost_its_entries_is_found(a_file: EditableSQLiteLog, page: bytes, reason: str) -> None:
    with closing(sqlite3.connect(a_file.path)) as connection:
        connection.execute("PRAGMA journal_mode=DELETE")
        (size,) = connection.execute("PRAGMA page_size").fetchone()
        root = _page_of_index(connection)
    with a_file.path.open("r+b") as file:
        file.seek((root - 1) * size)
        file.write(page.ljust(size, b"\x00"))
    finding = broken(a_file.log)
    assert reason in finding.reason
    assert finding.position == (1 if "entry" in reason else None)


@pytest.mark.parametrize(
    ("statement", "position"),
    [
        ("UPDATE other SET originator_version = 777 WHERE rowid = 9", 9),
        ("INSERT INTO other SELECT 9999, 'ff', 1, 't', X'00'", None),
    ],
)
def test_an_index_that_says_other_than_its_table_is_found(
    a_file: EditableSQLiteLog, statement: str, position: int | None
) -> None:
    a_file.execute(
        "CREATE TABLE other (rowid INTEGER PRIMARY KEY, originator_id TEXT, originator_version INTEGER, "
        "topic TEXT, state BLOB, UNIQUE (originator_id, originator_version))",
        "INSERT INTO other SELECT * FROM stored_events",
        statement,
        "PRAGMA writable_schema = 1",
        "UPDATE sqlite_schema SET rootpage = (SELECT rootpage FROM sqlite_schema WHERE name = "
        "'sqlite_autoindex_other_1') WHERE name = 'sqlite_autoindex_stored_events_1'",
    )
    finding = broken(a_file.log)
    assert finding.position == position
    assert "index" in finding.reason


def test_an_index_that_is_not_there_is_found(tmp_path: Path) -> None:
    log = EditableSQLiteLog(tmp_path / "events.db")
    rows = some_rows(5)
    log.put(rows.events, rows.links)
    log.execute(
        "CREATE TABLE kept AS SELECT rowid AS at, * FROM stored_events",
        "DROP TABLE stored_events",
        "CREATE TABLE stored_events (rowid INTEGER PRIMARY KEY, originator_id TEXT, originator_version INTEGER, "
        "topic TEXT, state BLOB)",
        "INSERT INTO stored_events SELECT at, originator_id, originator_version, topic, state FROM kept",
    )
    finding = broken(log.log)
    assert (finding.position, "is not there" in finding.reason) == (None, True)


def test_a_log_that_somebody_else_has_locked_is_out_of_reach_after_seconds(postgres_url: str) -> None:
    log = EditablePostgresLog(postgres_url)
    with psycopg.connect(postgres_url) as other:
        other.execute("LOCK TABLE ml_events.stored_events IN ACCESS EXCLUSIVE MODE")
        with pytest.raises(LogUnreachable, match="locked it for more than 5 s"):
            verified(log.log)
