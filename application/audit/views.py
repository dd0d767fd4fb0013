"""What auditors see of the log."""

from typing import Any

from application.ports.event_log import Recorded
from application.views import Instant, View
from domain.kernel import DomainEvent, UnknownEvent

_ENVELOPE = set(DomainEvent.model_fields)


class EventReference(View):
    """Where an event is in the log, and behind it who, when, why and because of what.

    Attributes:
        type: Its stored topic.
        reason: Why, in the actor's words; None where none was given.
        correlation_id: Of the request that everything began with.
        causation_id: The event that this one reacts to; None when it answers a request.
        command_id: Of the command that decided it, and whatever else came about with it.
    """

    position: int
    id: str
    type: str
    aggregate_id: str
    aggregate_version: int
    timestamp: Instant
    actor: str
    reason: str | None
    correlation_id: str
    causation_id: str | None
    command_id: str


class EventResponse(EventReference):
    """An event: who, when, why, because of what, and what.

    Attributes:
        data: What is true since.
    """

    data: dict[str, Any]


def event_reference(recorded: Recorded) -> EventReference:
    """Return where an event is, and who is behind it."""
    return EventReference(**_reference(recorded))


def event_view(recorded: Recorded) -> EventResponse:
    """Return what an auditor sees of an event; one that cannot be read is shown as it is stored."""
    data = recorded.event.model_dump(mode="json", exclude=_ENVELOPE)
    return EventResponse(**_reference(recorded), data=data)


def _reference(recorded: Recorded) -> dict[str, Any]:
    event = recorded.event
    provenance = event.provenance
    return {
        "position": recorded.position,
        "id": str(event.event_id),
        "type": event.topic if isinstance(event, UnknownEvent) else event.TOPIC,
        "aggregate_id": str(event.originator_id),
        "aggregate_version": event.originator_version,
        "timestamp": provenance.timestamp,
        "actor": provenance.actor,
        "reason": provenance.reason,
        "correlation_id": provenance.correlation_id,
        "causation_id": None if provenance.causation_id is None else str(provenance.causation_id),
        "command_id": str(provenance.command_id),
    }
