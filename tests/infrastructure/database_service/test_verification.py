"""Both sides are held against each other row by row, and what differs is made good."""

from uuid import UUID

import pytest

from application.ports.read_models import Collection
from infrastructure.database_service.arrivals import Arrival, Mark
from infrastructure.database_service.commands import Command
from infrastructure.database_service.past import Past
from infrastructure.database_service.verification import Kind, Verification
from infrastructure.read_models.contents import Content
from tests.support.documents import a_model
from tests.support.processes import eventually
from tests.support.registry import Registry, asked, require_equal, verified

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
    assert [(each.kind, each.fields, each.since) for each in found] == [(Kind.DIFFERENT, ("name",), position)]
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
    assert {each.kind for each in found} == {Kind.AHEAD}
    assert left == []
    require_equal(registry, nats_server, mirror)
    registry.register("wine")
    require_equal(registry, nats_server, mirror)
    assert "ahead of the log" in str(mirror.status.error)
    Past(log=registry.ledger, positions=registry.positions).settle()
    assert eventually(lambda: mirror.status.error is None)


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
