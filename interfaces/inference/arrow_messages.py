"""Where one message of an Arrow stream ends and the next begins, told before anything of it is decoded.

Source: Arrow columnar format, "Encapsulated message format", and its Message.fbs.
"""

import struct
from dataclasses import dataclass

from domain.errors import InvalidInput
from interfaces.requests.fields import BODY
from interfaces.requests.problems import NotArrow

METADATA_MAX_BYTES = 16 * 1024 * 1024
BATCH_MAX_BYTES = 64 * 1024 * 1024
DICTIONARIES_MAX_BYTES = 16 * 1024 * 1024
"""For all dictionaries of a stream that are in use at the same time."""

_PREFIX_BYTES = 8
_CONTINUATION = b"\xff\xff\xff\xff"
_SCHEMA, _DICTIONARY, _BATCH = 1, 2, 3
_KIND, _HEADER, _BODY_LENGTH = 1, 2, 3
_BATCH_COMPRESSION = 3
_DICTIONARY_ID, _DICTIONARY_DATA, _DICTIONARY_IS_DELTA = 0, 1, 2


class ArrowMessages:
    """Collects the bytes of a stream until a record batch is complete, and refuses what would take too much."""

    def __init__(self) -> None:
        self._buffer = bytearray()
        self._at = 0
        self._body_left = 0
        self._kind: int | None = None
        self._dictionaries: dict[int, int] = {}
        self._has_begun = False
        self._has_ended = False

    @property
    def held_bytes(self) -> int:
        """How many bytes wait for the end of their batch."""
        return len(self._buffer)

    def add(self, piece: bytes) -> None:
        """Take the next bytes."""
        self._buffer += piece

    def next_batch(self) -> bytearray | None:
        """Return all bytes up to the end of the next record batch; None as long as that is not there.

        Raises:
            NotArrow: These are no messages of Arrow's.
            InvalidInput: A message is too large, compressed, or a dictionary in parts.
        """
        while self._advance():
            if self._kind == _BATCH and self._body_left == 0:
                self._kind = None
                return self._taken()
        return None

    def rest(self) -> bytearray:
        """Return what stands behind the last record batch, where the stream has ended; nothing of its last mark.

        Raises:
            NotArrow: It ends in the middle of a message, or has none.
        """
        if self._at < len(self._buffer) or self._body_left:
            raise NotArrow("The stream ends in the middle of a message: it was cut off.")
        if not self._has_begun:
            raise NotArrow("The body is no Arrow IPC stream: it has not even a schema.")
        rest = self._taken()
        return bytearray() if self._kind is None else rest

    def _advance(self) -> bool:
        """Go on by a message's head or body; tell whether it was there."""
        there = len(self._buffer) - self._at
        if self._body_left:
            if there < self._body_left:
                return False
            self._at, self._body_left = self._at + self._body_left, 0
            return True
        if self._has_ended and there:
            raise NotArrow("The stream goes on after its end.")
        if there < _PREFIX_BYTES:
            return False
        length = self._metadata_length()
        if there < _PREFIX_BYTES + length:
            return False
        head = bytes(self._buffer[self._at + _PREFIX_BYTES : self._at + _PREFIX_BYTES + length])
        self._at += _PREFIX_BYTES + length
        if length == 0:
            self._has_ended = True
        else:
            self._begin(_head_of(head))
        return True

    def _metadata_length(self) -> int:
        if self._buffer[self._at : self._at + 4] != _CONTINUATION:
            message = (
                "The body is no Arrow IPC stream: write it as a stream, not a file, with Arrow 0.15 or later."
            )
            raise NotArrow(message)
        length: int = struct.unpack_from("<i", self._buffer, self._at + 4)[0]
        if length < 0:
            raise NotArrow("The stream holds a message of a negative length.")
        if length > METADATA_MAX_BYTES:
            raise _too_large("the metadata of a message", length, METADATA_MAX_BYTES)
        return length

    def _begin(self, head: "_Head") -> None:
        if head.is_compressed:
            raise InvalidInput.of(BODY, "has compressed buffers: write it without compression.")
        if head.dictionary is not None:
            if head.is_delta:
                raise InvalidInput.of(BODY, "has a dictionary in parts: write dictionaries whole, without deltas.")
            self._dictionaries[head.dictionary] = head.body_bytes
            size_bytes = sum(self._dictionaries.values())
            if size_bytes > DICTIONARIES_MAX_BYTES:
                raise _too_large("its dictionaries", size_bytes, DICTIONARIES_MAX_BYTES)
        elif head.body_bytes > BATCH_MAX_BYTES:
            raise _too_large("a record batch", head.body_bytes, BATCH_MAX_BYTES, "write batches of fewer rows.")
        self._has_begun = True
        self._kind, self._body_left = head.kind, head.body_bytes

    def _taken(self) -> bytearray:
        following = self._buffer[self._at :]
        del self._buffer[self._at :]
        taken, self._buffer, self._at = self._buffer, following, 0
        return taken


@dataclass(frozen=True, slots=True, kw_only=True)
class _Head:
    """What the metadata of a message says of it.

    Attributes:
        dictionary: The id of a dictionary; None for a message that is none.
    """

    kind: int
    body_bytes: int
    is_compressed: bool
    dictionary: int | None
    is_delta: bool


def _head_of(metadata: bytes) -> _Head:
    try:
        message = _Table(metadata, _offset(metadata, 0))
        kind, body_bytes = message.number(_KIND, "<B"), message.number(_BODY_LENGTH, "<q")
        if body_bytes < 0 or kind not in {_SCHEMA, _DICTIONARY, _BATCH}:
            raise NotArrow("The stream holds a message that is no schema, dictionary or record batch.")
        header = message.table(_HEADER)
        is_dictionary = kind == _DICTIONARY
        batch = header.table(_DICTIONARY_DATA) if is_dictionary else header
        return _Head(
            kind=kind,
            body_bytes=body_bytes,
            is_compressed=kind != _SCHEMA and batch.has(_BATCH_COMPRESSION),
            dictionary=header.number(_DICTIONARY_ID, "<q") if is_dictionary else None,
            is_delta=is_dictionary and header.number(_DICTIONARY_IS_DELTA, "<B") != 0,
        )
    except struct.error:
        raise NotArrow("The stream holds a message whose metadata cannot be read.") from None


class _Table:
    """A table of FlatBuffers. Source: FlatBuffers internals, "Tables"."""

    def __init__(self, data: bytes, at: int) -> None:
        self._data = data
        self._at = at
        self._slots = at - _read("<i", data, at)
        self._slots_bytes = _read("<H", data, self._slots)

    def has(self, slot: int) -> bool:
        """Tell whether a field is there."""
        return self._offset(slot) != 0

    def number(self, slot: int, form: str) -> int:
        """Return a field; 0 where it is not there."""
        offset = self._offset(slot)
        return _read(form, self._data, self._at + offset) if offset else 0

    def table(self, slot: int) -> "_Table":
        """Return the table that a field leads to."""
        offset = self._offset(slot)
        if offset == 0:
            raise struct.error
        return _Table(self._data, _offset(self._data, self._at + offset))

    def _offset(self, slot: int) -> int:
        at = 4 + 2 * slot
        return _read("<H", self._data, self._slots + at) if at + 2 <= self._slots_bytes else 0


def _offset(data: bytes, at: int) -> int:
    return at + _read("<I", data, at)


def _read(form: str, data: bytes, at: int) -> int:
    if at < 0:  # which Python would count from the end
        raise struct.error
    number: int = struct.unpack_from(form, data, at)[0]
    return number


def _too_large(what: str, size_bytes: int, max_bytes: int, advice: str = "send less at once.") -> InvalidInput:
    return InvalidInput.of(BODY, f"has {size_bytes} bytes in {what}, may have {max_bytes}: {advice}")
