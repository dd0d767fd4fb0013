"""A snapshot and the events after it give what all events give."""

from hashlib import sha256
from uuid import UUID

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from application.models.views import model_view, version_view
from application.ports.snapshots import Snapshot
from application.snapshot import SCHEMA_ID, Remembered, from_snapshot, to_snapshot
from domain.kernel import DomainEvent, fold
from domain.models import model as models
from domain.models.events import VersionRegistered
from domain.models.model import Model
from tests.domain.histories import a_model_with_versions, a_retired_model
from tests.support.examples import examples
from tests.support.strategies_domain import Command, model_commands, model_histories

PINNED = ("1", "1adc2c622d6ce819e7b04539716ba8203ea71064f33674fa366db442fe6affb3")


def through_a_snapshot(model: Model) -> Model:
    read = from_snapshot(to_snapshot(Remembered(model=model, last_event_id=UUID(int=7))))
    assert read is not None
    assert read.last_event_id == UUID(int=7)
    return read.model


@given(stream=model_histories(), place=st.integers(1, 13), commands=st.lists(model_commands(), max_size=5))
@settings(max_examples=examples(20))
def test_every_view_and_decision_is_as_if_all_events_had_been_read(
    stream: tuple[DomainEvent, ...], place: int, commands: list[Command]
) -> None:
    begun = fold(models.evolve, stream[:place])
    assert begun is not None
    resumed = fold(models.evolve, stream[place:], through_a_snapshot(begun))
    whole = fold(models.evolve, stream)
    assert resumed is not None
    assert whole is not None
    assert resumed == whole
    assert dict(resumed.versions) == dict(whole.versions)
    assert dict(resumed.numbers) == dict(whole.numbers)
    assert model_view(resumed) == model_view(whole)
    for event in stream:
        if isinstance(event, VersionRegistered):
            assert version_view(resumed, event, None) == version_view(whole, event, None)
    for command in commands:
        assert command.on(resumed) == command.on(whole)


def test_a_snapshot_of_a_snapshot_is_the_same() -> None:
    model = a_model_with_versions(300).state
    again = to_snapshot(Remembered(model=through_a_snapshot(model), last_event_id=UUID(int=7)))
    assert again == to_snapshot(Remembered(model=model, last_event_id=UUID(int=7)))


@pytest.mark.parametrize("schema_id", ["", "0", f"{SCHEMA_ID}x"])
def test_a_snapshot_of_another_form_is_none(schema_id: str) -> None:
    assert from_snapshot(Snapshot(version=1, schema_id=schema_id, state=b"who knows")) is None


@pytest.mark.parametrize("state", [b"", b"{}", b"{}\n", b"\n", b"[]\n", b'{"model":1}\n'])
def test_a_snapshot_that_is_no_state_is_said_to_be_none_of_ours(state: bytes) -> None:
    with pytest.raises((ValueError, ValidationError)):
        from_snapshot(Snapshot(version=1, schema_id=SCHEMA_ID, state=state))


def test_what_is_written_changes_only_with_the_name_of_its_form() -> None:
    written = to_snapshot(Remembered(model=a_retired_model().state, last_event_id=UUID(int=7)))
    seen = (written.schema_id.partition("-")[0], sha256(written.state).hexdigest())
    assert seen == PINNED, "what is written has changed: raise _FORM, then pin it"
