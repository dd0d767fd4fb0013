"""The processes that a service is made of: how one is started, and how a signal ends them together."""

import os
import signal
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import TypeVar

from infrastructure.system.children import Supervised

_GRACE_S = 10.0
_INTERRUPTED = 130

C = TypeVar("C", bound=Supervised)


def command(module: str, *arguments: str) -> list[str]:
    """Return what runs a module of this program as a process of its own."""
    return [sys.executable, "-P", "-m", module, *arguments]


@contextmanager
def running(children: Sequence[C]) -> Iterator[Sequence[C]]:
    """Yield the children, started; they end with the block."""
    for child in children:
        child.start()
    try:
        yield children
    finally:
        for child in children:  # all at once, and only then each in turn
            child.ask()
        for child in children:
            child.stop(_GRACE_S)


def stop_on_signals(stop: Callable[[], object], children: Sequence[Supervised] = ()) -> None:
    """Let the first SIGINT or SIGTERM stop the process, and a second one, until the very end, everything at once.

    Args:
        stop: Called by the first; returns at once.
        children: Killed by the second.
    """
    is_stopping = False

    def heed(_number: int, _frame: object) -> None:
        nonlocal is_stopping
        if is_stopping:
            for child in children:
                child.kill()
            os._exit(_INTERRUPTED)
        is_stopping = True
        stop()

    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, heed)
