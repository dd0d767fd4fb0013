"""Where a relay cannot know how to go on, it halts until somebody chooses."""

import shutil
from pathlib import Path
from uuid import uuid4

import pytest
from nats.js import JetStreamContext
from nats.js.api import StreamConfig

from application.integration.contracts import STREAM, SUBJECTS
from application.ledger import Ledger
from application.ports.follower_positions import FollowerPositions
from application.ports.relay import Choice, HaltReason
from infrastructure.event_store.settings import sqlite_environment
from infrastructure.messaging.relay_control import ChoiceMeaningless
from tests.support.events import training_job_progressed
from tests.support.nats import NatsServer
from tests.support.newer_program import store_newer_event
from tests.support.processes import eventually
from tests.support.relaying import (
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


async def emptied(js: JetStreamContext) -> None:
    await js.add_stream(StreamConfig(name=STREAM, subjects=[SUBJECTS], first_seq=101))


def test_before_an_emptied_stream_the_relay_halts_until_somebody_chooses(
    a_ledger: Ledger, positions: FollowerPositions, nats_server: NatsServer
) -> None:
    register_models(a_ledger, 5)
    on_jetstream(nats_server, emptied)
    with relaying(nats_server.address, a_ledger, positions) as relay:
        assert halted(relay, HaltReason.STREAM_EMPTIED)
        assert "relay continue" in str(relay.status.halted_because)
        with pytest.raises(ChoiceMeaningless, match="--from-beginning or --from-now"):
            choose(a_ledger, positions, Choice.SKIP)
        assert stored_messages(nats_server.address) == []
        choose(a_ledger, positions, Choice.FROM_BEGINNING)
        catch_up(relay)
        assert relay.status.halted is None
    messages = stored_messages(nats_server.address)
    assert positions_of(messages) == public_positions(a_ledger)
    assert messages[0].sequence == 101


def test_from_now_on_means_from_the_choice_on_also_for_a_relay_that_starts_later(
    a_ledger: Ledger, positions: FollowerPositions, nats_server: NatsServer
) -> None:
    before = register_models(a_ledger, 5)
    on_jetstream(nats_server, emptied)
    with relaying(nats_server.address, a_ledger, positions) as relay:
        assert halted(relay, HaltReason.STREAM_EMPTIED)
    choose(a_ledger, positions, Choice.FROM_NOW)
    register_models(a_ledger, 5)
    for _ in range(2):
        with relaying(nats_server.address, a_ledger, positions) as relay:
            catch_up(relay)
    later = [each for each in public_positions(a_ledger) if each > before]
    assert positions_of(stored_messages(nats_server.address)) == later


def test_a_choice_means_nothing_for_another_halt(
    a_ledger: Ledger, positions: FollowerPositions, nats_server: NatsServer
) -> None:
    on_jetstream(nats_server, emptied)
    with relaying(nats_server.address, a_ledger, positions) as relay:
        assert halted(relay, HaltReason.STREAM_EMPTIED)
    choose(a_ledger, positions, Choice.FROM_NOW)

    async def emptied_again(js: JetStreamContext) -> None:
        await js.delete_stream(STREAM)
        await js.add_stream(StreamConfig(name=STREAM, subjects=[SUBJECTS], first_seq=201))

    on_jetstream(nats_server, emptied_again)
    with relaying(nats_server.address, a_ledger, positions) as relay:
        assert halted(relay, HaltReason.STREAM_EMPTIED)


def test_nothing_is_chosen_for_a_relay_that_does_not_wait(a_ledger: Ledger, positions: FollowerPositions) -> None:
    with pytest.raises(ChoiceMeaningless, match="does not wait"):
        choose(a_ledger, positions, Choice.FROM_NOW)


def test_a_stream_that_grew_again_is_not_taken_for_the_one_that_was_chosen_for(
    a_ledger: Ledger, positions: FollowerPositions, nats_server: NatsServer
) -> None:
    register_models(a_ledger, 3)

    async def emptied_after_three(js: JetStreamContext) -> None:
        await js.add_stream(StreamConfig(name=STREAM, subjects=[SUBJECTS], first_seq=4))

    on_jetstream(nats_server, emptied_after_three)
    with relaying(nats_server.address, a_ledger, positions) as relay:
        assert halted(relay, HaltReason.STREAM_EMPTIED)
    register_models(a_ledger, 3)
    choose(a_ledger, positions, Choice.FROM_NOW)  # behind message 3: go on after the sixth event
    with relaying(nats_server.address, a_ledger, positions) as relay:
        catch_up(relay)
    nats_server.clean()
    with relaying(nats_server.address, a_ledger, positions) as relay:
        catch_up(relay)
    assert positions_of(stored_messages(nats_server.address)) == public_positions(a_ledger)


def test_before_the_stream_of_another_log_the_relay_halts(
    a_ledger: Ledger, positions: FollowerPositions, nats_server: NatsServer, tmp_path: Path
) -> None:
    register_models(a_ledger, 5)
    with Ledger(sqlite_environment(tmp_path / "other.db")) as other:
        register_models(other, 3)
        with relaying(nats_server.address, other) as relay:
            catch_up(relay)
    with relaying(nats_server.address, a_ledger, positions) as relay:
        assert halted(relay, HaltReason.STREAM_OF_ANOTHER_LOG)
        choose(a_ledger, positions, Choice.FROM_BEGINNING)
        catch_up(relay)
    assert positions_of(stored_messages(nats_server.address))[3:] == public_positions(a_ledger)


def test_before_a_stream_with_messages_of_others_the_relay_halts(
    a_ledger: Ledger, nats_server: NatsServer
) -> None:
    async def foreign(js: JetStreamContext) -> None:
        await js.add_stream(StreamConfig(name=STREAM, subjects=[SUBJECTS]))
        await js.publish("events.ml.model.registered", b"hello")

    register_models(a_ledger, 1)
    on_jetstream(nats_server, foreign)
    with relaying(nats_server.address, a_ledger) as relay:
        assert halted(relay, HaltReason.STREAM_OF_ANOTHER_LOG)


def test_before_a_stream_that_tells_of_more_than_the_log_has_the_relay_halts(
    tmp_path: Path, nats_server: NatsServer
) -> None:
    path, earlier = tmp_path / "events.db", tmp_path / "earlier.db"
    with Ledger(sqlite_environment(path)) as ledger:
        register_models(ledger, 3)
    shutil.copy(path, earlier)
    with Ledger(sqlite_environment(path)) as ledger:
        register_models(ledger, 3)
        with relaying(nats_server.address, ledger) as relay:
            catch_up(relay)
    with Ledger(sqlite_environment(earlier)) as restored:
        with relaying(nats_server.address, restored) as relay:
            assert halted(relay, HaltReason.STREAM_AHEAD_OF_LOG)
        register_models(restored, 5)  # now the log has another event there
        with relaying(nats_server.address, restored) as relay:
            assert halted(relay, HaltReason.STREAM_OF_ANOTHER_LOG)


def test_before_an_event_that_it_cannot_read_the_relay_halts_rather_than_leave_a_hole(
    a_ledger: Ledger, positions: FollowerPositions, nats_server: NatsServer
) -> None:
    register_models(a_ledger, 2)
    unreadable = store_newer_event(a_ledger, uuid4(), version=1)
    register_models(a_ledger, 2)
    another = store_newer_event(a_ledger, uuid4(), version=1)
    register_models(a_ledger, 2)
    with relaying(nats_server.address, a_ledger, positions) as relay:
        for position, before in ((unreadable, 2), (another, 4)):
            assert eventually(lambda: relay.status.published == before)  # noqa: B023 - used at once
            assert eventually(
                lambda: (halt := relay.status.halted) is not None and halt.position == position  # noqa: B023
            )
            assert "newer program" in str(relay.status.halted_because)
            choose(a_ledger, positions, Choice.SKIP)
        catch_up(relay)
        assert relay.status.skipped == 2
    with relaying(nats_server.address, a_ledger, positions) as relay:
        catch_up(relay)
    assert positions_of(stored_messages(nats_server.address)) == public_positions(a_ledger)


def test_an_event_that_no_message_can_hold_is_left_out_by_choice_only(
    a_ledger: Ledger, positions: FollowerPositions, nats_server: NatsServer
) -> None:
    huge = {f"metric_{number:07}_{'x' * 40}": 0.5 for number in range(20_000)}
    too_large = a_ledger.commit([training_job_progressed(metrics=huge)])
    register_models(a_ledger, 2)
    with relaying(nats_server.address, a_ledger, positions) as relay:
        assert halted(relay, HaltReason.EVENT_TOO_LARGE)
        assert "max_payload" in str(relay.status.halted_because)
        choose(a_ledger, positions, Choice.SKIP)
        catch_up(relay)
    left = [each for each in public_positions(a_ledger) if each != too_large]
    assert positions_of(stored_messages(nats_server.address)) == left
