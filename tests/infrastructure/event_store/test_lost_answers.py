"""A commit that is carried out, and whose answer is lost with the connection, counts once and is not refused."""

import tempfile
from collections.abc import Iterator
from pathlib import Path
from uuid import UUID

import pytest
from eventsourcing.persistence import IntegrityError

from application.execution import Outcome, execute
from application.ledger import Conflict, DuplicateCommand, Ledger
from domain.kernel import Provenance
from domain.models.events import ModelRegistered
from infrastructure.event_store.settings import postgres_environment
from tests.infrastructure.event_store.cut_wire import CutWire
from tests.infrastructure.event_store.stores import an_open_recorder, positions, stored
from tests.support.commands import a_context, answered, register
from tests.support.events import command_completed, model_name_reserved, model_registered
from tests.support.fakes.identity import CountingIdentity


@pytest.fixture
def a_wire(postgres_url: str) -> Iterator[CutWire]:
    with (
        tempfile.TemporaryDirectory() as directory,  # the path of a socket has to be short
        CutWire(postgres_url, Path(directory)) as wire,
    ):
        yield wire


@pytest.fixture
def a_ledger(a_wire: CutWire) -> Iterator[Ledger]:
    with Ledger(postgres_environment(a_wire.url)) as ledger:
        yield ledger


def test_the_recorder_cannot_tell_and_says_that_the_version_is_taken(a_wire: CutWire) -> None:
    with an_open_recorder(a_wire.url) as recorder:
        a_wire.answers_to_lose = 1
        with pytest.raises(IntegrityError):
            recorder.insert_events([stored(), stored()])
        assert positions(recorder) == [1, 2]
        assert recorder.insert_events([stored()]) == [3]


def test_followers_see_what_was_stored(a_wire: CutWire) -> None:
    with an_open_recorder(a_wire.url) as recorder, recorder.subscribe() as following:
        a_wire.answers_to_lose = 1
        with pytest.raises(IntegrityError):
            recorder.insert_events([stored()])
        assert next(following).id == 1


def test_the_ledger_knows_its_own_events_again(a_ledger: Ledger, a_wire: CutWire) -> None:
    a_ledger.commit([model_registered(originator_id=UUID(int=7))])
    a_wire.answers_to_lose = 1
    assert a_ledger.commit([model_registered(), model_name_reserved()]) == 3
    assert a_ledger.head() == 3


def test_the_ledger_knows_its_own_events_again_with_the_record_of_their_command(
    a_ledger: Ledger, a_wire: CutWire
) -> None:
    a_wire.answers_to_lose = 1
    assert a_ledger.commit([model_registered()], command_completed()) == 2
    assert a_ledger.head() == 2


def test_another_command_that_was_faster_is_a_conflict_all_the_same(a_ledger: Ledger) -> None:
    first = model_registered()
    a_ledger.commit([first])
    by_another = Provenance(**first.provenance.model_dump() | {"command_id": UUID(int=99)})
    with pytest.raises(Conflict):
        a_ledger.commit([first.model_copy(update={"provenance": by_another})])
    with pytest.raises(Conflict):
        a_ledger.commit([ModelRegistered(**dict(first) | {"name": "another"})])
    assert a_ledger.head() == 1


def test_the_same_command_sent_again_is_a_duplicate(a_ledger: Ledger) -> None:
    a_ledger.commit([model_registered()], command_completed())
    again = model_registered(event_id=UUID(int=98))
    with pytest.raises(DuplicateCommand):
        a_ledger.commit([again], command_completed(event_id=UUID(int=99)))


@pytest.mark.parametrize("key", [None, "k"])
def test_a_command_whose_answer_is_lost_has_one_effect_and_is_answered(
    a_ledger: Ledger, a_wire: CutWire, key: str | None
) -> None:
    a_wire.answers_to_lose = 1
    executed = register(a_ledger, "churn", identity=CountingIdentity(), context=a_context(key=key))
    assert not executed.is_replay
    assert executed.position == a_ledger.head() == 3
    topics = [each.event.TOPIC for each in a_ledger.read(after=0, limit=10)]
    assert topics == ["model.registered.v1", "model-name.reserved.v1", "command.completed.v1"]


def test_a_command_that_changes_nothing_is_recorded_under_its_key_only(a_ledger: Ledger) -> None:
    def send(key: str | None) -> int:
        unchanged: Outcome[None] = Outcome(events=(), view=None, version=1)
        return execute(lambda: unchanged, ledger=a_ledger, context=a_context(key=key), answer=answered).position

    assert send(None) == 0
    assert send("k") == 1
