"""Servers that stand still: they are there, their connections are open, and nobody answers."""

import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import psycopg

from tests.support.processes import descendants


@contextmanager
def frozen_postgres(url: str) -> Iterator[None]:
    """Let the PostgreSQL server of this machine that has the database stand still in the block."""
    server = _server_of(url)
    frozen = [server, *descendants(server)]  # the server first, so that it starts nobody while others are frozen
    try:
        for pid in frozen:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGSTOP)
        yield
    finally:
        for pid in frozen:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGCONT)


def _server_of(url: str) -> int:
    with psycopg.connect(url) as connection:
        row = connection.execute("SHOW data_directory").fetchone()
    assert row is not None
    return int(Path(row[0], "postmaster.pid").read_text(encoding="ascii").splitlines()[0])
