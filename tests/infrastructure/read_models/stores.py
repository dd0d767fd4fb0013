"""Generations on each store, and histories to make them of."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Table, select

from application.datasets.projection import project as project_datasets
from application.models.projection import project as project_models
from application.ports.event_log import EventLog
from application.training.projection import TRAINING_JOBS
from domain.kernel import DomainEvent, UnknownEvent
from infrastructure.read_models.building import Progress, Source
from infrastructure.read_models.file_generations import FileGenerations
from infrastructure.read_models.generations import Generations
from infrastructure.read_models.schema_generations import SchemaGenerations
from infrastructure.read_models.sql import SqlReadModels
from infrastructure.read_models.tables import ATTRIBUTES, DOCUMENTS, INSTANTS, PARKED
from tests.support.fakes.event_log import InMemoryEventLog
from tests.support.replays import replay_of

STORES = ("SQLite", "PostgreSQL")
PROJECTIONS = (project_models, project_datasets, TRAINING_JOBS.project)
CONTENTS: Sequence[Table] = (*DOCUMENTS.values(), ATTRIBUTES, INSTANTS, PARKED)


@contextmanager
def generations_on(store: str, request: pytest.FixtureRequest, directory: Path) -> Iterator[Generations]:
    made: Generations
    if store == "SQLite":
        made = FileGenerations(directory)
    else:
        made = SchemaGenerations(request.getfixturevalue("postgres_url"))
    try:
        yield made
    finally:
        made.close()


def again(generations: Any) -> Generations:
    """Return the same generations, as another process sees them."""
    if isinstance(generations, FileGenerations):
        return FileGenerations(generations._directory)
    return SchemaGenerations(generations._url)


def a_source(log: EventLog) -> Source:
    return Source(log=log, replay=replay_of(log), projections=PROJECTIONS)


def a_log(*events: DomainEvent) -> InMemoryEventLog:
    log = InMemoryEventLog()
    log.append(*events)
    return log


def unreadable(event: DomainEvent) -> UnknownEvent:
    """Return the event as a program sees it that does not know its topic."""
    place = {name: getattr(event, name) for name in DomainEvent.model_fields}
    return UnknownEvent(**place, topic=event.TOPIC, error="no such topic\0", state="{}")


def contents(models: SqlReadModels) -> dict[str, list[tuple[Any, ...]]]:
    """Return every row that follows from events."""
    with models.reading() as connection:
        return {
            table.name: [tuple(row) for row in connection.execute(select(table).order_by(*table.primary_key))]
            for table in CONTENTS
        }


class Told:
    """Remembers the progress that it was told."""

    def __init__(self) -> None:
        self.progress: list[Progress] = []

    def __call__(self, progress: Progress) -> None:
        self.progress.append(progress)
