"""Which events of neighbours this service listens to, where, and what they say: one table."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Self

import pydantic
from pydantic import BaseModel, ConfigDict, Field

from application.integration.callback import EventCallback
from application.integration.channels import Action, Channel, JetStream, Message, Operation, Parameter
from application.integration.inbound import InboundEvent
from domain.errors import FieldProblem, InvalidInput
from domain.naming import NAME_MAX_CHARS, one_spelling

STREAM = "ML_INBOX"
"""Keeps what no stream of others does."""

DURABLE = "machine-learning-inbox"
"""Name of the consumer, on whatever stream."""

CALLBACK_SUBJECT = "ml.inbox.callback"
"""Where events that came over HTTP wait with the others."""

DELIVERIES_MAX = 100
"""So often a message is handed out: an outage may cost some, and it is not given up for that."""

_URI_MAX_CHARS = 8_192


class Announcement(BaseModel):
    """What an event says; whatever more it says is its sender's business."""

    model_config = ConfigDict(frozen=True, strict=True)

    @classmethod
    def of(cls, payload: Mapping[str, Any]) -> Self:
        """Read a payload.

        Raises:
            InvalidInput: A field is missing, or not what it should be.
        """
        try:
            return cls.model_validate(payload)
        except pydantic.ValidationError as error:
            raise InvalidInput(
                FieldProblem(field=".".join(map(str, ("payload", *each["loc"]))), message=f"{each['msg']}.")
                for each in error.errors(include_url=False, include_input=False)
            ) from None


Said = type[Announcement]


class IngestionCompleted(Announcement):
    """Data of a dataset have come in.

    Attributes:
        dataset_id: Id or name of the dataset.
        uri: Where its newest state lies; null where nothing new came.
    """

    dataset_id: str = Field(min_length=1, max_length=NAME_MAX_CHARS)
    uri: str | None = Field(default=None, min_length=1, max_length=_URI_MAX_CHARS)


class ModelMetadataUpdated(Announcement):
    """What others keep of a model has changed.

    Attributes:
        model_id: Id or name of the model.
    """

    model_id: str = Field(min_length=1, max_length=NAME_MAX_CHARS)


class Ping(Announcement):
    """The broker asks whether somebody takes its messages."""


@dataclass(frozen=True, kw_only=True)
class IncomingEvent:
    """One type of event that is listened to.

    Attributes:
        type: Its name.
        subjects: Of NATS, where such events are found.
        kind: What the wildcard of the subjects stands for.
        announcement: What it says.
        about: The field that names what it is about; None where it is about nothing that has an order.
        reaction: What is done, in a sentence.
    """

    type: str
    subjects: str
    kind: str
    announcement: Said
    about: str | None
    reaction: str


def _by_type(events: Iterable[IncomingEvent]) -> Mapping[str, IncomingEvent]:
    return MappingProxyType({each.type: each for each in events})


INCOMING = _by_type(
    (
        IncomingEvent(
            type="data.ingestion.completed",
            subjects="events.data.ingestion.*",
            kind="What the ingestion did.",
            announcement=IngestionCompleted,
            about="dataset_id",
            reaction="Registers the dataset's newest state, and has models trained whose `auto_train` names it.",
        ),
        IncomingEvent(
            type="metadata.model.updated",
            subjects="events.metadata.model.*",
            kind="What happened to the model's metadata.",
            announcement=ModelMetadataUpdated,
            about="model_id",
            reaction="Looks up anew which version of the model answers.",
        ),
        IncomingEvent(
            type="broker_service.ping",
            subjects="events.broker_service.*",
            kind="What the broker asks for.",
            announcement=Ping,
            about=None,
            reaction="Acknowledges it.",
        ),
    )
)
"""Type → event. Any of them may come on any of the subjects."""

SUBJECTS = tuple(each.subjects for each in INCOMING.values())


def aggregate_of(event: InboundEvent, *, series_name: Callable[[str], str] = one_spelling) -> str | None:
    """Return what the event is about, whose events are handled in their order; None where that has none.

    That is what its payload names, in one spelling, else its subject: events about one dataset share an order
    whatever their senders call them by.

    Args:
        event: Of a neighbour.
        series_name: Returns one name for all that means a dataset of one series, given its id or name.
    """
    listed = INCOMING.get(event.type)
    if listed is None or listed.about is None:
        return event.subject
    named = event.payload.get(listed.about)
    if not isinstance(named, str) or not 0 < len(named) <= NAME_MAX_CHARS:
        named = event.subject
    if named is None:
        return None
    return series_name(named) if listed.announcement is IngestionCompleted else one_spelling(named)


_KEPT = JetStream(stream=STREAM, durable=DURABLE, max_deliver=DELIVERIES_MAX)


def operations() -> tuple[Operation, ...]:
    """Return what is received, for the document that tells of it."""
    return (*(_received(each) for each in INCOMING.values()), *_kept_and_received())


_CALLBACK = Message(
    name="event_callback",
    summary="The same in a plain form, without headers; over HTTP every event comes so.",
    payload=EventCallback,
)


def _received(event: IncomingEvent) -> Operation:
    message = Message(
        name=event.type,
        summary="A CloudEvent in binary mode; structured mode is understood as well.",
        payload=event.announcement,
        headers=_headers(event.type),
    )
    parameter = Parameter(name="event", description=event.kind)
    return Operation(
        id=f"receive_{event.type.replace('.', '_')}",
        action=Action.RECEIVE,
        channel=Channel(subject=event.subjects, messages=(message, _CALLBACK), parameters=(parameter,)),
        summary=event.reaction,
        kept=_KEPT,
        tags=("inbox",),
    )


def _kept_and_received() -> Iterable[Operation]:
    channel = Channel(subject=CALLBACK_SUBJECT, messages=(_CALLBACK,))
    yield Operation(
        id="send_event_callback",
        action=Action.SEND,
        channel=channel,
        summary="Keeps an event that came over HTTP until it is handled.",
        kept=JetStream(stream=STREAM),
        tags=("inbox",),
    )
    yield Operation(
        id="receive_event_callback",
        action=Action.RECEIVE,
        channel=channel,
        summary="Handles an event that came over HTTP as any other.",
        kept=_KEPT,
        tags=("inbox",),
    )


def _headers(type_: str) -> Mapping[str, Any]:
    text = {"type": "string"}
    return {
        "type": "object",
        "properties": {
            "ce-specversion": {"const": "1.0"},
            "ce-id": {**text, "description": "By which the event is known again."},
            "ce-type": {"const": type_},
            "ce-source": {**text, "description": "Who tells of it."},
            "ce-subject": {
                **text,
                "description": "What it is about, where its data do not name it: such events keep their order.",
            },
            "ce-correlationid": {**text, "description": "Of the request that it began with."},
        },
        "required": ["ce-specversion", "ce-id", "ce-type", "ce-source"],
    }
