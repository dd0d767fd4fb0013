import asyncio
from collections.abc import Awaitable, Callable
from functools import partial
from typing import Any, TypeVar

import pytest
from nats.js import JetStreamContext
from nats.js.api import RetentionPolicy, StorageType, StreamConfig
from nats.js.errors import APIError

from application.integration.contracts import STREAM as EVENTS
from application.integration.dead_letters import STREAM as LETTERS
from application.integration.incoming import STREAM as INBOX
from infrastructure.messaging.connection import connect
from infrastructure.messaging.dead_letter_stream import DeadLetterStream
from infrastructure.messaging.inbox import sources
from infrastructure.messaging.relay import stream_config
from infrastructure.messaging.streams import StreamUnavailable, SubjectsTaken, ensure_stream, stream_over
from tests.support.nats import NatsServer

Result = TypeVar("Result")

ORDERS = StreamConfig(name="ORDERS", subjects=["orders.>"], max_age=0, num_replicas=1)


def on_jetstream(server: NatsServer, work: Callable[[JetStreamContext], Awaitable[Result]]) -> Result:
    async def connected() -> Result:
        client = await connect(server.address, name="tests")
        try:
            return await work(client.jetstream())
        finally:
            await client.close()

    return asyncio.run(connected())


async def as_soon_as_removed(make: Callable[[], Awaitable[object]]) -> None:
    """Make a stream again: the server is not through with removing one when it says that it is gone."""
    for _ in range(100):
        try:
            await make()
        except (APIError, StreamUnavailable) as error:
            if "error creating store" not in str(error):
                raise
            await asyncio.sleep(0.1)
        else:
            return
    msg = "the server has not removed a stream for ten seconds"
    raise AssertionError(msg)


def test_a_stream_is_made_once(nats_server: NatsServer) -> None:
    async def twice(js: JetStreamContext) -> tuple[int, int]:
        await ensure_stream(js, ORDERS)
        await js.publish("orders.new", b"1")
        again = await ensure_stream(js, ORDERS)
        return again.state.messages, len(await js.streams_info())

    assert on_jetstream(nats_server, twice) == (1, 1)


def test_many_that_make_it_at_the_same_moment_have_one(nats_server: NatsServer) -> None:
    async def at_once(js: JetStreamContext) -> set[str | None]:
        made = await asyncio.gather(*(ensure_stream(js, ORDERS) for _ in range(8)))
        return {each.config.name for each in made}

    assert on_jetstream(nats_server, at_once) == {"ORDERS"}


def test_a_stream_that_is_other_than_asked_for_is_changed_where_that_was_said(nats_server: NatsServer) -> None:
    async def changed(js: JetStreamContext) -> StreamConfig:
        await js.add_stream(
            StreamConfig(name="ORDERS", subjects=["orders.new"], max_age=60, max_msgs=7, description="mine")
        )
        return (await ensure_stream(js, ORDERS)).config

    config = on_jetstream(nats_server, changed)
    assert (config.subjects, config.max_age) == (["orders.>"], 0)
    assert (config.max_msgs, config.description) == (7, "mine")


def ensured(js: JetStreamContext, name: str) -> Awaitable[object]:
    """Have a stream of the service made as it makes it."""
    if name == EVENTS:
        return ensure_stream(js, stream_config(replicas=1))
    return sources(js, replicas=1) if name == INBOX else DeadLetterStream(js).ensure(replicas=1)


LIMITS: list[dict[str, Any]] = [
    {"max_age": 60},
    {"max_msgs": 7},
    {"max_bytes": 1_000},
    {"max_msgs_per_subject": 1},
    {"max_msg_size": 1_000},
    {"no_ack": True},
]


@pytest.mark.parametrize("name", [EVENTS, INBOX, LETTERS])
def test_limits_by_which_a_stream_would_lose_events_are_lifted(nats_server: NatsServer, name: str) -> None:
    async def lifted(js: JetStreamContext) -> list[dict[str, Any]]:
        found = []
        for limit in LIMITS:
            retention = RetentionPolicy.WORK_QUEUE if name == INBOX else RetentionPolicy.LIMITS
            made = StreamConfig(name=name, subjects=[f"{name}.old"], retention=retention, **limit)
            await as_soon_as_removed(partial(js.add_stream, made))
            await ensured(js, name)
            config = (await js.stream_info(name)).config
            found.append({each: getattr(config, each) for each in limit})
            await js.delete_stream(name)
        return found

    free = {"max_age": 0, "no_ack": False}
    assert on_jetstream(nats_server, lifted) == [{each: free.get(each, -1) for each in limit} for limit in LIMITS]


@pytest.mark.parametrize(
    ("storage", "is_retention_right", "says"),
    [
        (StorageType.MEMORY, True, "storage memory and must have storage file"),
        (StorageType.FILE, False, "retention"),
    ],
)
@pytest.mark.parametrize("name", [EVENTS, INBOX, LETTERS])
def test_a_stream_that_loses_events_and_cannot_be_changed_is_refused_with_what_to_do(
    nats_server: NatsServer, name: str, storage: StorageType, is_retention_right: bool, says: str
) -> None:
    is_queue = (name == INBOX) == is_retention_right
    retention = RetentionPolicy.WORK_QUEUE if is_queue else RetentionPolicy.LIMITS
    made = StreamConfig(name=name, subjects=[f"{name}.old"], storage=storage, retention=retention)

    async def refused(js: JetStreamContext) -> None:
        await as_soon_as_removed(lambda: js.add_stream(made))
        with pytest.raises(StreamUnavailable, match=rf"{name} has {says}.*`nats stream rm {name}`"):
            await ensured(js, name)
        await js.delete_stream(name)
        await as_soon_as_removed(lambda: ensured(js, name))
        assert (await js.stream_info(name)).config.storage == StorageType.FILE

    on_jetstream(nats_server, refused)


def test_it_is_said_which_other_stream_covers_the_subjects(nats_server: NatsServer) -> None:
    async def taken(js: JetStreamContext) -> None:
        await js.add_stream(StreamConfig(name="ALL", subjects=["orders.new"]))
        await ensure_stream(js, ORDERS)

    with pytest.raises(SubjectsTaken, match=r"stream ALL .* orders\.>"):
        on_jetstream(nats_server, taken)


def test_what_the_server_refuses_is_told_in_its_words(nats_server: NatsServer) -> None:
    async def refused(js: JetStreamContext) -> None:
        await ensure_stream(js, ORDERS.evolve(num_replicas=3))

    with pytest.raises(StreamUnavailable, match=r"ORDERS .* 3 replica\(s\): .*clustered"):
        on_jetstream(nats_server, refused)


def test_the_stream_over_a_subject_is_found(nats_server: NatsServer) -> None:
    async def found(js: JetStreamContext) -> list[str | None]:
        await ensure_stream(js, ORDERS)
        return [await stream_over(js, subject) for subject in ("orders.new", "orders.*", "others.new")]

    assert on_jetstream(nats_server, found) == ["ORDERS", "ORDERS", None]
