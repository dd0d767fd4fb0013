"""The models whose requests are answered by an earlier version, for as long as the one they mean is on its way."""

from collections.abc import Collection
from concurrent.futures import Future
from dataclasses import dataclass, field
from threading import Lock

from domain.errors import DomainError


@dataclass(slots=True, kw_only=True)
class _Swap:
    """A model that is behind.

    Attributes:
        since: The first position at which its requests mean something else than what answers them.
        moved_on: Done once it is not behind any more, or a load has failed: whoever waits then waits in vain.
        loading: Artifacts that are being loaded for it.
        failures: How often it could not be brought up to date.
        problem: Why, the last time.
        is_tried_again: Whether it is to be tried again without anybody's doing.
    """

    since: int
    moved_on: Future[None]
    loading: set[str] = field(default_factory=set)
    failures: int = 0
    problem: str | None = None
    is_tried_again: bool = False


class Swaps:
    """Knows which models are behind, since when and why. Safe to use from several threads.

    Args:
        again_after_s: The first wait after a failure, doubled by each that follows, and the longest.
    """

    def __init__(self, *, again_after_s: tuple[float, float]) -> None:
        self._first_wait_s, self._longest_wait_s = again_after_s
        self._swaps: dict[str, _Swap] = {}
        self._lock = Lock()

    def __len__(self) -> int:
        """Return how many models are behind."""
        return len(self._swaps)

    def behind(self, model_id: str, missing: Collection[str], *, since: int) -> set[str]:
        """Note that a model waits for artifacts; return those that nobody loads for it yet."""
        with self._lock:
            swap = self._of(model_id, since)
            to_load = set(missing) - swap.loading
            swap.loading |= to_load
            return to_load

    def loaded(self, model_id: str, artifact_url: str) -> bool:
        """Note that a load for a model is over; tell whether the model waits for it to this day."""
        with self._lock:
            swap = self._swaps.get(model_id)
            if swap is None or artifact_url not in swap.loading:
                return False
            swap.loading.remove(artifact_url)
            return True

    def failed(self, model_id: str, error: Exception, *, since: int) -> float | None:
        """Note why a model stays behind; return when to try again, in seconds, or None where that is arranged."""
        with self._lock:
            swap = self._of(model_id, since)
            swap.problem = error.message if isinstance(error, DomainError) else f"{type(error).__name__}: {error}"
            wait_s = min(self._first_wait_s * 2.0 ** min(swap.failures, 60), self._longest_wait_s)
            swap.failures += 1
            moved_on, swap.is_tried_again, was_arranged = swap.moved_on, True, swap.is_tried_again
        _finish(moved_on)
        return None if was_arranged else wait_s

    def tried_again(self, model_id: str) -> None:
        """Note that a model is being tried again."""
        with self._lock:
            if (swap := self._swaps.get(model_id)) is not None:
                swap.is_tried_again = False

    def ended(self, model_id: str) -> None:
        """Note that a model's requests are answered by what they mean, or by nothing."""
        with self._lock:
            swap = self._swaps.pop(model_id, None)
        if swap is not None:
            _finish(swap.moved_on)

    def awaited(self, model_id: str, *, position: int) -> Future[None] | None:
        """Return what is done when a model has come up to a position or failed to; None where it is there.

        To cancel it changes nothing for others.
        """
        swap = self._swaps.get(model_id)
        return swap.moved_on if swap is not None and swap.since <= position else None

    def problems(self) -> list[str]:
        """Return for each model that stays behind because of a failure, why."""
        with self._lock:
            failed = {model_id: swap.problem for model_id, swap in self._swaps.items() if swap.problem is not None}
        return [
            f"model {model_id} goes on being answered by an earlier version, for the one to follow cannot be "
            f"loaded: {problem}"
            for model_id, problem in failed.items()
        ]

    def _of(self, model_id: str, since: int) -> _Swap:
        if (swap := self._swaps.get(model_id)) is None:
            moved_on = Future[None]()
            moved_on.set_running_or_notify_cancel()
            swap = self._swaps[model_id] = _Swap(since=since, moved_on=moved_on)
        return swap


def _finish(moved_on: Future[None]) -> None:
    if not moved_on.done():
        moved_on.set_result(None)
