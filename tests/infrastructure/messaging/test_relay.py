"""What the relay publishes, and where it goes on."""

from pathlib import Path
from uuid import UUID, uuid4

from nats.js import JetStreamContext
from nats.js.api import StreamConfig

from application.integration.contracts import SOURCE, STREAM, SUBJECTS
from application.ledger import Ledger
from application.ports.follower_positions import FollowerPositions
from infrastructure.event_store.settings import postgres_environment, sqlite_environment
from infrastructure.messaging.positions import SqlFollowerPositions
from tests.support.events import BUILDERS, model_registered
from tests.support.nats import NatsServer
from tests.support.newer_program import store_newer_event
from tests.support.operation import operation_database
from tests.support.relaying import (
    catch_up,
    on_jetstream,
    positions_of,
    public_positions,
    register_models,
    relaying,
    stored_messages,
)


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


def test_a_busy_service_tells_all_the_same(a_ledger: Ledger, nats_server: NatsServer) -> None:
    register_models(a_ledger, 200)
    with relaying(nats_server.address, a_ledger, is_busy=True) as relay:
        catch_up(relay)
        register_models(a_ledger, 3)
        catch_up(relay)
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
