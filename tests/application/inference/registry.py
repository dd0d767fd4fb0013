"""A registry of models whose every event reaches the read models, and the routes of predictions, at once."""

from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

from application.inference.serving import Serving
from application.models.projection import project
from application.models.views import ModelVersionResponse
from application.ports.background import Background
from application.ports.event_log import Recorded
from application.ports.predictor import PredictorLoader
from application.ports.read_models import Collection
from domain.kernel import DomainEvent
from domain.models.events import VersionStatusChanged
from domain.models.values import ModelStatus
from infrastructure.read_models.sql import SqlReadModels
from tests.support import events
from tests.support.fakes.background import FakeBackground
from tests.support.fakes.read_models import InMemoryReadModels
from tests.support.given import provenance


class Registry:
    """Puts events into read models, as the service's projection does: real ones where there is a directory.

    Attributes:
        background: Loads what nobody waits for.
        position: Of the last event.
        tells: Whether the routes of predictions are told of events; if not, `tell` does it later.
    """

    def __init__(
        self,
        directory: Path | None,
        *,
        loader: PredictorLoader,
        capacity_bytes: int = 1_000_000,
        background: Background | None = None,
    ) -> None:
        self.read_models: Any = InMemoryReadModels()
        if directory is not None:
            self.read_models = SqlReadModels(url=f"sqlite:///{directory / 'read_models.db'}")
        self.background = FakeBackground() if background is None else background
        self.serving = Serving(
            read_models=self.read_models,
            loader=loader,
            capacity_bytes=capacity_bytes,
            background=self.background,
            again_after_s=(1.0, 5.0),
        )
        self.position = 0
        self.tells = True
        self._untold: list[Recorded] = []
        self._version_ids: dict[tuple[UUID, str], UUID] = {}
        self._production: dict[UUID, str] = {}

    def close(self) -> None:
        self.read_models.close()

    def register(self, name: str, **versions: str) -> UUID:
        """Register a model with versions, number (`v1_0_0`) → artifact; the first goes into production."""
        model_id = uuid4()
        self._append(events.model_registered(originator_id=model_id, name=name))
        for place, (number, artifact_url) in enumerate(versions.items()):
            self.add_version(model_id, number.removeprefix("v").replace("_", "."), artifact_url)
            if place == 0:
                self.promote(model_id, number.removeprefix("v").replace("_", "."))
        return model_id

    def add_version(self, model_id: UUID, version: str, artifact_url: str | None) -> UUID:
        version_id = self._version_ids[model_id, version] = uuid4()
        self._append(
            events.version_registered(
                originator_id=model_id,
                version_id=version_id,
                version=version,
                artifact_url=artifact_url,
                provenance=provenance(self.position),
            )
        )
        return version_id

    def promote(self, model_id: UUID, version: str) -> None:
        changes = [(version, ModelStatus.PRODUCTION)]
        if (before := self._production.get(model_id)) is not None:
            changes.insert(0, (before, ModelStatus.ARCHIVED))
        self._append(*(self._status_changed(model_id, each, status) for each, status in changes))
        self._production[model_id] = version

    def set_status(self, model_id: UUID, version: str, status: ModelStatus) -> None:
        self._append(self._status_changed(model_id, version, status))

    def archive_production(self, model_id: UUID) -> None:
        """Leave a model with nothing in production."""
        self.set_status(model_id, self._production.pop(model_id), ModelStatus.ARCHIVED)

    def rename(self, model_id: UUID, name: str) -> None:
        self._append(events.model_renamed(originator_id=model_id, name=name))

    def retire(self, model_id: UUID) -> None:
        self._append(events.model_retired(originator_id=model_id))

    def version(self, model_id: UUID, version: str) -> ModelVersionResponse:
        """Return what a sender of commands sees of a version."""
        document = self.read_models.get(Collection.VERSIONS, self._version_ids[model_id, version])
        return ModelVersionResponse.model_validate(document)

    def assign_alias(self, model_id: UUID, alias: str, version: str) -> None:
        version_id = self._version_ids[model_id, version]
        self._append(
            events.alias_assigned(originator_id=model_id, alias=alias, version_id=version_id, version=version)
        )

    def _status_changed(self, model_id: UUID, version: str, status: ModelStatus) -> VersionStatusChanged:
        version_id = self._version_ids[model_id, version]
        return events.version_status_changed(
            originator_id=model_id,
            version_id=version_id,
            version=version,
            status=status,
            provenance=provenance(self.position),
        )

    def _append(self, *facts: DomainEvent) -> None:
        after, self.position = self.position, self.position + len(facts)
        recorded = [Recorded(position=after + place, event=event) for place, event in enumerate(facts, start=1)]
        with self.read_models.page(after=after, upto=self.position) as rows:
            for each in recorded:
                project(each.event, each.position, rows)
        self._untold += recorded
        if self.tells:
            self.tell()

    def tell(self) -> None:
        """Tell the routes of all events that they have not been told of."""
        page, self._untold = self._untold, []
        if page:
            self.serving.on_page(page)
