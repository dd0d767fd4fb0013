"""Rows that are predicted while they still arrive, whatever form they come in."""

from collections.abc import Iterator
from typing import NamedTuple, Protocol

CHUNK_ROWS = 8_192
_CHUNK_CELLS = 1024 * 1024


class Piece(NamedTuple):
    """Bytes of a block's answer.

    Attributes:
        body: Empty where a block has nothing to answer.
        is_last: Whether the block is answered with it.
    """

    body: bytes
    is_last: bool


class RowStream(Protocol):
    """One body of rows, from its bytes to those of its answer.

    Blocks are worked on one after the other. All but `answer` is short enough for an event loop.

    Attributes:
        media_type: Of the body and of the answer.
        instances: How many rows were answered.
    """

    media_type: str
    instances: int

    @property
    def held_bytes(self) -> int:
        """How many bytes were taken and are not answered yet."""

    def add(self, piece: bytes) -> None:
        """Take the next bytes of the body."""

    def next_block(self) -> bytearray | None:
        """Return what can be answered by now; None where it takes more bytes.

        Raises:
            RequestProblem, InvalidInput: The body cannot be read on.
        """

    def rest(self) -> bytearray:
        """Return what is still to be answered at the end of the body; empty for nothing.

        Raises:
            RequestProblem: The body ends too early.
        """

    def answer(self, block: bytearray) -> Iterator[Piece | None]:
        """Yield the pieces of a block's answer, None after each short step on the way.

        Raises:
            RequestProblem, InvalidInput: The block is not what it must be from here on.
        """

    def end(self) -> bytes:
        """Return how the answer ends."""

    def failure(self, body: bytes, *, answered: int) -> bytes:
        """Return how an answer ends that breaks off.

        Args:
            body: The JSON of an `ErrorResponse`.
            answered: To so many rows the answer was sent.
        """


def chunk_rows(features: int) -> int:
    """Return how many rows are predicted at a time."""
    return max(1, min(CHUNK_ROWS, _CHUNK_CELLS // max(1, features)))
