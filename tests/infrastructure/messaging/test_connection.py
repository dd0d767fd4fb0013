"""A connection is had or refused soon, and lost soon after the server is gone."""

import asyncio
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any

import pytest

from application.ports.messaging import MessagingUnavailable
from infrastructure.messaging.address import NatsAddress
from infrastructure.messaging.connection import NatsConnection, connect
from tests.support.certificates import Authority
from tests.support.nats import NatsServer
from tests.support.nats_accounts import ACCOUNT, OPERATOR, USER, Entity, credentials, operated_server
from tests.support.processes import eventually

Check = Callable[[NatsConnection], Coroutine[Any, Any, None]]


def connected(address: NatsAddress, check: Check | None = None) -> None:
    """Connect, check, and close."""

    async def go() -> None:
        client = await connect(address, name="test")
        try:
            await client.flush()
            if check is not None:
                await check(client)
        finally:
            await client.close()

    asyncio.run(go())


def refused(address: NatsAddress) -> str:
    """Return why there is no connection."""
    with pytest.raises(MessagingUnavailable) as error:
        connected(address)
    return error.value.message


def test_the_token_is_demanded(nats_server: NatsServer) -> None:
    connected(nats_server.address)

    for login in ("", "wrong@"):
        assert "authorization" in refused(NatsAddress(url=f"nats://{login}127.0.0.1:{nats_server.port}")).lower()


def test_the_first_server_that_answers_is_taken(
    fresh_nats: Callable[[], NatsServer], nats_server: NatsServer
) -> None:
    dead, paused = fresh_nats(), fresh_nats()
    dead.kill()
    paused.pause()
    address = NatsAddress(url=f"{nats_server.url},nats://127.0.0.1:{dead.port},nats://127.0.0.1:{paused.port}")

    async def is_the_living_one(client: NatsConnection) -> None:
        assert client.server_url == f"nats://127.0.0.1:{nats_server.port}"

    for _ in range(3):
        connected(address, is_the_living_one)


def test_when_no_server_answers_the_reason_of_each_is_told(fresh_nats: Callable[[], NatsServer]) -> None:
    dead, paused = fresh_nats(), fresh_nats()
    dead.kill()
    paused.pause()

    reason = refused(NatsAddress(url=f"{dead.url},{paused.url}"))

    assert f"127.0.0.1:{paused.port}: it does not answer" in reason
    assert f"127.0.0.1:{dead.port}: nobody listens there" in reason
    assert "@" not in reason


def test_a_killed_server_is_noticed(nats_server: NatsServer) -> None:
    async def kill(client: NatsConnection) -> None:
        nats_server.kill()
        await client.lost.wait()
        assert client.is_closed

    connected(nats_server.address, kill)


def test_a_server_that_stands_still_is_noticed_while_more_is_published_than_it_takes(
    nats_server: NatsServer,
) -> None:
    async def pause(client: NatsConnection) -> None:
        async def publish_on_and_on() -> None:
            while True:
                await client.publish("subject", bytes(1_000_000))

        publishing = asyncio.create_task(publish_on_and_on())
        nats_server.pause()
        await client.lost.wait()
        assert "stale" in client.reason
        publishing.cancel()
        await asyncio.wait({publishing})

    connected(nats_server.address, pause)


def test_a_close_sends_what_was_published(nats_server: NatsServer) -> None:
    async def publish_and_close(client: NatsConnection) -> None:
        heard = await client.subscribe("subject")
        await client.flush()
        other = await connect(nats_server.address, name="other")
        await other.publish("subject", b"last words")
        await other.close()
        assert (await heard.next_msg(10)).data == b"last words"

    connected(nats_server.address, publish_and_close)


def test_subscriptions_are_counted_without_the_one_for_answers(nats_server: NatsServer) -> None:
    async def count(client: NatsConnection) -> None:
        assert client.subscription_count == 0
        await client.jetstream().account_info()
        subscription = await client.subscribe("subject")
        assert client.subscription_count == 1
        await subscription.unsubscribe()
        assert client.subscription_count == 0

    connected(nats_server.address, count)


def test_a_failing_callback_is_logged(nats_server: NatsServer, caplog: pytest.LogCaptureFixture) -> None:
    async def fail(client: NatsConnection) -> None:
        called = asyncio.Event()

        async def callback(_message: object) -> None:
            called.set()
            raise ZeroDivisionError

        await client.subscribe("subject", cb=callback)
        await client.publish("subject", b"")
        await called.wait()

    connected(nats_server.address, fail)

    assert [record.exc_info[0] for record in caplog.records if record.exc_info] == [ZeroDivisionError]


def test_an_account_is_entered_with_its_credentials(tmp_path: Path) -> None:
    operator, account, user, stranger = (Entity(kind) for kind in (OPERATOR, ACCOUNT, USER, ACCOUNT))
    good, bad = tmp_path / "good.creds", tmp_path / "bad.creds"
    good.write_text(credentials(account, user))
    bad.write_text(credentials(stranger, user))

    with NatsServer(tmp_path / "nats", **operated_server(operator, account)) as server:
        url = f"nats://127.0.0.1:{server.port}"
        connected(NatsAddress(url=url, credentials=good))
        assert "authorization" in refused(NatsAddress(url=url, credentials=bad)).lower()
        assert "authorization" in refused(NatsAddress(url=url)).lower()


@pytest.mark.parametrize("damage", ["missing", "empty", "no seed", "wrong seed"])
def test_damaged_credentials_are_told_and_not_shown(damage: str, tmp_path: Path, nats_server: NatsServer) -> None:
    user = Entity(USER)
    content = credentials(Entity(ACCOUNT), user)
    path = tmp_path / "user.creds"
    if damage != "missing":
        # not the last letter, of which some bits mean nothing
        wrong = f"{user.seed[:-2]}{'A' if user.seed[-2] != 'A' else 'B'}{user.seed[-1]}"
        contents = {
            "empty": "",
            "no seed": content.partition("\n\n")[0],
            "wrong seed": content.replace(user.seed, wrong),
        }
        path.write_text(contents[damage])

    reason = refused(NatsAddress(url=nats_server.url, credentials=path))

    assert str(path) in reason
    assert user.seed[4:-4] not in reason


def test_a_server_is_known_by_its_certificate_and_so_is_the_client(tmp_path: Path) -> None:
    authority = Authority(tmp_path)
    certificate, key = (str(path) for path in authority.issue("server"))
    own_certificate, own_key = authority.issue("client")
    tls = {"cert_file": certificate, "key_file": key, "ca_file": str(authority.path), "verify": True}

    with NatsServer(tmp_path / "nats", tls=tls) as server:
        known = {"url": server.url, "tls_ca": authority.path}
        connected(NatsAddress(**known, tls_certificate=own_certificate, tls_key=own_key))
        refused(NatsAddress(**known))
        assert "CERTIFICATE_VERIFY_FAILED" in refused(NatsAddress(url=server.url))


def test_a_server_without_tls_is_told_no_secrets_where_tls_is_asked_for(nats_server: NatsServer) -> None:
    assert "TLS" in refused(NatsAddress(url=nats_server.url.replace("nats://", "tls://")))


def test_the_shared_server_starts_again_on_its_port_with_its_streams(nats_server: NatsServer) -> None:
    async def add(client: NatsConnection) -> None:
        await client.jetstream().add_stream(name="KEPT", subjects=["kept"])
        await client.jetstream().publish("kept", b"a fact")

    async def is_there(client: NatsConnection) -> None:
        assert (await client.jetstream().get_last_msg("KEPT", "kept")).data == b"a fact"

    before = nats_server.url
    connected(nats_server.address, add)
    nats_server.kill()
    assert eventually(lambda: not nats_server.is_running)
    nats_server.start()

    assert nats_server.url == before
    connected(nats_server.address, is_there)
