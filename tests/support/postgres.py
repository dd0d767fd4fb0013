"""A real PostgreSQL server for the tests, which ends with the process that started it."""

import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import Self
from uuid import uuid4

import psycopg

_START_S = 60.0


class PostgresServer:
    """A server on a socket of its own, kept by a process that ends it when this one ends, however it does."""

    def __init__(self) -> None:
        self._directory = tempfile.TemporaryDirectory(prefix="pg", ignore_cleanup_errors=True)
        self._keeper = subprocess.Popen(
            [sys.executable, "-m", "tests.support.postgres_keeper", self._directory.name],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            cwd=Path(__file__).parents[2],
            start_new_session=True,
        )
        self.url = self._answer()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._keeper.communicate(timeout=_START_S)
        self._directory.cleanup()

    def kill(self) -> None:
        """End it as a crash would: without a word to its clients, without a checkpoint."""
        self._tell("kill")

    def start(self) -> None:
        """Start it again, on the same data and the same socket."""
        self._tell("start")

    @contextmanager
    def fresh_database(self) -> Iterator[str]:
        """Yield the URL of an empty database, which is dropped at the end whoever is connected to it."""
        name = f"test_{uuid4().hex}"
        with psycopg.connect(self.url, autocommit=True) as connection:
            connection.execute(f'CREATE DATABASE "{name}" TEMPLATE template0')
        try:
            yield self.url.replace("/postgres?", f"/{name}?")
        finally:
            with psycopg.connect(self.url, autocommit=True) as connection:
                connection.execute(f'DROP DATABASE "{name}" WITH (FORCE)')

    def _tell(self, order: str) -> None:
        assert self._keeper.stdin is not None
        self._keeper.stdin.write(f"{order}\n")
        self._keeper.stdin.flush()
        self._answer()

    def _answer(self) -> str:
        assert self._keeper.stdout is not None
        answer = self._keeper.stdout.readline().strip()
        assert answer, "the server's keeper has died"
        return answer
