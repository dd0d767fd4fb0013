"""One row a request: the service, with all that it has in production, against hello-worlds."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from tests.benchmarks.measure import Figure, at_least, at_most, median_ratio, scratch, spread
from tests.benchmarks.serving.hello import PATH
from tests.benchmarks.serving.model import SENT, json_body, serving_home
from tests.benchmarks.serving.quiet import quiet_rounds
from tests.benchmarks.serving.servers import hello, production_service
from tests.benchmarks.serving.wrk import SECONDS, WARM_S, Load, Requests, put_load, require_wrk

MANY = 16


@dataclass(frozen=True)
class Measured:
    """A server over many connections, and over one."""

    many: Load
    one: Load


def run() -> list[Figure]:
    """Measure each server in a process started for the round; hold it against the Starlette hello-world."""
    require_wrk()
    with scratch() as directory:
        home = directory / "home"
        served = serving_home(home)
        bodies = (json_body(served, row) for row in range(SENT))
        requests = Requests.written(directory / "rows", bodies, path=PATH)
        rounds = quiet_rounds(
            partial(_service, home, requests),
            partial(_hello, "starlette", directory, requests),
            partial(_hello, "asgi", directory, requests),
        )
    service, starlette, asgi = rounds.values
    ratio = partial(_ratio, service, starlette)
    figures = [
        *_figures("ml-service", service),
        *_figures("Starlette hello-world", starlette),
        *_figures("raw ASGI hello-world", asgi),
        at_least(f"ratio of rates, {MANY} connections", ratio(lambda each: each.many.requests_per_second), 0.75),
        at_most("ratio of p99, 1 connection", ratio(lambda each: each.one.p99_ms), 1.5),
    ]
    return rounds.told(figures)


def _service(home: Path, requests: Requests) -> Measured:
    with production_service(home) as service:
        return _measured(service.url, requests)


def _hello(kind: str, directory: Path, requests: Requests) -> Measured:
    with hello(kind, requests, log=directory / "hello.log") as url:
        return _measured(url, requests)


def _measured(url: str, requests: Requests) -> Measured:
    put_load(url, requests, connections=MANY, seconds=WARM_S)
    return Measured(
        many=put_load(url, requests, connections=MANY, seconds=SECONDS),
        one=put_load(url, requests, connections=1, seconds=SECONDS),
    )


def _ratio(values: list[Measured], references: list[Measured], of: Callable[[Measured], float]) -> float:
    return median_ratio([of(each) for each in values], [of(each) for each in references])


def _figures(name: str, measured: list[Measured]) -> list[Figure]:
    many, one = [each.many for each in measured], [each.one for each in measured]
    return [
        Figure(f"{name}, {MANY} connections", spread([each.requests_per_second for each in many], "/s")),
        Figure(f"{name}, {MANY} connections: p50", spread([each.p50_ms for each in many], "ms", 2)),
        Figure(f"{name}, {MANY} connections: p99", spread([each.p99_ms for each in many], "ms", 2)),
        Figure(f"{name}, 1 connection: p50", spread([each.p50_ms for each in one], "ms", 2)),
        Figure(f"{name}, 1 connection: p99", spread([each.p99_ms for each in one], "ms", 2)),
    ]
