"""Snapshots in a dictionary."""

from uuid import UUID

from application.ports.snapshots import Snapshot


class InMemorySnapshots:
    """Snapshots of one process."""

    def __init__(self) -> None:
        self._snapshots: dict[UUID, Snapshot] = {}

    def latest(self, stream_id: UUID) -> Snapshot | None:
        return self._snapshots.get(stream_id)

    def put(self, stream_id: UUID, snapshot: Snapshot) -> None:
        self._snapshots[stream_id] = snapshot
