"""Where requests lead to: from their names to versions in memory."""

import threading
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass

from application.inference.loaded import Loaded
from application.inference.lookup import Meant, Request
from domain.naming import normal_form

ROUTES_MAX = 10_000
"""One model can be spelled in countless ways (an id with and without dashes): routes must not pile up."""


@dataclass(frozen=True, slots=True)
class Served:
    """A version that is ready to answer."""

    model_id: str
    version: str
    loaded: Loaded


class Routes:
    """Leads requests to versions. Safe to use from several threads; to look where one leads never waits.

    A change puts one dictionary in the place of another, so that there is no moment between two versions.

    Args:
        find: Returns the predictor of an artifact if it counts among those in memory.
    """

    def __init__(self, *, find: Callable[[str], Loaded | None]) -> None:
        self._find = find
        self._routes: dict[Request, Served] = {}
        self._lookups: list[set[str]] = []
        self._lock = threading.Lock()

    def get(self, request: Request) -> Served | None:
        """Return where a request leads to; None where nobody knows yet."""
        return self._routes.get(request)

    def of_model(self, model_id: str) -> dict[Request, Served]:
        """Return the routes to versions of a model."""
        return {request: served for request, served in self._routes.items() if served.model_id == model_id}

    def led_to(self) -> list[Loaded]:
        """Return the predictors that requests lead to."""
        return [served.loaded for served in self._routes.values()]

    def models_called(self, name: str) -> set[str]:
        """Return the models that requests by a name, in normal form, lead to."""
        return {served.model_id for (model, _), served in self._routes.items() if normal_form(model) == name}

    @contextmanager
    def lookup(self) -> Iterator[set[str]]:
        """Yield the models that have changed since the block began: what was looked up of them may be old."""
        changed: set[str] = set()
        with self._lock:
            self._lookups.append(changed)
        try:
            yield changed
        finally:
            with self._lock:
                self._lookups = [each for each in self._lookups if each is not changed]

    def note_changes(self, models: Iterable[str]) -> set[str]:
        """Let nothing be kept that is being looked up of models; return those of them that requests lead to."""
        with self._lock:
            for lookup in self._lookups:
                lookup.update(models)
            return {served.model_id for served in self._routes.values()}.intersection(models)

    def keep(self, request: Request, served: Served, *, changed: set[str]) -> None:
        """Lead a request that leads nowhere yet to what was looked up, unless that has changed meanwhile."""
        with self._lock:
            # an evicted predictor in a route would stay in memory without being counted
            is_held = self._find(served.loaded.artifact_url) is served.loaded
            if is_held and served.model_id not in changed and request not in self._routes:
                kept = self._routes if len(self._routes) < ROUTES_MAX else {}
                self._routes = {**kept, request: served}

    def swap(
        self, model_id: str, before: Mapping[Request, Served], meant: Mapping[Request, Meant], *, changed: set[str]
    ) -> set[str] | None:
        """Lead a model's requests to what they mean now, if it is in memory, and nowhere where they mean nothing.

        Args:
            model_id: The model's.
            before: Its routes when it was looked up; what has become of them since is left alone.
            meant: What was looked up.
            changed: Models that have changed since.

        Returns:
            The artifacts that are not in memory, whose requests lead where they led; None where the model has
            changed since, and nothing is swapped.
        """
        missing = set()
        with self._lock:
            if model_id in changed:
                return None
            routes = dict(self._routes)
            for request, served in before.items():
                if routes.get(request) is not served:
                    continue
                now = meant.get(request)
                if now is None:
                    del routes[request]
                elif (now.version, now.artifact_url) != (served.version, served.loaded.artifact_url):
                    loaded = self._find(now.artifact_url)
                    if loaded is None:
                        missing.add(now.artifact_url)
                        continue
                    loaded.last_used = max(loaded.last_used, served.loaded.last_used)
                    routes[request] = Served(model_id=model_id, version=now.version, loaded=loaded)
            self._routes = routes
        return missing

    def drop(self, evicted: Loaded) -> None:
        """Lead no request to a predictor any more."""
        with self._lock:
            self._routes = {
                request: served for request, served in self._routes.items() if served.loaded is not evicted
            }
