"""What is done again and again survives its errors, and tells of them once."""

import logging
import threading

import pytest

from infrastructure.system.periodic import Periodic

ENOUGH_S = 20.0


def test_of_errors_in_a_row_the_first_is_told_and_their_end(caplog: pytest.LogCaptureFixture) -> None:
    away = OSError("away")
    outcomes = iter([away, away, away, None, away, None, None])
    done = threading.Event()

    def work() -> None:
        try:
            outcome = next(outcomes)
        except StopIteration:
            done.set()
            return
        if outcome is not None:
            raise outcome

    periodic = Periodic(name="signs", interval_s=0.0, function=work)
    with caplog.at_level(logging.WARNING):
        periodic.start()
        assert done.wait(ENOUGH_S)
        periodic.stop()
    told = [(record.getMessage(), record.exc_info is not None) for record in caplog.records]
    assert told == [
        ("signs: away", True),
        ("signs works again (failures: 3)", False),
        ("signs: away", True),
        ("signs works again (failures: 1)", False),
    ]
