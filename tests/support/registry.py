"""A registry with a real log and real read models, a mirror of it, and a Database Service that holds it."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import Any, Self, TypeVar
from uuid import uuid4

from nats.aio.client import Client

from application.datasets.projection import project as project_datasets
from application.ledger import Ledger
from application.models.projection import project as project_models
from application.ports.metadata_store import MIRRORED, MirrorStatus
from application.ports.read_models import Collection, Document, Query
from application.training.projection import TRAINING_JOBS
from domain.models import model as models
from domain.models.values import ModelStatus
from infrastructure.database_service.client import DatabaseClient
from infrastructure.database_service.findings import Finding
from infrastructure.database_service.mirror import Mirror
from infrastructure.database_service.queries import Queries
from infrastructure.database_service.server import DatabaseServer
from infrastructure.database_service.store import SqlMetadataStore
from infrastructure.database_service.verification import Verification
from infrastructure.event_store.settings import sqlite_environment
from infrastructure.messaging.connection import connect
from infrastructure.messaging.parts import Messaging
from infrastructure.messaging.positions import SqlFollowerPositions
from infrastructure.read_models.dialects import sqlite_url
from infrastructure.read_models.runner import ReadModelRunner
from infrastructure.read_models.sql import SqlReadModels
from infrastructure.system.clock import SystemClock
from infrastructure.system.identity import RandomIdentity
from interfaces.requests.filters import parse_filter, parse_order_by
from tests.support.commands import a_context, a_registered_model, add_version
from tests.support.events import (
    dataset_registered,
    dataset_retired,
    training_job_failed,
    training_job_progressed,
    training_job_requested,
    training_job_started,
)
from tests.support.nats import NatsServer
from tests.support.operation import operation_database
from tests.support.processes import eventually

PROJECTIONS = (project_models, project_datasets, TRAINING_JOBS.project)

Answer = TypeVar("Answer")


class Registry:
    """The log in a file, and what readers see of it.

    Args:
        directory: For the files.
    """

    def __init__(self, directory: Path) -> None:
        directory.mkdir(exist_ok=True)
        self._resources = ExitStack()
        self.directory = directory
        self.identity = RandomIdentity()
        self.ledger = self._resources.enter_context(Ledger(sqlite_environment(directory / "events.db")))
        self.open_read_models("read_models")
        operation = self._resources.enter_context(operation_database(directory / "operation.db"))
        self.positions = SqlFollowerPositions(operation)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.runner.stop()
        self._resources.close()

    def open_read_models(self, name: str) -> None:
        """Show readers these read models from now on, made from the log where they are new."""
        self.read_models = SqlReadModels(url=sqlite_url(self.directory / f"{name}.db"))
        self._resources.callback(self.read_models.close)
        self.runner = ReadModelRunner(
            log=self.ledger, read_models=self.read_models, projections=PROJECTIONS, clock=SystemClock()
        )
        self.runner.start()

    def register(self, *names: str) -> None:
        """Register models, each with two versions, the second in production and the first under an alias."""
        for name in names:
            model = a_registered_model(self.ledger, name, identity=self.identity)
            first = add_version(self.ledger, model, identity=self.identity)
            add_version(self.ledger, model, identity=self.identity, metrics={"auc": 0.95})
            self._decide(model.id, models.change_status, reference="1.0.0", status=ModelStatus.PRODUCTION)
            self._decide(model.id, models.change_status, reference="1.1.0", status=ModelStatus.PRODUCTION)
            self._decide(model.id, models.assign_alias, alias="best", reference="1.0.0")
            self._decide(model.id, models.assign_alias, alias="best", reference="1.1.0")
            assert first.version == "1.0.0"

    def train(self, count: int = 1) -> None:
        """Add datasets, one of two retired, and jobs that fail."""
        for number in range(count):
            dataset, job = uuid4(), uuid4()
            self.ledger.commit([dataset_registered(**_in(dataset, 1), name=f"dataset-{dataset}")])
            if number % 2:
                self.ledger.commit([dataset_retired(**_in(dataset, 2))])
            self.ledger.commit([training_job_requested(**_in(job, 1))])
            self.ledger.commit([training_job_started(**_in(job, 2)), training_job_progressed(**_in(job, 3))])
            self.ledger.commit([training_job_failed(**_in(job, 4))])

    def documents(self) -> dict[Collection, list[Document]]:
        """Return all that readers see once they see everything."""
        head = self.ledger.head()
        assert self.runner.wait_for(head, 30)
        return {
            collection: self.read_models.find(Query(collection=collection, limit=1_000_000, at=head))
            for collection in MIRRORED
        }

    def _decide(self, model_id: Any, decide: Callable[..., Any], **arguments: Any) -> None:
        model = self.ledger.model(model_id)
        decided = decide(model, **arguments, by=a_context().provenance)
        self.ledger.commit(decided if isinstance(decided, tuple | list) else [decided])


class RunningMirror:
    """A mirror of a registry that works on NATS until it is stopped."""

    def __init__(
        self, registry: Registry, nats: NatsServer, *, halted: Callable[[], str | None] = lambda: None
    ) -> None:
        self._registry = registry
        self.mirror = Mirror(
            log=registry.ledger,
            read_models=registry.read_models,
            progress=registry.runner,
            projections=PROJECTIONS,
            positions=registry.positions,
            clock=SystemClock(),
            halted=halted,
        )
        self.messaging = Messaging(
            address=lambda: nats.address, name="mirror", leading=[self.mirror], clock=SystemClock()
        )
        self.messaging.start()

    @property
    def status(self) -> MirrorStatus:
        return self.mirror.status

    def has_confirmed_all(self) -> bool:
        return self.status.confirmed == self._registry.ledger.head() and self.status.is_reachable

    def stop(self) -> None:
        self.messaging.stop()


class RunningDatabaseService:
    """A Database Service that works on NATS until it is stopped."""

    def __init__(self, url: Any, nats: NatsServer, *, schema: str | None = None) -> None:
        self.store = SqlMetadataStore(url=url, schema=schema)
        queries = Queries(self.store, parse_filter=parse_filter, parse_order=parse_order_by)
        self.server = DatabaseServer(store=self.store, queries=queries, version="1.2.3")
        self.messaging = Messaging(
            address=lambda: nats.address, name="database", parts=[self.server], clock=SystemClock()
        )
        self.messaging.start()

    def stop(self) -> None:
        self.messaging.stop()
        self.store.close()


def asked(nats: NatsServer, question: Callable[[Client], Awaitable[Answer]]) -> Answer:
    """Ask on a connection of its own."""

    async def ask() -> Answer:
        client = await connect(nats.address, name="asking")
        try:
            return await question(client)
        finally:
            await client.close()

    return asyncio.run(ask())


def rows(nats: NatsServer) -> dict[Collection, list[Document]]:
    """Return every row of the Database Service, as anybody can ask for them."""

    async def all_rows(client: Client) -> dict[Collection, list[Document]]:
        service = DatabaseClient(client)
        return {
            collection: [row.document or {} async for row in service.rows(collection)] for collection in MIRRORED
        }

    return asked(nats, all_rows)


def by_id(documents: dict[Collection, list[Document]]) -> dict[Collection, list[Document]]:
    return {
        collection: sorted(each, key=lambda document: document["id"]) for collection, each in documents.items()
    }


def require_equal(registry: Registry, nats: NatsServer, mirror: RunningMirror) -> None:
    """Wait until all has arrived, and demand that both sides are the same, row for row."""
    assert eventually(mirror.has_confirmed_all, within_s=60), mirror.status
    assert rows(nats) == by_id(registry.documents())


def verified(
    registry: Registry, nats: NatsServer, *, repairs: bool = False
) -> tuple[list[Finding], list[Finding]]:
    """Return the differences of both sides, and those that are left after a repair."""

    async def verify(client: Client) -> tuple[list[Finding], list[Finding]]:
        head = registry.ledger.head()
        assert await asyncio.to_thread(registry.runner.wait_for, head, 30)
        verification = Verification(
            client,
            log=registry.ledger,
            read_models=registry.read_models,
            progress=registry.runner,
            at=head,
        )
        found = [each async for each in verification.differences()]
        return found, (await verification.repair(found, within_s=20)) if repairs else found

    return asked(nats, verify)


def _in(stream: Any, version: int) -> dict[str, Any]:
    return {"originator_id": stream, "originator_version": version, "event_id": uuid4()}
