"""Predictors in memory, bounded by what they take."""

import math
import threading
import time
from collections.abc import Callable, Collection
from concurrent.futures import Future

from application.ports.predictor import Predictor, PredictorLoader

NEVER = -math.inf


class Loaded:
    """A predictor in memory, and when it was last used, by the monotonic clock; NEVER until it was."""

    __slots__ = ("artifact_url", "last_used", "predictor")

    def __init__(self, artifact_url: str, predictor: Predictor) -> None:
        self.artifact_url = artifact_url
        self.predictor = predictor
        self.last_used = NEVER


class _Load:
    """A load that goes on: its result, and whether anybody waits for it."""

    __slots__ = ("future", "is_wanted")

    def __init__(self, *, is_wanted: bool) -> None:
        self.future = Future[Loaded]()
        self.is_wanted = is_wanted


class LoadedPredictors:
    """Loads each predictor once, however many wait for it, without anybody waiting for another's.

    Where memory is short, those leave first that requests do not lead to, and of them those that were never used.

    Args:
        capacity_bytes: How much memory predictors may take; the newest that is wanted stays whatever it takes.
        in_use: Returns those that requests lead to.
        on_evicted: Told of each predictor that leaves, so that nobody keeps it in memory.
    """

    def __init__(
        self,
        *,
        loader: PredictorLoader,
        capacity_bytes: int,
        in_use: Callable[[], Collection[Loaded]],
        on_evicted: Callable[[Loaded], None],
    ) -> None:
        self._loader = loader
        self._capacity_bytes = capacity_bytes
        self._in_use = in_use
        self._on_evicted = on_evicted
        self._loaded: dict[str, Loaded] = {}
        self._loads: dict[str, _Load] = {}
        self._failed: set[str] = set()
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
            running = self._loads.get(artifact_url)
            if running is None:
                load = self._loads[artifact_url] = _Load(is_wanted=True)
            else:
                running.is_wanted = True
        if running is not None:
            return running.future.result()
        return self._carried_out(load, artifact_url, may_displace=True)

    def warm(self, artifact_url: str, *, may_displace: bool) -> bool:
        """Bring a predictor into memory that nobody waits for, as far as there is room for it.

        Args:
            artifact_url: Its artifact's.
            may_displace: Whether those may leave for it that no requests lead to.

        Returns:
            Whether it is there, or is being loaded by somebody else.

        Raises:
            ArtifactUnavailable: It is not there, or not what its hash says.
        """
        with self._lock:
            if artifact_url in self._loaded or artifact_url in self._loads:
                return True
            load = self._loads[artifact_url] = _Load(is_wanted=False)
        return self.holds(self._carried_out(load, artifact_url, may_displace=may_displace))

    def find(self, artifact_url: str) -> Loaded | None:
        """Return the predictor of an artifact if it is in memory: never waits, and counts as no use."""
        return self._loaded.get(artifact_url)

    def is_loading(self, artifact_url: str) -> bool:
        """Tell whether an artifact is on its way into memory."""
        return artifact_url in self._loads

    def has_failed(self, artifact_url: str) -> bool:
        """Tell whether the last load of an artifact has failed."""
        return artifact_url in self._failed

    def holds(self, loaded: Loaded) -> bool:
        """Tell whether this very predictor counts among those in memory."""
        return self._loaded.get(loaded.artifact_url) is loaded

    def sizes_bytes(self) -> list[int]:
        """Return about how much memory each predictor takes that is there now."""
        with self._lock:
            return [each.predictor.size_bytes for each in self._loaded.values()]

    def _carried_out(self, load: _Load, artifact_url: str, *, may_displace: bool) -> Loaded:
        try:
            loaded = Loaded(artifact_url, self._loader.load(artifact_url))
        except BaseException as error:
            with self._lock:
                del self._loads[artifact_url]
                self._failed.add(artifact_url)
            load.future.set_exception(error)
            raise
        with self._lock:
            del self._loads[artifact_url]
            self._failed.discard(artifact_url)
            if load.is_wanted:
                loaded.last_used = time.monotonic()
            leaving = self._leaving_for(loaded, is_wanted=load.is_wanted, may_displace=may_displace)
            if leaving is not None:
                self._loaded[artifact_url] = loaded
                for each in leaving:
                    del self._loaded[each.artifact_url]
        load.future.set_result(loaded)
        for each in leaving or ():
            self._on_evicted(each)
        return loaded

    def _leaving_for(self, loaded: Loaded, *, is_wanted: bool, may_displace: bool) -> list[Loaded] | None:
        """Return which leave so that the predictor fits; None where it is not to be kept itself."""
        in_use = set(self._in_use())
        others = [each for each in self._loaded.values() if is_wanted or (may_displace and each not in in_use)]
        others.sort(key=lambda each: (each in in_use, each.last_used))
        sizes = [each.predictor.size_bytes for each in (loaded, *self._loaded.values())]
        excess = sum(sizes) - self._capacity_bytes
        leaving = []
        for each in others:
            if excess <= 0:
                break
            excess -= each.predictor.size_bytes
            leaving.append(each)
        return leaving if is_wanted or excess <= 0 else None
