"""Relays and the NATS server are killed and paused under load: each event is in the stream once and in order."""

import asyncio
import os
import random
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from time import sleep

import pytest
from nats.js.api import StreamConfig

from application.integration.contracts import STREAM, SUBJECTS
from application.ledger import Ledger
from application.ports.relay import Choice, HaltReason
from infrastructure.event_store.settings import sqlite_environment
from infrastructure.messaging.connection import connect
from infrastructure.messaging.positions import SqlFollowerPositions
from infrastructure.messaging.relay_control import RelayControl
from tests.support.nats import NatsServer
from tests.support.operation import operation_database
from tests.support.processes import eventually, started
from tests.support.relaying import (
    catch_up,
    message_count,
    positions_of,
    public_positions,
    register_models,
    relaying,
    stored_messages,
)

pytestmark = [pytest.mark.slow, pytest.mark.timeout(3_000)]

ENOUGH_S = 120.0
MODELS_A_COMMIT = 5
EMPTIED = HaltReason.STREAM_EMPTIED


class RelayProcess:
    """A relay in a process of its own, which can be killed and started again.

    Args:
        directory: Where the log is.
        server: That it publishes to.
    """

    def __init__(self, directory: Path, server: NatsServer) -> None:
        paths = (str(directory / "events.db"), str(directory / "operation.db"))
        self._command = [sys.executable, "-m", "tests.faults.relay_process", *paths, server.url]
        self._process = self._started()

    def kill(self) -> None:
        """End it as a power cut would, and start another one."""
        self.end()
        self._process = self._started()

    def pause(self, for_s: float) -> None:
        """Let it stand still for a while, with whatever it was about to do."""
        self._process.send_signal(signal.SIGSTOP)
        sleep(for_s)
        self._process.send_signal(signal.SIGCONT)

    def end(self) -> None:
        """End it for good."""
        self._process.kill()
        self._process.communicate()

    def _started(self) -> subprocess.Popen[bytes]:
        process = started(self._command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        assert process.stdout is not None
        assert process.stdout.readline() == b"ready\n"
        return process


@pytest.fixture
def a_ledger(tmp_path: Path) -> Iterator[Ledger]:
    with Ledger(sqlite_environment(tmp_path / "events.db")) as ledger:
        yield ledger


@pytest.fixture
def a_server(fresh_nats: Callable[[], NatsServer]) -> NatsServer:
    return fresh_nats()


@contextmanager
def load(ledger: Ledger) -> Iterator[None]:
    """Commit events as long as the block lasts."""
    stopping = threading.Event()

    def commit() -> None:
        while not stopping.wait(0.02):
            register_models(ledger, MODELS_A_COMMIT)

    thread = threading.Thread(target=commit)
    thread.start()
    try:
        yield
    finally:
        stopping.set()
        thread.join()


def require_every_event_once_and_in_order(ledger: Ledger, server: NatsServer) -> None:
    expected = public_positions(ledger)
    assert eventually(lambda: message_count(server.address) >= len(expected), within_s=ENOUGH_S)
    assert positions_of(stored_messages(server.address)) == expected


def test_no_event_is_lost_or_doubled_however_often_relays_and_server_are_killed(
    a_ledger: Ledger, a_server: NatsServer, tmp_path: Path, scale: int
) -> None:
    chance = random.Random(7)
    relays = [RelayProcess(tmp_path, a_server) for _ in range(2)]

    def restart_server() -> None:
        a_server.kill()
        sleep(chance.uniform(0, 0.3))
        a_server.start()

    def pause_server() -> None:
        a_server.pause()
        sleep(chance.uniform(0.1, 1.0))
        a_server.resume()

    with load(a_ledger):
        for _ in range(2 * scale):
            faults: list[Callable[[], object]] = [
                restart_server,
                pause_server,
                relays[0].kill,
                relays[1].kill,
                lambda: relays[0].pause(chance.uniform(0.1, 1.0)),
            ]
            chance.shuffle(faults)
            for fault in faults:
                sleep(chance.uniform(0.05, 0.5))
                fault()
    require_every_event_once_and_in_order(a_ledger, a_server)
    for relay in relays:
        relay.end()


def test_while_the_server_stands_still_commits_go_on_and_then_the_backlog_drains(
    a_ledger: Ledger, a_server: NatsServer, scale: int
) -> None:
    with relaying(a_server.address, a_ledger) as relay:
        register_models(a_ledger, 10)
        catch_up(relay)
        a_server.pause()
        with load(a_ledger):
            sleep(min(60, 3 * scale))
            assert eventually(lambda: len(public_positions(a_ledger)) > 100)
        a_server.resume()
        catch_up(relay)
    require_every_event_once_and_in_order(a_ledger, a_server)


@pytest.mark.parametrize("kept", [0.0, 0.3, 0.9])
def test_a_store_that_was_cut_off_is_filled_again(a_ledger: Ledger, a_server: NatsServer, kept: float) -> None:
    with relaying(a_server.address, a_ledger) as relay:
        register_models(a_ledger, 200)
        catch_up(relay)
        a_server.kill()
        for block in a_server.store.glob(f"**/streams/{STREAM}/msgs/*.blk"):
            os.truncate(block, int(block.stat().st_size * kept))
        a_server.start()
        register_models(a_ledger, 10)
        catch_up(relay)
    require_every_event_once_and_in_order(a_ledger, a_server)


def test_before_an_emptied_stream_a_relay_waits_until_somebody_chooses_elsewhere(
    a_ledger: Ledger, a_server: NatsServer, tmp_path: Path
) -> None:
    register_models(a_ledger, 50)
    relay = RelayProcess(tmp_path, a_server)
    require_every_event_once_and_in_order(a_ledger, a_server)
    relay.end()
    asyncio.run(_empty(a_server))
    relay = RelayProcess(tmp_path, a_server)
    with operation_database(tmp_path / "operation.db") as operation:
        control = RelayControl(log=a_ledger, positions=SqlFollowerPositions(operation))
        assert eventually(lambda: (halt := control.report().halt) is not None and halt.reason is EMPTIED)
        register_models(a_ledger, 5)
        assert stored_messages(a_server.address) == []
        control.choose(Choice.FROM_BEGINNING)
        require_every_event_once_and_in_order(a_ledger, a_server)
        assert eventually(lambda: control.report().halt is None)
    relay.end()


async def _empty(server: NatsServer) -> None:
    """Leave the stream as a purge does: without messages, its sequence going on."""
    client = await connect(server.address, name="tests")
    js = client.jetstream()
    last = (await js.stream_info(STREAM)).state.last_seq
    await js.delete_stream(STREAM)
    await js.add_stream(StreamConfig(name=STREAM, subjects=[SUBJECTS], first_seq=last + 1))
    await client.close()
