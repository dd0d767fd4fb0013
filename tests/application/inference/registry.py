"""A registry of models whose every event reaches the read models, and the routes of predictions, at once."""

from pathlib import Path
from uuid import UUID, uuid4

from application.inference.serving import Serving
from application.models.projection import project
from application.ports.event_log import Recorded
from application.ports.predictor import PredictorLoader
from domain.kernel import DomainEvent
from domain.models.events import VersionStatusChanged
from domain.models.values import ModelStatus
from infrastructure.read_models.sql import SqlReadModels
from tests.support import events


class Registry:
    """Puts events into real read models, as the service's projection does."""

    def __init__(self, directory: Path, *, loader: PredictorLoader, capacity_bytes: int = 1_000_000) -> None:
        self.read_models = SqlReadModels(url=f"sqlite:///{directory / 'read_models.db'}")
        self.serving = Serving(read_models=self.read_models, loader=loader, capacity_bytes=capacity_bytes)
        self.position = 0
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
                originator_id=model_id, version_id=version_id, version=version, artifact_url=artifact_url
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

    def rename(self, model_id: UUID, name: str) -> None:
        self._append(events.model_renamed(originator_id=model_id, name=name))

    def retire(self, model_id: UUID) -> None:
        self._append(events.model_retired(originator_id=model_id))

    def assign_alias(self, model_id: UUID, alias: str, version: str) -> None:
        version_id = self._version_ids[model_id, version]
        self._append(
            events.alias_assigned(originator_id=model_id, alias=alias, version_id=version_id, version=version)
        )

    def _status_changed(self, model_id: UUID, version: str, status: ModelStatus) -> VersionStatusChanged:
        version_id = self._version_ids[model_id, version]
        return events.version_status_changed(
            originator_id=model_id, version_id=version_id, version=version, status=status
        )

    def _append(self, *facts: DomainEvent) -> None:
        after, self.position = self.position, self.position + len(facts)
        recorded = [Recorded(position=after + place, event=event) for place, event in enumerate(facts, start=1)]
        with self.read_models.page(after=after, upto=self.position) as rows:
            for each in recorded:
                project(each.event, each.position, rows)
        self.serving.on_page(recorded)
