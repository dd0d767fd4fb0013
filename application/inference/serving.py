"""Which predictor a request means: the routes from names to versions in memory. No event store on the way."""

import logging
import threading
import time
from collections.abc import Iterable, Sequence
from concurrent.futures import Future, wait
from functools import partial
from uuid import UUID

from application.inference.integrity import Integrity, unavailable
from application.inference.loaded import LoadedPredictors
from application.inference.lookup import Request, look_up, look_up_again
from application.inference.routes import Routes, Served
from application.inference.swaps import Swaps
from application.inference.warming import Warming
from application.models.views import ModelVersionResponse
from application.ports.artifacts import ArtifactUnavailable, is_artifact_url
from application.ports.background import Background
from application.ports.event_log import Recorded
from application.ports.predictor import PredictorLoader
from application.ports.read_models import ReadModels
from domain.inference.errors import NotServable
from domain.models.values import PRODUCTION_ALIAS
from domain.naming import has_uuid_shape, normal_form

READY_WITHIN_S = 2.0
"""So long a version that is to answer is waited for before requests are led to it."""

_log = logging.getLogger(__name__)


class Serving:
    """Answers which version a request means, and holds its predictor. Safe to use from several threads.

    Where a model changes, its routes are swapped at once if the versions that they are to lead to are in memory.
    Until a version is, the one before it goes on answering.

    Args:
        capacity_bytes: How much memory predictors may take; the newest that is wanted stays whatever it takes.
        background: Loads what requests do not wait for.
        again_after_s: The first wait after a load that failed, doubled by each that follows, and the longest.

    Attributes:
        integrity: Tells which versions could not be loaded.
    """

    def __init__(
        self,
        *,
        read_models: ReadModels,
        loader: PredictorLoader,
        capacity_bytes: int,
        background: Background,
        again_after_s: tuple[float, float] = (0.5, 60.0),
    ) -> None:
        self._read_models = read_models
        self._predictors = LoadedPredictors(
            loader=loader,
            capacity_bytes=capacity_bytes,
            in_use=lambda: self._routes.led_to(),  # noqa: PLW0108 - there are none yet
            on_evicted=lambda evicted: self._routes.drop(evicted),  # noqa: PLW0108 - see above
        )
        self.integrity = Integrity(read_models=read_models, loader=loader, predictors=self._predictors)
        self._routes = Routes(find=self._predictors.find)
        self._background = background
        self._swaps = Swaps(again_after_s=again_after_s)
        self._warming = Warming(read_models=read_models, predictors=self._predictors, background=background)
        self._position = 0
        self._swapping = threading.Lock()

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
        with self._routes.lookup() as changed:
            meant = look_up(request, read_models=self._read_models)
            try:
                loaded = self._predictors.get(meant.artifact_url)
            except ArtifactUnavailable as flaw:
                raise unavailable(meant, flaw) from None
            served = Served(model_id=meant.model_id, version=meant.version, loaded=loaded)
            self._routes.keep(request, served, changed=changed)
            return served

    def require_answer(self, request: Request) -> None:
        """Demand that a request would be answered, without bringing anything into memory for it.

        Raises:
            DomainError: As `resolve` does.
        """
        meant = look_up(request, read_models=self._read_models)
        if self._routes.get(request) is None:
            self.integrity.require_answer(meant)

    def on_page(self, page: Sequence[Recorded]) -> None:
        """Lead requests to where they lead now, for all models that a page of the log has changed.

        To be called once the read models show the page, before anybody is told that they do. Nothing is loaded
        here: what requests mean that is not in memory is waited for by `swapping`.
        """
        changed: dict[str, int] = {}
        for recorded in page:
            if recorded.event.TOPIC.startswith("model."):
                changed.setdefault(str(recorded.event.originator_id), recorded.position)
        if not changed:
            return
        self._position = page[-1].position
        for model_id in self._routes.note_changes(changed):
            self._follow(model_id, since=changed[model_id])
        self._warming.on_page(page)

    def refresh(self, reference: str) -> None:
        """Look up anew where requests for a model lead to, given its id or name."""
        meant = self._routes.models_called(normal_form(reference))
        if has_uuid_shape(reference):
            meant.add(str(UUID(reference)))
        for model_id in self._routes.note_changes(meant):
            self._follow(model_id, since=self._position)

    def warm_up(self) -> None:
        """Begin to load, in spare time, what requests are likely to mean."""
        self._warming.start()

    def make_ready(self, version: ModelVersionResponse, name: str) -> None:
        """Bring a version into memory before requests by a name are led to it; what takes long goes on alone.

        What is there already must lie on disk as well: after a restart, and by other processes, it is read anew.
        A version whose artifact lies elsewhere, or that has none, is only kept account of here: nothing happens.

        Args:
            version: Which.
            name: `production`, which counts always, or an alias, which counts where there are requests by it.

        Raises:
            NotServable: Its artifact is not there, or cannot be loaded.
        """
        artifact_url = version.artifact_url
        if artifact_url is None or not is_artifact_url(artifact_url):
            return
        if not self._is_asked_for(version.model_id, name):
            return
        try:
            self.integrity.require(artifact_url)
            is_loaded = self._is_loaded_in_time(artifact_url)
        except ArtifactUnavailable as flaw:
            message = (
                f"Version {version.version} cannot answer requests: {flaw.message.rstrip('.')}. "
                "Put its artifact back from a backup, or choose another version."
            )
            raise NotServable(message, model=version.model_id, version=version.version) from None
        if not is_loaded:
            _log.info("version %s of model %s is still being loaded", version.version, version.model_id)

    def swapping(self, model_id: str, *, position: int) -> Future[None] | None:
        """Return what is done when a model's requests are answered as of a position, or that has failed.

        None where they are already. To cancel it changes nothing for others.
        """
        return self._swaps.awaited(model_id, position=position)

    def is_loading(self, artifact_url: str) -> bool:
        """Tell whether an artifact is being brought into memory."""
        return self._predictors.is_loading(artifact_url)

    def late(self) -> tuple[int, list[str]]:
        """Return how many models are answered by an earlier version than is meant; and of which of them why."""
        return len(self._swaps), self._swaps.problems()

    def sizes_bytes(self) -> list[int]:
        """Return about how much memory each predictor takes that is there now."""
        return self._predictors.sizes_bytes()

    def _is_loaded_in_time(self, artifact_url: str) -> bool:
        if (found := self._predictors.find(artifact_url)) is not None:
            found.last_used = time.monotonic()
            return True
        loading = self._background.soon(partial(self._predictors.get, artifact_url))
        wait([loading], READY_WITHIN_S)
        if not loading.done() or loading.cancelled():
            return False
        loading.result()
        return True

    def _follow(self, model_id: str, *, since: int) -> None:
        """Lead a model's requests to where they lead now, as far as that is in memory; have the rest loaded."""
        try:
            to_load = self._swap(model_id, since=since)
        except Exception as error:
            self._try_again(model_id, error, since=since)
            return
        for artifact_url in to_load:
            self._background.soon(partial(self._fetch, model_id, artifact_url))

    def _swap(self, model_id: str, *, since: int) -> Iterable[str]:
        """Swap a model's routes as far as that is possible now; return what nobody loads for them yet."""
        with self._routes.lookup() as changed:
            before = self._routes.of_model(model_id)
            meant = look_up_again(model_id, before, read_models=self._read_models)
            with self._swapping:  # so that what is known of swaps is as new as the routes
                missing = self._routes.swap(model_id, before, meant, changed=changed)
                if missing is None:
                    return ()  # whoever noted the change goes on from there
                if missing:
                    return self._swaps.behind(model_id, missing, since=since)
                self._swaps.ended(model_id)
                return ()

    def _fetch(self, model_id: str, artifact_url: str) -> None:
        """Load what requests for a model mean, and lead them there."""
        try:
            self._predictors.get(artifact_url)
        except Exception as error:
            if self._swaps.loaded(model_id, artifact_url):
                self._try_again(model_id, error, since=self._position)
            return
        self._swaps.loaded(model_id, artifact_url)
        self._follow(model_id, since=self._position)

    def _try_again(self, model_id: str, error: Exception, *, since: int) -> None:
        wait_s = self._swaps.failed(model_id, error, since=since)
        _log.warning("model %s: what requests mean cannot be loaded: %s", model_id, error)
        if wait_s is not None:
            self._background.later(partial(self._retry, model_id), after_s=wait_s)

    def _retry(self, model_id: str) -> None:
        self._swaps.tried_again(model_id)
        self._follow(model_id, since=self._position)

    def _is_asked_for(self, model_id: str, name: str) -> bool:
        asked = (version for _, version in self._routes.of_model(model_id) if version is not None)
        return name == PRODUCTION_ALIAS or any(normal_form(version) == name for version in asked)
