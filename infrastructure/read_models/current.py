"""The read models that readers see: whichever generation is the current one, as of each question."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from datetime import datetime
from threading import Lock
from typing import NamedTuple, TypeVar
from uuid import UUID

from sqlalchemy.exc import DBAPIError

from application.ports.read_models import Collection, Document, ParkedEvent, PositionTaken, Query, Rows
from infrastructure.read_models.dialects import is_lost
from infrastructure.read_models.fingerprint import fingerprint
from infrastructure.read_models.generations import Generations
from infrastructure.read_models.sql import SqlReadModels

Answer = TypeVar("Answer")


class MadeByAnotherProgram(Exception):
    """The current read models are of another version of this program: what this one has moves no further."""


class _Generation(NamedTuple):
    number: int
    models: SqlReadModels


class CurrentReadModels:
    """Read models that go over to a new generation when there is one, whoever made it.

    A question is answered from one generation. The next one begins where the one before it was stopped, so
    that nobody in this process sees positions go back. A generation made by another version of this program
    is not gone over to: what it holds could not be read here.

    Args:
        generations: Which of them there are; the current one is this program's.
    """

    def __init__(self, *, generations: Generations) -> None:
        self._generations = generations
        self._lock = Lock()
        self._foreign: int | None = None
        self._before: SqlReadModels | None = None
        number = generations.current()
        if number is None:
            msg = "there is no generation of read models yet"
            raise LookupError(msg)
        self._generation = _Generation(number, generations.open(number))

    def close(self) -> None:
        """Close all connections that nobody uses."""
        with self._lock:
            if self._before is not None:
                self._before.close()
            self._generation.models.close()
            self._generations.close()

    def position(self) -> int:
        """Return the position of the last event applied; 0 before the first."""
        return self._answer(lambda models: models.position())

    def get(self, collection: Collection, id: UUID, *, at: int | None = None) -> Document | None:  # noqa: A002 - the field's name
        """Return the document as it was at the position (now, when None); None when there was none."""
        return self._answer(lambda models: models.get(collection, id, at=at))

    def changed_at(self, collection: Collection, id: UUID, *, upto: int) -> list[int]:  # noqa: A002 - the field's name
        """Return the positions, up to and with `upto`, at which the document became another, in order."""
        return self._answer(lambda models: models.changed_at(collection, id, upto=upto))

    def position_at(self, instant: datetime) -> int:
        """Return the last position applied up to which no event is later than the instant; 0 before all."""
        return self._answer(lambda models: models.position_at(instant))

    def parked(self) -> list[ParkedEvent]:
        """Return the events that could not be read, in position order, at most a thousand."""
        return self._answer(lambda models: models.parked())

    def find(self, query: Query) -> list[Document]:
        """Return the documents that the query asks for, in its order, from one state of the database.

        Raises:
            InvalidInput: A filter or order that the collection cannot answer.
            ReadTooLong: The answer takes longer than it may.
        """
        return self._answer(lambda models: models.find(query))

    @contextmanager
    def page(self, *, after: int, upto: int) -> Iterator[Rows]:
        """Apply a page of events to the current generation: all that is put, and the position, or nothing.

        Raises:
            PositionTaken: The position is not `after` any more: another process has applied the page.
            MadeByAnotherProgram: The current generation is not for this program.
        """
        with ExitStack() as page:
            generation = self._latest()
            try:
                rows = page.enter_context(self._page_of(generation, after=after, upto=upto))
            except PositionTaken:
                if self._go_over() is generation:
                    self._require_ours()
                    raise
                rows = page.enter_context(self._page_of(self._generation, after=after, upto=upto))
            yield rows

    def _require_ours(self) -> None:
        if self._foreign is not None:
            msg = "the read models were made anew by another version of this program: start this one again"
            raise MadeByAnotherProgram(msg) from None

    @contextmanager
    def _page_of(self, generation: _Generation, *, after: int, upto: int) -> Iterator[Rows]:
        with generation.models.page(after=after, upto=upto) as rows:
            # again with the write lock held, which a switch needs, too
            if self._generations.glance() != generation.number:
                msg = f"generation {generation.number} is not the current one any more"
                raise PositionTaken(msg)
            yield rows

    def _answer(self, question: Callable[[SqlReadModels], Answer]) -> Answer:
        generation = self._latest()
        try:
            return question(generation.models)
        except DBAPIError as error:
            if is_lost(error) or self._go_over() is generation:
                raise
            return question(self._generation.models)  # the one before was dropped under the question

    def _latest(self) -> _Generation:
        generation = self._generation
        if self._generations.glance() in {generation.number, self._foreign}:
            return generation
        return self._go_over()

    def _go_over(self) -> _Generation:
        """Return the current generation, opened if it is another than until now."""
        with self._lock:
            number = self._generations.current()
            if number is None or number in {self._generation.number, self._foreign}:
                return self._generation
            if self._generations.fingerprint(number) != fingerprint():
                self._foreign = number
                return self._generation
            if self._before is not None:
                self._before.close()
            # closed at the next switch only: somebody may be reading it now
            self._before = self._generation.models
            self._generation = _Generation(number, self._generations.open(number))
            return self._generation
