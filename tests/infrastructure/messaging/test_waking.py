"""Whoever waits for the log is woken by what neighbours are told."""

import asyncio
import threading

from application.integration.wake_ups import WAKING_EVENTS
from infrastructure.messaging.connection import connect
from infrastructure.messaging.parts import Messaging
from infrastructure.messaging.waking import Waking
from infrastructure.system.clock import SystemClock
from tests.support.nats import NatsServer
from tests.support.processes import eventually

ENOUGH_S = 20.0


def test_who_waits_is_woken_by_each_event_and_whenever_it_can_hear_again(nats_server: NatsServer) -> None:
    wakes = threading.Semaphore(0)
    waking = Waking(events=WAKING_EVENTS, wake=wakes.release)
    messaging = Messaging(address=lambda: nats_server.address, name="worker", parts=[waking], clock=SystemClock())
    messaging.start()
    try:
        assert wakes.acquire(timeout=ENOUGH_S)
        asyncio.run(publish(nats_server, *(each.subject for each in WAKING_EVENTS)))
        assert all(wakes.acquire(timeout=ENOUGH_S) for _ in WAKING_EVENTS)
        nats_server.kill()
        nats_server.start()
        assert wakes.acquire(timeout=ENOUGH_S)
        assert eventually(lambda: messaging.status.subscriptions == len(WAKING_EVENTS))
    finally:
        messaging.stop()
    assert messaging.status.subscriptions == 0


async def publish(nats_server: NatsServer, *subjects: str) -> None:
    client = await connect(nats_server.address, name="relay")
    for subject in subjects:
        await client.publish(subject, b"{}")
    await client.close()
