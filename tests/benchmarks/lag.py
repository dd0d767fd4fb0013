"""How long after its commit an event is visible to readers of the same process."""

import time
from collections.abc import Iterator
from contextlib import contextmanager

from application.models import handlers
from application.models.commands import RegisterModel
from application.service import Service
from domain.models.values import ModelType
from infrastructure.system.identity import RandomIdentity
from interfaces.bootstrap import running_service
from interfaces.neighbours import nats_address
from interfaces.settings import Settings
from tests.benchmarks.measure import REPEATS, Figure, percentile, scratch, spread
from tests.support.commands import a_context

COMMANDS = 400


@contextmanager
def _service(settings: Settings) -> Iterator[Service]:
    with running_service(settings, nats=nats_address(settings)) as running:
        yield running.service


def run() -> list[Figure]:
    """Measure from the return of the commit to the read model being there."""
    medians, tails = [], []
    with scratch() as home, _service(Settings(home=home)) as service:
        for round_ in range(REPEATS):
            lags = []
            for number in range(COMMANDS):
                outcome = handlers.register_model(
                    RegisterModel(name=f"{round_}-{number}", type=ModelType.REGRESSION),
                    context=a_context(),
                    ledger=service.ledger,
                    identity=RandomIdentity(),
                )
                position = service.ledger.commit(outcome.events)
                committed = time.perf_counter()
                assert service.progress.wait_for(position, 5.0)
                lags.append(1_000 * (time.perf_counter() - committed))
                time.sleep(0.002)
            medians.append(percentile(lags, 50))
            tails.append(percentile(lags, 99))
    return [
        Figure(f"projection lag p50, {COMMANDS} commands a round", spread(medians, "ms", 2)),
        Figure("projection lag p99", spread(tails, "ms", 2)),
    ]
