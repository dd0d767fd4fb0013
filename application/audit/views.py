"""What auditors see of the log."""

from typing import Any

from application.ports.event_log import Recorded
from application.views import Instant, View
from domain.kernel import DomainEvent, UnknownEvent

_ENVELOPE = set(DomainEvent.model_fields)


class EventResponse(View):
    """An event: who, when, why, because of what, and what.

    Attributes:
        type: Its stored topic.
        data: What is true since.
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
    data: dict[str, Any]


def event_view(recorded: Recorded) -> EventResponse:
    """Return what an auditor sees of an event; one that cannot be read is shown as it is stored."""
    event = recorded.event
    provenance = event.provenance
    return EventResponse(
        position=recorded.position,
        id=str(event.event_id),
        type=event.topic if isinstance(event, UnknownEvent) else event.TOPIC,
        aggregate_id=str(event.originator_id),
        aggregate_version=event.originator_version,
        timestamp=provenance.timestamp,
        actor=provenance.actor,
        reason=provenance.reason,
        correlation_id=provenance.correlation_id,
        causation_id=None if provenance.causation_id is None else str(provenance.causation_id),
        command_id=str(provenance.command_id),
        data=event.model_dump(mode="json", exclude=_ENVELOPE),
    )
