"""What was asked of each version over this protocol, counted in this process as it is answered.

Source: Triton's statistics extension of the protocol; durations are in nanoseconds.
"""

import operator
from collections.abc import Iterable, Sequence
from time import perf_counter_ns
from typing import Any

BATCH_SIZES_MAX = 100
"""So many sizes of requests are told apart for each version; those beyond count in its totals only."""

STAGES = ("queue", "compute_input", "compute_infer", "compute_output")
QUEUE, INPUT, INFER, OUTPUT = range(len(STAGES))
"""Until the version is in memory; from bytes to numbers; the prediction; from numbers to bytes."""


class Durations:
    """How often something happened, and how long its stages took together."""

    __slots__ = ("count", "stages_ns")

    def __init__(self) -> None:
        self.count = 0
        self.stages_ns = [0] * len(STAGES)

    def add(self, stages_ns: Sequence[int]) -> None:
        """Count one more."""
        self.count += 1
        self.stages_ns = list(map(operator.add, self.stages_ns, stages_ns))

    def documents(self, stages: Iterable[int]) -> dict[str, dict[str, int]]:
        """Return what readers see, stage by stage."""
        return {STAGES[each]: _duration(self.count, self.stages_ns[each]) for each in stages}


class Stopwatch:
    """How long one request has spent on what.

    Attributes:
        spent_ns: Of each stage.
    """

    __slots__ = ("_began_ns", "_last_ns", "spent_ns")

    def __init__(self) -> None:
        self.spent_ns = [0] * len(STAGES)
        self._began_ns = self._last_ns = perf_counter_ns()

    def ended(self, stage: int) -> None:
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
        self._succeeded_ns = 0
        self._stages = Durations()
        self._failed = self._failed_ns = 0
        self._batches: dict[int, Durations] = {}

    def succeeded(self, watch: Stopwatch, *, instances: int, at_ms: int) -> None:
        """Count a request that was answered.

        Args:
            watch: Of the request.
            instances: How many were predicted for.
            at_ms: When, in milliseconds since 1970.
        """
        self._last_ms = at_ms
        self._instances += instances
        self._succeeded_ns += watch.total_ns()
        self._stages.add(watch.spent_ns)
        batch = self._batches.get(instances)
        if batch is None and len(self._batches) < BATCH_SIZES_MAX:
            batch = self._batches[instances] = Durations()
        if batch is not None:
            batch.add(watch.spent_ns)

    def failed(self, watch: Stopwatch) -> None:
        """Count a request that got no answer."""
        self._failed += 1
        self._failed_ns += watch.total_ns()

    def document(self, *, name: str, version: str) -> dict[str, Any]:
        """Return what readers see."""
        none = _duration(0, 0)
        return {
            "name": name,
            "version": version,
            "last_inference": self._last_ms,
            "inference_count": self._instances,
            "execution_count": self._stages.count,
            "inference_stats": {
                "success": _duration(self._stages.count, self._succeeded_ns),
                "fail": _duration(self._failed, self._failed_ns),
                **self._stages.documents(range(len(STAGES))),
                "cache_hit": none,
                "cache_miss": none,
            },
            "batch_stats": [
                {"batch_size": size, **durations.documents((INPUT, INFER, OUTPUT))}
                for size, durations in sorted(self._batches.items())
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


def _duration(count: int, ns: int) -> dict[str, int]:
    return {"count": count, "ns": ns}
