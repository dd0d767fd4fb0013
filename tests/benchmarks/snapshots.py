"""Models of a long history: opened by a new process with and without a snapshot, and promoted."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path
from uuid import uuid4

from application.ledger import Ledger
from application.snapshot import Remembered, to_snapshot
from domain.models import model as models
from domain.models.events import VersionStatusChanged
from domain.models.model import Model
from domain.models.values import ModelStatus
from infrastructure.event_store.settings import sqlite_environment
from infrastructure.snapshots import SqlSnapshots
from tests.benchmarks.measure import Figure, interleaved, median_ratio, scratch, spread
from tests.domain.histories import a_model, a_version
from tests.support.given import provenance
from tests.support.operation import operation_database

SIZES = (10, 1_000, 10_000)
SINCE = 49
"""Events after the snapshot, where there are so many: one is taken at every fiftieth."""
PROMOTIONS = 200
_numbers = count(1)


def run() -> list[Figure]:
    """Measure on SQLite; a new ledger and new connections for each opening."""
    figures = []
    promotions: list[Callable[[], float]] = []
    commits: list[Callable[[], float]] = []
    with scratch() as directory:
        for size in SIZES:
            home = directory / str(size)
            home.mkdir()
            model = _a_stored_model(home, versions=size)
            folded, resumed = interleaved(
                lambda home=home, model=model: _opening_ms(home, model, with_snapshots=False),
                lambda home=home, model=model: _opening_ms(home, model, with_snapshots=True),
            )
            figures += [
                Figure(f"{size:,} versions, opened from its events", spread(folded, "ms", 2)),
                Figure(
                    f"{size:,} versions, from a snapshot {min(size, SINCE)} events ago", spread(resumed, "ms", 2)
                ),
            ]
            promotions.append(lambda model=model: _promotion_us(model))
            commits.append(lambda home=home, model=model: _promotion_committed_ms(home, model))
        decided = interleaved(*promotions)
        committed = interleaved(*commits)
    for size, each, stored in zip(SIZES, decided, committed, strict=True):
        figures += [
            Figure(f"{size:,} versions, promotion decided and evolved", spread(each, "µs", 1)),
            Figure(f"{size:,} versions, promotion read, decided and committed", spread(stored, "ms", 2)),
        ]
    return [
        *figures,
        Figure(f"ratio of deciding, {SIZES[-1]:,} : {SIZES[0]}", f"{median_ratio(decided[-1], decided[0]):.2f}"),
        Figure(
            f"ratio with commit, {SIZES[-1]:,} : {SIZES[0]}", f"{median_ratio(committed[-1], committed[0]):.2f}"
        ),
    ]


def _a_stored_model(home: Path, *, versions: int) -> Model:
    """Store a model, and its snapshot of `SINCE` events before its end; return it."""
    story = a_model()
    model: Model = story.state
    events = list(story.events)
    before = model
    for place in range(versions):
        arguments = a_version(place) | {"version_id": uuid4()}
        events.append(models.register_version(model, **arguments, by=provenance(next(_numbers))))
        model = models.evolve(model, events[-1])
        if place < versions - SINCE:
            before = model
    with Ledger(sqlite_environment(home / "events.db")) as ledger, _snapshots(home) as snapshots:
        ledger.commit(events)
        last = events[before.version - 1]
        snapshots.put(model.id, to_snapshot(Remembered(model=before, last_event_id=last.event_id)))
    return model


def _opening_ms(home: Path, model: Model, *, with_snapshots: bool) -> float:
    with (
        _snapshots(home) as snapshots,
        Ledger(sqlite_environment(home / "events.db"), snapshots=snapshots if with_snapshots else None) as ledger,
    ):
        begin = time.perf_counter()
        opened = ledger.model(model.id)
        duration = time.perf_counter() - begin
    assert opened == model
    return duration * 1e3


def _promotion_us(model: Model) -> float:
    begin = time.perf_counter()
    for turn in range(PROMOTIONS):
        model = _promoted(model, turn)
    return (time.perf_counter() - begin) / PROMOTIONS * 1e6


def _promoted(model: Model, turn: int) -> Model:
    for event in _promotion(model, turn):
        model = models.evolve(model, event)
    return model


def _promotion(model: Model, turn: int) -> tuple[VersionStatusChanged, ...]:
    reference = f"1.{turn % 7}.0"
    return models.change_status(
        model, reference=reference, status=ModelStatus.PRODUCTION, by=provenance(next(_numbers))
    )


def _promotion_committed_ms(home: Path, model: Model) -> float:
    with Ledger(sqlite_environment(home / "events.db")) as ledger:
        ledger.model(model.id)
        begin = time.perf_counter()
        for turn in range(PROMOTIONS):
            current = ledger.model(model.id)
            assert current is not None
            ledger.commit(_promotion(current, turn))
        return (time.perf_counter() - begin) / PROMOTIONS * 1e3


@contextmanager
def _snapshots(home: Path) -> Iterator[SqlSnapshots]:
    with operation_database(home / "operation.db") as operation:
        yield SqlSnapshots(operation)
