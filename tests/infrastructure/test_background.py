"""Work in the background is done in threads of its own, and ends with whoever began it."""

import threading
from collections.abc import Iterator
from concurrent.futures import CancelledError

import pytest

from infrastructure.system.background import BackgroundThreads

WITHIN_S = 60


@pytest.fixture
def a_background() -> Iterator[BackgroundThreads]:
    with BackgroundThreads(name="test", threads=1) as background:
        yield background


def test_what_is_to_be_done_soon_gives_its_result(a_background: BackgroundThreads) -> None:
    assert a_background.soon(threading.get_ident).result(WITHIN_S) != threading.get_ident()
    with pytest.raises(ZeroDivisionError):
        a_background.soon(lambda: 1 / 0).result(WITHIN_S)


def test_what_has_time_keeps_nothing_waiting_that_is_to_be_done_soon(a_background: BackgroundThreads) -> None:
    may_end = threading.Event()
    a_background.in_spare_time(may_end.wait)  # type: ignore[arg-type]
    assert a_background.soon(lambda: "done").result(WITHIN_S) == "done"
    may_end.set()


def test_what_fails_is_logged_and_the_next_is_done_all_the_same(
    a_background: BackgroundThreads, caplog: pytest.LogCaptureFixture
) -> None:
    is_done = threading.Event()

    def fail() -> None:
        raise OSError("no room")

    a_background.in_spare_time(fail)
    a_background.later(fail, after_s=0)
    a_background.in_spare_time(is_done.set)
    assert is_done.wait(WITHIN_S)
    is_done.clear()
    a_background.later(is_done.set, after_s=0.001)
    assert is_done.wait(WITHIN_S)
    a_background.close()
    assert [record.exc_info[0] for record in caplog.records if record.exc_info] == [OSError, OSError]


def test_the_end_waits_for_what_has_begun_and_gives_up_the_rest() -> None:
    background = BackgroundThreads(name="ending", threads=1)
    has_begun, may_end = threading.Event(), threading.Event()
    done = []

    def work() -> None:
        has_begun.set()
        assert may_end.wait(WITHIN_S)
        done.append("begun")

    begun = background.soon(work)
    waiting = background.soon(lambda: done.append("waiting"))
    background.later(lambda: done.append("later"), after_s=3_600)
    assert has_begun.wait(WITHIN_S)
    closing = threading.Thread(target=background.close)
    closing.start()
    with pytest.raises(CancelledError):
        waiting.result(WITHIN_S)
    assert not begun.done()
    may_end.set()
    closing.join(WITHIN_S)
    assert done == ["begun"]
    assert background.soon(lambda: None).cancelled()
    background.in_spare_time(lambda: done.append("spare"))
    background.later(lambda: done.append("later"), after_s=0)
    assert done == ["begun"]
    assert not [each for each in threading.enumerate() if each.name.startswith("ending")]
