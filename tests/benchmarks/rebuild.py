"""A rebuild of the read models against reading the same rows and parsing their JSON."""

import gc
import sqlite3
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager
from datetime import timedelta
from functools import partial
from typing import Any, NamedTuple
from uuid import UUID, uuid5

import orjson
import psycopg

from application.datasets.projection import project as project_datasets
from application.ledger import Ledger
from application.models.projection import project as project_models
from application.training.projection import TRAINING_JOBS
from domain.kernel import DomainEvent, Provenance
from domain.models import model as models
from domain.models.values import ModelType
from infrastructure.event_store.replay import PostgresReplay, SqliteReplay
from infrastructure.event_store.settings import postgres_environment, sqlite_environment
from infrastructure.read_models.building import Source, build
from infrastructure.read_models.file_generations import FileGenerations
from infrastructure.read_models.generations import Generations
from infrastructure.read_models.schema_generations import SchemaGenerations
from tests.benchmarks.measure import Figure, interleaved, median_ratio, scratch, spread
from tests.support.given import NOON
from tests.support.postgres import PostgresServer

EVENTS = 200_000
_PAGE = 1_000
_IDS = UUID("8b7a5b0e-8c4e-4b57-9d53-2f6f0b6f7a11")
_TEAMS = ("growth", "risk", "search", "pricing")


class Store(NamedTuple):
    """A log on one store, and how its rows are had at best."""

    name: str
    source: Source
    generations: Generations
    parse: Callable[[], int]


def run() -> list[Figure]:
    """Measure 200,000 events: half register a model, half change the description of one."""
    figures = []
    for open_store in (on_sqlite, on_postgres):
        with open_store() as store:
            rates, bare = interleaved(partial(rebuilt, store), partial(parsed, store))
            figures += [
                Figure(f"{store.name}: select + orjson.loads", spread(bare, "events/s")),
                Figure(f"{store.name}: rebuild of {EVENTS:,} events", spread(rates, "events/s")),
                Figure(f"{store.name}: ratio", f"{median_ratio(rates, bare):.2f}"),
            ]
    return figures


def rebuilt(store: Store) -> float:
    """Return how many events a second become read models, from the first row read to the last index."""
    gc.collect()
    begin = time.perf_counter()
    build(store.generations, store.source, lambda _: None)
    return EVENTS / (time.perf_counter() - begin)


def parsed(store: Store) -> float:
    """Return how many events a second are read and parsed."""
    gc.collect()
    begin = time.perf_counter()
    assert store.parse() == EVENTS
    return EVENTS / (time.perf_counter() - begin)


@contextmanager
def on_sqlite() -> Iterator[Store]:
    """Yield a log on SQLite."""
    with ExitStack() as resources:
        directory = resources.enter_context(scratch())
        path = directory / "events.db"
        ledger = resources.enter_context(Ledger(sqlite_environment(path, synchronous="NORMAL")))
        bare = resources.enter_context(closing(sqlite3.connect(path)))
        fill(ledger)
        select = "SELECT rowid, originator_id, originator_version, topic, state FROM stored_events ORDER BY rowid"

        def parse() -> int:
            return sum(1 for row in bare.execute(select) if orjson.loads(row[4]))

        source = source_of(ledger, SqliteReplay(path, log=ledger))
        yield Store("SQLite", source, FileGenerations(directory), parse)


@contextmanager
def on_postgres() -> Iterator[Store]:
    """Yield a log on PostgreSQL."""
    with ExitStack() as resources:
        url = resources.enter_context(resources.enter_context(PostgresServer()).fresh_database())
        ledger = resources.enter_context(Ledger(postgres_environment(url)))
        bare = resources.enter_context(psycopg.connect(url))
        generations = SchemaGenerations(url)
        resources.callback(generations.close)
        fill(ledger)
        select = "SELECT position, originator_id, originator_version, topic, state FROM ml_events.stored_events"

        def parse() -> int:
            with bare.cursor(binary=True) as cursor:
                found = cursor.execute(f"{select} ORDER BY position")
                return sum(1 for row in found if orjson.loads(row[4]))

        source = source_of(ledger, PostgresReplay(url, log=ledger))
        yield Store("PostgreSQL", source, generations, parse)


def source_of(ledger: Ledger, replay: Any) -> Source:
    return Source(log=ledger, replay=replay, projections=(project_models, project_datasets, TRAINING_JOBS.project))


def fill(ledger: Ledger) -> None:
    """Store the events, in pages."""
    page: list[DomainEvent] = []
    for event in history(EVENTS // 2):
        page.append(event)
        if len(page) == _PAGE:
            ledger.commit(page)
            page.clear()
    ledger.commit(page)


def history(count: int) -> Iterator[DomainEvent]:
    """Yield the registrations of so many models, then one change of each."""
    registered = []
    for number in range(count):
        metadata = {"team": _TEAMS[number % len(_TEAMS)], "cost": number % 97}
        event = models.register(
            model_id=uuid5(_IDS, str(number)),
            name=f"model-{number}",
            type=ModelType.REGRESSION,
            description=f"The {number}th of them",
            metadata=metadata,
            by=by(number),
        )
        registered.append(event)
        yield event
    for number, first in enumerate(registered, start=count):
        state = models.evolve(None, first)
        description = f"Described at {number}"
        for event in models.describe(state, description=description, metadata=state.metadata, by=by(number)):
            yield event


def by(number: int) -> Provenance:
    """Return the provenance of the command of this number."""
    return Provenance(
        timestamp=NOON + timedelta(milliseconds=number),
        actor="ann",
        correlation_id=f"request-{number}",
        command_id=uuid5(_IDS, f"command {number}"),
    )
