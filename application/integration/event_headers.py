"""What CloudEvents in binary mode have in their headers, as a JSON schema."""

from typing import Any

from application.integration.channels import JSON_TYPE
from application.integration.contracts import SOURCE

_TEXT = {"type": "string"}
_ATTRIBUTES: dict[str, dict[str, Any]] = {
    "specversion": {"const": "1.0"},
    "id": {**_TEXT, "description": "With the source no other event has it."},
    "source": {"const": SOURCE},
    "subject": {**_TEXT, "description": "Id of what it happened to."},
    "time": {**_TEXT, "format": "date-time"},
    "datacontenttype": {"const": JSON_TYPE},
}
_OF_THE_LOG: dict[str, dict[str, Any]] = {
    "sequence": {
        **_TEXT,
        "pattern": "^[0-9]{20}$",
        "description": "Position in the log: later events have greater ones, and texts sort as numbers do.",
    },
    "correlationid": {**_TEXT, "description": "Of the request that it began with."},
    "authtype": {**_TEXT, "description": "What kind of actor caused it."},
    "authid": {**_TEXT, "description": "Who caused it."},
}
_WHERE_KNOWN: dict[str, dict[str, Any]] = {
    "causationid": {**_TEXT, "format": "uuid", "description": "Of the event that it reacts to."},
    "dataref": {
        **_TEXT,
        "format": "uri-reference",
        "description": "Where the API serves what is null in the data, being too large for a message.",
    },
}


def logged_event_headers(type_: str) -> dict[str, Any]:
    """Return the schema of the headers of an event of the log."""
    schema = _schema(type_, always=_ATTRIBUTES | _OF_THE_LOG, also=_WHERE_KNOWN)
    properties = {**schema["properties"], "Nats-Msg-Id": {**_TEXT, "description": "The event's id."}}
    return {**schema, "properties": properties, "required": [*schema["required"], "Nats-Msg-Id"]}


def passing_event_headers(type_: str) -> dict[str, Any]:
    """Return the schema of the headers of an event that is told and not kept."""
    return _schema(type_, always=_ATTRIBUTES, also={})


def _schema(type_: str, *, always: dict[str, Any], also: dict[str, Any]) -> dict[str, Any]:
    properties = {f"ce-{name}": each for name, each in ({"type": {"const": type_}} | always | also).items()}
    return {
        "type": "object",
        "properties": properties,
        "required": ["ce-type", *(f"ce-{name}" for name in always)],
    }
