"""What neighbours are told of the log, and what workers hear of it, as channels."""

from application.integration.channels import Action, Channel, JetStream, Message, Operation
from application.integration.contracts import PUBLIC_EVENTS, STREAM, PublicEvent
from application.integration.event_headers import logged_event_headers
from application.integration.wake_ups import WAKING_EVENTS


def operations() -> tuple[Operation, ...]:
    """Return what is sent of the log, and what is heard of it."""
    return (*(_sent(each) for each in PUBLIC_EVENTS.values()), *(_heard(each) for each in WAKING_EVENTS))


def _channel(event: PublicEvent) -> Channel:
    message = Message(
        name=event.type,
        summary=event.description,
        payload=event.data,
        headers=logged_event_headers(event.type),
    )
    return Channel(subject=event.subject, messages=(message,))


def _sent(event: PublicEvent) -> Operation:
    return Operation(
        id=f"send_{event.type.replace('.', '_')}",
        action=Action.SEND,
        channel=_channel(event),
        summary=event.description,
        kept=JetStream(stream=STREAM),
        tags=("events",),
    )


def _heard(event: PublicEvent) -> Operation:
    return Operation(
        id=f"hear_{event.type.replace('.', '_')}",
        action=Action.RECEIVE,
        channel=_channel(event),
        summary="Wakes workers, who look into the log then.",
        tags=("events",),
    )
