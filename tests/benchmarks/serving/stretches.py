"""What happened in each minute of a long load."""

from dataclasses import dataclass, field

import numpy as np

from tests.benchmarks.measure import Figure
from tests.benchmarks.serving.quiet import Watch

_BUCKET_S = 0.00005
_BUCKETS = 40_000


@dataclass
class Stretch:
    """A minute of it, or a tenth where it is shorter than ten.

    Attributes:
        slowest_s: The longest that an answer took, from when its request was due.
        resident_mb: What memory the server had at the end.
        other_cores: How much other work ran.
    """

    slowest_s: float = 0.0
    resident_mb: float = 0.0
    other_cores: float = 0.0
    _watch: Watch = field(default_factory=Watch)
    _answers: list[int] = field(default_factory=lambda: [0] * _BUCKETS)

    @property
    def answers(self) -> int:
        """How many came."""
        return sum(self._answers)

    def add(self, took_s: float) -> None:
        """Count an answer."""
        self._answers[min(int(took_s / _BUCKET_S), _BUCKETS - 1)] += 1
        self.slowest_s = max(self.slowest_s, took_s)

    def end(self, *, resident_mb: float) -> None:
        """Note what is known at the end only."""
        self.resident_mb = resident_mb
        self.other_cores = self._watch.other_cores()

    def percentile_ms(self, per_cent: int) -> float:
        """Return what so many per cent of the answers did not exceed, to 0.05 ms and up to 2 s."""
        reached = np.searchsorted(np.cumsum(self._answers), self.answers * per_cent / 100)
        return 1e3 * _BUCKET_S * (int(reached) + 1)

    def figure(self, what: str, *, seconds: float) -> Figure:
        """Return the line that tells of it."""
        told = (
            f"{self.answers / seconds:,.0f} /s",
            f"p50 {self.percentile_ms(50):.2f} ms",
            f"p99 {self.percentile_ms(99):.2f} ms",
            f"slowest {1e3 * self.slowest_s:,.1f} ms",
            f"{self.resident_mb:.1f} MB",
            f"other work {self.other_cores:.2f} cores",
        )
        return Figure(what, ", ".join(told))
