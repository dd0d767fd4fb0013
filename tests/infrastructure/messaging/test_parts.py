"""Messaging comes back whatever NATS does, runs its parts, and never holds up who uses it."""

import asyncio
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import CancelledError, Future
from contextlib import contextmanager
from typing import Any

import pytest
from nats.aio.client import Client
from nats.aio.msg import Msg
from nats.errors import NoRespondersError

from application.ports.messaging import MessagingUnavailable
from infrastructure.messaging.address import NatsAddress
from infrastructure.messaging.parts import Messaging
from infrastructure.system.clock import SystemClock
from tests.support.fakes.leadership import InMemoryLeadership, InMemoryLease
from tests.support.nats import NatsServer
from tests.support.processes import eventually

CALL_S = 20.0


class Echo:
    """A part that answers on a subject of its own."""

    def __init__(self, name: str = "echo") -> None:
        self.name = name
        self.begun = 0

    async def run(self, client: Client) -> None:
        self.begun += 1
        subscription = await client.subscribe(self.name, cb=_answer)
        try:
            await asyncio.Event().wait()
        finally:
            if not client.is_closed:
                await subscription.unsubscribe()


async def _answer(message: Msg) -> None:
    await message.respond(message.data)


class Failing:
    """A part that fails so many times, then works."""

    name = "failing"

    def __init__(self, times: int) -> None:
        self.left = times

    async def run(self, client: Client) -> None:
        if self.left > 0:
            self.left -= 1
            message = "no such stream"
            raise LookupError(message)
        await asyncio.Event().wait()


class Flood:
    """A part that publishes more than a server that stands still can take."""

    name = "flood"

    async def run(self, client: Client) -> None:
        while True:
            await client.publish("flood", bytes(100_000))
            await asyncio.sleep(0)


@contextmanager
def messaging(server: NatsServer, name: str = "test", **settings: Any) -> Iterator[Messaging]:
    made = Messaging(address=lambda: server.address, name=name, clock=SystemClock(), **settings)
    made.start()
    try:
        yield made
    finally:
        made.stop()
        assert not is_working(name)


def is_working(name: str = "test") -> bool:
    """Return whether the thread of that messaging is there."""
    return any(thread.name == f"messaging-{name}" for thread in threading.enumerate())


@pytest.fixture
def echo() -> Echo:
    return Echo()


def connected(made: Messaging) -> bool:
    return eventually(lambda: made.status.is_connected)


def answer(made: Messaging, subject: str = "echo") -> bytes:
    """Return what is answered to a request, which goes by messaging itself."""

    async def ask(client: Client) -> bytes:
        return (await client.request(subject, b"hello", timeout=CALL_S)).data

    return made.call(ask, timeout_s=CALL_S).result()


def answers(made: Messaging, subject: str = "echo") -> bool:
    try:
        return answer(made, subject) == b"hello"
    except (MessagingUnavailable, NoRespondersError):
        return False


def test_parts_run_on_the_connection_and_are_counted(nats_server: NatsServer, echo: Echo) -> None:
    with messaging(nats_server, parts=[echo]) as made:
        assert eventually(lambda: answers(made))

        status = made.status
        assert status.subscriptions == 1
        assert status.server_url == f"nats://127.0.0.1:{nats_server.port}"
        assert [(part.name, part.is_running, part.error) for part in status.parts] == [("echo", True, None)]


def test_without_nats_it_says_so_and_begins_when_there_is_one(nats_server: NatsServer, echo: Echo) -> None:
    nats_server.kill()
    with messaging(nats_server, parts=[echo]) as made:
        assert eventually(lambda: made.status.error is not None)
        status = made.status
        assert not status.is_connected
        assert status.server_url is None
        assert status.failing_since is not None
        assert nats_server.url.partition("@")[0] not in (status.error or "")
        assert not status.parts[0].is_running

        nats_server.start()

        assert eventually(lambda: answers(made))
        assert made.status.error is None
        assert made.status.failing_since is None


def test_an_address_that_nobody_knows_yet_is_asked_for_again(nats_server: NatsServer) -> None:
    known = threading.Event()

    def address() -> Any:
        if known.is_set():
            return nats_server.address
        message = "not known yet"
        raise MessagingUnavailable(message)

    made = Messaging(address=address, name="test", clock=SystemClock())
    made.start()
    try:
        assert eventually(lambda: made.status.error == "not known yet")
        known.set()
        assert connected(made)
    finally:
        made.stop()


def test_it_comes_back_after_the_server_was_killed(nats_server: NatsServer, echo: Echo) -> None:
    with messaging(nats_server, parts=[echo]) as made:
        assert eventually(lambda: answers(made))
        for _ in range(2):
            nats_server.kill()
            assert eventually(lambda: not made.status.is_connected)
            nats_server.start()
            assert eventually(lambda: answers(made))

        assert echo.begun == 3
        assert made.status.subscriptions == 1


def test_it_notices_a_server_that_stands_still_and_comes_back(nats_server: NatsServer, echo: Echo) -> None:
    with messaging(nats_server, parts=[echo, Flood()]) as made:
        assert eventually(lambda: answers(made))
        nats_server.pause()
        assert eventually(lambda: not made.status.is_connected)
        assert eventually(lambda: "does not answer" in (made.status.error or ""))
        nats_server.resume()

        assert eventually(lambda: answers(made))


def test_the_log_tells_of_an_outage_once(nats_server: NatsServer, caplog: pytest.LogCaptureFixture) -> None:
    with messaging(nats_server) as made:
        assert connected(made)
        nats_server.kill()
        assert eventually(lambda: "cannot be reached" in (made.status.error or ""))
        looks = len(caplog.records)
        assert not eventually(lambda: len(caplog.records) > looks, within_s=2)
        nats_server.start()
        assert connected(made)

    told = [record.getMessage() for record in caplog.records]
    assert len(told) == 3
    assert "is lost" in told[0]
    assert "cannot be reached" in told[1]
    assert "reached again" in told[2]


def test_a_failing_part_is_told_and_begun_anew_and_the_others_go_on(nats_server: NatsServer, echo: Echo) -> None:
    failing = Failing(2)
    with messaging(nats_server, parts=[failing, echo]) as made:
        assert eventually(lambda: made.status.parts[0].error is not None)
        assert "no such stream" in (made.status.parts[0].error or "")
        assert eventually(lambda: made.status.parts[0].is_running and failing.left == 0)
        assert answers(made)
        assert echo.begun == 1


def test_leading_parts_run_only_where_the_lease_is(nats_server: NatsServer) -> None:
    lease = InMemoryLease()
    leads, stands_by = InMemoryLeadership(lease), InMemoryLeadership(lease)
    assert leads.is_held()
    first, second = Echo("first"), Echo("second")
    with (
        messaging(nats_server, "first", leading=[first], leadership=leads) as leader,
        messaging(nats_server, "second", leading=[second], leadership=stands_by) as other,
    ):
        assert eventually(lambda: answers(leader, "first"))
        assert connected(other)
        assert not other.status.parts[0].is_running

        leads.close()

        assert eventually(lambda: answers(leader, "second"))
        assert eventually(lambda: not leader.status.parts[0].is_running)
        assert leader.status.subscriptions == 0
        assert leader.status.parts[0].error is None
        assert first.begun == second.begun == 1


def test_what_is_published_soon_reaches_who_listens_in_order(nats_server: NatsServer) -> None:
    heard: list[bytes] = []

    class Listener:
        name = "listener"

        async def run(self, client: Client) -> None:
            async def hear(message: Msg) -> None:
                heard.append(message.data)

            await client.subscribe("live.>", cb=hear)
            await asyncio.Event().wait()

    with messaging(nats_server, parts=[Listener()]) as made:
        assert eventually(lambda: made.status.subscriptions == 1)
        made.call(_flushed, timeout_s=CALL_S).result()
        for number in range(100):
            made.publish_soon("live.x", b"%d" % number, {"Kind": "number"})
        assert eventually(lambda: len(heard) == 100)

    assert heard == [b"%d" % number for number in range(100)]


async def _flushed(client: Client) -> None:
    await client.flush()


def test_what_is_published_soon_never_raises_nor_waits(nats_server: NatsServer) -> None:
    made = Messaging(address=lambda: nats_server.address, name="test", clock=SystemClock())
    made.publish_soon("live.x", b"before the start")
    made.start()
    assert connected(made)
    made.publish_soon("not a subject", b"")
    made.publish_soon("live.x", bytes(2_000_000))
    nats_server.pause()
    for _ in range(5_000):
        made.publish_soon("live.x", bytes(10_000))
    nats_server.kill()
    assert eventually(lambda: not made.status.is_connected)
    made.publish_soon("live.x", b"without a server")
    made.stop()
    made.publish_soon("live.x", b"after the end")


def test_a_call_without_a_connection_is_refused(nats_server: NatsServer) -> None:
    nats_server.kill()
    made = Messaging(address=lambda: nats_server.address, name="test", clock=SystemClock())
    for prepare in (lambda: None, made.start, made.stop):
        prepare()
        with pytest.raises(MessagingUnavailable):
            answer(made)


def test_a_call_raises_what_its_function_raises(nats_server: NatsServer) -> None:
    async def fail(_client: Client) -> None:
        raise ZeroDivisionError

    with messaging(nats_server) as made:
        assert connected(made)
        with pytest.raises(ZeroDivisionError):
            made.call(fail, timeout_s=CALL_S).result()
        with pytest.raises(NoRespondersError):
            answer(made, "nobody")


async def _forever(_client: Client) -> None:
    await asyncio.Event().wait()


@pytest.fixture
def a_call_under_way(nats_server: NatsServer) -> Iterator[tuple[Messaging, "Future[None]"]]:
    begun = threading.Event()

    async def function(client: Client) -> None:
        begun.set()
        await _forever(client)

    with messaging(nats_server) as made:
        assert connected(made)
        future = made.call(function, timeout_s=600)
        assert begun.wait(CALL_S)
        yield made, future


def test_a_call_ends_with_its_connection(
    a_call_under_way: tuple[Messaging, "Future[None]"], nats_server: NatsServer
) -> None:
    nats_server.kill()

    with pytest.raises(MessagingUnavailable, match="lost"):
        a_call_under_way[1].result(CALL_S)


def test_a_call_ends_with_messaging(a_call_under_way: tuple[Messaging, "Future[None]"]) -> None:
    a_call_under_way[0].stop()

    with pytest.raises(MessagingUnavailable):
        a_call_under_way[1].result(CALL_S)


def test_a_call_ends_when_its_caller_gives_it_up(a_call_under_way: tuple[Messaging, "Future[None]"]) -> None:
    made, future = a_call_under_way
    future.cancel()

    with pytest.raises(CancelledError):
        future.result(CALL_S)
    assert made.status.is_connected


def test_a_call_that_takes_too_long_is_refused(nats_server: NatsServer) -> None:
    with messaging(nats_server) as made:
        assert connected(made)
        with pytest.raises(MessagingUnavailable, match=r"0\.05 s"):
            made.call(_forever, timeout_s=0.05).result(CALL_S)


@pytest.mark.parametrize("state", ["running", "paused", "dead"])
def test_a_stop_ends_it_whatever_the_server_does(
    state: str, nats_server: NatsServer, fresh_nats: Callable[[], NatsServer]
) -> None:
    server = fresh_nats()
    with messaging(server, parts=[Echo(), Flood()], leading=[Echo("leading")]) as made:
        assert eventually(lambda: answers(made))
        if state == "paused":
            server.pause()
        if state == "dead":
            server.kill()
        made.stop()
        made.stop()

        assert not made.status.is_connected
        assert not any(part.is_running for part in made.status.parts)
    made.start()
    assert not is_working()


def test_why_there_is_no_connection_is_told_where_the_lease_is() -> None:
    def nowhere() -> NatsAddress:
        raise MessagingUnavailable("There is no NATS.")

    lease, told = InMemoryLease(), list[str]()
    lease.holder = object()
    made = Messaging(
        address=nowhere,
        name="test",
        leadership=InMemoryLeadership(lease),
        when_unavailable=told.append,
        clock=SystemClock(),
    )
    made.start()
    assert eventually(lambda: made.status.error is not None)
    assert told == []
    lease.holder = None
    assert eventually(lambda: told[:1] == ["There is no NATS."])
    made.stop()
