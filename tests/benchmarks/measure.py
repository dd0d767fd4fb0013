"""Fair comparisons: the same work in turn, several times, and the median."""

import os
import statistics
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

REPEATS = 5


@dataclass(frozen=True)
class Figure:
    """A line of the result: what was measured, in words, and the value with its unit."""

    what: str
    value: str


def interleaved(*measures: Callable[[], float], repeats: int = REPEATS) -> list[list[float]]:
    """Return the values of each measure, taken in turn: what else the machine does hits them alike."""
    rounds = [[measure() for measure in measures] for _ in range(repeats)]
    return [list(values) for values in zip(*rounds, strict=True)]


def median_ratio(values: Sequence[float], references: Sequence[float]) -> float:
    """Return the median of the ratios within each round."""
    return statistics.median(value / reference for value, reference in zip(values, references, strict=True))


def spread(values: Sequence[float], unit: str, digits: int = 0) -> str:
    """Return `median unit (lowest–highest)`."""
    return f"{statistics.median(values):,.{digits}f} {unit} ({min(values):,.{digits}f}–{max(values):,.{digits}f})"


def percentile(values: Sequence[float], per_cent: int) -> float:
    """Return the value that so many per cent do not exceed."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, len(ordered) * per_cent // 100)]


@contextmanager
def scratch() -> Iterator[Path]:
    """Yield a directory on the disk that the project lies on: /tmp may be memory, which syncs for nothing."""
    with TemporaryDirectory(dir=Path.cwd(), prefix=".benchmark-") as directory:
        yield Path(directory)


def machine() -> list[Figure]:
    """Return how busy the machine is now, so that a figure can be doubted."""
    load = os.getloadavg()[0]
    return [Figure("load (1 min) / cores", f"{load:.2f} / {os.cpu_count()}")]
