"""Questions to the public events' types."""

from typing import Any

from application.integration.contracts import PUBLIC_EVENTS, STREAM
from application.integration.event_data import json_schema
from application.views import View
from domain.errors import NotFound, suggestion


class EventTypeNotFound(NotFound):
    """No public event is of this type."""

    code = "event-type.not-found"


class EventTypeResponse(View):
    """One type of event that neighbours are told of.

    Attributes:
        type: Of the CloudEvent.
        subject: Of NATS, on which such events come.
        stream: Of JetStream, which keeps them.
        description: When one is published, as what is true since.
        dataschema: Path of its data's JSON schema.
    """

    type: str
    subject: str
    stream: str
    description: str
    dataschema: str


def list_event_types(*, schemas_path: str) -> list[EventTypeResponse]:
    """Return all types, as they are told of to readers.

    Args:
        schemas_path: Below which each type's schema is served.
    """
    return [
        EventTypeResponse(
            type=each.type,
            subject=each.subject,
            stream=STREAM,
            description=each.description,
            dataschema=f"{schemas_path}/{each.type}",
        )
        for each in PUBLIC_EVENTS.values()
    ]


def schema_of(event_type: str) -> dict[str, Any]:
    """Return the JSON schema of the type's data.

    Raises:
        EventTypeNotFound: No public event is of this type.
    """
    found = PUBLIC_EVENTS.get(event_type)
    if found is None:
        message = f"No public event is of type {event_type!r}.{suggestion(event_type, PUBLIC_EVENTS)}"
        raise EventTypeNotFound(message, type=event_type)
    return json_schema(found.data)
