"""What a program newer than this one stores: events of topics, and in shapes, that this one cannot read."""

from uuid import UUID

from eventsourcing.persistence import StoredEvent

from application.ledger import Ledger
from tests.support.events import PROVENANCE


def store_newer_event(
    ledger: Ledger, stream_id: UUID, *, version: int, topic: str = "model.frozen.v1", schema: int = 1
) -> int:
    """Store an event as a newer program would, and return its position."""
    provenance = PROVENANCE.model_dump_json().encode()
    state = b'{"schema":%d,"event_id":"%s","provenance":%s,"until":"spring"}' % (
        schema,
        str(UUID(int=version)).encode(),
        provenance,
    )
    (position,) = ledger.recorder.insert_events([StoredEvent(stream_id, version, topic, state)])
    return position
