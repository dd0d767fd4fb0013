"""What several processes do to one event store, and what is left of one that is killed."""

import random
import time
from pathlib import Path
from uuid import uuid4

from infrastructure.event_store.sqlite import SQLiteEventRecorder
from tests.infrastructure.event_store.stores import (
    an_open_recorder,
    begin,
    chain,
    finish,
    recomputed_chain,
    start_writer,
    stored,
)


def test_processes_that_open_a_new_store_together_all_write(path: Path) -> None:
    writers = [start_writer(path, uuid4(), count=40) for _ in range(3)]
    begin(writers)
    given = [finish(writer) for writer in writers]
    assert [writer.returncode for writer in writers] == [0, 0, 0]
    assert sorted(position for each in given for position in each) == list(range(1, 121))
    assert all(each == sorted(each) for each in given)
    with an_open_recorder(path) as recorder:
        assert len(chain(recorder)) == 120
        assert chain(recorder) == recomputed_chain(recorder)


def test_a_killed_writer_loses_nothing_that_was_acknowledged(path: Path) -> None:
    acknowledged: list[int] = []
    moments = random.Random(7)
    for _ in range(10):
        writer = start_writer(path, uuid4(), count=100_000)
        begin([writer])
        time.sleep(moments.uniform(0.01, 0.12))
        writer.kill()
        acknowledged += finish(writer)
        with an_open_recorder(path) as recorder:
            kept = [each.id for each in recorder.select_range(after=0, limit=100_000)]
            assert kept == list(range(1, len(kept) + 1))
            assert set(acknowledged) <= set(kept)
            assert chain(recorder) == recomputed_chain(recorder)
    assert acknowledged


def test_a_follower_sees_each_event_of_every_process_once_in_order(
    an_empty_store: SQLiteEventRecorder, path: Path
) -> None:
    an_empty_store.insert_events([stored(), stored()])
    writers = [start_writer(path, uuid4(), count=60) for _ in range(2)]
    seen: list[int] = []
    with an_empty_store.subscribe(gt=1) as following:
        begin(writers)
        an_empty_store.insert_events([stored()])
        for page in following.pages():
            assert page
            seen += [each.id for each in page]
            if len(seen) >= 122:
                break
    for writer in writers:
        finish(writer)
    assert seen == list(range(2, 124))
