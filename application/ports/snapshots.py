"""States of long streams, kept beside the log so that nobody has to fold it from the beginning."""

from typing import Protocol
from uuid import UUID

from domain.kernel import Immutable


class Snapshot(Immutable):
    """What a stream's events gave, up to one of them.

    Attributes:
        version: Of the last event in it.
        schema_id: In which form the state is written; only a program of the same form reads it.
        state: The state in that form.
    """

    version: int
    schema_id: str
    state: bytes


class Snapshots(Protocol):
    """One snapshot at most for each stream. It is a cache: any may be missing, and none is to be believed
    before the log has confirmed it."""

    def latest(self, stream_id: UUID) -> Snapshot | None:
        """Return what was put last; None when there is none, or not as it was put."""

    def put(self, stream_id: UUID, snapshot: Snapshot) -> None:
        """Keep this one, in the place of any other of the stream."""
