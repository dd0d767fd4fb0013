"""The form in which the state of a model is kept: a line of JSON, then the columns of its versions as they are."""

from hashlib import sha256
from typing import Any, get_args
from uuid import UUID

from pydantic_core import from_json

from application.ports.snapshots import Snapshot
from domain.kernel import Immutable
from domain.models.events import ModelEvent
from domain.models.model import Model
from domain.models.versions import Columns, Versions

_FORM = 1
"""To be raised when the form changes, or what `evolve` makes of the same events."""
_EVENT_TYPES = sorted((event.TOPIC, event.SCHEMA_VERSION) for event in get_args(ModelEvent))
# A program that knows more events must not hand its states to one that could not have folded them.
SCHEMA_ID = f"{_FORM}-{sha256(repr(_EVENT_TYPES).encode()).hexdigest()[:16]}"
"""Of snapshots that this program writes and reads."""


class Remembered(Immutable):
    """A model as of an event, which the log has yet to confirm.

    Attributes:
        last_event_id: Of the last event in the state.
    """

    model: Model
    last_event_id: UUID


class _Header(Immutable):
    last_event_id: UUID
    model: dict[str, Any]
    sizes_bytes: tuple[int, ...]


def to_snapshot(remembered: Remembered) -> Snapshot:
    """Return the model in the form in which it is kept."""
    model = remembered.model
    columns = model.versions.columns().parts
    plain = model.model_copy(update={"aliases": dict(model.aliases), "verified_at": dict(model.verified_at)})
    header = _Header(
        last_event_id=remembered.last_event_id,
        model=plain.model_dump(mode="json", exclude={"versions"}),
        sizes_bytes=tuple(len(column) for column in columns),
    )
    state = b"\n".join((header.model_dump_json().encode(), b"".join(columns)))
    return Snapshot(version=model.version, schema_id=SCHEMA_ID, state=state)


def from_snapshot(snapshot: Snapshot) -> Remembered | None:
    """Return the model that was kept; None when it was kept in another form.

    Raises:
        ValueError: The state is not what `to_snapshot` has written.
    """
    if snapshot.schema_id != SCHEMA_ID:
        return None
    begin = snapshot.state.index(b"\n") + 1
    header = _Header.model_validate(from_json(snapshot.state[:begin]))
    columns = []
    for size_bytes in header.sizes_bytes:
        columns.append(snapshot.state[begin : begin + size_bytes])
        begin += size_bytes
    versions = Versions(Columns(*columns))
    model = Model.model_validate(header.model | {"versions": versions})
    return Remembered.model_construct(model=model, last_event_id=header.last_event_id)
