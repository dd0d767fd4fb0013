"""A service that neighbours tell of their data: a real log and real files, read models that follow at once."""

from contextlib import ExitStack
from pathlib import Path
from threading import Lock
from types import TracebackType
from typing import Any, Self
from uuid import UUID

from application.datasets import handlers as datasets
from application.datasets.commands import RegisterDataset
from application.datasets.projection import project as project_datasets
from application.integration.inbound import InboundEvent
from application.integration.ingestion import Ingestion
from application.integration.reactions import Reactions
from application.ledger import Ledger
from application.models import handlers as models
from application.models.commands import RegisterModel, UpdateModel
from application.models.projection import project as project_models
from application.ports.read_models import Collection, Document, Query
from application.training.projection import TRAINING_JOBS
from domain.kernel import DomainEvent
from domain.models.model import register
from domain.models.values import ModelType
from infrastructure.artifacts.local import LocalArtifacts
from infrastructure.datasets.files import LocalDatasetFiles
from infrastructure.event_store.settings import sqlite_environment
from infrastructure.read_models.projecting import apply
from tests.support.commands import a_context
from tests.support.fakes.clock import FakeClock
from tests.support.fakes.identity import CountingIdentity
from tests.support.fakes.read_models import InMemoryReadModels

PROJECTIONS = (project_models, project_datasets, TRAINING_JOBS.project)
COMPLETED = "data.ingestion.completed"


class Neighbourhood:
    """What neighbours tell the service, and what it makes of that.

    Args:
        directory: For the log, the artifacts, and the data of neighbours.
    """

    def __init__(self, directory: Path) -> None:
        self.data = directory / "data"
        self.data.mkdir()
        self.refreshed: list[str] = []
        self.read_models = InMemoryReadModels()
        self._turn = Lock()
        self._identity = CountingIdentity()
        self._resources = ExitStack()
        self.ledger = self._resources.enter_context(Ledger(sqlite_environment(directory / "events.db")))
        self.artifacts = LocalArtifacts(root=directory / "artifacts")
        self.reactions = Reactions(
            ingestion=Ingestion(
                ledger=self.ledger,
                read_models=self.read_models,
                wait_for=self._follow,
                files=LocalDatasetFiles(self.data),
                artifacts=self.artifacts,
                clock=FakeClock(),
                identity=self._identity,
            ),
            refresh_model=self.refreshed.append,
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._resources.close()

    def lies(self, name: str, *, rows: int = 40, target: str = "churned") -> str:
        """Let data lie where the service may read them; return their uri."""
        lines = [f"{number},{'ab'[number % 2]},{'yn'[number % 2]}" for number in range(rows)]
        (self.data / name).write_text("\n".join([f"age,city,{target}", *lines]) + "\n")
        return name

    def told(self, event_id: str = "one", *, type: str = COMPLETED, **payload: Any) -> bool:  # noqa: A002 - its word
        """Tell of an event; return whether it was known already."""
        event = InboundEvent(id=event_id, type=type, source="/ingestion", payload=payload)
        return self.reactions.react(event)

    def a_model(self, name: str, *, follows: str | None = None, **hyperparameters: Any) -> UUID:
        """Register a model that follows a dataset, given by id or name."""
        wish = {"dataset_id": follows} | ({"hyperparameters": hyperparameters} if hyperparameters else {})
        metadata = {} if follows is None else {"auto_train": wish}
        command = RegisterModel(name=name, type=ModelType.CLASSIFICATION, metadata=metadata)
        self._commit(
            models.register_model(command, context=a_context(), ledger=self.ledger, identity=self._identity)
        )
        model_id = self.ledger.id_of("model", name)
        assert model_id is not None
        return model_id

    def an_old_model(self, name: str, **metadata: Any) -> UUID:
        """Register a model as it could be once, whatever its metadata say."""
        model_id, by = self._identity.new_id(), a_context().provenance
        registered = register(
            model_id=model_id,
            name=name,
            type=ModelType.CLASSIFICATION,
            description=None,
            metadata=metadata,
            by=by,
        )
        self.ledger.commit([registered])
        return model_id

    def a_dataset(self, name: str, *, target: str | None = None) -> str:
        """Register a dataset as a user would, and return its id; `lies` writes the same bytes by default."""
        uri = self.lies(f"{name}.csv")
        received = datasets.receive_uri(uri, files=LocalDatasetFiles(self.data), artifacts=self.artifacts)
        outcome = datasets.register_dataset(
            RegisterDataset(name=name, uri=uri, target=target),
            received,
            context=a_context(),
            ledger=self.ledger,
            artifacts=self.artifacts,
            identity=self._identity,
        )
        self._commit(outcome)
        assert outcome.view is not None
        return outcome.view.id

    def describe(self, name: str, **auto_train: Any) -> None:
        """Let a model's metadata say this of automatic training."""
        command = UpdateModel(metadata={"auto_train": auto_train or None})
        self._commit(models.update_model(name, command, context=a_context(), ledger=self.ledger))

    def retire_model(self, name: str) -> None:
        self._commit(models.retire_model(name, context=a_context(), ledger=self.ledger))

    def retire_dataset(self, name: str) -> None:
        self._commit(datasets.retire_dataset(name, context=a_context(), ledger=self.ledger))

    def datasets(self) -> list[Document]:
        """Return all datasets, in the order of their registration."""
        return sorted(self._all(Collection.DATASETS), key=lambda each: UUID(each["id"]).int)

    def trained(self) -> list[tuple[str, str]]:
        """Return which model is to be trained on which dataset, by their names."""
        names = {
            each["id"]: each["name"] for kind in ("MODELS", "DATASETS") for each in self._all(Collection[kind])
        }
        return sorted((names[job["model_id"]], names[job["dataset_id"]]) for job in self.jobs())

    def jobs(self) -> list[Document]:
        return self._all(Collection.JOBS)

    def events(self, topic: str) -> list[DomainEvent]:
        return [each.event for each in self.ledger.read(after=0, limit=10_000, topics=(topic,))]

    def _all(self, collection: Collection) -> list[Document]:
        self._follow(self.ledger.head(), 0.0)
        return self.read_models.find(Query(collection=collection, limit=10_000, at=self.read_models.position()))

    def _commit(self, outcome: Any) -> None:
        self.ledger.commit(outcome.events)

    def _follow(self, position: int, _timeout_s: float) -> bool:
        with self._turn:
            at = self.read_models.position()
            for recorded in self.ledger.read(after=at, limit=10_000):
                with self.read_models.page(after=recorded.position - 1, upto=recorded.position) as rows:
                    apply(recorded.event, recorded.position, projections=PROJECTIONS, rows=rows)
            return self.read_models.position() >= position
