"""How an event becomes a row, and a row an event.

The stored state is the event as compact JSON, without its stream and version, which are columns:
`{"schema": n, "event_id": …, "provenance": {…}, …payload}`; `schema` stands there from version 2 on.
"""

from collections.abc import Mapping
from uuid import UUID

from eventsourcing.domain import DomainEventProtocol
from eventsourcing.persistence import Cipher, Compressor, Mapper, StoredEvent, Transcoder
from pydantic_core import from_json

from domain.kernel import DomainEvent
from infrastructure.event_store.topics import TOPICS
from infrastructure.event_store.unreadable import unknown_event
from infrastructure.event_store.upcasters import UPCASTERS, Fields, Upcasters, upcast

_COLUMNS = {"originator_id", "originator_version"}


class Unstorable(ValueError):
    """The event would not be read back as what it is, so it is not stored."""


class EventMapper(Mapper[UUID]):
    """Stores events as JSON under their topics; reads older schema versions as the current one.

    Reading is tolerant: what cannot be read is an `UnknownEvent`, so that one damaged row does not hide
    the rows behind it. Storing is strict: what cannot be read back is refused.

    Args:
        transcoder: Not used: the event classes know their JSON.
        compressor: Applied to the JSON; None for none.
        cipher: Applied after the compressor; None for none.
        topics: Topic → event class.
        upcasters: The steps from older schema versions.
    """

    def __init__(
        self,
        transcoder: Transcoder,
        compressor: Compressor | None = None,
        cipher: Cipher | None = None,
        *,
        topics: Mapping[str, type[DomainEvent]] = TOPICS,
        upcasters: Upcasters = UPCASTERS,
    ) -> None:
        super().__init__(transcoder, compressor, cipher)
        self._topics = topics
        self._upcasters = upcasters

    def to_stored_event(self, domain_event: DomainEventProtocol[UUID]) -> StoredEvent:
        """Return the row of the event.

        Raises:
            Unstorable: Its class is not in the table of topics, or it holds what JSON cannot give back
                (NaN, an infinity, half a surrogate pair, a type that JSON does not have).
        """
        if not isinstance(domain_event, DomainEvent) or self._topics.get(domain_event.TOPIC) is not type(
            domain_event
        ):
            msg = f"{type(domain_event).__qualname__} is not in the table of topics"
            raise Unstorable(msg)
        state = _to_json(domain_event)
        row = StoredEvent(
            originator_id=domain_event.originator_id,
            originator_version=domain_event.originator_version,
            topic=domain_event.TOPIC,
            state=self._sealed(state),
        )
        self._require_readable(domain_event, row, state)
        return row

    def to_domain_event(self, stored_event: StoredEvent) -> DomainEvent:
        """Return the event of the row; an `UnknownEvent` when it cannot be read."""
        state = stored_event.state
        originator_id = _stream(stored_event)
        try:
            state = self._opened(stored_event.state)
            return self._read(stored_event, state)
        except Exception as error:  # a cipher, a compressor or an upcaster fails in ways of its own
            return unknown_event(stored_event, originator_id=originator_id, state=state, error=str(error))

    def _require_readable(self, event: DomainEvent, row: StoredEvent, state: bytes) -> None:
        try:
            again = self._read(row, state)
        except ValueError as error:
            msg = f"{event.TOPIC} could not be read back: {error}"
            raise Unstorable(msg) from error
        if again != event:
            msg = f"{event.TOPIC} would be read back as another: it holds values that JSON does not have"
            raise Unstorable(msg)

    def _read(self, row: StoredEvent, state: bytes) -> DomainEvent:
        event_class = self._topics.get(row.topic)
        if event_class is None:
            msg = f"no event has the topic {row.topic!r}"
            raise ValueError(msg)
        fields = from_json(state, allow_inf_nan=False)
        if not isinstance(fields, dict):
            msg = "the state is no JSON object"
            raise TypeError(msg)
        fields = upcast(
            fields,
            topic=row.topic,
            stored=_schema(fields),
            current=event_class.SCHEMA_VERSION,
            upcasters=self._upcasters,
        )
        place = {"originator_id": _stream(row), "originator_version": row.originator_version}
        return event_class.model_validate(fields | place)

    def _sealed(self, state: bytes) -> bytes:
        if self.compressor is not None:
            state = self.compressor.compress(state)
        if self.cipher is not None:
            state = self.cipher.encrypt(state)
        return state

    def _opened(self, state: bytes) -> bytes:
        if self.cipher is not None:
            state = self.cipher.decrypt(state)
        if self.compressor is not None:
            state = self.compressor.decompress(state)
        return state


def _to_json(event: DomainEvent) -> bytes:
    try:
        state = type(event).__pydantic_serializer__.to_json(event, exclude=_COLUMNS)
    except ValueError as error:
        msg = f"{event.TOPIC} is no JSON: {error}"
        raise Unstorable(msg) from error
    return b'{"schema":%d,%s' % (event.SCHEMA_VERSION, state[1:]) if event.SCHEMA_VERSION > 1 else state


def _schema(fields: Fields) -> int:
    schema = fields.pop("schema", 1)
    if type(schema) is not int or schema < 1:
        msg = f"{schema!r} is no schema version"
        raise ValueError(msg)
    return schema


def _stream(row: StoredEvent) -> UUID:
    return row.originator_id if isinstance(row.originator_id, UUID) else UUID(row.originator_id)
