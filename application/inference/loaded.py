"""Predictors in memory, bounded by what they take."""

import threading
import time
from collections.abc import Callable
from concurrent.futures import Future

from application.ports.predictor import Predictor, PredictorLoader


class Loaded:
    """A predictor in memory, and when it was last used."""

    __slots__ = ("artifact_url", "last_used", "predictor")

    def __init__(self, artifact_url: str, predictor: Predictor) -> None:
        self.artifact_url = artifact_url
        self.predictor = predictor
        self.last_used = time.monotonic()


class LoadedPredictors:
    """Loads each predictor once, however many wait for it, without anybody waiting for another's.

    Args:
        capacity_bytes: How much memory predictors may take; the newest stays whatever it takes.
        on_evicted: Told of each predictor that leaves, so that nobody keeps it in memory.
    """

    def __init__(
        self, *, loader: PredictorLoader, capacity_bytes: int, on_evicted: Callable[[Loaded], None]
    ) -> None:
        self._loader = loader
        self._capacity_bytes = capacity_bytes
        self._on_evicted = on_evicted
        self._loaded: dict[str, Loaded] = {}
        self._loading: dict[str, Future[Loaded]] = {}
        self._lock = threading.Lock()

    def get(self, artifact_url: str) -> Loaded:
        """Return the predictor of an artifact, loading it where necessary.

        A load that fails fails for all who wait for it; the next to ask tries again.

        Raises:
            ArtifactUnavailable: It is not there, or not what its hash says.
        """
        with self._lock:
            if (found := self._loaded.get(artifact_url)) is not None:
                found.last_used = time.monotonic()
                return found
            waiting = self._loading.get(artifact_url)
            if waiting is None:
                future = self._loading[artifact_url] = Future[Loaded]()
        if waiting is not None:
            return waiting.result()
        try:
            loaded = Loaded(artifact_url, self._loader.load(artifact_url))
        except BaseException as error:
            with self._lock:
                del self._loading[artifact_url]
            future.set_exception(error)
            raise
        with self._lock:
            self._loaded[artifact_url] = loaded
            del self._loading[artifact_url]
            evicted = self._evict(keep=loaded)
        future.set_result(loaded)
        for each in evicted:
            self._on_evicted(each)
        return loaded

    def holds(self, loaded: Loaded) -> bool:
        """Tell whether this very predictor counts among those in memory."""
        return self._loaded.get(loaded.artifact_url) is loaded

    def sizes_bytes(self) -> list[int]:
        """Return about how much memory each predictor takes that is there now."""
        with self._lock:
            return [each.predictor.size_bytes for each in self._loaded.values()]

    def _evict(self, *, keep: Loaded) -> list[Loaded]:
        evicted = []
        size = sum(each.predictor.size_bytes for each in self._loaded.values())
        for each in sorted(self._loaded.values(), key=lambda each: each.last_used):
            if size <= self._capacity_bytes:
                break
            if each is not keep:
                size -= each.predictor.size_bytes
                evicted.append(self._loaded.pop(each.artifact_url))
        return evicted
