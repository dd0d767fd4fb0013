"""Which steps are forecast from which origins, to learn from them or to hold forecasts against them."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Integers = NDArray[np.int64]


@dataclass(frozen=True, kw_only=True)
class Pairs:
    """Origins, and how many steps ahead is looked from each.

    Attributes:
        series: Of shape (pairs,), ascending.
        origins: Places in the series, of the same shape.
        steps: From 1, of the same shape.
    """

    series: Integers
    origins: Integers
    steps: Integers

    def __len__(self) -> int:
        return len(self.steps)

    def where(self, is_kept: NDArray[np.bool_] | Integers) -> "Pairs":
        """Return some of the pairs: those that are kept, or those at places that ascend."""
        return Pairs(series=self.series[is_kept], origins=self.origins[is_kept], steps=self.steps[is_kept])

    def by_series(self) -> Iterator[tuple[int, slice]]:
        """Yield each series that has pairs, and where they are."""
        codes, starts = np.unique(self.series, return_index=True)
        for code, start, end in zip(
            codes.tolist(), starts.tolist(), [*starts[1:].tolist(), len(self)], strict=True
        ):
            yield code, slice(start, end)


def drawn(firsts: Sequence[int], counts: Sequence[int], *, horizon: int, limit: int, seed: int) -> Pairs:
    """Return every step ahead of some origins, or about as many of them as the limit says.

    Args:
        firsts: The first origin in each series.
        counts: So many origins in each series, one behind the other.
        horizon: So many steps ahead of each.
        limit: Of pairs.
        seed: Of the draw.
    """
    ends = np.cumsum(np.array(counts, dtype=np.int64) * horizon)
    total = int(ends[-1])
    if total > limit:
        places = np.unique(np.random.default_rng(seed).integers(0, total, limit))
    else:
        places = np.arange(total)
    series = np.searchsorted(ends, places, side="right")
    within = places - np.concatenate([[0], ends[:-1]])[series]
    return Pairs(
        series=series,
        origins=np.array(firsts, dtype=np.int64)[series] + within // horizon,
        steps=within % horizon + 1,
    )
