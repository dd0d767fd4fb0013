import re
import threading
from collections.abc import Iterator
from uuid import UUID, uuid4

import psycopg
import pytest
from eventsourcing.persistence import (
    IntegrityError,
    InternalError,
    JSONTranscoder,
    NotSupportedError,
    OperationalError,
    PersistenceError,
)

from application.ledger import Ledger
from domain.kernel import UnknownEvent
from infrastructure.event_store import postgres_datastore
from infrastructure.event_store.mapper import EventMapper
from infrastructure.event_store.postgres import PostgresEventRecorder, PostgresEventStoreFactory
from infrastructure.event_store.settings import postgres_environment
from tests.infrastructure.event_store.stores import (
    an_open_recorder,
    chain,
    positions,
    recomputed_chain,
    stored,
)
from tests.support.postgres import PostgresServer

A_STREAM = UUID(int=1)


@pytest.fixture(scope="module")
def a_server_that_crashes() -> Iterator[PostgresServer]:
    with PostgresServer() as server:
        yield server


@pytest.fixture
def a_crashing_url(a_server_that_crashes: PostgresServer) -> Iterator[str]:
    with a_server_that_crashes.fresh_database() as url:
        yield url


@pytest.fixture
def an_impatient_datastore(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(postgres_datastore, "RETRY_FOR_S", 0.3)


def edited(url: str, *statements: str) -> None:
    with psycopg.connect(url, autocommit=True) as connection:
        for statement in statements:
            connection.execute(statement.encode())


def test_only_a_taken_version_is_an_integrity_error(an_empty_database: PostgresEventRecorder) -> None:
    with an_empty_database.datastore.connection() as connection:
        connection.execute("ALTER TABLE ml_events.chain ADD UNIQUE (hash), ADD CHECK (position < 3)")
    an_empty_database.insert_events([stored(A_STREAM, 1, topic="a"), stored(topic="b")])
    with pytest.raises(IntegrityError, match="one_event_per_version"):
        an_empty_database.insert_events([stored(A_STREAM, 1)])
    with pytest.raises(InternalError, match="check constraint"):
        an_empty_database.insert_events([stored()])
    with an_empty_database.datastore.connection() as connection:
        connection.execute("ALTER TABLE ml_events.stored_events ADD UNIQUE (topic)")
    with pytest.raises(InternalError, match="unique constraint"):
        an_empty_database.insert_events([stored(topic="u"), stored(topic="u")])
    assert positions(an_empty_database) == [1, 2]
    assert chain(an_empty_database) == recomputed_chain(an_empty_database)


def test_a_position_is_not_given_again_while_either_table_knows_it(
    an_empty_database: PostgresEventRecorder, postgres_url: str
) -> None:
    an_empty_database.insert_events([stored() for _ in range(5)])
    edited(postgres_url, "DELETE FROM ml_events.stored_events WHERE position IN (2, 5)")
    assert an_empty_database.insert_events([stored()]) == [6]
    edited(postgres_url, "DELETE FROM ml_events.chain WHERE position = 6")
    assert an_empty_database.insert_events([stored()]) == [7]
    assert positions(an_empty_database) == [1, 3, 4, 6, 7]


@pytest.mark.parametrize("column", ["originator_id", "originator_version", "topic", "state"])
def test_a_damaged_row_is_unknown_and_does_not_hide_the_others(
    an_empty_database: PostgresEventRecorder, postgres_url: str, column: str
) -> None:
    an_empty_database.insert_events([stored(), stored(), stored()])
    edited(
        postgres_url,
        f"ALTER TABLE ml_events.stored_events ALTER {column} DROP NOT NULL",
        f"UPDATE ml_events.stored_events SET {column} = NULL WHERE position = 2",
    )
    given = an_empty_database.select_range(after=0, limit=10)
    assert [each.id for each in given] == [1, 2, 3]
    assert isinstance(EventMapper(JSONTranscoder()).to_domain_event(given[1]), UnknownEvent)
    assert chain(an_empty_database) != recomputed_chain(an_empty_database)


def test_a_lock_that_is_not_released_is_said_and_the_store_goes_on_after_it(postgres_url: str) -> None:
    with an_open_recorder(postgres_url, POSTGRES_LOCK_TIMEOUT="1") as recorder:
        recorder.insert_events([stored()])
        with psycopg.connect(postgres_url) as other:
            other.execute("LOCK TABLE ml_events.stored_events IN EXCLUSIVE MODE")
            with pytest.raises(OperationalError, match="lock timeout"):
                recorder.insert_events([stored()])
            assert positions(recorder) == [1]
        assert recorder.insert_events([stored()]) == [2]


def test_a_writer_that_falls_silent_is_not_waited_for_longer_than_others_wait(postgres_url: str) -> None:
    with (
        an_open_recorder(postgres_url, POSTGRES_LOCK_TIMEOUT="6") as recorder,
        recorder.datastore.connection() as silent,
    ):
        silent.execute("BEGIN")
        silent.execute("LOCK TABLE ml_events.stored_events IN EXCLUSIVE MODE")
        assert recorder.insert_events([stored()]) == [1]


def test_an_error_of_the_caller_rolls_back(an_empty_database: PostgresEventRecorder) -> None:
    with (  # noqa: PT012 - the block is the transaction
        pytest.raises(ZeroDivisionError),
        an_empty_database.datastore.connection() as connection,
    ):
        connection.execute("BEGIN")
        connection.execute("INSERT INTO ml_events.chain VALUES (1, '')")
        _ = 1 / 0
    assert chain(an_empty_database) == []


def test_connections_that_the_server_ended_are_replaced_unnoticed(
    an_empty_database: PostgresEventRecorder, postgres_url: str
) -> None:
    for position in range(1, 4):
        assert an_empty_database.insert_events([stored()]) == [position]
        edited(
            postgres_url,
            "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity "
            "WHERE datname = current_database() AND pid <> pg_backend_pid()",
        )
        assert an_empty_database.max_notification_id() == position


def test_more_threads_than_connections_take_turns(postgres_url: str) -> None:
    with an_open_recorder(postgres_url, POSTGRES_POOL_SIZE="3") as recorder:
        together = threading.Barrier(24)

        def work() -> None:
            together.wait()
            for _ in range(5):
                recorder.insert_events([stored()])
                recorder.select_range(after=0, limit=10)

        threads = [threading.Thread(target=work) for _ in range(24)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert positions(recorder) == list(range(1, 121))
        with recorder.datastore.connection() as connection:
            connections = connection.execute(
                "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()"
            ).fetchone()
        assert connections is not None
        assert connections[0] <= 3


def test_a_role_that_may_create_nothing_uses_what_is_there(postgres_url: str) -> None:
    role = f"reader_{uuid4().hex}"
    with an_open_recorder(postgres_url):
        pass
    edited(
        postgres_url,
        f"CREATE ROLE {role} LOGIN",
        f"GRANT USAGE ON SCHEMA ml_events TO {role}",
        f"GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA ml_events TO {role}",
    )
    try:
        with an_open_recorder(postgres_url.replace("postgres:@", f"{role}@")) as recorder:
            assert recorder.insert_events([stored()]) == [1]
    finally:
        edited(postgres_url, f"DROP OWNED BY {role}", f"DROP ROLE {role}")


def test_a_role_that_may_not_create_what_is_missing_is_told_so(postgres_url: str) -> None:
    role = f"reader_{uuid4().hex}"
    edited(postgres_url, f"CREATE ROLE {role} LOGIN")
    try:
        with (
            pytest.raises(PersistenceError, match="permission denied for database"),
            Ledger(postgres_environment(postgres_url.replace("postgres:@", f"{role}@"))),
        ):
            pass
    finally:
        edited(postgres_url, f"DROP ROLE {role}")


@pytest.mark.usefixtures("an_impatient_datastore")
def test_a_server_that_is_not_there_is_said_without_the_password(tmp_path) -> None:
    url = f"postgresql://me:s3cret%40x@/events?host={tmp_path}"
    with pytest.raises(OperationalError, match="see that it runs") as raised, an_open_recorder(url):
        pass
    told: BaseException | None = raised.value
    while told is not None:
        assert "s3cret" not in str(told)
        told = told.__cause__ or told.__context__


@pytest.mark.usefixtures("an_impatient_datastore")
def test_a_database_that_does_not_exist_is_named(postgres_url: str) -> None:
    elsewhere = re.sub(r"/test_\w+", "/nowhere", postgres_url)
    with pytest.raises(OperationalError, match='database "nowhere" does not exist'), an_open_recorder(elsewhere):
        pass


def test_a_closed_store_says_so(postgres_url: str) -> None:
    with an_open_recorder(postgres_url) as recorder:
        pass
    with pytest.raises(PersistenceError, match="closed"):
        recorder.max_notification_id()
    recorder.close()


def test_what_this_store_does_not_keep_is_refused(postgres_url: str) -> None:
    factory = PostgresEventStoreFactory(postgres_environment(postgres_url))
    for recorder in (factory.aggregate_recorder, factory.tracking_recorder, factory.process_recorder):
        with pytest.raises(NotSupportedError):
            recorder()
    factory.close()


def test_a_setting_that_is_missing_is_named(postgres_url: str) -> None:
    for missing in ("POSTGRES_CONNINFO", "POSTGRES_LOCK_TIMEOUT", "POSTGRES_POOL_SIZE"):
        with pytest.raises(OSError, match=missing):
            PostgresEventStoreFactory(postgres_environment(postgres_url) | {missing: ""})


@pytest.mark.slow
def test_what_was_acknowledged_survives_crashes_of_the_server_once(
    a_server_that_crashes: PostgresServer, a_crashing_url: str
) -> None:
    acknowledged: list[UUID] = []
    uncertain: list[UUID] = []
    is_over = threading.Event()
    seen: list[int] = []
    with an_open_recorder(a_crashing_url) as recorder:

        def write() -> None:
            while not is_over.is_set():
                stream = uuid4()
                try:
                    recorder.insert_events([stored(stream, 1), stored(stream, 2)])
                except PersistenceError:
                    uncertain.append(stream)
                else:
                    acknowledged.append(stream)

        def follow() -> None:
            with recorder.subscribe() as following:
                followers.append(following)
                seen.extend(each.id for each in following)

        followers: list = []
        threads = [threading.Thread(target=each) for each in (follow, write, write, write)]
        for thread in threads:
            thread.start()
        for _ in range(3):
            before = len(acknowledged)
            while len(acknowledged) < before + 20:
                is_over.wait(0.01)
            a_server_that_crashes.kill()
            a_server_that_crashes.start()
        before = len(acknowledged)
        while len(acknowledged) < before + 20:
            is_over.wait(0.01)
        is_over.set()
        for thread in threads[1:]:
            thread.join()
        kept = recorder.select_range(after=0, limit=100_000)
        while len(seen) < len(kept):
            threads[0].join(0.01)
        followers[0].stop()
        threads[0].join()
        streams = [each.originator_id for each in kept]
        assert all(streams.count(stream) == 2 for stream in acknowledged)
        assert set(streams) <= {*acknowledged, *uncertain}
        assert [each.id for each in kept] == list(range(1, len(kept) + 1)) == seen
        assert chain(recorder) == recomputed_chain(recorder)
