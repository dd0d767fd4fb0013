"""Explained predictions against what LightGBM alone explains."""

from functools import partial
from pathlib import Path

from tests.benchmarks.measure import Figure, at_least, median_ratio, scratch, spread
from tests.benchmarks.serving.engine import rows_per_second
from tests.benchmarks.serving.forms import json_requests
from tests.benchmarks.serving.model import SENT, Served, serving_home
from tests.benchmarks.serving.quiet import quiet_rounds
from tests.benchmarks.serving.servers import production_service
from tests.benchmarks.serving.wrk import SECONDS, WARM_S, Requests, put_load, require_wrk

ROWS = 100
CONNECTIONS = 4


def run() -> list[Figure]:
    """Measure rows a second; the bare engine only computes contributions (`pred_contrib`), with one thread."""
    require_wrk()
    with scratch() as directory:
        home = directory / "home"
        served = serving_home(home)
        batches = [slice(begin, begin + ROWS) for begin in range(0, SENT, ROWS)]
        requests = json_requests(served, batches, directory / "rows", query="?explain=true")
        rounds = quiet_rounds(partial(_service, home, requests), partial(_engine, served, batches))
    service, engine = rounds.values
    figures = [
        Figure("the bare engine, one thread", spread(engine, "rows/s")),
        Figure(f"explained predictions, {ROWS} rows a request", spread(service, "rows/s")),
        at_least("ratio explained : engine", median_ratio(service, engine), 0.8),
    ]
    return rounds.told(figures)


def _service(home: Path, requests: Requests) -> float:
    with production_service(home) as service:
        put_load(service.url, requests, connections=CONNECTIONS, seconds=WARM_S)
        load = put_load(service.url, requests, connections=CONNECTIONS, seconds=SECONDS)
        return ROWS * load.requests_per_second


def _engine(served: Served, batches: list[slice]) -> float:
    matrices = [served.rows[batch] for batch in batches]
    return rows_per_second(served.text, matrices, seconds=SECONDS, explained=True)
