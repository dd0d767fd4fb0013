"""What the health tells of the service's own stores while their server stands still, and when it goes on."""

import asyncio
import threading
from collections.abc import Iterator

import pytest

from application.health.health import Health
from application.health.probes import EVENT_STORE, event_store
from application.ledger import Ledger
from application.ports.health import Dependency, HealthStatus
from infrastructure.event_store.settings import postgres_environment
from infrastructure.system.clock import SystemClock
from tests.support.frozen import frozen_postgres


@pytest.fixture
def a_ledger_on_postgres(postgres_url: str) -> Iterator[Ledger]:
    with Ledger(postgres_environment(postgres_url)) as ledger:
        yield ledger


def test_a_frozen_database_is_told_holds_nobody_up_and_is_believed_again(
    a_ledger_on_postgres: Ledger, postgres_url: str
) -> None:
    log = Dependency(name=EVENT_STORE, url="", probe=event_store(a_ledger_on_postgres), is_vital=True)
    health = Health([log], clock=SystemClock(), version="1", timeout_s=0.5, kept_s=0.0)
    become_healthy(health)
    with frozen_postgres(postgres_url):
        for _ in range(3):
            found = asyncio.run(health.check())
            assert found.status is HealthStatus.UNHEALTHY
            assert (found.dependencies[0].error or "").startswith("no answer for ")
        assert [each.name for each in threading.enumerate()].count(f"probe-{EVENT_STORE}") == 1
    become_healthy(health)


def become_healthy(health: Health) -> None:
    """Look until all is well: a busy server may take longer than one look does."""
    while asyncio.run(health.check()).status is not HealthStatus.HEALTHY:
        pass
