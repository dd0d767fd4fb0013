"""What readers see here is there, row for row, whatever happened on the way."""

from contextlib import suppress
from pathlib import Path

import pytest

from application.ports.metadata_store import SERVICE, STREAM, Found, QueryKind, query_subject
from application.ports.read_models import Collection
from infrastructure.database_service.sending import NAME
from infrastructure.database_service.store import SCHEMA
from infrastructure.database_service.streams import commands_consumer, commands_stream
from infrastructure.messaging.parts import Messaging
from infrastructure.messaging.streams import ensure_stream
from infrastructure.system.clock import SystemClock
from tests.support.processes import eventually
from tests.support.registry import Registry, asked, require_equal, rows

WIPED = ("", "-wal", "-shm")


def wipe(rows_path: Path) -> None:
    for suffix in WIPED:
        rows_path.with_name(rows_path.name + suffix).unlink(missing_ok=True)


def test_every_document_arrives_as_readers_see_it(a_registry, nats_server, start_mirror, start_service):
    a_registry.register("churn", "fraud")
    start_service()
    mirror = start_mirror(a_registry)
    require_equal(a_registry, nats_server, mirror)
    a_registry.register("wine")
    a_registry.train(3)
    require_equal(a_registry, nats_server, mirror)
    assert mirror.status.lag == 0
    assert mirror.status.resent == 0
    assert mirror.status.error is None
    assert {each: len(found) for each, found in rows(nats_server).items()} == {
        Collection.MODELS: 3,
        Collection.VERSIONS: 6,
        Collection.DATASETS: 3,
        Collection.JOBS: 3,
    }


def test_every_document_arrives_in_postgresql(a_registry, nats_server, start_mirror, start_service, postgres_url):
    start_service(postgres_url, schema=SCHEMA)
    a_registry.register("churn")
    a_registry.train(2)
    require_equal(a_registry, nats_server, start_mirror(a_registry))


def test_what_changes_while_the_service_is_down_arrives_when_it_is_back(
    a_registry, nats_server, start_mirror, start_service
):
    a_registry.register("churn")
    service = start_service()
    mirror = start_mirror(a_registry)
    require_equal(a_registry, nats_server, mirror)
    service.stop()
    a_registry.register("fraud")
    assert eventually(lambda: mirror.status.sent == a_registry.ledger.head())
    assert eventually(lambda: not mirror.status.is_reachable)
    assert "does not answer" in str(mirror.status.error)
    start_service()
    require_equal(a_registry, nats_server, mirror)
    assert mirror.status.resent == 0


def test_a_service_that_was_wiped_is_filled_again(a_registry, nats_server, start_mirror, start_service, rows_path):
    a_registry.register("churn", "fraud")
    a_registry.train(2)
    service = start_service()
    mirror = start_mirror(a_registry)
    require_equal(a_registry, nats_server, mirror)
    service.stop()
    wipe(rows_path)
    a_registry.register("wine")
    start_service()
    require_equal(a_registry, nats_server, mirror)
    assert mirror.status.resent == 1


def test_a_service_that_was_wiped_while_nobody_looked_is_filled_again(
    a_registry, nats_server, start_mirror, start_service, rows_path
):
    a_registry.register("churn", "fraud")
    service = start_service()
    mirror = start_mirror(a_registry)
    require_equal(a_registry, nats_server, mirror)
    mirror.stop()
    service.stop()
    wipe(rows_path)
    a_registry.register("wine")
    start_service()
    require_equal(a_registry, nats_server, start_mirror(a_registry))


def test_commands_that_were_lost_on_the_way_are_sent_again(a_registry, nats_server, start_mirror, start_service):
    a_registry.register("iris")
    service = start_service()
    mirror = start_mirror(a_registry)
    require_equal(a_registry, nats_server, mirror)
    service.stop()
    a_registry.register("churn", "fraud")
    assert eventually(lambda: mirror.status.sent == a_registry.ledger.head())

    async def lose_all(client):
        await client.jetstream().purge_stream(STREAM)

    asked(nats_server, lose_all)
    a_registry.register("wine")
    start_service()
    require_equal(a_registry, nats_server, mirror)
    assert mirror.status.resent >= 1


def test_a_stream_that_is_gone_is_made_again(a_registry, nats_server, start_mirror, start_service):
    start_service()
    mirror = start_mirror(a_registry)
    a_registry.register("churn")
    require_equal(a_registry, nats_server, mirror)

    async def remove(client):
        await client.jetstream().delete_stream(STREAM)

    asked(nats_server, remove)
    a_registry.register("fraud")
    require_equal(a_registry, nats_server, mirror)


def test_read_models_that_were_made_anew_change_nothing(a_registry, nats_server, start_mirror, start_service):
    start_service()
    a_registry.register("churn")
    a_registry.train(2)
    mirror = start_mirror(a_registry)
    require_equal(a_registry, nats_server, mirror)
    mirror.stop()
    a_registry.runner.stop()
    a_registry.open_read_models("rebuilt")
    a_registry.register("fraud")
    require_equal(a_registry, nats_server, start_mirror(a_registry))


def test_a_mirror_goes_on_where_the_one_before_it_ended(a_registry, nats_server, start_mirror, start_service):
    start_service()
    a_registry.register("churn")
    first = start_mirror(a_registry)
    require_equal(a_registry, nats_server, first)
    first.stop()
    a_registry.register("fraud")
    second = start_mirror(a_registry)
    require_equal(a_registry, nats_server, second)
    assert second.status.resent == 0


def test_what_nobody_has_noted_is_sent_from_the_beginning(a_registry, nats_server, start_mirror, start_service):
    service = start_service()
    a_registry.register("churn")
    first = start_mirror(a_registry)
    require_equal(a_registry, nats_server, first)
    first.stop()
    before = service.server.commands.carried_out
    a_registry.positions.note(NAME, None)
    require_equal(a_registry, nats_server, start_mirror(a_registry))
    assert service.server.commands.carried_out == 2 * before


def test_two_mirrors_at_once_do_no_harm(a_registry, nats_server, start_mirror, start_service):
    start_service()
    mirrors = [start_mirror(a_registry), start_mirror(a_registry)]
    for number in range(4):
        a_registry.register(f"model-{number}")
    for mirror in mirrors:
        require_equal(a_registry, nats_server, mirror)


def test_a_service_with_rows_of_another_log_is_told_of(
    a_registry, tmp_path, nats_server, start_mirror, start_service
):
    start_service()
    with Registry(tmp_path / "longer") as longer:
        longer.register("a", "b", "c")
        first = start_mirror(longer)
        require_equal(longer, nats_server, first)
        first.stop()
    a_registry.register("churn")
    mirror = start_mirror(a_registry)
    assert eventually(lambda: "before anything was noted" in str(mirror.status.error))
    assert "mirror verify" in str(mirror.status.error)


def test_nothing_is_sent_before_it_is_known_what_the_service_has(
    a_registry, nats_server, start_mirror, start_service
):
    mirror = start_mirror(a_registry)
    a_registry.register("churn")
    assert eventually(lambda: "does not answer" in str(mirror.status.error))
    assert mirror.status.sent == 0
    assert mirror.status.confirmed is None
    assert not mirror.status.is_reachable
    start_service()
    require_equal(a_registry, nats_server, mirror)
    assert mirror.status.error is None


class Careless:
    """A Database Service that answers, and drops every command."""

    name = "careless"

    async def run(self, client):
        js = client.jetstream()
        await ensure_stream(js, commands_stream(replicas=1))
        await js.add_consumer(STREAM, commands_consumer())
        subscription = await js.pull_subscribe_bind(durable=SERVICE, stream=STREAM)
        await client.subscribe(query_subject("*", QueryKind.FIND), cb=self._answer)
        while True:
            with suppress(TimeoutError):
                for message in await subscription.fetch(100, timeout=1):
                    await message.term()

    async def _answer(self, message):
        await message.respond(Found(position=0, documents=[]).model_dump_json().encode())


def test_a_service_that_drops_commands_is_told_of_and_not_flooded(a_registry, nats_server, start_mirror):
    a_registry.register("churn")
    careless = Messaging(
        address=lambda: nats_server.address, name="careless", parts=[Careless()], clock=SystemClock()
    )
    careless.start()
    mirror = start_mirror(a_registry)
    assert eventually(lambda: "does not get past position 0" in str(mirror.status.error))
    assert eventually(lambda: mirror.status.resent >= 3)
    assert mirror.status.confirmed == 0
    assert mirror.mirror._patience_s >= 4
    careless.stop()


@pytest.mark.parametrize("fault", ["killed", "paused"])
def test_a_fault_of_nats_is_made_good(a_registry, nats_server, start_mirror, start_service, fault):
    start_service()
    mirror = start_mirror(a_registry)
    a_registry.register("churn")
    require_equal(a_registry, nats_server, mirror)
    if fault == "killed":
        nats_server.kill()
    else:
        nats_server.pause()
    a_registry.register("fraud")
    if fault == "killed":
        nats_server.start()
    else:
        nats_server.resume()
    a_registry.register("wine")
    require_equal(a_registry, nats_server, mirror)


def test_a_halted_mirror_waits_and_says_why_until_it_may_go_on(
    a_registry, nats_server, start_mirror, start_service
):
    reasons: list[str] = []
    start_service()
    a_registry.register("churn")
    first = start_mirror(a_registry, halted=lambda: next(iter(reasons), None))
    require_equal(a_registry, nats_server, first)
    before = rows(nats_server)

    reasons.append("the stream tells of another log")
    assert eventually(lambda: "the stream tells of another log" in str(first.status.error))
    a_registry.register("fraud")
    first.stop()
    second = start_mirror(a_registry, halted=lambda: next(iter(reasons), None))
    assert eventually(lambda: "the stream tells of another log" in str(second.status.error))
    assert rows(nats_server) == before

    reasons.clear()
    require_equal(a_registry, nats_server, second)
    assert (first.status.resent, second.status.resent) == (0, 0)
