"""The lines of a portable log: JSON, one spelling each, so that a changed byte is a changed line.

A header, then the checkpoints, then the events in position order, then the end:

    {"format":"ml-service-log","version":1,"genesis":"00…","exported_at":"…","public_keys":["…"]}
    {"checkpoint":{"position":…,"hash":"…","at":"…","key":"…","signature":"…"}}
    {"position":1,"stream":"…","version":1,"topic":"…","state":"…","hash":"…"}
    {"end":{"events":…,"head":"…","sha256":"…"}}

A state that is no UTF-8 stands as `state_base64`. The last `sha256` covers all bytes before its line.
"""

from base64 import b64decode, b64encode
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias
from uuid import UUID

import orjson

from infrastructure.event_store.chain import GENESIS
from infrastructure.event_store.checkpoints import HASH_BYTES, KEY_BYTES, Checkpoint, NoCheckpoint
from infrastructure.event_store.log_rows import EventRow, LinkRow

FORMAT = "ml-service-log"
VERSION = 1
BEGINNING = b'{"format":"ml-service-log",'
"""Of every such file, whatever its version."""

_INT64 = range(-(2**63), 2**63)


class NoLine(ValueError):
    """The line is none of the format; the message says why."""


@dataclass(frozen=True, kw_only=True)
class Header:
    """How a portable log begins.

    Attributes:
        exported_at: RFC 3339.
        public_keys: Raw; of the checkpoints, as whoever exported them trusts them.
    """

    exported_at: str
    public_keys: Sequence[bytes]

    @property
    def line(self) -> bytes:
        """The header as it stands in the file."""
        return _line(
            {
                "format": FORMAT,
                "version": VERSION,
                "genesis": GENESIS.hex(),
                "exported_at": self.exported_at,
                "public_keys": [key.hex() for key in self.public_keys],
            }
        )


@dataclass(frozen=True, kw_only=True)
class End:
    """How a portable log ends.

    Attributes:
        events: So many there are.
        head: The hash of the last; `GENESIS` where there is none.
        sha256: Of all lines before.
    """

    events: int
    head: bytes
    sha256: bytes

    @property
    def line(self) -> bytes:
        """The end as it stands in the file."""
        return _line({"end": {"events": self.events, "head": self.head.hex(), "sha256": self.sha256.hex()}})


Content: TypeAlias = Header | Checkpoint | End | tuple[EventRow, LinkRow]
"""What a line says."""


def checkpoint_line(checkpoint: Checkpoint) -> bytes:
    """Return the line of a checkpoint."""
    return _line({"checkpoint": checkpoint.document})


def event_line(event: EventRow, link: LinkRow) -> bytes:
    """Return the line of an event that was found sound."""
    position, stream, version, topic, state, _ = event
    document: dict[str, Any] = {
        "position": position,
        "stream": str(UUID(stream.decode("ascii"))),
        "version": version,
        "topic": topic.decode(),
    }
    try:
        document["state"] = state.decode()
    except UnicodeDecodeError:
        document["state_base64"] = b64encode(state).decode("ascii")
    document["hash"] = link[1].hex()
    return _line(document)


def parsed(line: bytes) -> Content:
    """Return what a line says.

    Raises:
        NoLine: It is none of the format, or not spelt as it would be written.
    """
    try:
        document = orjson.loads(line)
    except ValueError:
        msg = "it is no JSON"
        raise NoLine(msg) from None
    if not isinstance(document, dict) or _line(document) != line:
        msg = "it is not spelt as it was written"
        raise NoLine(msg)
    try:
        if "position" in document:
            return _event(document)
        if document.keys() == {"checkpoint"}:
            return Checkpoint.of_document(document["checkpoint"])
        if document.keys() == {"end"}:
            return _end(document["end"])
        return _header(document)
    except NoCheckpoint as error:
        raise NoLine(str(error)) from None
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        msg = f"a field is missing or of another type ({error})"
        raise NoLine(msg) from None


def _event(document: dict[str, Any]) -> tuple[EventRow, LinkRow]:
    kind = "state" if "state" in document else "state_base64"
    if [*document] != ["position", "stream", "version", "topic", kind, "hash"]:
        msg = "it has other fields than an event"
        raise NoLine(msg)
    position, version = _integer(document["position"]), _integer(document["version"])
    stream = UUID(document["stream"])
    given = document[kind]
    state = given.encode() if kind == "state" else b64decode(given, validate=True)
    event = (position, stream.hex.encode("ascii"), version, document["topic"].encode(), state, True)
    link = (position, _bytes(document["hash"], HASH_BYTES), True)
    if event_line(event, link) != _line(document):
        msg = "it is not spelt as it was written"
        raise NoLine(msg)
    return event, link


def _header(document: dict[str, Any]) -> Header:
    if document["format"] != FORMAT:
        msg = "it begins no log of this service"
        raise NoLine(msg)
    if document["version"] != VERSION:
        msg = f"its format is of version {document['version']!r}, and this program reads {VERSION}"
        raise NoLine(msg)
    keys = [_bytes(key, KEY_BYTES) for key in document["public_keys"]]
    header = Header(exported_at=document["exported_at"], public_keys=keys)
    if not isinstance(header.exported_at, str) or header.line != _line(document):
        msg = "the header has other fields, or another genesis"
        raise NoLine(msg)
    return header


def _end(document: Any) -> End:
    if [*document] != ["events", "head", "sha256"]:
        msg = "the end has other fields"
        raise NoLine(msg)
    return End(
        events=_integer(document["events"]),
        head=_bytes(document["head"], HASH_BYTES),
        sha256=_bytes(document["sha256"], HASH_BYTES),
    )


def _integer(value: Any) -> int:
    if type(value) is not int or value not in _INT64:
        msg = f"{value!r} is no 64-bit integer"
        raise NoLine(msg)
    return value


def _bytes(text: str, size: int) -> bytes:
    found = bytes.fromhex(text)
    if len(found) != size or found.hex() != text:
        msg = f"{text!r} is not {2 * size} hexadecimal digits"
        raise NoLine(msg)
    return found


def _line(document: dict[str, Any]) -> bytes:
    return orjson.dumps(document, option=orjson.OPT_APPEND_NEWLINE)
