"""What commands notice of NATS: their latency without it, while what it missed is caught up with, and with it."""

import json
from collections.abc import Callable
from itertools import count

from application.ledger import Ledger
from infrastructure.event_store.settings import sqlite_environment
from tests.benchmarks.load import http_request, latencies_s
from tests.benchmarks.measure import Figure, interleaved, median_ratio, percentile, scratch, spread
from tests.support.nats import NatsServer
from tests.support.processes import eventually
from tests.support.relaying import register_models
from tests.support.service import RunningService, running_service

SECONDS = 5.0
CONNECTIONS = 8
BACKLOG = 8_000
"""Models: more than are told of and mirrored in a stretch."""

_ENOUGH_S = 600.0
_FOLLOWERS = {"relay": "position", "database-service": "confirmed"}
_numbers = count(1)


def run() -> list[Figure]:
    """Measure registrations while NATS is killed, stands still, has a backlog to be given, and has everything."""
    with (
        scratch() as directory,
        NatsServer(directory / "nats") as nats,
        running_service(
            directory / "home", ML_SERVICE_NATS_URL=nats.url, ML_SERVICE_DATABASE_SERVICE="own"
        ) as service,
    ):

        def killed() -> float:
            nats.kill()
            return _p99_ms(service)

        def paused() -> float:
            nats.start()
            nats.pause()
            p99_ms = _p99_ms(service)
            nats.resume()
            return p99_ms

        def draining() -> float:
            nats.kill()
            end, before = _append(service, BACKLOG), _reached(service)
            nats.start()
            _wait(lambda: any(_reached(service)[each] > before[each] for each in _FOLLOWERS))
            p99_ms = _p99_ms(service)
            if max(reached := _reached(service).values()) >= end:
                msg = f"the backlog up to {end} is too small for the stretch: {reached}"
                raise RuntimeError(msg)
            return p99_ms

        def there() -> float:
            end = _append(service, 1)
            _wait(lambda: min(_reached(service).values()) >= end)
            return _p99_ms(service)

        away, still, catching_up, with_it = interleaved(killed, paused, draining, there)
    figures = []
    for what, measured in (
        ("NATS killed", away),
        ("NATS paused", still),
        ("while a backlog drains", catching_up),
        ("NATS there", with_it),
    ):
        figures.append(Figure(f"POST /models, p99, {what}", spread(measured, "ms", digits=1)))
        if measured is not away:
            figures.append(Figure(f"ratio to NATS killed, {what}", f"{median_ratio(measured, away):.2f}"))
    return figures


def _append(service: RunningService, models: int) -> int:
    """Append registrations to the log without commands; return its end once the read models are there."""
    with Ledger(sqlite_environment(service.home / "events.db")) as ledger:
        while models > 0:
            end = register_models(ledger, batch := min(models, 100))
            models -= batch
    _wait(lambda: _details(service, "read-models")["position"] >= end)
    return end


def _reached(service: RunningService) -> dict[str, int]:
    """Return how far neighbours have been told, and the Database Service is; as of the last second."""
    return {name: _details(service, name).get(position) or 0 for name, position in _FOLLOWERS.items()}


def _details(service: RunningService, dependency: str) -> dict[str, int]:
    found = service.client.get("/health").json()["dependencies"]
    return next(each["details"] for each in found if each["service_name"] == dependency)


def _wait(condition: Callable[[], bool]) -> None:
    if not eventually(condition, within_s=_ENOUGH_S):
        msg = f"not so within {_ENOUGH_S:g} s"
        raise RuntimeError(msg)


def _p99_ms(service: RunningService) -> float:
    def register(_: int) -> bytes:
        body = json.dumps({"name": f"model-{next(_numbers)}", "type": "regression"})
        return http_request("POST", "/api/v1/models", body.encode())

    took_s = latencies_s(service.url, register, connections=CONNECTIONS, seconds=SECONDS)
    return percentile(took_s, 99) * 1_000
