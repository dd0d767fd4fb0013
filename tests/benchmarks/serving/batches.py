"""A thousand rows a request, in every form that the service takes, against the bare engine on the same rows."""

from collections.abc import Mapping
from functools import partial
from pathlib import Path

from tests.benchmarks.measure import Figure, at_least, median_ratio, scratch, spread
from tests.benchmarks.serving.engine import rows_per_second
from tests.benchmarks.serving.forms import FORMS
from tests.benchmarks.serving.model import SENT, Served, serving_home
from tests.benchmarks.serving.quiet import quiet_rounds
from tests.benchmarks.serving.servers import production_service
from tests.benchmarks.serving.wrk import SECONDS, WARM_S, Requests, put_load, require_wrk

ROWS = 1_000
CONNECTIONS = 4
"""Enough that the server never waits for the next request."""

_ENGINE = "engine"


def run() -> list[Figure]:
    """Measure rows a second; the bare engine predicts with one thread, on the core that the service has."""
    require_wrk()
    with scratch() as directory:
        home = directory / "home"
        served = serving_home(home)
        batches = [slice(begin, begin + ROWS) for begin in range(0, SENT - ROWS + 1, ROWS // 4)]
        requests = _requests(home, served, batches, directory)
        rounds = quiet_rounds(partial(_service, home, requests), partial(_engine, served, batches))
    service, engine = rounds.values
    alone = [each[_ENGINE] for each in engine]
    figures = [Figure("the bare engine, one thread", spread(alone, "rows/s"))]
    for form in FORMS:
        what = f"{form.name}, {ROWS:,} rows a request"
        if form.name in requests:
            rates = [each[form.name] for each in service]
            figures += [
                Figure(what, spread(rates, "rows/s")),
                at_least(f"ratio {form.name} : engine", median_ratio(rates, alone), form.bar),
            ]
        else:
            figures.append(Figure(what, "not measured: the service does not say that it takes this"))
    return rounds.told(figures)


def _requests(home: Path, served: Served, batches: list[slice], directory: Path) -> Mapping[str, Requests]:
    with production_service(home) as service:
        taken = [form for form in FORMS if form.is_taken(service.client)]
        requests = {form.name: form.written(served, batches, directory / form.name) for form in taken}
        for name, each in requests.items():
            answer = each.answered(service.url)
            if not answer.is_success:
                raise RuntimeError(f"{name}: {answer.status_code} {answer.text}")
    return requests


def _service(home: Path, requests: Mapping[str, Requests]) -> dict[str, float]:
    rates = {}
    with production_service(home) as service:
        for name, each in requests.items():
            put_load(service.url, each, connections=CONNECTIONS, seconds=WARM_S)
            load = put_load(service.url, each, connections=CONNECTIONS, seconds=SECONDS)
            rates[name] = ROWS * load.requests_per_second
    return rates


def _engine(served: Served, batches: list[slice]) -> dict[str, float]:
    return {_ENGINE: rows_per_second(served.text, [served.rows[batch] for batch in batches], seconds=SECONDS)}
