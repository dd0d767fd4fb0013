"""What others write, and who stops waiting, ends no connection."""

import asyncio
import socket

import pytest
from nats.aio.client import Client
from nats.aio.msg import Msg

from infrastructure.messaging.connection import connect
from tests.support.nats import NatsServer

STREAM, SUBJECT = "THINGS", "things"
ENOUGH_S = 30.0


def publish_raw(server: NatsServer, headers: bytes, body: bytes = b"{}") -> None:
    """Publish as no client would."""
    with socket.create_connection(("127.0.0.1", server.port)) as connection:
        connection.recv(4096)
        token = server.url.removeprefix("nats://").partition("@")[0]
        connection.sendall(b'CONNECT {"verbose":false,"headers":true,"auth_token":"%s"}\r\n' % token.encode())
        sizes = b"%d %d" % (len(headers), len(headers) + len(body))
        connection.sendall(b"HPUB %s %s\r\n%s%s\r\nPING\r\n" % (SUBJECT.encode(), sizes, headers, body))
        assert b"PONG" in connection.recv(4096)


async def fetched(client: Client, server: NatsServer, headers: bytes) -> Msg:
    js = client.jetstream()
    await js.add_stream(name=STREAM, subjects=[SUBJECT])
    consumer = await js.pull_subscribe(SUBJECT, durable="reader", stream=STREAM)
    await asyncio.to_thread(publish_raw, server, headers)
    [message] = await consumer.fetch(1, timeout=ENOUGH_S)
    await message.ack()
    return message


@pytest.mark.parametrize(
    "headers", [b"\r\n\r\n", b"\x00\x01", b"NATS/1.0", b"NATS/1.0\r\n\xff\xfe: \xff\r\n\r\n", b"x" * 5_000]
)
def test_headers_that_nobody_can_read_are_none_and_harm_nobody(nats_server: NatsServer, headers: bytes) -> None:
    async def go() -> None:
        client = await connect(nats_server.address, name="test")
        try:
            message = await fetched(client, nats_server, headers)
            assert message.data == b"{}"
            await client.flush(timeout=ENOUGH_S)
            assert not client.lost.is_set()
        finally:
            await client.close()

    asyncio.run(go())


@pytest.mark.parametrize("status", [b"done", b"408", b"100"])
def test_a_publishers_status_is_not_the_servers(nats_server: NatsServer, status: bytes) -> None:
    async def go() -> None:
        client = await connect(nats_server.address, name="test")
        try:
            message = await fetched(client, nats_server, b"NATS/1.0\r\nStatus: %s\r\nother: one\r\n\r\n" % status)
            assert message.headers == {"other": "one"}
        finally:
            await client.close()

    asyncio.run(go())


def test_who_stops_waiting_for_a_paused_server_takes_nobody_along(nats_server: NatsServer) -> None:
    async def go() -> None:
        client = await connect(nats_server.address, name="test")
        try:
            nats_server.pause()
            waiting = asyncio.create_task(client.flush())
            await asyncio.sleep(0.2)
            waiting.cancel()
            nats_server.resume()
            await client.flush(timeout=ENOUGH_S)
            assert not client.lost.is_set()
        finally:
            await client.close()

    asyncio.run(go())
