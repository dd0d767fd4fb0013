"""What several processes do to one event store, and what is left of one that is killed."""

import random
import time
from concurrent.futures import ThreadPoolExecutor
from itertools import islice
from threading import Barrier
from uuid import uuid4

from tests.infrastructure.event_store.stores import (
    Place,
    Recorder,
    an_open_recorder,
    begin,
    chain,
    finish,
    first_of,
    positions,
    recomputed_chain,
    start_writer,
    stored,
)


def test_processes_that_open_a_new_store_together_all_write(place: Place) -> None:
    writers = [start_writer(place, uuid4(), count=40) for _ in range(3)]
    begin(writers)
    given = [finish(writer) for writer in writers]
    assert [writer.returncode for writer in writers] == [0, 0, 0]
    assert sorted(position for each in given for position in each) == list(range(1, 121))
    assert all(each == sorted(each) for each in given)
    with an_open_recorder(place) as recorder:
        assert len(chain(recorder)) == 120
        assert chain(recorder) == recomputed_chain(recorder)


def test_many_that_open_a_new_store_at_the_same_moment_all_do(place: Place) -> None:
    together = Barrier(8)

    def append(_: int) -> list[int]:
        together.wait()
        with an_open_recorder(place) as recorder:
            return recorder.insert_events([stored()])

    with ThreadPoolExecutor(8) as threads:
        given = list(threads.map(append, range(8)))
    assert sorted(given) == [[position] for position in range(1, 9)]


def test_a_killed_writer_loses_nothing_that_was_acknowledged(place: Place) -> None:
    acknowledged: list[int] = []
    moments = random.Random(7)
    for _ in range(10):
        writer = start_writer(place, uuid4(), count=100_000)
        begin([writer])
        acknowledged.append(first_of(writer))
        time.sleep(moments.uniform(0.0, 0.1))
        writer.kill()
        acknowledged += finish(writer)
        with an_open_recorder(place) as recorder:
            kept = positions(recorder)
            assert kept == list(range(1, len(kept) + 1))
            assert set(acknowledged) <= set(kept)
            assert chain(recorder) == recomputed_chain(recorder)


def test_a_follower_misses_nothing_of_six_writers_and_sees_it_in_order(
    an_empty_store: Recorder, place: Place
) -> None:
    an_empty_store.insert_events([stored(), stored()])
    writers = [start_writer(place, uuid4(), count=60) for _ in range(6)]
    with an_empty_store.subscribe(gt=1) as following:
        begin(writers)
        an_empty_store.insert_events([stored()])
        seen = [each.id for each in islice(following, 362)]
    for writer in writers:
        finish(writer)
    assert seen == list(range(2, 364))
