"""What every aggregate is made of: immutable values, events with their provenance, and the fold."""

from collections.abc import Callable, Iterable
from typing import Any, ClassVar, TypedDict, TypeVar
from uuid import UUID, uuid5

from pydantic import AwareDatetime, BaseModel, ConfigDict

from domain.errors import StaleVersion, UnreadableHistory

State = TypeVar("State")
Event = TypeVar("Event", bound="DomainEvent")


class Immutable(BaseModel):
    """A value: equal by its fields, never changed, refusing fields it does not know."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Provenance(Immutable):
    """Who caused an event, when, why, and as a consequence of what.

    Attributes:
        timestamp: When the command was decided (UTC). Not monotonic in position: clocks step.
        actor: Who did it, from authentication.
        reason: Why, in the actor's words.
        correlation_id: The request that everything began with.
        causation_id: The event this one reacts to; None when it answers a request.
        command_id: The command that decided it.
    """

    timestamp: AwareDatetime
    actor: str
    reason: str | None = None
    correlation_id: str
    causation_id: UUID | None = None
    command_id: UUID


class DomainEvent(Immutable):
    """A fact about one aggregate. Its payload is the fields a subclass adds.

    Attributes:
        TOPIC: The stored name of the event type; never changes once events of it are stored.
        SCHEMA_VERSION: Which shape of the payload this class is; older shapes are upcast on reading.
        originator_id: The aggregate.
        originator_version: 1 for the aggregate's first event, then without gaps.
    """

    TOPIC: ClassVar[str]
    SCHEMA_VERSION: ClassVar[int] = 1

    event_id: UUID
    originator_id: UUID
    originator_version: int
    provenance: Provenance

    def __init_subclass__(cls, *, abstract: bool = False, **kwargs: Any) -> None:
        """Demand a topic of its own from every concrete event: an inherited one would store a lie."""
        super().__init_subclass__(**kwargs)
        if not abstract and "TOPIC" not in cls.__dict__:
            msg = f"{cls.__qualname__} needs a TOPIC of its own"
            raise TypeError(msg)


class Envelope(TypedDict):
    """The fields every event begins with."""

    event_id: UUID
    originator_id: UUID
    originator_version: int
    provenance: Provenance


def envelope(by: Provenance, originator_id: UUID, originator_version: int) -> Envelope:
    """Return the envelope of the event at this place of this stream.

    The event id follows from the command and the place, so deciding stays free of randomness.
    """
    return Envelope(
        event_id=uuid5(by.command_id, f"{originator_id}/{originator_version}"),
        originator_id=originator_id,
        originator_version=originator_version,
        provenance=by,
    )


class Aggregate(Immutable):
    """What decisions need to know of one stream, at one version."""

    id: UUID
    version: int


def fold(
    evolve: Callable[[State | None, Event], State], events: Iterable[Event], state: State | None = None
) -> State | None:
    """Return the state after the events; None when there was none and there are no events.

    Raises:
        UnreadableHistory: One of them is an `UnknownEvent`.
        ValueError: A gap or repetition in the stream: it cannot be read as history.
    """
    version = getattr(state, "version", 0)
    for event in events:
        require_known(event)
        version += 1
        if event.originator_version != version:
            msg = f"stream {event.originator_id}: version {event.originator_version} where {version} must follow"
            raise ValueError(msg)
        state = evolve(state, event)
    return state


def require_version(aggregate: Aggregate, expected: int | None) -> None:
    """Hold the caller's expectation (`If-Match`) against the stored version.

    Raises:
        StaleVersion: They differ.
    """
    if expected is not None and expected != aggregate.version:
        raise StaleVersion(expected=expected, actual=aggregate.version)


class UnknownEvent(DomainEvent):
    """An event that this program cannot read: stored by a newer one, or damaged.

    Attributes:
        topic: Under which it is stored.
        error: Why it cannot be read.
        state: Its stored bytes as text, undecodable ones escaped.
    """

    TOPIC: ClassVar[str] = "unknown"

    topic: str
    error: str
    state: str


def require_known(event: DomainEvent) -> None:
    """Raise UnreadableHistory for an event that this program cannot read."""
    if isinstance(event, UnknownEvent):
        raise UnreadableHistory(
            stream_id=event.originator_id,
            version=event.originator_version,
            topic=event.topic,
            error=event.error,
        )
