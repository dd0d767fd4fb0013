import json
from pathlib import Path
from typing import Any, get_type_hints
from uuid import UUID

import pytest
from cloudevents.core.v1.event import CloudEvent
from hypothesis import given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from application.integration.contracts import DATA_MAX_BYTES, PUBLIC_EVENTS, SUBJECTS, IntegrationEvent
from application.integration.event_data import json_schema
from application.integration.translation import TRANSLATIONS, Private, translate
from application.ledger import Ledger
from application.ports.event_log import Recorded
from domain.datasets.values import SCHEMA_MAX_BYTES, Column, ColumnType
from domain.errors import UnreadableHistory
from domain.kernel import DomainEvent
from domain.models.values import ModelType
from domain.training.hyperparameters.clustering import Clustering
from infrastructure.event_store.settings import sqlite_environment
from infrastructure.event_store.topics import TOPICS
from infrastructure.messaging.cloudevents import to_binary
from tests.support.events import BUILDERS, CONTENTS, dataset_registered, model_registered, training_job_requested
from tests.support.examples import examples
from tests.support.newer_program import store_newer_event
from tests.support.strategies import instances

GOLDEN = Path(__file__).parent / "golden"
POSITION = 1_042
PUBLIC_TOPICS = [topic for topic, kind in TOPICS.items() if not isinstance(TRANSLATIONS[kind], Private)]
VALIDATORS = {
    name: Draft202012Validator(json_schema(public.data), format_checker=Draft202012Validator.FORMAT_CHECKER)
    for name, public in PUBLIC_EVENTS.items()
}


def told(event: DomainEvent, **limits: int) -> IntegrationEvent:
    found = translate(Recorded(position=POSITION, event=event), **limits)
    assert found is not None
    return found


def valid_data(event: IntegrationEvent) -> Any:
    """Return the data, which are what their type's schema says."""
    data = json.loads(event.data)
    VALIDATORS[str(event.attributes["type"])].validate(data)
    return data


def test_every_domain_event_is_public_or_private_for_a_reason() -> None:
    assert set(TRANSLATIONS) == set(TOPICS.values())
    reasons = [each.reason for each in TRANSLATIONS.values() if isinstance(each, Private)]
    assert all(reason.endswith(".") for reason in reasons)


def test_every_public_type_tells_of_one_domain_event() -> None:
    told_as = [get_type_hints(tell)["return"] for tell in TRANSLATIONS.values() if not isinstance(tell, Private)]
    assert sorted(told_as, key=str) == sorted((each.data for each in PUBLIC_EVENTS.values()), key=str)


def test_types_and_subjects_follow_one_pattern() -> None:
    for name, public in PUBLIC_EVENTS.items():
        assert public.type == name
        assert name == f"{public.subject.removeprefix('events.')}.v1"
        assert public.subject.startswith(SUBJECTS.removesuffix(">"))
        assert public.description.endswith(".")
        assert set(public.large) <= set(public.data.model_fields)


def test_every_public_event_has_a_golden_file() -> None:
    assert {path.name for path in GOLDEN.glob("*.json")} == {f"{name}.json" for name in PUBLIC_EVENTS}


@pytest.mark.parametrize("topic", PUBLIC_TOPICS)
def test_neighbours_are_told_what_they_always_were(topic: str) -> None:
    event = told(BUILDERS[topic]())
    headers, payload = to_binary(CloudEvent(dict(event.attributes), event.data))
    assert payload == event.data
    written = {"subject": event.subject, "headers": headers, "data": valid_data(event)}
    assert written == json.loads((GOLDEN / f"{event.attributes['type']}.json").read_text())


@pytest.mark.parametrize("topic", sorted(set(TOPICS) - set(PUBLIC_TOPICS)))
def test_a_private_event_is_told_to_nobody(topic: str) -> None:
    assert translate(Recorded(position=POSITION, event=BUILDERS[topic]())) is None


@settings(max_examples=examples(8))
@given(data=st.data())
@pytest.mark.parametrize("topic", PUBLIC_TOPICS)
def test_whatever_can_be_stored_is_told_by_the_schema(topic: str, data: st.DataObject) -> None:
    event = data.draw(instances(TOPICS[topic]))
    for limit in (DATA_MAX_BYTES, 0):
        valid_data(told(event, data_max_bytes=limit))


def test_what_was_caused_by_an_event_names_it() -> None:
    caused = model_registered().provenance.model_copy(update={"causation_id": UUID(int=9)})
    assert told(model_registered(provenance=caused)).attributes["causationid"] == str(UUID(int=9))


def test_the_largest_dataset_is_told_without_its_schema_and_with_where_that_is() -> None:
    name = "x" * (SCHEMA_MAX_BYTES // 1_000 - 60)
    columns = tuple(Column(name=f"{name}{n}", type=ColumnType.NUMERIC, missing=n) for n in range(1_000))
    event = dataset_registered(contents=CONTENTS.model_copy(update={"columns": columns}))
    compact = told(event)
    data = valid_data(compact)
    assert (data["schema"], data["uri"], data["rows"]) == (None, None, 100)
    assert compact.attributes["dataref"] == f"/api/v1/datasets/{event.originator_id}?as_of={POSITION}"
    whole = told(event, data_max_bytes=1024 * 1024)
    assert len(valid_data(whole)["schema"]) == 1_000
    assert "dataref" not in whole.attributes


def test_what_is_large_is_left_out_of_the_largest_events() -> None:
    large = {"text": "ü" * 200_000}
    for event, field, path in (
        (model_registered(metadata=large), "metadata", "models"),
        (training_job_requested(hyperparameters=large), "hyperparameters", "training-jobs"),
    ):
        compact = told(event)
        assert valid_data(compact)[field] is None
        assert compact.attributes["dataref"] == f"/api/v1/{path}/{event.originator_id}?as_of={POSITION}"
        assert len(compact.data) < 1_000


def test_what_cannot_be_read_is_not_guessed_at(tmp_path: Path) -> None:
    with Ledger(sqlite_environment(tmp_path / "events.db")) as ledger:
        position = store_newer_event(ledger, UUID(int=1), version=1)
        (recorded,) = ledger.read(after=position - 1, limit=1)
    with pytest.raises(UnreadableHistory):
        translate(recorded)


def test_what_a_training_without_a_target_learns_is_told_as_no_name() -> None:
    plan = training_job_requested().plan.model_copy(
        update={"model_type": ModelType.CLUSTERING, "target": None, "hyperparameters": Clustering()}
    )
    assert valid_data(told(training_job_requested(plan=plan)))["target"] == ""
