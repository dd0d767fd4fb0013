import threading

import pytest
from eventsourcing.persistence import OperationalError

from infrastructure.event_store.writer_queue import WriterQueue


def test_writers_are_served_in_the_order_of_their_arrival() -> None:
    queue = WriterQueue(timeout_s=30)
    served: list[int] = []
    threads = []

    def write(number: int) -> None:
        with queue.turn():
            served.append(number)

    with queue.turn():
        for number in range(10):
            thread = threading.Thread(target=write, args=(number,))
            thread.start()
            threads.append(thread)
            while len(queue._line) <= number:
                pass
    for thread in threads:
        thread.join()
    assert served == list(range(10))


def test_who_waits_too_long_gives_up_and_holds_up_nobody() -> None:
    queue = WriterQueue(timeout_s=0.02)
    with queue.turn(), pytest.raises(OperationalError, match="busy"), queue.turn():
        pass
    with queue.turn():
        pass


def test_an_error_ends_the_turn() -> None:
    queue = WriterQueue(timeout_s=0.02)
    with pytest.raises(ZeroDivisionError), queue.turn():
        _ = 1 / 0
    with queue.turn():
        pass


def test_one_at_a_time_whatever_happens_to_the_others() -> None:
    queue = WriterQueue(timeout_s=0.001)
    inside: list[int] = []
    crowds: list[int] = []

    def write() -> None:
        for _ in range(50):
            try:
                with queue.turn():
                    inside.append(1)
                    crowds.append(len(inside))
                    threading.Event().wait(0.0005)
                    inside.pop()
            except OperationalError:
                continue

    threads = [threading.Thread(target=write) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert set(crowds) == {1}
    with queue.turn():
        pass


def test_so_many_as_it_was_told_have_their_turn_at_the_same_time() -> None:
    queue = WriterQueue(timeout_s=0.02, writers=2)
    with queue.turn(), queue.turn(), pytest.raises(OperationalError, match="busy"), queue.turn():
        pass
    with queue.turn(), queue.turn():
        pass
