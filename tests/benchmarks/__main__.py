"""`python -m tests.benchmarks [NAME …]`: run the benchmarks named, or all, and print their figures."""

import sys
from collections.abc import Iterable
from importlib import import_module

from tests.benchmarks.measure import MISSED, Figure, machine

ALL = (
    "start",
    "commands",
    "lag",
    "api",
    "training",
    "forecasts",
    "quality",
    "cancel",
    "uploads",
    "artifacts",
    "search",
    "rebuild",
    "snapshots",
    "verification",
    "relay",
    "predictions",
    "outage",
    "texts",
    "serving.one_row",
    "serving.batches",
    "serving.explanations",
    "serving.footprint",
)
ONLY_NAMED = ("serving.peers", "serving.soak")
"""These need environments of their own, or half an hour."""


def main(names: list[str]) -> int:
    """Run them one after the other, nothing else should be running; return 1 if a bar is missed."""
    is_missed = False
    for name in _chosen(names) if names else ALL:
        figures: list[Figure] = machine() + import_module(f"tests.benchmarks.{name}").run()
        print(f"\n## {name}\n")
        for line in _table(figures):
            print(line, flush=True)
        is_missed = is_missed or any(figure.verdict.startswith(MISSED) for figure in figures)
    return 1 if is_missed else 0


def _chosen(names: list[str]) -> Iterable[str]:
    """Yield the benchmarks that the names mean: `serving` means all that run without being named."""
    for name in names:
        within = [each for each in ALL if each.startswith(f"{name}.")]
        if not within and name not in (*ALL, *ONLY_NAMED):
            raise SystemExit(f"There is no benchmark {name!r}; there are {', '.join((*ALL, *ONLY_NAMED))}.")
        yield from within or [name]


def _table(figures: list[Figure]) -> Iterable[str]:
    if not any(figure.bar for figure in figures):
        yield "| what | measured |\n| --- | --- |"
        yield from (f"| {figure.what} | {figure.value} |" for figure in figures)
    else:
        yield "| what | measured | bar | verdict |\n| --- | --- | --- | --- |"
        yield from (f"| {each.what} | {each.value} | {each.bar} | {each.verdict} |" for each in figures)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
