"""A log that was restored has another past than what was sent: that is seen until both sides were found equal."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from infrastructure.database_service.past import Past
from infrastructure.database_service.sending import NAME, Sent
from tests.support.processes import eventually
from tests.support.registry import Registry, require_equal, verified


def copied_log(registry: Registry) -> Path:
    """Return a copy of the log as it is now."""
    copy = registry.directory / "copy.db"
    with (
        closing(sqlite3.connect(registry.directory / "events.db")) as source,
        closing(sqlite3.connect(copy)) as target,
    ):
        source.backup(target)
    return copy


@pytest.fixture(params=["with the notes", "without any notes"])
def a_restored_registry(
    request: pytest.FixtureRequest, tmp_path: Path, nats_server, start_mirror, start_service
) -> Iterator[Registry]:
    """A registry whose log was restored, and has got past all that the Database Service has."""
    directory = tmp_path / "restored"
    start_service()
    with Registry(directory) as registry:
        registry.register("churn")
        copy = copied_log(registry)
        registry.register("fraud")
        registry.train(2)
        mirror = start_mirror(registry)
        require_equal(registry, nats_server, mirror)
        mirror.stop()
        mirrored_upto = registry.ledger.head()
    for file in (*directory.glob("events.db*"), *directory.glob("read_models.db*")):
        file.unlink()
    copy.rename(directory / "events.db")
    with Registry(directory) as registry:
        if request.param == "without any notes":
            registry.positions.note(NAME, None)
        registry.train(1)
        registry.register("wine", "iris")
        assert registry.ledger.head() > mirrored_upto
        yield registry


def test_another_past_is_told_of_until_both_sides_were_found_equal(a_restored_registry, nats_server, start_mirror):
    first = start_mirror(a_restored_registry)
    assert eventually(lambda: first.has_confirmed_all() and "mirror verify" in str(first.status.error))
    first.stop()
    second = start_mirror(a_restored_registry)
    assert eventually(lambda: second.has_confirmed_all() and "mirror verify" in str(second.status.error))
    found, left = verified(a_restored_registry, nats_server, repairs=True)
    assert found
    assert left == []
    Past(log=a_restored_registry.ledger, positions=a_restored_registry.positions).settle()
    assert eventually(lambda: second.status.error is None)
    require_equal(a_restored_registry, nats_server, second)
    second.stop()
    third = start_mirror(a_restored_registry)
    require_equal(a_restored_registry, nats_server, third)
    assert third.status.error is None


def test_what_another_version_of_the_program_sent_of_this_past_is_no_reason_for_doubt(
    a_registry, nats_server, start_mirror, start_service
):
    start_service()
    a_registry.register("churn")
    first = start_mirror(a_registry)
    require_equal(a_registry, nats_server, first)
    first.stop()
    sent = Sent.noted(a_registry.positions)
    assert sent is not None
    older = sent.model_copy(update={"program": "an older one"})
    a_registry.positions.note(NAME, older.model_dump_json())
    a_registry.register("fraud")
    second = start_mirror(a_registry)
    require_equal(a_registry, nats_server, second)
    assert second.status.error is None


def test_a_service_that_was_wiped_has_no_other_past(
    a_registry, nats_server, start_mirror, start_service, rows_path
):
    a_registry.register("churn")
    service = start_service()
    first = start_mirror(a_registry)
    require_equal(a_registry, nats_server, first)
    first.stop()
    a_registry.positions.note(NAME, None)
    second = start_mirror(a_registry)
    assert eventually(lambda: second.has_confirmed_all() and second.status.error is not None)
    service.stop()
    for file in rows_path.parent.glob(f"{rows_path.name}*"):
        file.unlink()
    start_service()
    assert eventually(lambda: second.status.error is None)
    require_equal(a_registry, nats_server, second)


def test_a_doubt_that_was_settled_while_it_was_looked_at_is_not_raised_again(a_registry):
    past = Past(log=a_registry.ledger, positions=a_registry.positions)
    before = past.belief()
    assert "first" in str(past.doubt("first", since=before).doubt)
    assert "first" in str(past.doubt("second", since=past.belief()).doubt)
    past.settle()
    assert past.doubt("first", since=before).doubt is None
