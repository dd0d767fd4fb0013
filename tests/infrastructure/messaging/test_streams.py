import asyncio
from collections.abc import Awaitable, Callable
from typing import TypeVar

import pytest
from nats.js import JetStreamContext
from nats.js.api import StreamConfig

from infrastructure.messaging.connection import connect
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
