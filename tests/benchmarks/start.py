"""How long `serve` takes to be ready, and what it then takes of memory."""

import time
from pathlib import Path

from tests.benchmarks.measure import REPEATS, Figure, scratch, spread
from tests.support.service import RunningService


def run() -> list[Figure]:
    """Measure from exec to `/health/ready`, on an empty store."""
    seconds, memory = [], []
    for _ in range(REPEATS):
        with scratch() as directory:
            begin = time.perf_counter()
            with RunningService(directory / "home") as service:
                service.client.get("/health/ready").raise_for_status()
                seconds.append(time.perf_counter() - begin)
                memory.append(peak_mib(service.pid))
    return [
        Figure("serve: exec to ready, empty store", spread(seconds, "s", 2)),
        Figure("serve: peak resident memory when ready", spread(memory, "MiB")),
    ]


def peak_mib(pid: int) -> float:
    """Return the largest resident memory that a process has had (Linux)."""
    status = Path(f"/proc/{pid}/status").read_text()
    return int(status.partition("VmHWM:")[2].split()[0]) / 1024
