"""Which core does what: a server, or the bare engine, has the first; what loads it has the last."""

import os
from collections.abc import Iterator
from contextlib import contextmanager

_CORES = sorted(os.sched_getaffinity(0))
SERVER_CORE, LOAD_CORE = _CORES[0], _CORES[-1]


def require_two_cores() -> None:
    """End the run where server and load would share a core: no figure would mean anything."""
    if SERVER_CORE == LOAD_CORE:
        raise SystemExit("Serving cannot be measured on one core: the server needs one, what loads it another.")


@contextmanager
def on_core(core: int) -> Iterator[None]:
    """Keep this thread on a core; processes that it starts meanwhile stay there for as long as they live."""
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {core})
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)
