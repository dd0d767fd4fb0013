"""What was asked of each version over this protocol, counted in this process as it is answered.

Source: Triton's statistics extension of the protocol; durations are in nanoseconds.
"""

from collections.abc import Iterable
from time import perf_counter_ns
from typing import Any

BATCH_SIZES_MAX = 100
"""So many sizes of requests are told apart for each version; those beyond count in its totals only."""

QUEUE, INPUT, INFER, OUTPUT = "queue", "compute_input", "compute_infer", "compute_output"
STAGES = (QUEUE, INPUT, INFER, OUTPUT)
"""Until the version is in memory; from bytes to numbers; the prediction; from numbers to bytes."""

_COMPUTING = (INPUT, INFER, OUTPUT)


class Duration:
    """How often something happened, and how long that took together."""

    __slots__ = ("count", "ns")

    def __init__(self) -> None:
        self.count = 0
        self.ns = 0

    def add(self, ns: int) -> None:
        """Count one more."""
        self.count += 1
        self.ns += ns

    def document(self) -> dict[str, int]:
        """Return what readers see."""
        return {"count": self.count, "ns": self.ns}


class Stopwatch:
    """How long one request has spent on what.

    Attributes:
        spent_ns: Stage → nanoseconds.
    """

    __slots__ = ("_began_ns", "_last_ns", "spent_ns")

    def __init__(self) -> None:
        self.spent_ns = dict.fromkeys(STAGES, 0)
        self._began_ns = self._last_ns = perf_counter_ns()

    def ended(self, stage: str) -> None:
        """Count what has passed since the last stage ended as time of this one."""
        now_ns = perf_counter_ns()
        self.spent_ns[stage] += now_ns - self._last_ns
        self._last_ns = now_ns

    def total_ns(self) -> int:
        """Return how long the request has taken so far."""
        return perf_counter_ns() - self._began_ns


class VersionStatistics:
    """Counts the requests of one version. Belongs to the event loop that answers them."""

    def __init__(self) -> None:
        self._last_ms = 0
        self._instances = 0
        self._durations = {name: Duration() for name in ("success", "fail", *STAGES)}
        self._batches: dict[int, dict[str, Duration]] = {}

    def succeeded(self, watch: Stopwatch, *, instances: int, at_ms: int) -> None:
        """Count a request that was answered.

        Args:
            watch: Of the request.
            instances: How many were predicted for.
            at_ms: When, in milliseconds since 1970.
        """
        self._last_ms = at_ms
        self._instances += instances
        self._durations["success"].add(watch.total_ns())
        for stage in STAGES:
            self._durations[stage].add(watch.spent_ns[stage])
        batch = self._batches.get(instances)
        if batch is None and len(self._batches) < BATCH_SIZES_MAX:
            batch = self._batches[instances] = {stage: Duration() for stage in _COMPUTING}
        if batch is not None:
            for stage in _COMPUTING:
                batch[stage].add(watch.spent_ns[stage])

    def failed(self, watch: Stopwatch) -> None:
        """Count a request that got no answer."""
        self._durations["fail"].add(watch.total_ns())

    def document(self, *, name: str, version: str) -> dict[str, Any]:
        """Return what readers see."""
        none = Duration().document()
        told = {each: duration.document() for each, duration in self._durations.items()}
        return {
            "name": name,
            "version": version,
            "last_inference": self._last_ms,
            "inference_count": self._instances,
            "execution_count": self._durations["success"].count,
            "inference_stats": {**told, "cache_hit": none, "cache_miss": none},
            "batch_stats": [
                {"batch_size": size, **{stage: duration.document() for stage, duration in batch.items()}}
                for size, batch in sorted(self._batches.items())
            ],
        }


class Statistics:
    """The statistics of all versions that were asked."""

    def __init__(self) -> None:
        self._versions: dict[tuple[str, str], VersionStatistics] = {}

    def of(self, model_id: str, version: str) -> VersionStatistics:
        """Return the statistics of a version, to be added to."""
        found = self._versions.get((model_id, version))
        if found is None:
            found = self._versions[model_id, version] = VersionStatistics()
        return found

    def asked(self) -> list[tuple[str, str]]:
        """Return the versions that were asked, each with its model's id and its number."""
        return list(self._versions)

    def documents(self, versions: Iterable[tuple[str, str, str]]) -> list[dict[str, Any]]:
        """Return what readers see of versions, each with its model's id, its model's name and its number."""
        return [
            self._versions.get((model_id, version), VersionStatistics()).document(name=name, version=version)
            for model_id, name, version in versions
        ]
