"""An event store small enough to be plainly right, and clients that see it as it was a while ago."""

from collections import defaultdict
from collections.abc import Callable, Iterable
from typing import Any
from uuid import UUID

from domain.kernel import DomainEvent, fold


class SmallStore:
    """Streams in memory; an append is all or nothing, and refused where a place is taken."""

    def __init__(self) -> None:
        self.log: list[DomainEvent] = []
        self.streams: defaultdict[UUID, list[DomainEvent]] = defaultdict(list)

    def append(self, events: Iterable[DomainEvent]) -> bool:
        """Store the events and say True, or say False where another came first."""
        batch = list(events)
        lengths = {each.originator_id: len(self.streams[each.originator_id]) for each in batch}
        for event in batch:
            lengths[event.originator_id] += 1
            if event.originator_version != lengths[event.originator_id]:
                return False
        for event in batch:
            self.streams[event.originator_id].append(event)
        self.log += batch
        return True


class Client:
    """Somebody who read each stream at a time of its own and decides on what was there then."""

    def __init__(self, store: SmallStore) -> None:
        self._store = store
        self._seen: dict[UUID, int] = {}

    def look(self, stream_id: UUID) -> None:
        """Read the stream as it is now."""
        self._seen[stream_id] = len(self._store.streams[stream_id])

    def state(self, stream_id: UUID, evolve: Callable[[Any, Any], Any]) -> Any:
        """Return the state that the stream had when it was last read."""
        return fold(evolve, self._store.streams[stream_id][: self._seen.get(stream_id, 0)])
