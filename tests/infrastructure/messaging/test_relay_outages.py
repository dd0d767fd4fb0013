"""A relay whose server, stream or connection is gone for a while."""

import logging
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from nats.js import JetStreamContext
from nats.js.api import StreamConfig

from application.ledger import Ledger
from application.ports.follower_positions import FollowerPositions
from infrastructure.messaging.address import NatsAddress
from infrastructure.messaging.parts import Messaging
from infrastructure.messaging.relay import Relay
from infrastructure.messaging.relay_control import RelayControl
from infrastructure.system.clock import SystemClock
from tests.support.fakes.follower_positions import InMemoryFollowerPositions
from tests.support.nats import NatsServer
from tests.support.processes import eventually
from tests.support.relaying import (
    catch_up,
    on_jetstream,
    positions_of,
    public_positions,
    register_models,
    relaying,
    stored_messages,
)


def test_a_relay_goes_on_when_the_server_was_killed(
    a_ledger: Ledger, fresh_nats: Callable[[], NatsServer]
) -> None:
    server = fresh_nats()
    with relaying(server.address, a_ledger) as relay:
        for _ in range(3):
            register_models(a_ledger, 200)
            server.kill()
            register_models(a_ledger, 50)
            server.start()
            catch_up(relay)
    assert positions_of(stored_messages(server.address)) == public_positions(a_ledger)


def test_what_a_stream_has_lost_is_published_again(
    a_ledger: Ledger,
    positions: FollowerPositions,
    fresh_nats: Callable[[], NatsServer],
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
) -> None:
    server = fresh_nats()
    register_models(a_ledger, 30)
    with relaying(server.address, a_ledger, positions) as relay:
        catch_up(relay)
        server.kill()
        shutil.copytree(server.store, tmp_path / "earlier")
        server.start()
        last = register_models(a_ledger, 30)
        catch_up(relay)
        assert eventually(lambda: positions.get("relay") == last)
    server.kill()
    shutil.rmtree(server.store)
    shutil.copytree(tmp_path / "earlier", server.store)
    server.start()
    with caplog.at_level(logging.WARNING), relaying(server.address, a_ledger, positions) as relay:
        catch_up(relay)
        assert relay.status.refilled == 30
    assert "has lost what followed its message 30" in caplog.text
    assert positions_of(stored_messages(server.address)) == public_positions(a_ledger)


def test_a_stream_that_is_wholly_gone_is_filled_again(
    a_ledger: Ledger, positions: FollowerPositions, nats_server: NatsServer
) -> None:
    last = register_models(a_ledger, 30)
    with relaying(nats_server.address, a_ledger, positions) as relay:
        catch_up(relay)
        assert eventually(lambda: positions.get("relay") == last)
        nats_server.clean()
        register_models(a_ledger, 1)
        assert eventually(lambda: relay.status.published == 61)
        assert relay.status.refilled == 30
    assert positions_of(stored_messages(nats_server.address)) == public_positions(a_ledger)


def test_where_another_stream_covers_the_subjects_the_relay_says_so_and_waits_for_room(
    a_ledger: Ledger, nats_server: NatsServer, caplog: pytest.LogCaptureFixture
) -> None:
    async def covered(js: JetStreamContext) -> None:
        await js.add_stream(StreamConfig(name="EVERYTHING", subjects=["events.>"]))

    async def uncovered(js: JetStreamContext) -> None:
        await js.delete_stream("EVERYTHING")

    register_models(a_ledger, 1)
    on_jetstream(nats_server, covered)
    positions = InMemoryFollowerPositions()
    control = RelayControl(log=a_ledger, positions=positions)
    with relaying(nats_server.address, a_ledger, positions) as relay:
        assert eventually(lambda: "stream EVERYTHING of the NATS server covers subjects" in caplog.text)
        assert eventually(lambda: "EVERYTHING" in (control.report().error or ""))
        assert "EVERYTHING" in str(relay.status.error)
        on_jetstream(nats_server, uncovered)
        catch_up(relay)
        assert eventually(lambda: control.report().error is None)
    assert "Traceback" not in caplog.text


def test_a_connection_that_is_lost_is_noted_until_it_is_back(
    a_ledger: Ledger, positions: FollowerPositions, fresh_nats: Callable[[], NatsServer]
) -> None:
    server = fresh_nats()
    control = RelayControl(log=a_ledger, positions=positions)
    with relaying(server.address, a_ledger, positions) as relay:
        catch_up(relay)
        server.kill()
        assert eventually(lambda: control.report().error is not None)
        server.start()
        assert eventually(lambda: control.report().error is None)


def test_a_relay_that_was_never_connected_says_why_until_it_publishes(
    a_ledger: Ledger, positions: FollowerPositions, nats_server: NatsServer
) -> None:
    addresses = [NatsAddress(url="nats://127.0.0.1:1")]
    relay, control = Relay(log=a_ledger, positions=positions), RelayControl(log=a_ledger, positions=positions)
    messaging = Messaging(
        address=lambda: addresses[-1],
        name="tests",
        leading=[relay],
        when_unavailable=relay.unreachable,
        clock=SystemClock(),
    )
    messaging.start()
    try:
        assert eventually(lambda: control.report().error is not None)
        report = control.report()
        assert report.error == "NATS cannot be reached: nats://127.0.0.1:1: nobody listens there."
        assert (report.position, relay.status.error) == (None, report.error)
        addresses.append(nats_server.address)
        register_models(a_ledger, 1)
        catch_up(relay)
        assert eventually(lambda: control.report().error is None)
        assert (control.report().position, relay.status.error) == (a_ledger.head(), None)
    finally:
        messaging.stop()
