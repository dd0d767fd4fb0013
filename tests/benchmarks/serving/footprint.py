"""What the service takes of time until it is ready, and of memory once it predicts with one small model."""

import statistics
import time
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from tests.benchmarks.measure import Figure, at_most, scratch, spread
from tests.benchmarks.serving.hello import PATH
from tests.benchmarks.serving.model import json_body, serving_home
from tests.benchmarks.serving.quiet import quiet_rounds
from tests.benchmarks.serving.wrk import WARM_S, Requests, put_load, require_wrk
from tests.support.service import RunningService

_CONNECTIONS = 16


@dataclass(frozen=True)
class Measured:
    """One start, with the model already trained."""

    ready_s: float
    resident_mb: float


def run() -> list[Figure]:
    """Measure from exec to `/health/ready`, on all cores; memory is the answering process's, under load."""
    require_wrk()
    with scratch() as directory:
        served = serving_home(directory / "home")
        requests = Requests.written(directory / "rows", [json_body(served, 0)], path=PATH)
        rounds = quiet_rounds(partial(_measured, directory / "home", requests))
    (measured,) = rounds.values
    ready_s = [each.ready_s for each in measured]
    resident_mb = [each.resident_mb for each in measured]
    figures = [
        Figure("exec to ready, each start", spread(ready_s, "s", 2)),
        at_most("exec to ready", statistics.median(ready_s), 2.0, "s"),
        Figure("resident memory after predictions, each start", spread(resident_mb, "MB")),
        at_most("resident memory after predictions", statistics.median(resident_mb), 250, "MB", 0),
    ]
    return rounds.told(figures)


def resident_mb(pid: int) -> float:
    """Return the memory that a process has resident now, in millions of bytes (Linux)."""
    status = Path(f"/proc/{pid}/status").read_text()
    return int(status.partition("VmRSS:")[2].split()[0]) * 1024 / 1e6


def _measured(home: Path, requests: Requests) -> Measured:
    began = time.perf_counter()
    with RunningService(home, ML_SERVICE_DATABASE_SERVICE="own") as service:
        service.client.get("/health/ready").raise_for_status()
        ready_s = time.perf_counter() - began
        put_load(service.url, requests, connections=_CONNECTIONS, seconds=WARM_S)
        return Measured(ready_s=ready_s, resident_mb=resident_mb(service.pid))
