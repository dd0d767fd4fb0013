"""Events, streams and versions."""

from datetime import datetime
from typing import ClassVar
from uuid import uuid4

import pytest
from pydantic import ValidationError

from domain.commands import command_stream_id
from domain.errors import StaleVersion, UnreadableHistory
from domain.kernel import DomainEvent, Provenance, UnknownEvent, envelope, fold, require_version
from domain.models import model as models
from tests.domain.histories import MODEL_ID, a_model, a_model_with_versions
from tests.support.given import provenance


def test_every_concrete_event_names_its_own_topic():
    with pytest.raises(TypeError, match="needs a TOPIC of its own"):

        class Nameless(DomainEvent):
            pass

    class Named(DomainEvent):
        TOPIC: ClassVar[str] = "test.named.v1"

    with pytest.raises(TypeError, match="needs a TOPIC of its own"):

        class Heir(Named):
            pass


def test_an_event_never_changes():
    (event,) = a_model().events
    with pytest.raises(ValidationError):
        event.name = "other"


def test_an_event_takes_no_field_it_does_not_know():
    (event,) = a_model().events
    with pytest.raises(ValidationError):
        type(event).model_validate({**event.model_dump(), "colour": "red"})


def test_an_event_happened_at_an_instant_not_at_a_wall_clock_time():
    with pytest.raises(ValidationError, match="timezone"):
        Provenance(timestamp=datetime(2026, 3, 1), actor="ada", correlation_id="c", command_id=uuid4())


def test_the_same_decision_gives_the_same_event_ids_and_another_command_others():
    one, again, other = (models.rename(a_model().state, name="b", by=provenance(command)) for command in (1, 1, 2))
    assert one == again
    assert one[0].event_id != other[0].event_id


def test_events_of_one_command_have_ids_of_their_own():
    story = a_model_with_versions(3)
    assert len({event.event_id for event in story.events}) == 4


def test_no_events_fold_to_nothing():
    assert fold(models.evolve, []) is None


def test_a_state_goes_on_where_it_stood():
    events = a_model_with_versions(3).events
    halfway = fold(models.evolve, events[:2])
    assert fold(models.evolve, events[2:], halfway) == fold(models.evolve, events)


@pytest.mark.parametrize("places", [[1], [0, 2], [0, 0], [0, 2, 1]])
def test_a_stream_with_a_gap_or_repetition_is_no_history(places):
    events = a_model_with_versions(3).events
    with pytest.raises(ValueError, match=str(MODEL_ID)):
        fold(models.evolve, [events[place] for place in places])


def test_a_caller_who_read_the_stored_version_may_decide():
    require_version(a_model().state, 1)
    require_version(a_model().state, None)


@pytest.mark.parametrize("expected", [0, 2])
def test_a_caller_who_read_another_version_must_read_again(expected):
    with pytest.raises(StaleVersion) as refused:
        require_version(a_model().state, expected)
    assert refused.value.code == "request.stale-version"
    assert refused.value.details == {"expected": expected, "actual": 1}


def test_a_command_has_a_stream_of_its_own_by_actor_and_key():
    ids = {
        command_stream_id(actor, key)
        for actor, key in [("a", "b"), ("ab", ""), ("", "ab"), ("a", "c"), ("1:a", "b")]
    }
    assert len(ids) == 5
    assert command_stream_id("a", "b") == command_stream_id("a", "b")


def test_a_history_with_an_event_that_nobody_here_can_read_gives_no_state():
    story = a_model_with_versions(1)
    unknown = UnknownEvent(
        **envelope(provenance(9), MODEL_ID, 3), topic="model.frozen.v1", error="no such topic", state="{}"
    )
    with pytest.raises(UnreadableHistory, match="upgrade this one") as refused:
        fold(models.evolve, [*story.events, unknown])
    assert refused.value.details == {
        "id": str(MODEL_ID),
        "version": 3,
        "topic": "model.frozen.v1",
        "reason": "no such topic",
    }
