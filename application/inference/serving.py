"""Which predictor a request means: the routes from names to versions in memory. No event store on the way."""

import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from uuid import UUID

from application.inference.loaded import Loaded, LoadedPredictors
from application.models.queries import get_model, get_version
from application.ports.event_log import Recorded
from application.ports.predictor import PredictorLoader
from application.ports.read_models import ReadModels
from domain.inference.errors import NoProductionVersion, NotServable
from domain.models.values import PRODUCTION_ALIAS
from domain.naming import has_uuid_shape, normal_form

ROUTES_MAX = 10_000
"""One model can be spelled in countless ways (an id with and without dashes): routes must not pile up."""

Request = tuple[str, str | None]
"""A model and a version as a request names them; no version means the one in production."""


@dataclass(frozen=True, slots=True)
class Served:
    """A version that is ready to answer."""

    model_id: str
    version: str
    loaded: Loaded


class Serving:
    """Answers which version a request means, and holds its predictor. Safe to use from several threads.

    Args:
        capacity_bytes: How much memory predictors may take; the newest stays whatever it takes.
    """

    def __init__(self, *, read_models: ReadModels, loader: PredictorLoader, capacity_bytes: int) -> None:
        self._read_models = read_models
        self._predictors = LoadedPredictors(
            loader=loader,
            capacity_bytes=capacity_bytes,
            on_evicted=self._on_evicted,
        )
        self._routes: dict[Request, Served] = {}
        self._lookups: list[set[str]] = []
        self._lock = threading.Lock()

    def ready(self, request: Request) -> Served | None:
        """Return what the request means, if it is in memory: never waits, never reads."""
        served = self._routes.get(request)
        if served is not None:
            served.loaded.last_used = time.monotonic()
        return served

    def resolve(self, request: Request) -> Served:
        """Return what the request means, loading it where necessary.

        The answer held at some moment of this call. It is kept for `ready` only if it still holds at the
        end: a model that changes while it is looked up is looked up again by the next request.

        Raises:
            ModelNotFound, RetiredModel, VersionNotFound: There is none.
            NoProductionVersion: No version was named and none is in production.
            NotServable, ArtifactUnavailable: The version cannot predict.
        """
        with self._changes_meanwhile() as changed:
            served = self._read(request)
            with self._lock:
                # an evicted predictor in a route would stay in memory without being counted
                if served.model_id not in changed and self._predictors.holds(served.loaded):
                    kept = self._routes if len(self._routes) < ROUTES_MAX else {}
                    self._routes = {**kept, request: served}
            return served

    def on_page(self, page: Sequence[Recorded]) -> None:
        """Forget where requests lead to, for all models that a page of the log has changed.

        To be called once the read models show the page, before anybody is told that they do.
        """
        changed = {
            str(recorded.event.originator_id) for recorded in page if recorded.event.TOPIC.startswith("model.")
        }
        if not changed:
            return
        with self._lock:
            for lookup in self._lookups:
                lookup.update(changed)
            self._keep_routes(lambda served: served.model_id not in changed)

    def refresh(self, reference: str) -> None:
        """Forget where requests for a model lead to, given its id or name: the next one looks it up anew."""
        name = normal_form(reference)
        with self._lock:
            meant = {served.model_id for (model, _), served in self._routes.items() if normal_form(model) == name}
            if has_uuid_shape(reference):
                meant.add(str(UUID(reference)))
            for lookup in self._lookups:
                lookup.update(meant)
            self._keep_routes(lambda served: served.model_id not in meant)

    def sizes_bytes(self) -> list[int]:
        """Return about how much memory each predictor takes that is there now."""
        return self._predictors.sizes_bytes()

    def _on_evicted(self, evicted: Loaded) -> None:
        with self._lock:
            self._keep_routes(lambda served: served.loaded is not evicted)

    def _keep_routes(self, where: Callable[[Served], bool]) -> None:
        self._routes = {request: served for request, served in self._routes.items() if where(served)}

    @contextmanager
    def _changes_meanwhile(self) -> Iterator[set[str]]:
        changed: set[str] = set()
        with self._lock:
            self._lookups.append(changed)
        try:
            yield changed
        finally:
            with self._lock:
                self._lookups = [each for each in self._lookups if each is not changed]

    def _read(self, request: Request) -> Served:
        reference, version_reference = request
        model = get_model(reference, read_models=self._read_models)
        if version_reference is None:
            if model["production_version"] is None:
                message = f"Model {model['name']!r} has no version in production: promote one, or name a version."
                raise NoProductionVersion(message, model=model["id"])
            version_reference = PRODUCTION_ALIAS
        version = get_version(model, version_reference, read_models=self._read_models)
        if version["artifact_url"] is None:
            message = f"Version {version['version']} of model {model['name']!r} has no artifact to predict with."
            raise NotServable(message, model=model["id"], version=version["version"])
        loaded = self._predictors.get(version["artifact_url"])
        return Served(model_id=model["id"], version=version["version"], loaded=loaded)
