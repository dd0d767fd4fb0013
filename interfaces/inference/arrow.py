"""Streams of Arrow's: record batches in, record batches out."""

from collections.abc import Iterator
from contextlib import contextmanager

import pyarrow as pa

from application.inference.asking import RefusedRow
from application.inference.explaining import Explain
from application.inference.routes import Served
from domain.errors import InvalidInput
from interfaces.inference.arrow_answers import END, ArrowAnswers
from interfaces.inference.arrow_columns import ArrowColumns
from interfaces.inference.arrow_messages import ArrowMessages
from interfaces.inference.row_streams import Piece, answers_in_steps, chunk_rows
from interfaces.requests.fields import BODY
from interfaces.requests.problems import NotArrow

BATCH_MAX_ROWS = 10_000_000
"""Columns of nulls alone take no bytes, whatever the number of their rows."""

_OPTIONS = pa.ipc.IpcReadOptions(use_threads=False)


class ArrowRows:
    """A body that is an Arrow IPC stream, answered by another.

    Args:
        served: What answers.
        explain: Which predictions are explained.

    Attributes:
        instances: How many rows were answered.
    """

    media_type = "application/vnd.apache.arrow.stream"

    def __init__(self, served: Served, *, explain: Explain) -> None:
        self._predictor = served.loaded.predictor
        self._explain = explain
        self._messages = ArrowMessages()
        self._arrived = _Arrived()
        self._reader: pa.RecordBatchStreamReader | None = None
        self._head = b""
        self._chunk_rows = chunk_rows(len(self._predictor.schema.features))
        self.instances = 0

    @property
    def held_bytes(self) -> int:
        """How many bytes were taken and are not answered yet."""
        return self._messages.held_bytes

    def add(self, piece: bytes) -> None:
        """Take the next bytes of the body."""
        self._messages.add(piece)

    def next_block(self) -> bytearray | None:
        """Return what stands there up to the end of the next record batch; None where that is not there yet.

        Raises:
            NotArrow: These are no messages of Arrow's.
            InvalidInput: One is too large, compressed, or a dictionary in parts.
        """
        return self._messages.next_batch()

    def rest(self) -> bytearray:
        """Return what stands behind the last record batch.

        Raises:
            NotArrow: The stream ends in the middle of a message.
        """
        return self._messages.rest()

    def answer(self, block: bytearray) -> Iterator[Piece | None]:
        """Yield the pieces of the answer to a record batch, None after each short step.

        Raises:
            NotArrow: Arrow cannot read it.
            NonConformingInstance: Its columns are not what the version asks for, or a row cannot be answered.
            InvalidInput: It has too many rows.
        """
        self._arrived.add(block)
        with _told_as_unreadable():
            batch = self._next_batch()
        if batch.num_rows == 0:
            yield Piece(b"", is_last=True)
        end = self.instances + batch.num_rows
        for start in range(0, batch.num_rows, self._chunk_rows):
            first = self.instances
            with _told_as_unreadable():
                rows = self._columns.rows(batch.slice(start, self._chunk_rows), first=first)
            yield None
            try:
                for answer in answers_in_steps(self._predictor, rows, explain=self._explain):
                    if answer is None:
                        yield None
                    else:
                        self.instances += len(answer.predicted.predictions)
                        yield Piece(self._begun() + self._answers.batch(answer), is_last=self.instances == end)
            except RefusedRow as refused:
                raise refused.shifted(first) from None

    def end(self) -> bytes:
        """Return how the answer ends."""
        return self._begun() + END

    def failure(self, body: bytes, *, answered: int) -> bytes:
        """Return how an answer ends that breaks off: without the end of its stream."""
        return b""

    def _begun(self) -> bytes:
        head, self._head = self._head, b""
        return head

    def _next_batch(self) -> pa.RecordBatch:
        """Return the record batch that has arrived; one without rows where there is nothing but a schema."""
        if self._reader is None:
            self._reader = pa.ipc.open_stream(pa.PythonFile(self._arrived, mode="r"), options=_OPTIONS)
            self._columns = ArrowColumns(self._predictor.schema, self._reader.schema)
            self._answers = ArrowAnswers(self._predictor, has_explanations=self._explain is not False)
            self._head = self._answers.head
            self._dictionaries_read = -1
        try:
            batch = self._reader.read_next_batch()
        except StopIteration:
            return pa.RecordBatch.from_pylist([], schema=self._reader.schema)
        if batch.num_rows > BATCH_MAX_ROWS:
            message = f"has a record batch of {batch.num_rows} rows, may have {BATCH_MAX_ROWS}: write smaller ones"
            raise InvalidInput.of(BODY, f"{message}.")
        batch.validate()
        if (read := self._reader.stats.num_dictionary_batches) != self._dictionaries_read:
            self._dictionaries_read = read
            self._columns.renew_dictionaries(batch)
        return batch


@contextmanager
def _told_as_unreadable() -> Iterator[None]:
    """Tell whatever Arrow finds wrong as what is wrong with the body."""
    try:
        yield
    except (pa.ArrowException, OSError, ValueError) as error:
        message = f"The stream cannot be read: {error}"
        raise NotArrow(message) from None


class _Arrived:
    """The bytes that have arrived, as a file that ends where they do."""

    def __init__(self) -> None:
        self._block = memoryview(b"")
        self._at = 0
        self.closed = False

    def add(self, block: bytearray) -> None:
        """Let there be more bytes, behind those that were read."""
        self._block = memoryview(block)
        self._at = 0

    def read(self, size: int) -> bytes:
        """Return so many bytes, fewer at the end; a copy, so that a dictionary holds no batch in memory."""
        found = bytes(self._block[self._at : self._at + size])
        self._at += len(found)
        return found

    def close(self) -> None:
        """Let there be no more."""
        self.closed = True
