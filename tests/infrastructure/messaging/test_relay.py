import asyncio
import logging
import shutil
from collections.abc import Awaitable, Callable, Container, Iterator
from pathlib import Path
from uuid import UUID, uuid4

import pytest
from nats.js import JetStreamContext
from nats.js.api import StreamConfig

from application.integration.contracts import SOURCE, STREAM, SUBJECTS
from application.ledger import Ledger
from application.ports.follower_positions import FollowerPositions
from application.ports.relay import Choice, HaltReason
from infrastructure.event_store.settings import postgres_environment, sqlite_environment
from infrastructure.messaging.address import NatsAddress
from infrastructure.messaging.connection import connect
from infrastructure.messaging.parts import Messaging
from infrastructure.messaging.positions import SqlFollowerPositions
from infrastructure.messaging.relay import Relay
from infrastructure.messaging.relay_control import ChoiceMeaningless, RelayControl
from infrastructure.system.clock import SystemClock
from tests.support.events import BUILDERS, model_registered, training_job_progressed
from tests.support.fakes.follower_positions import InMemoryFollowerPositions
from tests.support.nats import NatsServer
from tests.support.newer_program import store_newer_event
from tests.support.operation import operation_database
from tests.support.processes import eventually
from tests.support.relaying import (
    Stored,
    catch_up,
    positions_of,
    public_positions,
    register_models,
    relaying,
    stored_messages,
)


@pytest.fixture
def a_ledger(tmp_path: Path) -> Iterator[Ledger]:
    with Ledger(sqlite_environment(tmp_path / "events.db")) as ledger:
        yield ledger


@pytest.fixture
def positions(tmp_path: Path) -> Iterator[FollowerPositions]:
    with operation_database(tmp_path / "operation.db") as operation:
        yield SqlFollowerPositions(operation)


def on_jetstream(server: NatsServer, work: Callable[[JetStreamContext], Awaitable[object]]) -> None:
    async def connected() -> None:
        client = await connect(server.address, name="tests")
        try:
            await work(client.jetstream())
        finally:
            await client.close()

    asyncio.run(connected())


def halted(relay: Relay, reason: HaltReason) -> bool:
    return eventually(lambda: (halt := relay.status.halted) is not None and halt.reason is reason)


def choose(ledger: Ledger, positions: FollowerPositions, choice: Choice) -> None:
    RelayControl(log=ledger, positions=positions).choose(choice)


def test_every_public_event_is_published_once_and_in_order(
    a_ledger: Ledger, positions: FollowerPositions, nats_server: NatsServer
) -> None:
    register_models(a_ledger, 700)
    with relaying(nats_server.address, a_ledger, positions) as relay:
        catch_up(relay)
        register_models(a_ledger, 3)
        catch_up(relay)
        assert relay.status.published == 703
    assert positions_of(stored_messages(nats_server.address)) == public_positions(a_ledger)


def test_an_event_is_published_as_a_cloud_event_in_binary_mode(a_ledger: Ledger, nats_server: NatsServer) -> None:
    event = model_registered()
    renamed = event.provenance.model_copy(
        update={"actor": "Änn %", "correlation_id": "request 1", "causation_id": UUID(int=9)}
    )
    position = a_ledger.commit([event.model_copy(update={"provenance": renamed})])
    with relaying(nats_server.address, a_ledger) as relay:
        catch_up(relay)
    (message,) = stored_messages(nats_server.address)
    assert message.subject == "events.ml.model.registered"
    own = {name: value for name, value in message.headers.items() if name.startswith("ce-")}
    assert own == {
        "ce-specversion": "1.0",
        "ce-id": str(event.event_id),
        "ce-source": "/machine-learning-service",
        "ce-type": "ml.model.registered.v1",
        "ce-subject": str(event.originator_id),
        "ce-time": "2026-01-02T03:04:05.678901Z",
        "ce-datacontenttype": "application/json",
        "ce-sequence": f"{position:020}",
        "ce-correlationid": "request%201",
        "ce-causationid": str(UUID(int=9)),
        "ce-authtype": "unknown",
        "ce-authid": "%C3%84nn%20%25",
    }
    assert message.headers["Nats-Msg-Id"] == str(event.event_id)
    assert message.headers["Nats-Expected-Last-Sequence"] == "0"


def test_every_type_of_event_passes_through_nats(a_ledger: Ledger, nats_server: NatsServer) -> None:
    a_ledger.commit([build(originator_id=uuid4(), event_id=uuid4()) for build in BUILDERS.values()])
    with relaying(nats_server.address, a_ledger) as relay:
        catch_up(relay)
    messages = stored_messages(nats_server.address)
    assert positions_of(messages) == public_positions(a_ledger)
    assert all(each.headers["ce-type"] == f"{each.subject.removeprefix('events.')}.v1" for each in messages)


def test_the_log_may_be_in_postgresql(postgres_url: str, nats_server: NatsServer) -> None:
    with operation_database(postgres_url) as operation, Ledger(postgres_environment(postgres_url)) as ledger:
        positions = SqlFollowerPositions(operation)
        register_models(ledger, 20)
        with relaying(nats_server.address, ledger, positions) as relay:
            catch_up(relay)
            register_models(ledger, 5)
            catch_up(relay)
        assert positions_of(stored_messages(nats_server.address)) == public_positions(ledger)


def test_the_stream_has_no_limits_and_nobody_removes_anything(a_ledger: Ledger, nats_server: NatsServer) -> None:
    async def narrowed(js: JetStreamContext) -> None:
        await js.add_stream(StreamConfig(name=STREAM, subjects=[SUBJECTS], max_msgs=5, max_age=60, max_bytes=9))

    async def unlimited(js: JetStreamContext) -> None:
        config = (await js.stream_info(STREAM)).config
        assert (config.max_msgs, config.max_age, config.max_bytes) == (-1, 0, -1)
        assert config.deny_delete
        assert config.deny_purge
        assert config.discard == "new"

    on_jetstream(nats_server, narrowed)
    with relaying(nats_server.address, a_ledger) as relay:
        catch_up(relay)
    on_jetstream(nats_server, unlimited)


def test_a_relay_goes_on_where_the_stream_is_whatever_it_noted(a_ledger: Ledger, nats_server: NatsServer) -> None:
    for _ in range(3):
        register_models(a_ledger, 10)
        with relaying(nats_server.address, a_ledger) as relay:  # without notes
            catch_up(relay)
            assert relay.status.published == 10
    assert positions_of(stored_messages(nats_server.address)) == public_positions(a_ledger)


def test_two_relays_at_once_publish_every_event_once(tmp_path: Path, nats_server: NatsServer) -> None:
    environment = sqlite_environment(tmp_path / "events.db")
    with Ledger(environment) as one, Ledger(environment) as other:
        with relaying(nats_server.address, one) as first, relaying(nats_server.address, other) as second:
            for _ in range(30):
                register_models(one, 20)
            catch_up(first)
            catch_up(second)
        assert positions_of(stored_messages(nats_server.address)) == public_positions(one)


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


def test_a_large_event_is_published_with_where_to_find_what_it_leaves_out(
    a_ledger: Ledger, nats_server: NatsServer
) -> None:
    event = model_registered(metadata={"text": "x" * 250_000})
    position = a_ledger.commit([event])
    with relaying(nats_server.address, a_ledger) as relay:
        catch_up(relay)
    (message,) = stored_messages(nats_server.address)
    assert message.headers["ce-dataref"] == f"/api/v1/models/{event.originator_id}?as_of={position}"
    assert len(message.data) < 1_000


def test_a_newer_program_may_have_published_what_this_one_cannot_read(
    a_ledger: Ledger, positions: FollowerPositions, nats_server: NatsServer
) -> None:
    register_models(a_ledger, 1)
    with relaying(nats_server.address, a_ledger, positions) as relay:
        catch_up(relay)
    stream_id = uuid4()
    published = store_newer_event(a_ledger, stream_id, version=1)
    register_models(a_ledger, 1)

    async def by_a_newer_one(js: JetStreamContext) -> None:
        headers = {
            "ce-source": SOURCE,
            "ce-id": str(uuid4()),
            "ce-subject": str(stream_id),
            "ce-sequence": f"{published:020}",
        }
        await js.publish("events.ml.model.frozen", b"{}", headers=headers)

    on_jetstream(nats_server, by_a_newer_one)
    with relaying(nats_server.address, a_ledger, positions) as relay:
        catch_up(relay)
    expected = sorted([*public_positions(a_ledger), published])
    assert positions_of(stored_messages(nats_server.address)) == expected


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
