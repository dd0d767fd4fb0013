"""NATS that is gone, or stands still, under load: commands go on, and neighbours miss nothing."""

import time
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.faults.load import Load
from tests.faults.stores import NO_WORKER, Store
from tests.support.nats import NatsServer
from tests.support.processes import eventually
from tests.support.relaying import message_count, stored_messages
from tests.support.service import RunningService

pytestmark = pytest.mark.slow

AWAY_S = 2.4
"""At scale 1; a minute at full size."""

ENOUGH_S = 60.0
REGISTERED = "model.registered.v1"


def registered(service: RunningService) -> list[int]:
    """Return the positions of all registrations in the log."""
    positions: list[int] = []
    after = 0
    while (page := service.get("/events", after=after, type=REGISTERED, limit=1000))["items"]:
        positions += [event["position"] for event in page["items"]]
        after = page["next_after"]
    return positions


def test_commands_go_on_while_nats_is_away_and_neighbours_hear_of_all_of_them_afterwards(
    fresh_nats: Callable[[], NatsServer], tmp_path: Path, scale: int
) -> None:
    nats, load = fresh_nats(), Load()
    with Store(home=tmp_path / "home").serve(ML_SERVICE_NATS_URL=nats.url, **NO_WORKER) as service:
        with load.on(service.url):
            for leave, come_back in ((nats.kill, nats.start), (nats.pause, nats.resume)):
                before = len(load.acknowledged)
                assert eventually(lambda: len(load.acknowledged) > before + 50)  # noqa: B023 - used at once
                leave()
                before = len(load.acknowledged)
                time.sleep(AWAY_S * scale)
                assert eventually(lambda: len(load.acknowledged) > before)  # noqa: B023 - used at once
                come_back()
        assert not load.unanswered
        load.require_every_effect_once(service)
        expected = registered(service)
        assert eventually(lambda: message_count(nats.address) >= len(expected), within_s=ENOUGH_S)
    assert [each.position for each in stored_messages(nats.address)] == expected
