"""CloudEvents as NATS messages, and back.

Source:
    NATS Protocol Binding for CloudEvents 1.0: binary mode has each attribute in a header, `ce-` before its
    name, and the data as payload; structured mode has all of the event as payload, with a `Content-Type`.
"""

import re
from base64 import b64decode
from collections.abc import Mapping
from datetime import datetime
from typing import Any
from urllib.parse import quote, unquote

import orjson
from cloudevents.core.exceptions import CloudEventValidationError
from cloudevents.core.v1.event import CloudEvent

from application.views import instant_text

PREFIX = "ce-"
CONTENT_TYPE = "content-type"
STRUCTURED_TYPE = "application/cloudevents"
STRUCTURED_JSON_TYPE = f"{STRUCTURED_TYPE}+json"

_TIME, _DATA_TYPE, _SPEC_VERSION = "time", "datacontenttype", "specversion"
_UNSAFE = re.compile(r'[^!-~]|["%]')
_ESCAPED = re.compile(r"\\(.)")
_VISIBLE = "!#$&'()*+,/:;<=>?@[\\]^`{|}"  # beside letters, digits and `_.-~`, which are never encoded
_JSON = re.compile(r"(application|text)/([\w.\-]+\+)?json\s*(;.*)?", re.IGNORECASE)


class InvalidCloudEvent(ValueError):
    """The message says it is a CloudEvent and is none."""


def to_binary(event: CloudEvent) -> tuple[dict[str, str], bytes]:
    """Return the headers and the payload of the event in binary mode."""
    headers = {PREFIX + name: _header(value) for name, value in event.get_attributes().items()}
    return headers, _payload(event.get_data())


def from_message(headers: Mapping[str, str] | None, payload: bytes) -> CloudEvent | None:
    """Return the CloudEvent that the message carries in either mode; None where it claims to carry none.

    Its data are what the JSON says where they are JSON, text or bytes otherwise, and None for an empty payload.

    Raises:
        InvalidCloudEvent: It claims to, but an attribute is missing or wrong, or the data are not what they say.
    """
    by_name = {name.lower(): value for name, value in (headers or {}).items()}
    if by_name.get(CONTENT_TYPE, "").lower().startswith(STRUCTURED_TYPE):
        return _structured(by_name[CONTENT_TYPE], payload)
    attributes: dict[str, Any] = {
        name.removeprefix(PREFIX): _value(text) for name, text in by_name.items() if name.startswith(PREFIX)
    }
    if not attributes:
        return None
    return _event(attributes, _data(payload, attributes.get(_DATA_TYPE)))


def _header(value: Any) -> str:
    text = instant_text(value) if isinstance(value, datetime) else str(value)
    return quote(text, safe=_VISIBLE) if _UNSAFE.search(text) else text


def _value(text: str) -> str:
    if len(text) > 1 and text[0] == text[-1] == '"':  # quoted, as the specification of HTTP has it
        text = _ESCAPED.sub(r"\1", text[1:-1])
    return unquote(text)


def _payload(data: Any) -> bytes:
    if data is None:
        return b""
    if isinstance(data, bytes):
        return data
    return data.encode() if isinstance(data, str) else orjson.dumps(data)


def _structured(content_type: str, payload: bytes) -> CloudEvent:
    kind = content_type.lower().partition(";")[0].strip()
    if kind not in {STRUCTURED_TYPE, STRUCTURED_JSON_TYPE}:
        msg = f"a CloudEvent of type {content_type!r} cannot be read here, only {STRUCTURED_JSON_TYPE}"
        raise InvalidCloudEvent(msg)
    attributes = _json(payload)
    if not isinstance(attributes, dict):
        msg = "a structured CloudEvent is a JSON object"
        raise InvalidCloudEvent(msg)
    data = attributes.pop("data", None)
    if (encoded := attributes.pop("data_base64", None)) is not None:
        data = _decoded(encoded)
    attributes = {name: value for name, value in attributes.items() if value is not None}
    return _event(attributes, data)


def _event(attributes: dict[str, Any], data: Any) -> CloudEvent:
    has_time = _TIME in attributes
    if has_time:
        attributes[_TIME] = _instant(attributes[_TIME])
    for required in ("id", _SPEC_VERSION):
        if required not in attributes:  # the class would make them up
            msg = f"a CloudEvent has the attribute {required!r}"
            raise InvalidCloudEvent(msg)
    try:
        event = CloudEvent(attributes, data)
    except CloudEventValidationError as error:
        problems = "; ".join(str(each) for found in error.errors.values() for each in found)
        raise InvalidCloudEvent(problems) from error
    if not has_time:
        del event.get_attributes()[_TIME]  # the class puts the present there
    return event


def _instant(text: Any) -> datetime:
    try:
        return datetime.fromisoformat(str(text).upper())
    except ValueError:
        msg = f"the time of a CloudEvent is an instant as RFC 3339 has it, not {text!r}"
        raise InvalidCloudEvent(msg) from None


def _data(payload: bytes, content_type: str | None) -> Any:
    if not payload:
        return None
    if content_type is None or _JSON.fullmatch(content_type):
        return _json(payload)
    try:
        return payload.decode() if content_type.lower().startswith("text/") else payload
    except UnicodeDecodeError:
        return payload


def _json(payload: bytes) -> Any:
    try:
        return orjson.loads(payload)
    except ValueError as error:
        msg = f"the payload is no JSON: {error}"
        raise InvalidCloudEvent(msg) from None


def _decoded(encoded: Any) -> bytes:
    try:
        return b64decode(encoded, validate=True)
    except (ValueError, TypeError):
        msg = "data_base64 is no base64"
        raise InvalidCloudEvent(msg) from None
