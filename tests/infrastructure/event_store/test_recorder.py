"""What both event stores do alike."""

import threading
from uuid import UUID, uuid4

import pytest
from eventsourcing.persistence import IntegrityError

from tests.infrastructure.event_store.stores import (
    Place,
    Recorder,
    an_open_recorder,
    chain,
    positions,
    recomputed_chain,
    stored,
)

A_STREAM = UUID(int=1)
ANOTHER_STREAM = UUID(int=2)


def test_the_head_of_an_empty_store_is_zero(an_empty_store: Recorder) -> None:
    assert an_empty_store.max_notification_id() == 0
    assert positions(an_empty_store) == []


def test_events_of_several_streams_are_appended_together(an_empty_store: Recorder) -> None:
    given = [stored(A_STREAM, 1), stored(ANOTHER_STREAM, 1), stored(A_STREAM, 2)]
    assert an_empty_store.insert_events(given) == [1, 2, 3]
    assert an_empty_store.max_notification_id() == 3
    assert an_empty_store.select_events(A_STREAM) == [given[0], given[2]]
    assert chain(an_empty_store) == recomputed_chain(an_empty_store)


def test_appending_nothing_stores_nothing(an_empty_store: Recorder) -> None:
    assert an_empty_store.insert_events([]) == []
    assert an_empty_store.max_notification_id() == 0


@pytest.mark.parametrize("at", [0, 1, 2])
def test_a_conflict_leaves_neither_event_nor_hash(an_empty_store: Recorder, at: int) -> None:
    an_empty_store.insert_events([stored(A_STREAM, 1)])
    given = [stored(), stored()]
    given.insert(at, stored(A_STREAM, 1, state=b'{"other":1}'))
    with pytest.raises(IntegrityError):
        an_empty_store.insert_events(given)
    assert positions(an_empty_store) == [1]
    assert [position for position, _ in chain(an_empty_store)] == [1]
    assert an_empty_store.insert_events([stored()]) == [2]


def test_one_of_many_that_append_the_same_version_wins(an_empty_store: Recorder) -> None:
    start = threading.Barrier(8)
    outcomes: list[str] = []

    def append() -> None:
        start.wait()
        try:
            an_empty_store.insert_events([stored(A_STREAM, 1), stored()])
        except IntegrityError:
            outcomes.append("refused")
        else:
            outcomes.append("stored")

    threads = [threading.Thread(target=append) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(outcomes) == ["refused"] * 7 + ["stored"]
    assert positions(an_empty_store) == [1, 2]


def test_a_range_is_given_by_positions_topics_and_stream(an_empty_store: Recorder) -> None:
    for version in range(1, 5):
        an_empty_store.insert_events(
            [stored(A_STREAM, version, topic="a"), stored(ANOTHER_STREAM, version, topic=f"b{version}")]
        )

    def select(**changes: object) -> list[int]:
        arguments = {"after": 0, "limit": 100} | changes
        return [each.id for each in an_empty_store.select_range(**arguments)]  # type: ignore[arg-type]

    assert select() == [1, 2, 3, 4, 5, 6, 7, 8]
    assert select(after=3, upto=6) == [4, 5, 6]
    assert select(limit=2, after=1) == [2, 3]
    assert select(limit=0) == []
    assert select(limit=-1) == []
    assert select(topics=["a", "b2"]) == [1, 3, 4, 5, 7]
    assert select(originator_id=ANOTHER_STREAM, after=2, limit=2) == [4, 6]
    assert select(topics=["b1' OR 1=1 --"]) == []
    assert select(originator_id=uuid4()) == []


def test_the_librarys_own_query_gives_the_same_events(an_empty_store: Recorder) -> None:
    an_empty_store.insert_events([stored(topic="a"), stored(topic="b"), stored(topic="a")])
    assert [each.id for each in an_empty_store.select_notifications(2, 10)] == [2, 3]
    assert [each.id for each in an_empty_store.select_notifications(2, 10, inclusive_of_start=False)] == [3]
    assert [each.id for each in an_empty_store.select_notifications(None, 10, 2, ["a"])] == [1]


def test_an_events_position_is_found_by_its_place_in_its_stream(an_empty_store: Recorder) -> None:
    an_empty_store.insert_events([stored(), stored(A_STREAM, 1)])
    assert an_empty_store.position_of(A_STREAM, version=1) == 2
    assert an_empty_store.position_of(A_STREAM, version=2) is None


def test_a_past_is_told_from_others_by_the_hash_at_a_position(an_empty_store: Recorder) -> None:
    an_empty_store.insert_events([stored(), stored()])
    hashes = [an_empty_store.hash_at(position) for position in (0, 1, 2, 3)]
    assert hashes[0] is hashes[3] is None
    assert [len(each or b"") for each in hashes[1:3]] == [32, 32]
    assert hashes[1] != hashes[2]


def test_a_stream_is_read_forwards_backwards_and_in_parts(an_empty_store: Recorder) -> None:
    given = [stored(A_STREAM, version, state=bytes([version])) for version in range(1, 6)]
    an_empty_store.insert_events([*given, stored(ANOTHER_STREAM, 1)])
    assert an_empty_store.select_events(A_STREAM) == given
    assert an_empty_store.select_events(A_STREAM, desc=True, limit=2) == [given[4], given[3]]
    assert an_empty_store.select_events(A_STREAM, gt=1, lte=3) == given[1:3]
    assert an_empty_store.select_events(uuid4()) == []


def test_states_are_given_back_byte_by_byte(an_empty_store: Recorder) -> None:
    states = [b"", bytes(range(256)), b"\\x00", bytes(1_000_000)]
    an_empty_store.insert_events([stored(A_STREAM, n, state=state) for n, state in enumerate(states, 1)])
    assert [each.state for each in an_empty_store.select_range(after=0, limit=10)] == states
    assert [each.state for each in an_empty_store.select_events(A_STREAM)] == states
    assert chain(an_empty_store) == recomputed_chain(an_empty_store)


def test_what_was_stored_is_there_when_the_store_is_opened_again(place: Place) -> None:
    with an_open_recorder(place) as recorder:
        recorder.insert_events([stored(A_STREAM, 1), stored(A_STREAM, 2)])
    with an_open_recorder(place) as recorder:
        assert recorder.insert_events([stored(A_STREAM, 3)]) == [3]
        assert positions(recorder) == [1, 2, 3]
        assert chain(recorder) == recomputed_chain(recorder)
