"""The composition root: the only place that sees all layers."""

import os
import socket
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

from application.inference.serving import Serving
from application.ledger import Ledger
from application.service import Service
from application.training.handlers import Attempts
from application.training.worker import Worker
from infrastructure.datasets.isolated import IsolatedDatasetFiles
from infrastructure.heartbeats import SqlHeartbeats
from infrastructure.learning.subprocess import SubprocessTrainer
from infrastructure.snapshots import SqlSnapshots
from infrastructure.system.clock import SystemClock
from infrastructure.system.identity import RandomIdentity
from interfaces.engine import prepared_engine
from interfaces.home import require_finished
from interfaces.maintenance import log_verifier
from interfaces.settings import Settings
from interfaces.stores import event_environment, opened_artifacts, operation


@contextmanager
def running_service(settings: Settings) -> Iterator[Service]:
    """Yield the service, with its read models following the log and its jobs watched over."""
    # here, because a worker has no use for the libraries that it brings, nor room: they are half its memory
    from infrastructure.learning.predictors import LightGBMPredictorLoader  # noqa: PLC0415 - see above

    with ExitStack() as resources:
        artifacts = opened_artifacts(settings)
        artifacts.clear_incoming()
        engine = resources.enter_context(prepared_engine(settings))
        serving = Serving(
            read_models=engine.read_models,
            loader=LightGBMPredictorLoader(artifacts=artifacts),
            capacity_bytes=settings.predictor_memory_bytes,
        )
        engine.runner.on_page(lambda _, page: serving.on_page(page))
        engine.start()
        yield Service(
            ledger=engine.ledger,
            read_models=engine.read_models,
            progress=engine.runner,
            serving=serving,
            artifacts=artifacts,
            files=IsolatedDatasetFiles(settings.dataset_root),
            verify_log=log_verifier(settings),
            clock=SystemClock(),
            identity=RandomIdentity(),
        )


@contextmanager
def ready_worker(settings: Settings) -> Iterator[Worker]:
    """Yield a worker over the service's home, ready to run.

    Raises:
        HomeUnfinished: A restore into the home did not end.
        ArtifactsElsewhere: The database's artifacts are in another directory.
    """
    require_finished(settings)
    with ExitStack() as resources:
        snapshots = SqlSnapshots(operation(settings))
        resources.callback(snapshots.close)
        ledger = resources.enter_context(Ledger(event_environment(settings), snapshots=snapshots))
        heartbeats = SqlHeartbeats(operation(settings))
        resources.callback(heartbeats.close)
        actor = f"worker:{socket.gethostname()}:{os.getpid()}"
        yield Worker(
            ledger=ledger,
            attempts=Attempts(ledger=ledger, identity=RandomIdentity(), clock=SystemClock(), actor=actor),
            trainer=SubprocessTrainer(
                artifacts=opened_artifacts(settings),
                num_threads=settings.training_threads,
            ),
            heartbeats=heartbeats,
            clock=SystemClock(),
            lease_s=settings.lease_s,
        )
