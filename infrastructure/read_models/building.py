"""Making a generation of read models from the events, from the first one on."""

import gc
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from enum import StrEnum
from typing import NamedTuple, Protocol

from application.ports.event_log import EventLog
from application.ports.read_models import Project, ReadModels
from domain.kernel import DomainEvent
from infrastructure.read_models.bulk import BulkRows
from infrastructure.read_models.generations import Generations
from infrastructure.read_models.projecting import ProjectionFailed, apply

PAGE_EVENTS = 500
_TOLD_EVERY = 1_000


class Stage(StrEnum):
    """What a rebuild is at."""

    READING = "reading events"
    INDEXING = "making indexes"
    COMPARING = "comparing rows"


class Progress(NamedTuple):
    """How far a stage is, in positions or rows; a total of 0 says that nobody knows."""

    stage: Stage
    done: int
    total: int


OnProgress = Callable[[Progress], None]


class Replay(Protocol):
    """Every event there is, told once."""

    def __call__(self, *, after: int, upto: int) -> Iterable[tuple[int, DomainEvent]]:
        """Yield position and event of all events in between, in order; `upto` is the last one."""


class Source(NamedTuple):
    """What read models follow from.

    Attributes:
        log: The events, page by page.
        replay: The same events, from the first on.
        projections: What follows from an event; all are given every event.
    """

    log: EventLog
    replay: Replay
    projections: Sequence[Project]


class Built(NamedTuple):
    """A generation that is whole.

    Attributes:
        number: Its number.
        failure: What kept it from going on to the end of the log; None when nothing did.
    """

    number: int
    failure: ProjectionFailed | None


def build(generations: Generations, source: Source, on_progress: OnProgress) -> Built:
    """Make a generation of all events that there are now; to be called while `generations.building`."""
    head = source.log.head()
    number, new_tables = generations.begin()
    position, failure = 0, None
    with new_tables as tables, _cycles_left_alone():
        rows = BulkRows(tables)
        on_progress(Progress(Stage.READING, 0, head))
        try:
            for position, event in source.replay(after=0, upto=head):
                apply(event, position, projections=source.projections, rows=rows)
                rows.settle()
                if position % _TOLD_EVERY == 0:
                    on_progress(Progress(Stage.READING, position, head))
        except ProjectionFailed as error:
            rows.discard()
            position, failure = rows.position, error
        rows.finish()
        on_progress(Progress(Stage.READING, head, head))
        on_progress(Progress(Stage.INDEXING, 0, 0))
        tables.finish(position)
    return Built(number, failure)


@contextmanager
def _cycles_left_alone() -> Iterator[None]:
    """Keep Python from looking for cycles: nothing here makes any, and to look through all documents again and
    again would take longer than to make them.
    """
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()


def catch_up(models: ReadModels, source: Source, *, upto: int) -> int:
    """Apply pages of events up to a position, as far as the log goes; return the position reached.

    Raises:
        ProjectionFailed: A projection fails on an event.
    """
    position = models.position()
    while position < upto:
        read = source.log.read(after=position, limit=PAGE_EVENTS)
        page = [each for each in read if each.position <= upto]
        if not page:
            break
        with models.page(after=position, upto=page[-1].position) as rows:
            for each in page:
                apply(each.event, each.position, projections=source.projections, rows=rows)
        position = page[-1].position
    return position
