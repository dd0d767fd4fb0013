"""Instances in a line each, answered in a line each."""

from collections.abc import Iterator

import orjson

from application.inference.asking import RefusedRow
from application.inference.explaining import Explain
from application.inference.routes import Served
from domain.errors import InvalidInput
from interfaces.inference.answers import result_lines
from interfaces.inference.instances import InstanceDecoder
from interfaces.inference.row_streams import Piece, answers_in_steps, chunk_rows
from interfaces.requests.fields import BODY

LINE_MAX_BYTES = 1024 * 1024
"""As long a line may be, and so much is answered at a time."""

_BYTE_ORDER_MARK = b"\xef\xbb\xbf"


class JsonLines:
    r"""A body of one instance per line, answered by one result per line, in order.

    Lines end in `\n` or `\r\n`, the last one need not. Blank lines count as lines, but have no answer. A byte
    order mark at the beginning means nothing.

    Args:
        served: What answers.
        explain: Which predictions are explained.

    Attributes:
        instances: How many were answered.
    """

    media_type = "application/x-ndjson"

    def __init__(self, served: Served, *, explain: Explain) -> None:
        self._served = served
        self._explain = explain
        self._decoder: InstanceDecoder | None = None  # many categories take long
        self._chunk_rows = chunk_rows(len(served.loaded.predictor.schema.features))
        self._buffer = bytearray()
        self._lines = 0
        self.instances = 0

    @property
    def held_bytes(self) -> int:
        """How many bytes were taken and are not answered yet."""
        return len(self._buffer)

    def add(self, piece: bytes) -> None:
        """Take the next bytes of the body."""
        self._buffer += piece

    def next_block(self) -> bytearray | None:
        """Return the lines that are complete; None where none is.

        Raises:
            InvalidInput: A line is too long.
        """
        end = self._buffer.rfind(b"\n", 0, LINE_MAX_BYTES) + 1
        if end:
            block = self._buffer[:end]
            del self._buffer[:end]
            return block
        if len(self._buffer) >= LINE_MAX_BYTES:
            message = f"has a line of more than {LINE_MAX_BYTES} bytes: put each instance into a line of its own."
            error = InvalidInput.of(BODY, message)
            error.details["line"] = self._lines + 1
            raise error
        return None

    def rest(self) -> bytearray:
        """Return the last line, where it has no end."""
        block, self._buffer = self._buffer, bytearray()
        return block

    def answer(self, block: bytearray) -> Iterator[Piece | None]:
        """Yield the answers to lines, None after each short step on the way.

        Raises:
            NotJson, NonConformingInstance: A line is no instance of the version's schema; those before it were.
        """
        if self._decoder is None:
            self._decoder = InstanceDecoder(self._served.loaded.predictor.schema)
        found = self._lines_of(block)
        if not found:
            yield Piece(b"", is_last=True)
        end = self.instances + len(found)
        for start in range(0, len(found), self._chunk_rows):
            chunk = found[start : start + self._chunk_rows]
            rows, wrong = self._decoder.of_lines(
                [line for _, line in chunk], numbers=[number for number, _ in chunk]
            )
            yield None
            try:
                for answer in answers_in_steps(self._served.loaded.predictor, rows, explain=self._explain):
                    if answer is None:
                        yield None
                    else:
                        self.instances += len(answer.predicted.predictions)
                        yield Piece(result_lines(self._served, answer), is_last=self.instances == end)
            except RefusedRow as refused:
                number, _ = chunk[refused.place]
                told = refused.told_at(f"line {number}")
                told.details["line"] = number
                raise told from None
            if wrong is not None:
                raise wrong

    def end(self) -> bytes:
        """Return how the answer ends: as each of its lines does."""
        return b""

    def failure(self, body: bytes, *, answered: int) -> bytes:
        """Return the last line of an answer that breaks off."""
        told = orjson.loads(body)
        line = (told["details"] or {}).get("line")
        last = {"error": told["error"], "error_code": told["error_code"], "line": line, "answered": answered}
        return orjson.dumps(last, option=orjson.OPT_APPEND_NEWLINE)

    def _lines_of(self, block: bytearray) -> list[tuple[int, bytes]]:
        """Return the lines that are not blank, with their numbers; the first line of the body is the first."""
        lines = bytes(block.removesuffix(b"\n")).split(b"\n")
        first = self._lines + 1
        if first == 1:
            lines[0] = lines[0].removeprefix(_BYTE_ORDER_MARK)
        self._lines += len(lines)
        return [(number, line) for number, line in enumerate(lines, first) if line.strip()]
