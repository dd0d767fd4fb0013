"""Heartbeats in a dictionary."""

from collections.abc import Mapping
from uuid import UUID


class InMemoryHeartbeats:
    """Counters of one process."""

    def __init__(self) -> None:
        self._counters: dict[tuple[UUID, int], int] = {}

    def beat(self, job_id: UUID, attempt: int) -> None:
        self._counters[job_id, attempt] = self._counters.get((job_id, attempt), 0) + 1

    def counters(self) -> Mapping[tuple[UUID, int], int]:
        return dict(self._counters)

    def clear(self, job_id: UUID, attempt: int) -> None:
        self._counters.pop((job_id, attempt), None)
