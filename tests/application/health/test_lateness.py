"""Who follows the log is judged by how long events wait for it, not by how many do."""

from datetime import datetime
from typing import Any
from uuid import uuid4

import pytest

from application.health.messaging_probes import database_service, relay
from application.health.probes import read_models
from application.ports.health import Condition, HealthStatus, Probe
from application.ports.metadata_store import MirrorStatus
from application.ports.progress import ProgressStatus
from application.ports.relay import RelayStatus
from tests.support.events import PROVENANCE, model_registered
from tests.support.fakes.clock import FakeClock
from tests.support.fakes.event_log import InMemoryEventLog
from tests.support.fakes.leadership import InMemoryLeadership, InMemoryLease
from tests.support.fakes.read_models import InMemoryReadModels

HANDLED = 10


class Follower:
    """Has handled some events of a log, and tells so as those do who follow it."""

    def __init__(self, status: Any) -> None:
        self.status = status


def a_log(clock: FakeClock, *, waiting: int) -> InMemoryEventLog:
    """Return events of now, of which so many are yet to be handled."""
    log = InMemoryEventLog()
    log.append(*(_event(clock.now()) for _ in range(HANDLED + waiting)))
    return log


def _event(at: datetime) -> Any:
    by = PROVENANCE.model_copy(update={"timestamp": at})
    return model_registered(originator_id=uuid4(), provenance=by)


def of_read_models(log: InMemoryEventLog, lag: int, clock: FakeClock) -> Probe:
    status = ProgressStatus(
        is_running=True,
        position=HANDLED,
        head=HANDLED + lag,
        lag=lag,
        unknown_events=0,
        error=None,
        failing_since=None,
    )
    return read_models(Follower(status), InMemoryReadModels(), log=log, clock=clock)  # type: ignore[arg-type]


def of_relay(log: InMemoryEventLog, lag: int, clock: FakeClock) -> Probe:
    status = RelayStatus(
        is_running=True,
        position=HANDLED,
        head=HANDLED + lag,
        lag=lag,
        halted=None,
        published=0,
        refilled=0,
        skipped=0,
    )
    return relay(Follower(status), leadership=InMemoryLeadership(InMemoryLease()), log=log, clock=clock)


def of_mirror(log: InMemoryEventLog, lag: int, clock: FakeClock) -> Probe:
    status = MirrorStatus(confirmed=HANDLED, head=HANDLED + lag, lag=lag, is_reachable=True)
    leadership = InMemoryLeadership(InMemoryLease())
    return database_service(
        lambda: None,
        mirror=lambda: status,
        leadership=leadership,
        log=log,
        clock=clock,
        rivalry=lambda: None,
    )


@pytest.mark.parametrize("probe_of", [of_read_models, of_relay, of_mirror])
@pytest.mark.parametrize(
    ("waiting", "for_s", "status"),
    [
        (0, 3_600, HealthStatus.HEALTHY),
        (100_000, 5, HealthStatus.HEALTHY),
        (1, 31, HealthStatus.DEGRADED),
        (1, -3_600, HealthStatus.HEALTHY),
    ],
    ids=["nothing waits", "an import", "a short backlog that stands still", "a clock set back"],
)
def test_a_follower_is_late_when_an_event_has_waited_for_long_however_many_do(
    probe_of: Any, waiting: int, for_s: float, status: HealthStatus
) -> None:
    clock = FakeClock()
    log = a_log(clock, waiting=min(waiting, 2))
    clock.step(for_s)
    found: Condition = probe_of(log, waiting, clock)()
    assert found.status is status
    assert (found.facts["lag"], found.facts["lag_s"]) == (waiting, max(0, for_s) if waiting else 0)
    if status is not HealthStatus.HEALTHY:
        assert found.problem == "1 behind: an event has been waiting for 31 s"
