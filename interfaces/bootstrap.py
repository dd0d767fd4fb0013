"""The composition root: the only place that sees all layers."""

import os
import socket
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from uuid import UUID

from application.datasets.projection import project as project_datasets
from application.inference.serving import Serving
from application.ledger import Ledger
from application.models.projection import project as project_models
from application.ports.filters import Comparison, FieldPath, Operator
from application.ports.read_models import Collection, Query, ReadModels
from application.service import Service
from application.training.handlers import Attempts
from application.training.leases import Held, LeaseWatch
from application.training.projection import project as project_jobs
from application.training.worker import Worker
from domain.training.values import JobStatus
from infrastructure.artifacts.local import LocalArtifacts
from infrastructure.datasets.isolated import IsolatedDatasetFiles
from infrastructure.event_store.settings import sqlite_environment
from infrastructure.heartbeats import SqlHeartbeats, sqlite_engine
from infrastructure.learning.subprocess import SubprocessTrainer
from infrastructure.read_models.runner import ReadModelRunner
from infrastructure.read_models.sql import SqlReadModels
from infrastructure.system.clock import SystemClock
from infrastructure.system.identity import RandomIdentity
from infrastructure.system.periodic import Periodic
from interfaces.settings import Settings

LOOKS_PER_LEASE = 5
_RUNNING_MAX = 10_000


@contextmanager
def running_service(settings: Settings) -> Iterator[Service]:
    """Yield the service over its home, with its read models following the log and its jobs watched over."""
    # here, because a worker has no use for the libraries that it brings, nor room: they are half its memory
    from infrastructure.learning.predictors import LightGBMPredictorLoader  # noqa: PLC0415 - see above

    with ExitStack() as resources:
        ledger = resources.enter_context(Ledger(sqlite_environment(settings.events_path)))
        read_models = SqlReadModels(url=f"sqlite:///{settings.read_models_path.absolute()}")
        resources.callback(read_models.close)
        artifacts = LocalArtifacts(root=settings.artifacts_path.absolute())
        artifacts.clear_incoming()
        serving = Serving(
            read_models=read_models,
            loader=LightGBMPredictorLoader(artifacts=artifacts),
            capacity_bytes=settings.predictor_memory_bytes,
        )
        runner = ReadModelRunner(
            log=ledger,
            read_models=read_models,
            projections=(project_models, project_datasets, project_jobs),
            clock=SystemClock(),
        )
        runner.on_page(lambda _, page: serving.on_page(page))
        runner.start()
        resources.callback(runner.stop)
        heartbeats = SqlHeartbeats(sqlite_engine(settings.heartbeats_path))
        resources.callback(heartbeats.close)
        watch = LeaseWatch(
            running=lambda: _held(read_models),
            heartbeats=heartbeats,
            attempts=_attempts(ledger, actor="lease-watch"),
            clock=SystemClock(),
            lease_s=settings.lease_s,
        )
        watching = Periodic(name="lease-watch", interval_s=settings.lease_s / LOOKS_PER_LEASE, function=watch.look)
        watching.start()
        resources.callback(watching.stop)
        yield Service(
            ledger=ledger,
            read_models=read_models,
            progress=runner,
            serving=serving,
            artifacts=artifacts,
            files=IsolatedDatasetFiles(settings.dataset_root),
            clock=SystemClock(),
            identity=RandomIdentity(),
        )


@contextmanager
def ready_worker(settings: Settings) -> Iterator[Worker]:
    """Yield a worker over the service's home, ready to run."""
    with ExitStack() as resources:
        ledger = resources.enter_context(Ledger(sqlite_environment(settings.events_path)))
        heartbeats = SqlHeartbeats(sqlite_engine(settings.heartbeats_path))
        resources.callback(heartbeats.close)
        yield Worker(
            ledger=ledger,
            attempts=_attempts(ledger, actor=f"worker:{socket.gethostname()}:{os.getpid()}"),
            trainer=SubprocessTrainer(
                artifacts=LocalArtifacts(root=settings.artifacts_path.absolute()),
                num_threads=settings.training_threads,
            ),
            heartbeats=heartbeats,
            clock=SystemClock(),
            lease_s=settings.lease_s,
        )


def _attempts(ledger: Ledger, *, actor: str) -> Attempts:
    return Attempts(ledger=ledger, identity=RandomIdentity(), clock=SystemClock(), actor=actor)


def _held(read_models: ReadModels) -> list[Held]:
    running = Comparison(field=FieldPath(root="status"), operator=Operator.EQ, literal=JobStatus.RUNNING.value)
    query = Query(collection=Collection.JOBS, where=running, limit=_RUNNING_MAX, at=read_models.position())
    return [(UUID(job["id"]), job["attempt"]) for job in read_models.find(query)]
