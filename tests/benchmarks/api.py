"""How soon a process of `ml-service api` serves what another process has committed."""

import random
import time
from contextlib import ExitStack

import httpx

from application.ledger import Ledger
from application.models import handlers
from application.models.commands import RegisterModel
from domain.models.values import ModelType
from infrastructure.event_store.settings import postgres_environment, sqlite_environment
from infrastructure.system.identity import RandomIdentity
from tests.benchmarks.measure import REPEATS, Figure, percentile, scratch, spread
from tests.support.commands import a_context
from tests.support.postgres import PostgresServer
from tests.support.service import RunningService

COMMANDS = 100
_PAUSE_MAX_S = 0.1
"""Longer than anybody waits before the next look, so that commits come at any moment between two of them."""


def run() -> list[Figure]:
    """Measure from the return of the commit to the answer of another process that shows it."""
    return [*_lags("SQLite", None), *_on_postgres()]


def _on_postgres() -> list[Figure]:
    with PostgresServer() as server, server.fresh_database() as url:
        return _lags("PostgreSQL", url)


def _lags(store: str, url: str | None) -> list[Figure]:
    medians, tails = [], []
    with ExitStack() as resources:
        home = resources.enter_context(scratch())
        settings = {} if url is None else {"ML_SERVICE_DATABASE_URL": url}
        resources.enter_context(RunningService(home, **settings))
        api = resources.enter_context(RunningService(home, "--workers", "2", role="api", **settings))
        environment = sqlite_environment(home / "events.db") if url is None else postgres_environment(url)
        ledger = resources.enter_context(Ledger(environment))
        for round_ in range(REPEATS):
            lags = [_lag(ledger, api.client, f"{round_}-{number}") for number in range(COMMANDS)]
            medians.append(percentile(lags, 50))
            tails.append(percentile(lags, 99))
    return [
        Figure(f"{store}: commit to an answer of another process that shows it, p50", spread(medians, "ms", 1)),
        Figure(f"{store}: the same, p99", spread(tails, "ms", 1)),
    ]


def _lag(ledger: Ledger, client: httpx.Client, name: str) -> float:
    """Return how long it takes, in ms."""
    outcome = handlers.register_model(
        RegisterModel(name=name, type=ModelType.REGRESSION),
        context=a_context(),
        ledger=ledger,
        identity=RandomIdentity(),
    )
    position = ledger.commit(outcome.events)
    committed = time.perf_counter()
    found = client.get(f"/api/v1/models/{name}", headers={"X-Min-Event-Position": str(position)})
    lag_ms = 1_000 * (time.perf_counter() - committed)
    found.raise_for_status()
    time.sleep(random.uniform(0, _PAUSE_MAX_S))
    return lag_ms
