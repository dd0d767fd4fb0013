"""What stands in the log for a row that this program cannot read."""

from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid5

from eventsourcing.persistence import StoredEvent
from pydantic import ValidationError
from pydantic_core import from_json

from domain.kernel import Provenance, UnknownEvent

_NOT_KNOWN: dict[str, Any] = {
    "timestamp": datetime.fromtimestamp(0, tz=UTC),
    "actor": "unknown",
    "correlation_id": "unknown",
    "command_id": UUID(int=0),
}
_NO_VERSION = 0


def unknown_event(stored: StoredEvent, *, originator_id: UUID, state: bytes, error: str) -> UnknownEvent:
    """Return the event that tells of a row what can be told.

    Its id follows from its place, so every reading of the row gives the same event.

    Args:
        stored: The row.
        originator_id: Its stream.
        state: Its state, decrypted and decompressed as far as that went.
        error: Why it cannot be read.
    """
    version: Any = stored.originator_version
    return UnknownEvent(
        event_id=uuid5(originator_id, str(version)),
        originator_id=originator_id,
        originator_version=version if isinstance(version, int) else _NO_VERSION,
        provenance=_provenance(state),
        topic=stored.topic,
        error=error,
        state=state.decode("utf-8", "backslashreplace"),
    )


def _provenance(state: bytes) -> Provenance:
    try:
        fields = from_json(state)
    except ValueError:
        fields = None
    found = fields.get("provenance") if isinstance(fields, dict) else None
    known = (
        {name: found[name] for name in Provenance.model_fields if name in found} if isinstance(found, dict) else {}
    )
    try:
        return Provenance.model_validate(_NOT_KNOWN | known)
    except ValidationError as error:
        damaged = {each["loc"][0] for each in error.errors()}
        readable = {name: value for name, value in known.items() if name not in damaged}
        return Provenance.model_validate(_NOT_KNOWN | readable)
