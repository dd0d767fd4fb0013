"""A log for those who collect."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from uuid import uuid4

from infrastructure.event_store.log_rows import EventRow, Page

_EVENT = json.loads(
    (Path(__file__).parents[1] / "event_store" / "golden" / "training-job.failed.v1.json").read_bytes()
)


class InMemoryLog:
    """A log of jobs that failed, with words on why."""

    def __init__(self) -> None:
        self.rows: list[EventRow] = []

    def append(self, *words: str, topic: str = "training-job.failed.v1") -> None:
        state = json.dumps({**_EVENT, "error": " ".join(words)}).encode()
        self.rows.append((len(self.rows) + 1, uuid4().hex.encode(), 1, topic.encode(), state, True))

    @contextmanager
    def snapshot(self) -> Iterator[Any]:
        yield self

    def pages(self) -> Iterator[Page]:
        yield list(self.rows), []
