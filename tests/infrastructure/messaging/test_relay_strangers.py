"""What others write into the stream leads to nothing lost and nothing told twice."""

from collections.abc import Awaitable, Callable, Container
from pathlib import Path

import pytest
from nats.js import JetStreamContext

from application.ledger import Ledger
from application.ports.follower_positions import FollowerPositions
from application.ports.relay import Choice, HaltReason
from infrastructure.event_store.settings import sqlite_environment
from infrastructure.messaging.relay_control import ChoiceMeaningless
from tests.support.nats import NatsServer
from tests.support.processes import eventually
from tests.support.relaying import (
    Stored,
    catch_up,
    choose,
    halted,
    on_jetstream,
    positions_of,
    public_positions,
    register_models,
    relaying,
    stored_messages,
)


def sent_again(message: Stored, **changes: str) -> Callable[[JetStreamContext], Awaitable[object]]:
    """Return what sends a message of the stream into it once more, with other values for headers of its event."""

    async def send(js: JetStreamContext) -> None:
        own = {name: value for name, value in message.headers.items() if name.startswith("ce-")}
        changed = {f"ce-{name}": value for name, value in changes.items()}
        await js.publish(message.subject, message.data, headers={**own, **changed})

    return send


def noted(positions: FollowerPositions, position: int) -> bool:
    return eventually(lambda: positions.get("relay") == position)


def require_once_and_in_order(ledger: Ledger, server: NatsServer, *, strangers: Container[int]) -> None:
    ours = [each for each in stored_messages(server.address) if each.sequence not in strangers]
    assert positions_of(ours) == public_positions(ledger)


@pytest.mark.parametrize("is_at_work", [True, False])
def test_an_old_event_that_somebody_sends_again_has_nothing_published_again(
    a_ledger: Ledger, positions: FollowerPositions, nats_server: NatsServer, is_at_work: bool
) -> None:
    last = register_models(a_ledger, 10)
    with relaying(nats_server.address, a_ledger, positions) as relay:
        catch_up(relay)
        assert noted(positions, last)
        second = stored_messages(nats_server.address)[1]
        if is_at_work:
            on_jetstream(nats_server, sent_again(second))
            register_models(a_ledger, 5)
            assert halted(relay, HaltReason.STREAM_WRITTEN_BY_STRANGER)
    if not is_at_work:
        on_jetstream(nats_server, sent_again(second))
        register_models(a_ledger, 5)
    with relaying(nats_server.address, a_ledger, positions) as relay:
        assert halted(relay, HaltReason.STREAM_WRITTEN_BY_STRANGER)
        assert "its message 11 is not the event" in str(relay.status.halted_because)
        choose(a_ledger, positions, Choice.FROM_LAST)
        catch_up(relay)
        assert relay.status.published == 5
    require_once_and_in_order(a_ledger, nats_server, strangers={11})


def test_a_forged_message_of_a_later_event_has_none_left_out(
    a_ledger: Ledger, positions: FollowerPositions, nats_server: NatsServer
) -> None:
    last = register_models(a_ledger, 10)
    with relaying(nats_server.address, a_ledger, positions) as relay:
        catch_up(relay)
        assert noted(positions, last)
    register_models(a_ledger, 5)
    later = a_ledger.read(after=last + 4, limit=1)[0]
    forged = sent_again(
        stored_messages(nats_server.address)[0],
        id=str(later.event.event_id),
        subject=str(later.event.originator_id),
        sequence=f"{later.position:020}",
    )
    on_jetstream(nats_server, forged)
    with relaying(nats_server.address, a_ledger, positions) as relay:
        assert halted(relay, HaltReason.STREAM_WRITTEN_BY_STRANGER)
        choose(a_ledger, positions, Choice.FROM_LAST)
        catch_up(relay)
    require_once_and_in_order(a_ledger, nats_server, strangers={11})


def test_a_private_event_is_not_taken_for_the_last_one_that_was_published(
    a_ledger: Ledger, nats_server: NatsServer
) -> None:
    register_models(a_ledger, 2)
    with relaying(nats_server.address, a_ledger) as relay:
        catch_up(relay)
    private = a_ledger.read(after=1, limit=1)[0]
    forged = sent_again(
        stored_messages(nats_server.address)[0],
        id=str(private.event.event_id),
        subject=str(private.event.originator_id),
        sequence=f"{private.position:020}",
    )
    on_jetstream(nats_server, forged)
    with relaying(nats_server.address, a_ledger) as relay:  # without notes: the last message alone tells
        assert halted(relay, HaltReason.STREAM_OF_ANOTHER_LOG)


def test_stray_messages_may_stay_one_after_the_other_and_every_event_is_there_once(
    a_ledger: Ledger, positions: FollowerPositions, nats_server: NatsServer
) -> None:
    async def stray(js: JetStreamContext) -> None:
        await js.publish("events.ml.model.registered", b"hello")

    register_models(a_ledger, 3)
    with relaying(nats_server.address, a_ledger, positions) as relay:
        catch_up(relay)
        for _ in range(2):
            on_jetstream(nats_server, stray)
            register_models(a_ledger, 2)
            assert halted(relay, HaltReason.STREAM_WRITTEN_BY_STRANGER)
            choose(a_ledger, positions, Choice.FROM_LAST)
            catch_up(relay)
    require_once_and_in_order(a_ledger, nats_server, strangers={4, 7})


def test_what_another_relay_published_since_the_notes_is_no_stranger(
    a_ledger: Ledger, positions: FollowerPositions, nats_server: NatsServer
) -> None:
    last = register_models(a_ledger, 10)
    with relaying(nats_server.address, a_ledger, positions) as relay:
        catch_up(relay)
        assert noted(positions, last)
    for count in (1, 1_200):
        register_models(a_ledger, count)
        with relaying(nats_server.address, a_ledger) as other:  # its notes are its own
            catch_up(other)
        with relaying(nats_server.address, a_ledger, positions) as relay:
            catch_up(relay)
            assert relay.status.published == 0
    assert positions_of(stored_messages(nats_server.address)) == public_positions(a_ledger)


def test_a_longer_stream_of_another_log_in_place_of_ours_is_no_place_to_go_on(
    a_ledger: Ledger, positions: FollowerPositions, nats_server: NatsServer, tmp_path: Path
) -> None:
    last = register_models(a_ledger, 3)
    with relaying(nats_server.address, a_ledger, positions) as relay:
        catch_up(relay)
        assert noted(positions, last)
    nats_server.clean()
    with Ledger(sqlite_environment(tmp_path / "other.db")) as other:
        register_models(other, 5)
        with relaying(nats_server.address, other) as relay:
            catch_up(relay)
    register_models(a_ledger, 10)
    with relaying(nats_server.address, a_ledger, positions) as relay:
        assert halted(relay, HaltReason.STREAM_OF_ANOTHER_LOG)
        with pytest.raises(ChoiceMeaningless, match="--from-beginning or --from-now"):
            choose(a_ledger, positions, Choice.FROM_LAST)
