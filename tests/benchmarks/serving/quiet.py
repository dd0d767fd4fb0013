"""Rounds of measures, and a guard against other work: a figure taken beside it is taken again, or marked."""

import os
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Generic, TypeVar

from tests.benchmarks.measure import REPEATS, Figure, spread

OTHER_MAX_CORES = 0.1
"""Of one core; what accounting by ticks leaves open is below 0.03."""

_AGAIN_MAX = 3
_LOOK_S = 1.0
_WAIT_MAX_S = 30.0
_TICKS_PER_S = os.sysconf("SC_CLK_TCK")

Measured = TypeVar("Measured")


@dataclass(frozen=True)
class Rounds(Generic[Measured]):
    """What each measure gave in the rounds that were kept, and how much other work ran during each."""

    values: list[list[Measured]]
    other_cores: list[float]

    def told(self, figures: Sequence[Figure]) -> list[Figure]:
        """Return the figures, and how far they can be believed."""
        return told(figures, other_cores=self.other_cores)


def quiet_rounds(*measures: Callable[[], Measured], repeats: int = REPEATS) -> Rounds[Measured]:
    """Return the values of each measure, taken in turn, from the quietest rounds.

    A round begins when nothing else runs, or after half a minute of waiting for that; one that other work
    came into is taken again, three of them at most.
    """
    taken: list[tuple[float, list[Measured]]] = []
    while len(taken) < repeats + _AGAIN_MAX and sum(_is_quiet(other) for other, _ in taken) < repeats:
        _wait_until_quiet()
        watch = Watch()
        values = [measure() for measure in measures]
        taken.append((watch.other_cores(), values))
    kept = sorted(taken, key=lambda each: each[0])[:repeats]
    return Rounds(
        values=[list(values) for values in zip(*(values for _, values in kept), strict=True)],
        other_cores=[other for other, _ in kept],
    )


def told(figures: Sequence[Figure], *, other_cores: Sequence[float]) -> list[Figure]:
    """Return the figures, and how much other work ran; if it was too much, verdicts are in doubt."""
    is_quiet = all(map(_is_quiet, other_cores))
    return [
        *(each if is_quiet or not each.verdict else _doubted(each) for each in figures),
        Figure(
            "other work meanwhile",
            spread(other_cores, "cores", digits=2),
            bar=f"≤ {OTHER_MAX_CORES} cores",
            verdict="quiet" if is_quiet else "busy",
        ),
    ]


class Watch:
    """Tells how many cores have been busy, since it was made, with what this process did not start."""

    def __init__(self) -> None:
        self._began = time.perf_counter()
        self._busy_s = _busy_s()
        self._own_s = _own_s()

    def other_cores(self) -> float:
        """Return the mean since the beginning, in cores; time stolen by other virtual machines counts too."""
        took_s = time.perf_counter() - self._began
        other_s = (_busy_s() - self._busy_s) - (_own_s() - self._own_s)
        return max(0.0, other_s / took_s)


def _wait_until_quiet() -> None:
    ends = time.monotonic() + _WAIT_MAX_S
    while time.monotonic() < ends:
        watch = Watch()
        time.sleep(_LOOK_S)
        if _is_quiet(watch.other_cores()):
            return


def _doubted(figure: Figure) -> Figure:
    return replace(figure, verdict=f"{figure.verdict}, in doubt")


def _is_quiet(other_cores: float) -> bool:
    return other_cores <= OTHER_MAX_CORES


def _busy_s() -> float:
    user, nice, system, _idle, _waiting, irq, softirq, stolen = (
        int(field) for field in Path("/proc/stat").read_text().split("\n", 1)[0].split()[1:9]
    )
    return (user + nice + system + irq + softirq + stolen) / _TICKS_PER_S


def _own_s() -> float:
    """Return what this process, all below it and all that have ended below it have used."""
    children: dict[int, list[int]] = {}
    used: dict[int, int] = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                fields = (entry / "stat").read_text().rpartition(")")[2].split()
            except (FileNotFoundError, ProcessLookupError):
                continue
            children.setdefault(int(fields[1]), []).append(int(entry.name))
            used[int(entry.name)] = sum(int(field) for field in fields[11:15])
    ticks, left = 0, [os.getpid()]
    while left:
        pid = left.pop()
        ticks += used.get(pid, 0)
        left += children.get(pid, [])
    return ticks / _TICKS_PER_S
