"""What requests are likely to mean next is in memory before they do."""

import logging
from collections.abc import Iterator, Sequence
from functools import partial
from threading import Lock
from uuid import UUID

from application.inference.loaded import LoadedPredictors
from application.ports.artifacts import is_artifact_url
from application.ports.background import Background
from application.ports.event_log import Recorded
from application.ports.filters import Comparison, FieldPath, Operator, Order
from application.ports.read_models import Collection, Document, Query, ReadModels
from domain.models.events import VersionRegistered, VersionStatusChanged
from domain.models.values import ModelStatus

LOOKED_AT_MAX = 1_000
"""So many versions in production, and as many in staging, are looked at when the service starts."""

WAITING_MAX = 100
"""So many models may have a version that waits to be warmed; after more, those that wait longest are left out."""

_WARMED = (ModelStatus.PRODUCTION, ModelStatus.STAGING)

_log = logging.getLogger(__name__)


class Warming:
    """Loads versions in production and in staging in spare time, where no version in use has to leave for them."""

    def __init__(self, *, read_models: ReadModels, predictors: LoadedPredictors, background: Background) -> None:
        self._read_models = read_models
        self._predictors = predictors
        self._background = background
        self._waiting: dict[UUID, UUID] = {}
        self._lock = Lock()

    def start(self) -> None:
        """Warm what is in production, then the newest version in staging of each model, while there is room."""
        self._background.in_spare_time(partial(self._warm_next, self._likely()))

    def on_page(self, page: Sequence[Recorded]) -> None:
        """Warm what a page of the log has brought into staging or production; of each model the last."""
        for recorded in page:
            event = recorded.event
            if isinstance(event, VersionRegistered) or (
                isinstance(event, VersionStatusChanged) and event.status in _WARMED
            ):
                self._wait_for_turn(event.originator_id, event.version_id)

    def _wait_for_turn(self, model_id: UUID, version_id: UUID) -> None:
        with self._lock:
            is_first = not self._waiting
            self._waiting.pop(model_id, None)
            self._waiting[model_id] = version_id
            if len(self._waiting) > WAITING_MAX:
                del self._waiting[next(iter(self._waiting))]
        if is_first:
            self._background.in_spare_time(self._warm_waiting)

    def _warm_waiting(self) -> None:
        """Warm the version that was noted last, for it is the likeliest to be promoted soon; then the others."""
        with self._lock:
            if not self._waiting:
                return
            _, version_id = self._waiting.popitem()
            is_last = not self._waiting
        if not is_last:
            self._background.in_spare_time(self._warm_waiting)
        version = self._read_models.get(Collection.VERSIONS, version_id)
        if version is not None and version["status"] in _WARMED and self._serves(version):
            self._warm(version, may_displace=True)

    def _warm_next(self, likely: Iterator[Document]) -> None:
        version = next(likely, None)
        if version is not None and self._warm(version, may_displace=False):
            self._background.in_spare_time(partial(self._warm_next, likely))

    def _warm(self, version: Document, *, may_displace: bool) -> bool:
        """Load a version if there is room for it; tell whether there may be room for more."""
        artifact_url = version["artifact_url"]
        if artifact_url is None or not is_artifact_url(artifact_url):
            return True
        try:
            return self._predictors.warm(artifact_url, may_displace=may_displace)
        except Exception as error:
            message = "version %s of model %s, in %s, cannot be loaded: %s"
            _log.warning(message, version["version"], version["model_id"], version["status"], error)
            return True

    def _likely(self) -> Iterator[Document]:
        for status in _WARMED:
            models = set()
            for version in self._newest(status):
                if version["model_id"] not in models and self._serves(version):
                    models.add(version["model_id"])
                    yield version

    def _newest(self, status: ModelStatus) -> list[Document]:
        query = Query(
            collection=Collection.VERSIONS,
            where=Comparison(field=FieldPath(root="status"), operator=Operator.EQ, literal=status.value),
            order_by=(Order(field=FieldPath(root="updated_at"), descending=True),),
            limit=LOOKED_AT_MAX,
            at=self._read_models.position(),
        )
        return self._read_models.find(query)

    def _serves(self, version: Document) -> bool:
        model = self._read_models.get(Collection.MODELS, UUID(version["model_id"]))
        return model is not None and model["retired_at"] is None
