"""The composition root: the only place that sees all layers."""

from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import partial
from importlib.util import find_spec

from starlette.types import ASGIApp

from application.batches.handlers import Attempts as BatchAttempts
from application.batches.work import BatchWork
from application.foreground import Foreground
from application.health.health import Health
from application.health.processes import Role
from application.inference.serving import Serving
from application.integration.predictions import SERVICE as PREDICTIONS
from application.integration.wake_ups import WAKING_EVENTS
from application.jobs.worker import Worker
from application.ledger import Ledger
from application.ports.siblings import Siblings
from application.service import Service
from application.training.handlers import Attempts
from application.training.work import TrainingWork
from infrastructure.batches.subprocess import SubprocessBatchPredictor
from infrastructure.database_service.rivals import RivalWatch
from infrastructure.heartbeats import SqlHeartbeats
from infrastructure.learning.artifact import load_manifest
from infrastructure.learning.environment import version_here
from infrastructure.learning.foreign.isolated import IsolatedForeignModels
from infrastructure.learning.reproduction import compare
from infrastructure.learning.subprocess import SubprocessTrainer
from infrastructure.messaging.dead_letters import NatsDeadLetters
from infrastructure.messaging.inbox import NatsInbox
from infrastructure.messaging.live import LiveJobFeed, NatsLiveIterations
from infrastructure.messaging.one_log import OneLog
from infrastructure.messaging.parts import Messaging
from infrastructure.messaging.waking import Waking
from infrastructure.snapshots import SqlSnapshots
from infrastructure.sources.allowed_urls import AllowedUrls
from infrastructure.system.background import BackgroundThreads
from infrastructure.system.clock import SystemClock
from infrastructure.system.identity import RandomIdentity
from interfaces.artifact_check import ANSWERS_ARE_FEW, warn_unless_kept
from interfaces.engine import prepared_engine
from interfaces.health import nats_servers, service_health, signs_of_life, watched_processes
from interfaces.home import require_finished
from interfaces.http.app import create_app
from interfaces.http.conversations import conversations
from interfaces.http.errors import error_response_body
from interfaces.http.stopping import Stopping
from interfaces.inference.work import Work
from interfaces.maintenance import log_verifier
from interfaces.messaging.predictions import Predictions
from interfaces.neighbours import Address, neighbours
from interfaces.program import program_version
from interfaces.requests.filters import parse_filter
from interfaces.settings import Settings
from interfaces.stores import dataset_files, event_environment, opened_artifacts, operation_database

_WORKER_CONNECTIONS = 2
"""To the log, beside one for each job that a worker does at a time: it looks for more to do meanwhile."""

_LOADING_THREADS = 4


@dataclass(frozen=True, kw_only=True)
class Running:
    """A service that runs, not yet reached over HTTP.

    Attributes:
        service: What is asked of it.
        health: How everything around it fares.
        predictions: Transport → what is predicted over it, beside HTTP.
        foreground: Told by whoever answers requests, so that what can wait makes room.
    """

    service: Service
    health: Health
    predictions: Mapping[str, Work]
    foreground: Foreground


@contextmanager
def running_service(settings: Settings, *, nats: Address, may_lead: bool = True) -> Iterator[Running]:
    """Yield the service, with its read models following the log, its jobs watched over, and its neighbours told.

    Args:
        settings: Where everything is.
        nats: Where NATS is, which may be so only later.
        may_lead: Whether it does the work of the engine when nobody else does; if not, it only answers.
    """
    # here, because a worker has no use for the libraries that it brings, nor room: they are half its memory
    from infrastructure.learning.loading import ArtifactPredictorLoader  # noqa: PLC0415 - see above

    with ExitStack() as resources:
        operation = resources.enter_context(operation_database(settings))
        artifacts = opened_artifacts(settings, operation=operation)
        artifacts.clear_incoming()
        if may_lead:  # of those that only answer there are many, and who starts them says it once
            warn_unless_kept(artifacts, meanwhile=ANSWERS_ARE_FEW)
        engine = resources.enter_context(prepared_engine(settings, operation=operation, may_lead=may_lead))
        background = resources.enter_context(BackgroundThreads(name="predictors", threads=_LOADING_THREADS))
        serving = Serving(
            read_models=engine.read_models,
            loader=ArtifactPredictorLoader(artifacts=artifacts),
            capacity_bytes=settings.predictor_memory_bytes,
            background=background,
        )
        live = LiveJobFeed()
        engine.runner.on_page(lambda _, page: serving.on_page(page))
        engine.runner.on_page(lambda _, page: live.on_page(page))
        clock = SystemClock()
        foreground = Foreground(clock=clock)
        outside = neighbours(
            settings,
            engine,
            artifacts=artifacts,
            refresh_model=serving.refresh,
            is_busy=foreground.is_busy,
        )
        predictions = Predictions(
            serving=serving,
            progress=engine.runner,
            tell_error=error_response_body,
            version=program_version(),
            one_log=OneLog(service=PREDICTIONS, log=engine.ledger),
        )
        resources.callback(predictions.close)
        rivals = RivalWatch()
        messaging = Messaging(
            address=nats,
            name="service",
            parts=(predictions, live, rivals),
            leading=outside.parts if may_lead else (),
            leadership=engine.leadership,
            when_unavailable=outside.relay.unreachable,
            clock=clock,
        )
        service = Service(
            ledger=engine.ledger,
            read_models=engine.read_models,
            progress=engine.runner,
            serving=serving,
            artifacts=artifacts,
            files=dataset_files(settings),
            foreign=IsolatedForeignModels(
                artifacts=artifacts,
                allowed_root=settings.dataset_root,
                allowed_urls=AllowedUrls.of(settings.source_urls),
            ),
            features_of=lambda artifact_url: load_manifest(artifacts, artifact_url).features,
            version_here=version_here,
            verify_log=log_verifier(settings),
            inbox=NatsInbox(messaging=messaging, replicas=settings.nats_replicas),
            dead_letters=NatsDeadLetters(messaging=messaging, react=outside.reactions.react, clock=clock),
            live=live,
            clock=clock,
            identity=RandomIdentity(),
            has_cluster=settings.dask_address is not None and find_spec("distributed") is not None,
        )
        resources.enter_context(signs_of_life(operation, Role.API))
        processes = resources.enter_context(watched_processes(operation))
        health = service_health(
            settings,
            service,
            engine,
            outside,
            messaging=messaging,
            nats=nats,
            processes=processes,
            rivalry=lambda: rivals.problem,
        )
        engine.start()
        serving.warm_up()
        messaging.start()
        resources.callback(messaging.stop)
        yield Running(
            service=service, health=health, predictions={"nats": predictions.work}, foreground=foreground
        )


def http_application(
    settings: Settings,
    running: Running,
    *,
    nats: Address,
    stopping: Stopping,
    is_loopback: bool,
    siblings: Siblings | None = None,
) -> ASGIApp:
    """Return what answers for the service over HTTP.

    Args:
        settings: Where everything is.
        running: The service.
        nats: Where NATS is.
        stopping: Told when the service is about to end.
        is_loopback: Whether nobody but this machine reaches it.
        siblings: The processes that answer on the same port; None where this is the only one.
    """
    return create_app(
        running.service,
        health=running.health,
        conversations=conversations(with_database_service=settings.database_service == "own"),
        nats_servers=partial(nats_servers, nats),
        predictions=running.predictions,
        upload_max_bytes=settings.upload_max_bytes,
        stopping=stopping,
        on_request=running.foreground.note,
        loopback_host=settings.host if is_loopback else None,
        siblings=siblings,
    )


@contextmanager
def ready_worker(settings: Settings, *, nats: Address) -> Iterator[Worker]:
    """Yield a worker over the service's home, ready to run.

    Args:
        settings: Where everything is.
        nats: Where NATS is, if it is anywhere: work is found without it.

    Raises:
        HomeUnfinished: A restore into the home did not end.
        ArtifactsElsewhere: The database's artifacts are in another directory.
    """
    require_finished(settings)
    with ExitStack() as resources:
        operation = resources.enter_context(operation_database(settings))
        environment = event_environment(settings, connections=_WORKER_CONNECTIONS + settings.worker_jobs)
        ledger = resources.enter_context(Ledger(environment, snapshots=SqlSnapshots(operation)))
        clock = SystemClock()
        name = resources.enter_context(signs_of_life(operation, Role.WORKER))
        waking = Waking(events=WAKING_EVENTS, wake=lambda: worker.wake())  # noqa: PLW0108 - there is none yet
        messaging = Messaging(address=nats, name="worker", parts=(waking,), clock=clock)
        artifacts = opened_artifacts(settings, operation=operation)
        warn_unless_kept(artifacts, meanwhile="no job is begun.")
        training = TrainingWork(
            attempts=Attempts(ledger=ledger, identity=RandomIdentity(), clock=clock, actor=name),
            trainer=SubprocessTrainer(
                artifacts=artifacts,
                num_threads=max(1, settings.training_threads // settings.worker_jobs),
                memory_max_bytes=settings.training_memory_bytes,
                time_max_s=settings.training_time_s,
                cluster=settings.dask_address,
            ),
            compare=partial(compare, artifacts),
            clock=clock,
            live=NatsLiveIterations(messaging=messaging, clock=clock),
        )
        predicting = BatchWork(
            attempts=BatchAttempts(ledger=ledger, identity=RandomIdentity(), clock=clock, actor=name),
            predictor=SubprocessBatchPredictor(
                artifacts=artifacts,
                parse_condition=partial(parse_filter, parameter="explain"),
                memory_max_bytes=settings.training_memory_bytes,
                time_max_s=settings.training_time_s,
            ),
            clock=clock,
        )
        worker = Worker(
            ledger=ledger,
            works=[training, predicting],
            heartbeats=SqlHeartbeats(operation),
            lease_s=settings.lease_s,
            at_once=settings.worker_jobs,
            check=artifacts.check,
        )
        messaging.start()
        resources.callback(messaging.stop)
        yield worker
