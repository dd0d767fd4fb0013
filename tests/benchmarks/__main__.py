"""`python -m tests.benchmarks [NAME …]`: run the benchmarks named, or all, and print their figures."""

import sys
from importlib import import_module

from tests.benchmarks.measure import Figure, machine

ALL = (
    "start",
    "commands",
    "lag",
    "training",
    "uploads",
    "search",
    "rebuild",
    "snapshots",
    "verification",
    "relay",
    "predictions",
    "outage",
)


def main(names: list[str]) -> None:
    """Run them one after the other; nothing else should be running."""
    for name in names or ALL:
        figures: list[Figure] = machine() + import_module(f"tests.benchmarks.{name}").run()
        print(f"\n## {name}\n\n| what | measured |\n| --- | --- |")
        for figure in figures:
            print(f"| {figure.what} | {figure.value} |", flush=True)


if __name__ == "__main__":
    main(sys.argv[1:])
