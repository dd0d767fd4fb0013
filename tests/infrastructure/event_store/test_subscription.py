import threading
from uuid import uuid4

import pytest
from eventsourcing.persistence import PersistenceError

from infrastructure.event_store.postgres import PostgresEventRecorder
from infrastructure.event_store.subscription import EventSubscription
from tests.infrastructure.event_store.stores import Place, Recorder, an_open_recorder, stored


def first(following: EventSubscription, count: int) -> list[int]:
    seen: list[int] = []
    for page in following.pages():
        seen += [each.id for each in page]
        if len(seen) >= count:
            break
    return seen


@pytest.fixture(autouse=True)
def no_thread_is_left() -> object:
    before = set(threading.enumerate())
    yield
    assert set(threading.enumerate()) <= before


def test_a_follower_begins_after_its_position_and_goes_on(an_empty_store: Recorder) -> None:
    an_empty_store.insert_events([stored() for _ in range(1200)])
    with an_empty_store.subscribe(gt=100) as following:
        assert first(following, 1100) == list(range(101, 1201))
        an_empty_store.insert_events([stored()])
        assert first(following, 1) == [1201]


def test_nothing_is_missed_while_followers_start(an_empty_store: Recorder) -> None:
    is_over = threading.Event()

    def write() -> None:
        while not is_over.is_set():
            an_empty_store.insert_events([stored()])

    writer = threading.Thread(target=write)
    writer.start()
    try:
        for _ in range(20):
            head = an_empty_store.max_notification_id()
            with an_empty_store.subscribe(gt=head) as following:
                assert first(following, 3)[:3] == [head + 1, head + 2, head + 3]
    finally:
        is_over.set()
        writer.join()


def test_a_follower_sees_what_another_store_in_the_same_place_appends(
    an_empty_store: Recorder, place: Place
) -> None:
    with an_empty_store.subscribe() as following, an_open_recorder(place) as other:
        for position in range(1, 6):
            other.insert_events([stored()])
            assert first(following, 1) == [position]


def test_events_can_be_followed_one_by_one_and_by_topic(an_empty_store: Recorder) -> None:
    an_empty_store.insert_events([stored(topic="a"), stored(topic="b"), stored(topic="a")])
    with an_empty_store.subscribe(topics=["a"]) as following:
        assert [next(following).id, next(following).id] == [1, 3]


@pytest.mark.parametrize("is_waiting", [True, False])
def test_a_stop_from_another_thread_ends_the_pages(an_empty_store: Recorder, *, is_waiting: bool) -> None:
    with an_empty_store.subscribe() as following:
        if is_waiting:
            threading.Timer(0.05, following.stop).start()
        else:
            following.stop()
        assert list(following.pages()) == []
        assert list(following) == []


def test_a_follower_that_nobody_reads_can_be_stopped(an_empty_store: Recorder) -> None:
    an_empty_store.insert_events([stored() for _ in range(6000)])
    with an_empty_store.subscribe():
        pass


def test_closing_the_store_ends_its_followers(place: Place) -> None:
    with an_open_recorder(place) as recorder:
        recorder.insert_events([stored()])
        following = recorder.subscribe()
        assert first(following, 1) == [1]
    assert list(following.pages()) == []


def test_what_stops_the_fetching_is_raised_where_the_pages_are_read(an_empty_store: Recorder) -> None:
    if isinstance(an_empty_store, PostgresEventRecorder):
        with an_empty_store.datastore.connection() as connection:
            connection.execute("ALTER TABLE ml_events.stored_events RENAME TO elsewhere")
    else:
        with an_empty_store.datastore.transaction(commit=True) as cursor:
            cursor.execute("ALTER TABLE stored_events RENAME TO elsewhere")
    with (
        an_empty_store.subscribe() as following,
        pytest.raises(PersistenceError, match=r"no such table|does not exist"),
    ):
        list(following.pages())


def test_versions_of_one_stream_come_in_their_order(an_empty_store: Recorder) -> None:
    stream = uuid4()
    with an_empty_store.subscribe() as following:
        for version in range(1, 51):
            an_empty_store.insert_events([stored(stream, version)])
        seen = [next(following).originator_version for _ in range(50)]
    assert seen == list(range(1, 51))
