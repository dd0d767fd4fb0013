"""Fair comparisons: the same work in turn, several times, and the median."""

import math
import os
import statistics
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

REPEATS = 5
REACHED, MISSED = "reached", "missed"


@dataclass(frozen=True)
class Figure:
    """A line of the result.

    Attributes:
        what: Was measured, in words.
        value: With its unit.
        bar: What is to be reached; empty where there is none.
        verdict: Whether it is.
    """

    what: str
    value: str
    bar: str = ""
    verdict: str = ""


def at_least(what: str, value: float, bar: float, unit: str = "", digits: int = 2) -> Figure:
    """Return the line of a value that is not to be below the bar."""
    return _judged(what, value, f"≥ {bar:g}", unit, digits, reached=value >= bar)


def at_most(what: str, value: float, bar: float, unit: str = "", digits: int = 2) -> Figure:
    """Return the line of a value that is not to be above the bar."""
    return _judged(what, value, f"≤ {bar:g}", unit, digits, reached=value <= bar)


def _judged(what: str, value: float, bar: str, unit: str, digits: int, *, reached: bool) -> Figure:
    return Figure(
        what, f"{value:,.{digits}f} {unit}".rstrip(), f"{bar} {unit}".rstrip(), REACHED if reached else MISSED
    )


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


def chosen(variable: str, default: float, *, least: float) -> float:
    """Return the number that an environment variable gives; the run ends where it gives none."""
    given = os.environ.get(variable, "") or str(default)
    try:
        number = float(given)
    except ValueError:
        number = math.nan
    if not least <= number < math.inf:
        raise SystemExit(f"{variable} must be a number that is not below {least:g}, is {given!r}.")
    return number


@contextmanager
def scratch() -> Iterator[Path]:
    """Yield a directory on the disk that the project lies on: /tmp may be memory, which syncs for nothing."""
    with TemporaryDirectory(dir=Path.cwd(), prefix=".benchmark-") as directory:
        yield Path(directory)


def machine() -> list[Figure]:
    """Return how busy the machine is now, so that a figure can be doubted."""
    load = os.getloadavg()[0]
    return [Figure("load (1 min) / cores", f"{load:.2f} / {os.cpu_count()}")]
