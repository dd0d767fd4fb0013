"""From a message on NATS, in whatever form, to the event that it carries."""

from collections.abc import Mapping
from typing import Any

import orjson
import pydantic
from nats.aio.msg import Msg

from application.integration.callback import CONTROL, ID_MAX_CHARS, TYPE_MAX_CHARS, EventCallback
from application.integration.inbound import InboundEvent
from application.integration.incoming import INCOMING
from domain.bounds import FREE_FORM_MAX_BYTES, require_bounded
from domain.errors import DomainError, InvalidInput
from domain.kernel import Immutable
from infrastructure.messaging.cloudevents import (
    STRUCTURED_JSON_TYPE,
    InvalidCloudEvent,
    from_message,
)

BODY_MAX_BYTES = FREE_FORM_MAX_BYTES + 8 * 1024
"""A payload of the greatest size, and what is said beside it."""

CORRELATION_HEADER = "x-request-id"

_CALLBACK_FIELDS = EventCallback.model_fields.keys()


class UnreadableMessage(DomainError):
    """The message carries no event that could be read; the code says why."""

    code = "inbox.unreadable"

    def __init__(self, message: str, *, code: str = code) -> None:
        super().__init__(message)
        self.code = code


class InboundMessage(Immutable):
    """A message as a stream hands it out.

    Attributes:
        stream: That keeps it.
        sequence: Its place there.
        deliveries: How often it was handed out, this time included.
        subject: It was published on.
        headers: It was published with.
        body: It was published with.
    """

    stream: str
    sequence: int
    deliveries: int
    subject: str
    headers: Mapping[str, str]
    body: bytes

    @classmethod
    def of(cls, message: Msg) -> "InboundMessage":
        """Return what a client was handed."""
        metadata = message.metadata
        return cls(
            stream=metadata.stream,
            sequence=metadata.sequence.stream,
            deliveries=metadata.num_delivered,
            subject=message.subject,
            headers=dict(message.headers or {}),
            body=message.data,
        )


def read(headers: Mapping[str, str], body: bytes) -> InboundEvent:
    """Return the event: of a CloudEvent, binary or structured, or of a callback's JSON.

    Of an event that nobody listens to, only its identity is read.

    Raises:
        UnreadableMessage: There is none in it, or it is not what it says.
    """
    try:
        if _is_listened_to_by_nobody(headers):
            body = b""
        if len(body) > BODY_MAX_BYTES:
            message = f"The body has {len(body):,} bytes, at most {BODY_MAX_BYTES:,} are taken."
            raise UnreadableMessage(message, code="inbox.too-large")
        found = _of_cloud_event(headers, body) or _of_json(headers, body)
        _require_fit(found)
    except InvalidCloudEvent as invalid:
        message = f"The CloudEvent cannot be read: {invalid}."
        raise UnreadableMessage(message, code="inbox.no-cloud-event") from None
    except InvalidInput as unfit:
        raise UnreadableMessage(f"The event cannot be taken: {unfit.message}") from None
    return found


def _is_listened_to_by_nobody(headers: Mapping[str, str]) -> bool:
    """Tell whether the headers name a type that is none of ours: whatever the body is, it is not looked at."""
    named = {name.lower(): value for name, value in headers.items()}
    if "ce-type" not in named or named.get("content-type", "").lower().startswith("application/cloudevents"):
        return False
    event = from_message(headers, b"")
    return event is not None and event.get_type() not in INCOMING


def _of_cloud_event(headers: Mapping[str, str], body: bytes) -> InboundEvent | None:
    event = from_message(headers, body)
    if event is None:
        return None
    attributes = event.get_attributes()
    kind = str(attributes["type"])
    correlation_id = attributes.get("correlationid")
    return InboundEvent(
        id=str(attributes["id"]),
        type=kind,
        source=str(attributes["source"]),
        subject=_text(attributes.get("subject")),
        payload=_payload(event.get_data()) if kind in INCOMING else {},
        correlation_id=_text(correlation_id),
    )


def _of_json(headers: Mapping[str, str], body: bytes) -> InboundEvent:
    try:
        said = orjson.loads(body)
    except ValueError as error:
        raise UnreadableMessage(f"The body is no JSON: {error}.", code="inbox.not-json") from None
    if not isinstance(said, dict):
        message = "The body is JSON, but no object that tells of an event."
        raise UnreadableMessage(message, code="inbox.no-event")
    if "specversion" in said and "event_type" not in said:  # a structured CloudEvent that lost its Content-Type
        event = _of_cloud_event({"content-type": STRUCTURED_JSON_TYPE}, body)
        assert event is not None, "what says it is structured is read as such, or refused"
        return event
    require_bounded(payload=said.get("payload"))
    try:
        callback = EventCallback.model_validate({name: said[name] for name in _CALLBACK_FIELDS if name in said})
    except pydantic.ValidationError as error:
        found = error.errors(include_url=False, include_input=False)[0]
        field = ".".join(map(str, found["loc"]))
        message = f"The body is JSON, but tells of no event: {field}: {found['msg']}."
        raise UnreadableMessage(message, code="inbox.no-event") from None
    named = {name.lower(): value for name, value in headers.items()}
    return InboundEvent.of_callback(callback, correlation_id=named.get(CORRELATION_HEADER))


def _payload(data: Any) -> dict[str, Any]:
    if data is None:
        return {}
    if not isinstance(data, dict):
        message = "The data of the event are no JSON object."
        raise UnreadableMessage(message, code="inbox.no-event")
    return data


def _require_fit(event: InboundEvent) -> None:
    """Refuse what could not be kept beside what follows from it.

    Raises:
        InvalidInput: An attribute is too long, or something in it is no text or no number that can be kept.
    """
    bounds = {
        "id": ID_MAX_CHARS,
        "type": TYPE_MAX_CHARS,
        "source": ID_MAX_CHARS,
        "subject": ID_MAX_CHARS,
        "correlation_id": ID_MAX_CHARS,
    }
    for name, max_chars in bounds.items():
        value = getattr(event, name)
        if value is not None and not 0 < len(value) <= max_chars:
            raise InvalidInput.of(name, f"must have 1 to {max_chars} characters, has {len(value)}.")
        if value is not None and CONTROL.search(value):
            raise InvalidInput.of(name, "may not contain control characters.")
        require_bounded(**{name: value})
    require_bounded(payload=dict(event.payload))


def _text(value: Any) -> str | None:
    return None if value is None else str(value)
