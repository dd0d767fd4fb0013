"""Dead letters as messages of a stream: what is known of one in its headers, its body as it came."""

from collections.abc import Mapping
from datetime import datetime
from hashlib import sha256
from urllib.parse import quote, unquote

import orjson

from application.integration.dead_letters import LETTERS
from application.ports.dead_letters import DeadLetter
from application.views import instant_text

BODY_MAX_BYTES = 512 * 1024
"""A body that is larger was refused for that, and only its beginning is kept."""

_REASON_MAX_CHARS = 4_000
_HEADERS_MAX_BYTES = 64 * 1024
_PLAIN = " !#$&'()*+,/:;<=>?@[]{}|\""
_NAMES: Mapping[str, str] = {
    "code": "Dead-Letter-Code",
    "reason": "Dead-Letter-Reason",
    "status": "Dead-Letter-Status",
    "at": "Dead-Letter-At",
    "aggregate": "Dead-Letter-Aggregate",
    "event_id": "Dead-Letter-Event-Id",
    "event_type": "Dead-Letter-Event-Type",
    "stream": "Dead-Letter-Stream",
    "sequence": "Dead-Letter-Sequence",
    "subject": "Dead-Letter-Subject",
    "deliveries": "Dead-Letter-Deliveries",
    "size_bytes": "Dead-Letter-Size",
}
_OWN_HEADERS = "Dead-Letter-Headers"


def lane_of(aggregate: str | None, *, stream: str, sequence: int) -> str:
    """Return the token for what a message is about; its own where it is about nothing that has an order."""
    about = f"about {aggregate}" if aggregate is not None else f"alone {stream} {sequence}"
    return sha256(about.encode()).hexdigest()[:32]


def subject_of(lane: str) -> str:
    """Return the subject of the dead letters of a lane."""
    return f"{LETTERS}.{lane}"


def subject_of_letter(letter: DeadLetter) -> str:
    """Return the subject under which the letter is kept."""
    return subject_of(lane_of(letter.aggregate, stream=letter.stream, sequence=letter.sequence))


def to_message(letter: DeadLetter) -> tuple[dict[str, str], bytes]:
    """Return the headers and the body under which the letter is kept."""
    fields = {**letter.model_dump(include=set(_NAMES)), "at": instant_text(letter.at)}
    fields["reason"] = letter.reason[:_REASON_MAX_CHARS]
    headers = {name: _header(fields[field]) for field, name in _NAMES.items() if fields[field] is not None}
    own = orjson.dumps(dict(letter.headers))
    if len(own) <= _HEADERS_MAX_BYTES:
        headers[_OWN_HEADERS] = _header(own.decode())
    return headers, letter.body[:BODY_MAX_BYTES]


def from_message(letter_id: int, headers: Mapping[str, str] | None, body: bytes | None) -> DeadLetter:
    """Return the letter that is kept so.

    Raises:
        ValueError: It is none.
    """
    given = headers or {}
    fields = {field: unquote(given[name]) for field, name in _NAMES.items() if name in given}
    own = orjson.loads(unquote(given.get(_OWN_HEADERS, "{}")))
    everything = {"aggregate": None, "event_id": None, "event_type": None, **fields}
    return DeadLetter.model_validate({**everything, "id": letter_id, "headers": own, "body": body or b""})


def outcome_of(*, code: str, reason: str, at: datetime) -> bytes:
    """Return the message that keeps how a letter ended when it was tried again."""
    return orjson.dumps({"code": code, "reason": reason[:_REASON_MAX_CHARS], "at": instant_text(at)})


def _header(value: object) -> str:
    return quote(str(value), safe=_PLAIN)
