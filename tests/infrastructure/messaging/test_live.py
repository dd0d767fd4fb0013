"""Rounds of trainings, from the worker that tells them to those who watch."""

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from uuid import UUID, uuid4

import pytest
from nats.aio.msg import Msg

from application.integration.iterations import TYPE, TrainingJobIteratedData, subject_of
from application.ports.event_log import Recorded
from application.ports.live import JobWatch
from infrastructure.messaging.cloudevents import from_message
from infrastructure.messaging.connection import connect
from infrastructure.messaging.live import LiveJobFeed, NatsLiveIterations
from infrastructure.messaging.live_watch import KEPT_MAX
from infrastructure.messaging.parts import Messaging
from infrastructure.system.clock import SystemClock
from tests.support.events import model_registered
from tests.support.nats import NatsServer
from tests.support.processes import eventually

ENOUGH_S = 20.0
JOB = uuid4()


def a_round(number: int, job_id: UUID = JOB) -> TrainingJobIteratedData:
    return TrainingJobIteratedData(
        training_job_id=job_id,
        attempt=1,
        iteration=number,
        total=100,
        metrics={"auc": number / 100},
        is_best=True,
    )


@contextmanager
def connected(nats_server: NatsServer, *feeds: LiveJobFeed) -> Iterator[Messaging]:
    messaging = Messaging(address=lambda: nats_server.address, name="tests", parts=feeds, clock=SystemClock())
    messaging.start()
    try:
        assert eventually(lambda: messaging.status.is_connected)
        yield messaging
    finally:
        messaging.stop()


@pytest.fixture
def a_feed() -> LiveJobFeed:
    return LiveJobFeed()


@pytest.fixture
def a_worker(nats_server: NatsServer) -> Iterator[NatsLiveIterations]:
    with connected(nats_server) as messaging:
        yield NatsLiveIterations(messaging=messaging, clock=SystemClock())


@pytest.fixture
def a_connection(nats_server: NatsServer, a_feed: LiveJobFeed) -> Iterator[Messaging]:
    with connected(nats_server, a_feed) as messaging:
        assert eventually(lambda: messaging.status.parts[0].is_running)
        yield messaging


async def heard(watch: JobWatch, count: int) -> list[int]:
    numbers: list[int] = []
    async with asyncio.timeout(ENOUGH_S):
        while len(numbers) < count:
            numbers += [each.iteration for each in (await watch.news(ENOUGH_S)).iterations]
    return numbers


def test_each_round_is_a_cloud_event_for_whoever_listens(
    nats_server: NatsServer, a_worker: NatsLiveIterations
) -> None:
    async def listen() -> list[Msg]:
        client = await connect(nats_server.address, name="neighbour")
        told = await client.subscribe(subject_of(JOB))
        await client.flush()
        for number in range(1, 4):
            a_worker.tell(a_round(number))
        messages = [await told.next_msg(ENOUGH_S) for _ in range(3)]
        await client.close()
        return messages

    for number, message in enumerate(asyncio.run(listen()), start=1):
        event = from_message(message.headers, message.data)
        assert event is not None
        assert (event.get_type(), event.get_subject()) == (TYPE, str(JOB))
        assert event.get_source() == "/machine-learning-service"
        assert event.get_id() == f"{JOB}.1.{number}"
        assert event.get_time() is not None
        assert TrainingJobIteratedData.model_validate(event.get_data()) == a_round(number)


@pytest.mark.usefixtures("a_connection")
def test_each_round_of_the_watched_job_is_heard_in_order_by_all_who_watch(
    a_feed: LiveJobFeed, a_worker: NatsLiveIterations
) -> None:
    async def listen() -> list[list[int]]:
        async with a_feed.watch(JOB) as one, a_feed.watch(JOB) as another:
            for number in range(1, 501):
                a_worker.tell(a_round(number))
                a_worker.tell(a_round(number, UUID(int=7)))
            return [await heard(one, 500), await heard(another, 500)]

    assert asyncio.run(listen()) == [list(range(1, 501))] * 2


@pytest.mark.usefixtures("a_connection")
def test_what_was_told_before_is_there_when_the_last_is_asked_for(
    nats_server: NatsServer, a_feed: LiveJobFeed, monkeypatch: pytest.MonkeyPatch
) -> None:
    # a reader is not kept waiting for long; here, a busy machine may take its time
    monkeypatch.setattr("infrastructure.messaging.live._ROUND_TRIP_S", 20.0)

    async def listen() -> list[int]:
        worker = await connect(nats_server.address, name="worker")
        async with a_feed.watch(JOB) as watch:
            for number in range(1, 301):
                await worker.publish(subject_of(JOB), a_round(number).model_dump_json().encode())
            await worker.flush()
            last = await watch.last_iterations()
        await worker.close()
        return [each.iteration for each in last]

    assert asyncio.run(listen()) == list(range(1, 301))


def test_there_is_one_subscription_for_each_watched_job_and_none_for_others(
    a_connection: Messaging, a_feed: LiveJobFeed
) -> None:
    async def watch() -> int:
        async with a_feed.watch(JOB), a_feed.watch(JOB), a_feed.watch(UUID(int=7)):
            return a_connection.status.subscriptions

    assert asyncio.run(watch()) == 2
    assert eventually(lambda: a_connection.status.subscriptions == 0)


def test_who_watches_without_a_connection_hears_from_when_there_is_one(
    nats_server: NatsServer, a_feed: LiveJobFeed, a_worker: NatsLiveIterations
) -> None:
    async def listen() -> list[int]:
        async with a_feed.watch(JOB) as watch:
            with connected(nats_server, a_feed) as messaging:
                await until(lambda: messaging.status.subscriptions == 1)
                assert not await watch.last_iterations()
                a_worker.tell(a_round(1))
                return await heard(watch, 1)

    assert asyncio.run(listen()) == [1]


def test_a_watched_job_is_heard_again_after_the_connection_was_lost(
    nats_server: NatsServer, a_connection: Messaging, a_feed: LiveJobFeed
) -> None:
    async def listen() -> list[int]:
        async with a_feed.watch(JOB) as watch:
            nats_server.kill()
            await until(lambda: not a_connection.status.is_connected)
            await asyncio.to_thread(nats_server.start)
            await until(lambda: a_connection.status.subscriptions == 1)
            assert not await watch.last_iterations()
            worker = NatsLiveIterations(messaging=a_connection, clock=SystemClock())
            worker.tell(a_round(5))
            return await heard(watch, 1)

    assert asyncio.run(listen()) == [5]


@pytest.mark.usefixtures("a_connection")
def test_what_is_no_round_of_the_job_is_not_heard(nats_server: NatsServer, a_feed: LiveJobFeed) -> None:
    other = a_round(1, UUID(int=7)).model_dump_json().encode()

    async def listen() -> list[int]:
        client = await connect(nats_server.address, name="anybody")
        async with a_feed.watch(JOB) as watch:
            for payload in (b"", b"{", b"[]", b"\xff", b'{"iteration": 1}', other):
                await client.publish(subject_of(JOB), payload)
            await client.publish(subject_of(JOB), a_round(2).model_dump_json().encode())
            numbers = await heard(watch, 1)
        await client.close()
        return numbers

    assert asyncio.run(listen()) == [2]


def test_a_slow_reader_loses_the_oldest_rounds_but_no_sign_of_the_log(a_feed: LiveJobFeed) -> None:
    event = model_registered(originator_id=JOB)

    async def look() -> tuple[bool, list[int], bool]:
        async with a_feed.watch(JOB) as watch:
            a_feed.on_page([Recorded(position=1, event=event)])
            for number in range(KEPT_MAX + 10):
                watch.offer(a_round(number))
            news = await watch.news(ENOUGH_S)
            a_feed.on_page([Recorded(position=2, event=event)])
            return (
                news.is_in_log,
                [each.iteration for each in news.iterations],
                (await watch.news(ENOUGH_S)).is_in_log,
            )

    assert asyncio.run(look()) == (True, list(range(10, KEPT_MAX + 10)), True)


def test_who_hears_nothing_looks_at_the_log_now_and_then(a_feed: LiveJobFeed) -> None:
    async def look() -> bool:
        async with a_feed.watch(JOB) as watch:
            a_feed.on_page([Recorded(position=1, event=model_registered(originator_id=UUID(int=7)))])
            return (await watch.news(0.01)).is_in_log

    assert asyncio.run(look())


async def until(condition: Callable[[], bool]) -> None:
    waiting: Awaitable[bool] = asyncio.to_thread(eventually, condition)
    assert await waiting
