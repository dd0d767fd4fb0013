"""How long one row takes on this machine."""

from collections.abc import Callable, Sequence
from time import thread_time

from application.ports.predictor import Row

MEASURED_ROWS = 128
_MEASURED_S = 0.005


def measured_cost_s(ask: Callable[[Row], object], rows: Sequence[Row]) -> float:
    """Return about how long it takes to ask for one row alone.

    Args:
        ask: Answers for a row.
        rows: Two at least, of which the first prepares the rest.
    """
    first, *rest = rows
    ask(first)
    asked, took_s = 0, 0.0
    began_s = thread_time()  # of this thread alone: a busy machine does not make an answer dear
    while asked < len(rest) and took_s < _MEASURED_S:
        ask(rest[asked])
        asked, took_s = asked + 1, thread_time() - began_s
    return took_s / asked
