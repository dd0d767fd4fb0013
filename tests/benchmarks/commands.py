"""Commands over HTTP against bare commits of SQLite with as many bytes."""

import json
import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from itertools import count
from pathlib import Path

from tests.benchmarks.load import http_request, requests_per_second
from tests.benchmarks.measure import Figure, interleaved, median_ratio, scratch, spread
from tests.support.service import running_service

SECONDS = 3.0
CONNECTIONS = 16
_numbers = count(1)


def run() -> list[Figure]:
    """Measure registrations (two events) and descriptions (one event), each a durable transaction."""
    with scratch() as directory, running_service(directory / "home") as service:
        models = [
            service.post("/models", {"name": f"described-{n}", "type": "regression"}).json()["id"]
            for n in range(CONNECTIONS * 8)
        ]

        def register(_: int) -> bytes:
            body = json.dumps({"name": f"model-{next(_numbers)}", "type": "regression", "metadata": {"team": "a"}})
            return http_request("POST", "/api/v1/models", body.encode())

        def describe(number: int) -> bytes:
            body = json.dumps({"description": f"the {next(_numbers)}th description of this model"})
            return http_request("PATCH", f"/api/v1/models/{models[number % len(models)]}", body.encode())

        size_bytes = _bytes_per_event(directory / "home" / "events.db")
        with bare_commits(directory / "bare.db", row_bytes=size_bytes) as bare:
            registered, described, alone, raw = interleaved(
                lambda: requests_per_second(service.url, register, connections=CONNECTIONS, seconds=SECONDS),
                lambda: requests_per_second(service.url, describe, connections=CONNECTIONS, seconds=SECONDS),
                lambda: requests_per_second(service.url, describe, connections=1, seconds=SECONDS),
                bare,
            )
    return [
        Figure(f"bare sqlite3 commits of one row of {size_bytes} bytes", spread(raw, "/s")),
        Figure(f"POST /models, {CONNECTIONS} connections", spread(registered, "/s")),
        Figure(f"PATCH /models/…, {CONNECTIONS} connections", spread(described, "/s")),
        Figure("PATCH /models/…, 1 connection", spread(alone, "/s")),
        Figure("ratio POST : bare", f"{median_ratio(registered, raw):.2f}"),
        Figure("ratio PATCH : bare", f"{median_ratio(described, raw):.2f}"),
        Figure("ratio PATCH, 1 connection : bare", f"{median_ratio(alone, raw):.2f}"),
    ]


@contextmanager
def bare_commits(path: Path, *, row_bytes: int) -> Iterator[object]:
    """Yield a measure of single-row transactions per second, as durable as the service's."""
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute("PRAGMA synchronous=FULL")
        connection.execute("CREATE TABLE rows (id INTEGER PRIMARY KEY, state BLOB)")
        state = b"x" * row_bytes

        def measure() -> float:
            begin = time.perf_counter()
            done = 0
            while time.perf_counter() - begin < SECONDS:
                connection.execute("INSERT INTO rows (state) VALUES (?)", (state,))
                done += 1
            return done / (time.perf_counter() - begin)

        yield measure


def _bytes_per_event(path: Path) -> int:
    with closing(sqlite3.connect(path)) as connection:
        (size,) = connection.execute("SELECT AVG(LENGTH(state)) FROM stored_events").fetchone()
    return int(size)
