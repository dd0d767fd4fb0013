"""The HTTP interface over the real thing: SQLite in a directory, the read models' thread, a server on loopback."""

import socket
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import httpx
import uvicorn

from application.batches.projection import BATCH_PREDICTIONS
from application.datasets.projection import project as project_datasets
from application.health.dependencies import own_dependencies
from application.health.health import KEPT_S, Health
from application.inference.serving import Serving
from application.integration.inbound import InboundEvent
from application.ledger import Ledger
from application.models.projection import project as project_models
from application.ports.messaging import MessagingUnavailable
from application.ports.predictor import PredictorLoader
from application.service import Service
from application.training.projection import TRAINING_JOBS
from domain.models import model as models
from infrastructure.artifacts.local import LocalArtifacts
from infrastructure.datasets.files import LocalDatasetFiles
from infrastructure.event_store.checkpoint_files import CheckpointFiles
from infrastructure.event_store.evidence import LogVerifier
from infrastructure.event_store.settings import sqlite_environment
from infrastructure.event_store.sqlite_log import SQLiteLog
from infrastructure.learning.foreign.isolated import IsolatedForeignModels
from infrastructure.messaging.address import NatsAddress
from infrastructure.messaging.dead_letters import NatsDeadLetters
from infrastructure.messaging.inbox import NatsInbox
from infrastructure.messaging.live import LiveJobFeed
from infrastructure.messaging.parts import Messaging
from infrastructure.read_models.runner import ReadModelRunner
from infrastructure.read_models.sql import SqlReadModels
from infrastructure.system.background import BackgroundThreads
from infrastructure.system.clock import SystemClock
from infrastructure.system.identity import RandomIdentity
from interfaces.http.app import create_app
from tests.support.commands import a_context
from tests.support.events import SHA256
from tests.support.fakes.predictors import FakePredictor, FakePredictorLoader
from tests.support.inboxes import RunningInbox

UPLOAD_MAX_BYTES = 8 * 1024 * 1024
CSV = b"age,city,churned\n" + b"".join(
    b"%d,%s,%s\n" % (n, b"bern" if n % 2 else b"basel", b"yn"[n % 2 : n % 2 + 1]) for n in range(40)
)
_START_S = 20.0


@dataclass(frozen=True, kw_only=True)
class Api:
    """A service that is served, and a client of it.

    Attributes:
        artifacts_root: Where datasets are kept, and where uploads come in.
        dataset_root: Where URIs may lead.
        runner: Keeps the read models up to the log.
        loader: Of predictors.
    """

    service: Service
    url: str
    client: httpx.Client
    artifacts_root: Path
    dataset_root: Path
    runner: ReadModelRunner
    loader: FakePredictorLoader

    def get(self, path: str, headers: dict[str, str] | None = None, **parameters: Any) -> httpx.Response:
        """Ask for a path below the base path."""
        return self.client.get(f"/api/v1{path}", params=parameters, headers=headers)

    def send(self, method: str, path: str, body: Any = None, **headers: str) -> httpx.Response:
        """Send a command to a path below the base path; `_` in a header's name means `-`."""
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return self.client.request(method, f"/api/v1{path}", json=body, headers=named)

    def post(self, path: str, body: Any = None, **headers: str) -> httpx.Response:
        """Post a JSON command."""
        return self.send("POST", path, body, **headers)

    def upload(
        self, content: bytes = CSV, *, headers: dict[str, str] | None = None, **parameters: str
    ) -> httpx.Response:
        """Upload a CSV dataset as the body itself."""
        sent = {"content-type": "text/csv", **(headers or {})}
        return self.client.post("/api/v1/datasets", params=parameters, content=content, headers=sent)

    def register_model(self, name: str = "churn", **fields: Any) -> Any:
        """Return a model that was just registered."""
        response = self.post("/models", {"name": name, "type": "classification", **fields})
        assert response.status_code == 201, response.text
        return response.json()

    def add_version(self, model: Any, *, artifact_url: str | None = "artifact:one", **metrics: float) -> Any:
        """Return a version that was just registered, as a training would."""
        ledger, identity = self.service.ledger, self.service.identity
        version_id = identity.new_id()
        known = ledger.model(ledger.id_of("model", model["id"]) or version_id)
        assert known is not None
        registered = models.register_version(
            known,
            version_id=version_id,
            hyperparameters={},
            metrics=metrics,
            artifact_url=artifact_url,
            training_job_id=None,
            dataset_id=None,
            dataset_sha256=None,
            by=a_context().provenance,
        )
        position = ledger.commit([registered])
        assert self.runner.wait_for(position, 10)
        return self.get(f"/models/{model['id']}/versions/{version_id}").json()

    def incoming(self) -> list[Path]:
        """Return what uploads have left behind."""
        return list((self.artifacts_root / "incoming").iterdir())

    def events(self, *topics: str) -> list[Any]:
        """Return what is in the log, but for the records of commands."""
        items = self.get("/events", limit=1000).json()["items"]
        return [each for each in items if not topics or each["type"] in topics]


@contextmanager
def served(
    directory: Path,
    *,
    port: int = 0,
    lock_timeout_s: int = 5,
    neighbours: RunningInbox | None = None,
    loader: Any = None,
    kept_s: float = KEPT_S,
    **settings: Any,
) -> Iterator[Api]:
    """Yield the service over its interface, on a port of its own; without NATS where no inbox runs on one.

    Its predictors come from the loader; where there is none, from one that tests can look into. How its parts fare
    is told again for `kept_s` seconds.

    A service that was there before in the directory goes on.
    """
    with ExitStack() as resources:
        loader = loader or FakePredictorLoader(**{name: FakePredictor() for name in ("one", "two", SHA256)})
        environment = sqlite_environment(directory / "events.sqlite", lock_timeout_s=lock_timeout_s)
        ledger = resources.enter_context(Ledger(environment))
        service, runner = _service(directory, ledger, loader, resources)
        if neighbours is not None:
            service = replace(service, inbox=neighbours.inbox, dead_letters=neighbours.dead_letters)
        health = Health(
            own_dependencies(service), clock=service.clock, version="1.2.3", timeout_s=_START_S, kept_s=kept_s
        )
        app = create_app(
            service, **{"health": health, "upload_max_bytes": UPLOAD_MAX_BYTES, "settled_s": 0.0, **settings}
        )
        url = resources.enter_context(listening(app, port=port))
        client = resources.enter_context(client_of(url))
        yield Api(
            service=service,
            url=url,
            client=client,
            artifacts_root=directory / "artifacts",
            dataset_root=directory / "datasets",
            runner=runner,
            loader=loader,
        )


def _service(
    directory: Path, ledger: Ledger, loader: PredictorLoader, resources: ExitStack
) -> tuple[Service, ReadModelRunner]:
    (directory / "datasets").mkdir(exist_ok=True)
    read_models = SqlReadModels(url=f"sqlite:///{directory / 'read-models.sqlite'}")
    resources.callback(read_models.close)
    background = resources.enter_context(BackgroundThreads(name="predictors", threads=2))
    serving = Serving(read_models=read_models, loader=loader, capacity_bytes=10**9, background=background)
    runner = ReadModelRunner(
        log=ledger,
        read_models=read_models,
        projections=(project_models, project_datasets, TRAINING_JOBS.project, BATCH_PREDICTIONS.project),
        clock=SystemClock(),
    )
    live = LiveJobFeed()
    nowhere = Messaging(address=_nowhere, name="nobody", clock=SystemClock())
    runner.on_page(lambda _, page: serving.on_page(page))
    runner.on_page(lambda _, page: live.on_page(page))
    runner.start()
    resources.callback(runner.stop)
    service = Service(
        ledger=ledger,
        read_models=read_models,
        progress=runner,
        serving=serving,
        artifacts=LocalArtifacts(root=directory / "artifacts"),
        files=LocalDatasetFiles(directory / "datasets"),
        foreign=IsolatedForeignModels(
            artifacts=LocalArtifacts(root=directory / "artifacts"), allowed_root=directory / "datasets"
        ),
        features_of=lambda artifact_url: loader.load(artifact_url).schema.features,
        version_here={"lightgbm": "4.7.0"}.get,
        verify_log=LogVerifier(
            log=SQLiteLog(directory / "events.sqlite"), files=CheckpointFiles(directory / "home")
        ),
        inbox=NatsInbox(messaging=nowhere),
        dead_letters=NatsDeadLetters(messaging=nowhere, react=_never, clock=SystemClock()),
        live=live,
        clock=SystemClock(),
        identity=RandomIdentity(),
    )
    return service, runner


def _never(event: InboundEvent) -> bool:
    msg = f"nobody sends {event}"
    raise AssertionError(msg)


def _nowhere() -> NatsAddress:
    raise MessagingUnavailable("There is no NATS.")


def client_of(url: str) -> httpx.Client:
    """Return a client that reads no certificates, which takes longer than most tests: nothing is encrypted."""
    return httpx.Client(base_url=url, timeout=30, trust_env=False, verify=False)


@contextmanager
def listening(app: Any, *, port: int = 0) -> Iterator[str]:
    """Yield where the application is served, on the port or one of its own."""
    with socket.create_server(("127.0.0.1", port)) as listener:
        server = uvicorn.Server(
            uvicorn.Config(app, log_config=None, access_log=False, timeout_graceful_shutdown=1)
        )
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, name="server")
        thread.start()
        try:
            deadline = threading.Event()
            for _ in range(int(_START_S / 0.005)):
                if server.started or not thread.is_alive():
                    break
                deadline.wait(0.005)
            host, port = listener.getsockname()
            yield f"http://{host}:{port}"
        finally:
            server.should_exit = True
            thread.join()
