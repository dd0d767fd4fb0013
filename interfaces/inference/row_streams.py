"""Rows that are predicted while they still arrive, whatever form they come in."""

from collections.abc import Iterator
from time import perf_counter
from typing import NamedTuple, Protocol

from application.inference.asking import RefusedRow
from application.inference.explaining import Explain
from application.ports.predictor import Predictor, Rows
from interfaces.inference.predicting import Answered, answered_in_steps, joined

CHUNK_ROWS = 8_192
_CHUNK_CELLS = 1024 * 1024
SEND_AFTER_S = 0.5
"""Half of the shortest time that a sender gives: what was answered by then is sent, however few rows it is."""


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

    Blocks are worked on one after the other. To make one is short enough for an event loop, as all is but
    `answer`.

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


def answers_in_steps(predictor: Predictor, rows: Rows, *, explain: Explain) -> Iterator[Answered | None]:
    """Yield None after each step, and the answers for the rows in their order, whenever they have taken a while.

    To explain a chunk may take a large model longer than a request may take; all of it is not waited for.

    Raises:
        RefusedRow: One of them cannot be answered; those before it were.
    """
    pieces: list[Answered] = []
    began = perf_counter()
    refused: RefusedRow | None = None
    try:
        for piece in answered_in_steps(predictor, rows, explain=explain):
            pieces.append(piece)
            yield None
            if perf_counter() - began >= SEND_AFTER_S:
                yield joined(pieces)
                pieces, began = [], perf_counter()
    except RefusedRow as error:
        refused = error
    if pieces:
        yield joined(pieces)
    if refused is not None:
        raise refused
