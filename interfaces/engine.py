"""The engine: what follows from the log is kept up to it by one process, while others stand by."""

import logging
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from time import monotonic
from typing import Protocol
from uuid import UUID

from sqlalchemy import Engine as Database

from application.jobs.attempts import Attempts
from application.jobs.leases import Held, LeaseWatch
from application.ledger import Ledger
from application.ports.filters import Comparison, FieldPath, Operator
from application.ports.heartbeats import Heartbeats
from application.ports.leadership import Leadership
from application.ports.read_models import Collection, Query, ReadModels
from application.snapshotting import Snapshotter
from domain.batches.batch import BatchPrediction
from domain.jobs.errors import JobNotFound
from domain.jobs.job import Job
from domain.jobs.values import JobStatus
from domain.training.job import TrainingJob
from infrastructure.engine_lease import NeverLeading
from infrastructure.heartbeats import SqlHeartbeats
from infrastructure.read_models.building import OnProgress, Progress
from infrastructure.read_models.opening import open_current
from infrastructure.read_models.runner import OnPage, ReadModelRunner
from infrastructure.snapshots import SqlSnapshots
from infrastructure.system.clock import SystemClock
from infrastructure.system.identity import RandomIdentity
from infrastructure.system.periodic import Periodic
from interfaces.maintenance import checkpointer, warn_of_contradiction
from interfaces.settings import Settings
from interfaces.stores import (
    PROJECTIONS,
    event_environment,
    leadership,
    read_model_generations,
    read_model_source,
)

_log = logging.getLogger(__name__)

LOOKS_PER_LEASE = 5
_TOLD_EVERY_S = 2.0
_RUNNING_MAX = 10_000


@dataclass(frozen=True, kw_only=True)
class Engine:
    """The log, what readers see of it, and what keeps the one up to the other.

    Attributes:
        operation: The database of what processes share while they run.
        ledger: The log.
        read_models: What readers see.
        runner: Keeps them up to the log where this process leads, and tells of it in every process.
        leadership: Whether this process leads.
        start: Begins; listeners of the runner's pages are there by then.
    """

    operation: Database
    ledger: Ledger
    read_models: ReadModels
    runner: ReadModelRunner
    leadership: Leadership
    start: Callable[[], None]


@contextmanager
def prepared_engine(settings: Settings, *, operation: Database, may_lead: bool = True) -> Iterator[Engine]:
    """Yield an engine that has not begun; it ends with the block.

    Read models that another version of this program made are built anew first, which may take its time.

    Args:
        settings: Where everything is.
        operation: As `operation_database` yields it.
        may_lead: Whether it does the work of the engine when nobody else does; if not, it only follows.
    """
    with ExitStack() as resources:
        snapshots = SqlSnapshots(operation)
        ledger = resources.enter_context(Ledger(event_environment(settings), snapshots=snapshots))
        read_models = open_current(
            generations=read_model_generations(settings),
            source=read_model_source(settings, ledger),
            on_progress=_logged(),
        )
        resources.callback(read_models.close)
        lease: Leadership = resources.enter_context(leadership(settings)) if may_lead else NeverLeading()
        runner = ReadModelRunner(
            log=ledger, read_models=read_models, projections=PROJECTIONS, clock=SystemClock(), leadership=lease
        )
        duties: Sequence[_Duty] = ()
        listeners: Sequence[OnPage] = ()
        if may_lead:
            warn_of_contradiction(settings)
            snapshotter = Snapshotter(ledger=ledger, snapshots=snapshots)
            signing = checkpointer(settings)
            watching = _lease_watch(settings, ledger, read_models, lease, SqlHeartbeats(operation))
            listeners = (
                lambda position, page: snapshotter.on_page(position, page) if lease.is_held() else None,
                lambda position, page: signing.on_page(position, page) if lease.is_held() else None,
            )
            duties = (snapshotter, signing, watching)

        def start() -> None:
            for listener in listeners:
                runner.on_page(listener)
            for part in (*duties, runner):
                part.start()
                resources.callback(part.stop)

        yield Engine(
            operation=operation,
            ledger=ledger,
            read_models=read_models,
            runner=runner,
            leadership=lease,
            start=start,
        )


class _Duty(Protocol):
    """What an engine does beside keeping the read models up to the log."""

    def start(self) -> None:
        """Begin."""

    def stop(self) -> None:
        """End."""


def _logged() -> OnProgress:
    """Return what tells of a long building now and then, for whoever waits for the start."""
    told_at = monotonic()

    def on_progress(progress: Progress) -> None:
        nonlocal told_at
        if monotonic() - told_at >= _TOLD_EVERY_S:
            told_at = monotonic()
            of = f" of {progress.total:,}" if progress.total else ""
            _log.warning("The read models are built anew: %s, %s%s.", progress.stage, f"{progress.done:,}", of)

    return on_progress


def _lease_watch(
    settings: Settings, ledger: Ledger, read_models: ReadModels, lease: Leadership, heartbeats: Heartbeats
) -> Periodic:
    watch = LeaseWatch(
        running=lambda: _held(read_models),
        heartbeats=heartbeats,
        attempts=_AttemptsOfAnyKind(
            ledger=ledger, identity=RandomIdentity(), clock=SystemClock(), actor="lease-watch"
        ),
        clock=SystemClock(),
        lease_s=settings.lease_s,
    )
    interval_s = settings.lease_s / LOOKS_PER_LEASE
    return Periodic(
        name="lease-watch",
        interval_s=interval_s,
        function=lambda: watch.look() if lease.is_held() else None,
    )


def _held(read_models: ReadModels) -> list[Held]:
    running = Comparison(field=FieldPath(root="status"), operator=Operator.EQ, literal=JobStatus.RUNNING.value)
    at = read_models.position()
    return [
        (UUID(job["id"]), job["attempt"])
        for collection in (Collection.JOBS, Collection.BATCHES)
        for job in read_models.find(Query(collection=collection, where=running, limit=_RUNNING_MAX, at=at))
    ]


class _AttemptsOfAnyKind(Attempts[Job]):
    def load(self, job_id: UUID) -> Job:
        job = self._ledger.job(job_id, TrainingJob) or self._ledger.job(job_id, BatchPrediction)
        if job is None:
            raise JobNotFound(f"There is no job {job_id}.", kind="job", id=str(job_id))
        return job
