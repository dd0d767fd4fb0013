"""Both sides are held against each other row by row, and what differs is made good."""

import asyncio
import json
import sqlite3
from contextlib import closing
from uuid import UUID

import pytest

from application.ports.metadata_store import MIRRORED, QueryKind, query_subject
from application.ports.read_models import Collection
from infrastructure.database_service.arrivals import Arrival, Mark
from infrastructure.database_service.commands import Command
from infrastructure.database_service.findings import Ahead, Difference, Kind
from infrastructure.database_service.past import Past
from infrastructure.database_service.verification import Verification
from infrastructure.messaging.parts import Messaging
from infrastructure.read_models.contents import Content
from infrastructure.system.clock import SystemClock
from tests.support.documents import a_model
from tests.support.processes import eventually
from tests.support.registry import Registry, asked, by_id, require_equal, verified

MODELS = Collection.MODELS
STRANGER = UUID(int=7)


@pytest.fixture
def a_mirrored_registry(a_registry, nats_server, start_mirror, start_service):
    """A registry, its mirror, and the Database Service that has all of it."""
    a_registry.register("churn", "fraud")
    a_registry.train(2)
    service = start_service()
    mirror = start_mirror(a_registry)
    require_equal(a_registry, nats_server, mirror)
    return a_registry, mirror, service


def command(position: int, id_: UUID, **fields: object) -> Command:
    content = Content.of(MODELS, a_model(id_, **fields))
    return Command(MODELS, id_, position, content, Arrival(Mark(0), Mark(position)))


def a_model_of(registry: Registry) -> dict[str, object]:
    return dict(registry.documents()[MODELS][0])


def test_equal_sides_have_no_differences(nats_server, a_mirrored_registry):
    registry, _, _ = a_mirrored_registry
    assert verified(registry, nats_server) == ([], [])


def test_a_row_that_was_changed_there_is_found_and_repaired(nats_server, a_mirrored_registry):
    registry, mirror, service = a_mirrored_registry
    model = a_model_of(registry)
    position = service.store.get(MODELS, UUID(str(model["id"]))).position
    service.store.apply([command(position, UUID(str(model["id"])), **{**model, "name": "wrong"})])
    found, left = verified(registry, nats_server, repairs=True)
    assert [(each.kind, each.details, each.since) for each in found] == [(Kind.DIFFERENT, ("name",), position)]
    assert str(found[0]) == f"position {position}: models {model['id']} differs in the Database Service (name)"
    assert left == []
    require_equal(registry, nats_server, mirror)


def test_a_row_that_is_gone_there_is_found_and_repaired(nats_server, a_mirrored_registry):
    registry, mirror, service = a_mirrored_registry
    id_ = UUID(str(a_model_of(registry)["id"]))
    head = registry.ledger.head()
    service.store.apply([Command(MODELS, id_, head, None, None)])
    found, left = verified(registry, nats_server, repairs=True)
    assert [each.kind for each in found] == [Kind.MISSING]
    assert left == []
    require_equal(registry, nats_server, mirror)


def test_a_row_that_was_never_ours_is_found_and_deleted(nats_server, a_mirrored_registry):
    registry, mirror, service = a_mirrored_registry
    service.store.apply([command(3, STRANGER)])
    found, left = verified(registry, nats_server, repairs=True)
    assert [(each.kind, each.id) for each in found] == [(Kind.FOREIGN, STRANGER)]
    assert left == []
    require_equal(registry, nats_server, mirror)


def test_differences_are_only_told_where_nothing_is_to_be_repaired(nats_server, a_mirrored_registry):
    registry, _, service = a_mirrored_registry
    service.store.apply([command(3, STRANGER)])
    found, left = verified(registry, nats_server)
    assert found == left
    assert len(verified(registry, nats_server)[0]) == 1


def test_rows_ahead_of_the_log_are_brought_back_to_it(nats_server, a_mirrored_registry):
    registry, mirror, service = a_mirrored_registry
    model = a_model_of(registry)
    beyond = registry.ledger.head() + 100
    service.store.apply(
        [command(beyond, STRANGER), command(beyond, UUID(str(model["id"])), name="from the future")]
    )
    assert eventually(lambda: "ahead of the log" in str(mirror.status.error))
    found, left = verified(registry, nats_server, repairs=True)
    assert {each.kind for each in found if isinstance(each, Difference)} == {Kind.AHEAD}
    assert left == []
    require_equal(registry, nats_server, mirror)
    registry.register("wine")
    require_equal(registry, nats_server, mirror)
    assert "ahead of the log" in str(mirror.status.error)
    Past(log=registry.ledger, positions=registry.positions).settle()
    assert eventually(lambda: mirror.status.error is None)


def test_what_is_ahead_without_a_difference_is_found_and_brought_back(nats_server, a_mirrored_registry):
    registry, mirror, service = a_mirrored_registry
    model = a_model_of(registry)
    head, beyond = registry.ledger.head(), registry.ledger.head() + 1_000
    service.store.apply(
        [
            command(beyond, UUID(str(model["id"])), **model),
            Command(Collection.JOBS, STRANGER, beyond, None, Arrival(Mark(0), Mark(beyond))),
        ]
    )
    found, left = verified(registry, nats_server, repairs=True)
    row, of_models, of_jobs = found
    assert (row.kind, row.id) == (Kind.AHEAD, UUID(str(model["id"])))
    assert (of_models, of_jobs) == (Ahead(MODELS, beyond, head), Ahead(Collection.JOBS, beyond, head))
    assert str(of_jobs).startswith(f"position {head}: training_jobs is told to have everything")
    assert left == []
    assert verified(registry, nats_server) == ([], [])
    registry.register("wine")
    registry.train()
    require_equal(registry, nats_server, mirror)
    assert verified(registry, nats_server) == ([], [])


def test_rows_that_somebody_has_damaged_there_are_found_and_repaired(nats_server, a_mirrored_registry, rows_path):
    registry, mirror, _ = a_mirrored_registry
    one, two = (each["id"] for each in registry.documents()[MODELS])
    three, four = (each["id"] for each in registry.documents()[Collection.VERSIONS][:2])
    with closing(sqlite3.connect(rows_path)) as connection, connection:
        connection.execute("UPDATE models SET document = '{no JSON' WHERE id = ?", (one,))
        connection.execute("UPDATE models SET id = 'nobody' WHERE id = ?", (two,))
        connection.execute("DELETE FROM model_versions WHERE id = ?", (three,))
        connection.execute("UPDATE model_versions SET document = '7' WHERE id = ?", (four,))
    found, left = verified(registry, nats_server, repairs=True)
    assert {(str(each.id), each.kind, each.details) for each in found} == {
        (one, Kind.DAMAGED, ("its document is no JSON",)),
        (two, Kind.MISSING, ()),
        ("nobody", Kind.DAMAGED, ("its id is no UUID",)),
        (three, Kind.MISSING, ()),
        (four, Kind.DAMAGED, ("its document is no JSON object",)),
    }
    assert left == []
    assert verified(registry, nats_server) == ([], [])
    registry.register("wine")
    require_equal(registry, nats_server, mirror)


class Terse:
    """A Database Service that tells where a row stands only when it is asked for that row."""

    name = "terse"

    def __init__(self, documents, *, position):
        self._documents = documents
        self._position = position

    async def run(self, client):
        await client.subscribe(query_subject("*", QueryKind.FIND), cb=self._find)
        await client.subscribe(query_subject("*", QueryKind.GET), cb=self._get)
        await asyncio.Event().wait()

    async def _find(self, message):
        documents = self._documents[Collection(message.subject.split(".")[2])]
        await message.respond(json.dumps({"position": 1, "documents": documents}).encode())

    async def _get(self, message):
        id_ = json.loads(message.data)["id"]
        documents = [each for of_one in self._documents.values() for each in of_one if each["id"] == id_]
        await message.respond(json.dumps({"position": self._position, "document": documents[0]}).encode())


def test_of_a_service_that_does_not_tell_where_rows_stand_each_is_asked_for(nats_server, a_registry):
    a_registry.register("churn")
    documents = by_id(a_registry.documents())
    beyond = a_registry.ledger.head() + 1
    terse = Messaging(
        address=lambda: nats_server.address,
        name="terse",
        parts=[Terse(documents, position=beyond)],
        clock=SystemClock(),
    )
    terse.start()
    try:
        assert eventually(lambda: terse.status.subscriptions == 2)
        found, _ = verified(a_registry, nats_server)
    finally:
        terse.stop()
    assert [(str(each.id), each.kind) for each in found] == [
        (each["id"], Kind.AHEAD) for collection in MIRRORED for each in documents[collection]
    ]


def test_what_changes_while_it_is_verified_is_no_difference(nats_server, a_mirrored_registry):
    registry, mirror, _ = a_mirrored_registry
    head = registry.ledger.head()
    registry.register("wine")
    require_equal(registry, nats_server, mirror)

    async def verify(client):
        verification = Verification(
            client, log=registry.ledger, read_models=registry.read_models, progress=registry.runner, at=head
        )
        return [each async for each in verification.differences()]

    assert asked(nats_server, verify) == []
