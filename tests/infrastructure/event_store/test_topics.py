import importlib
import pkgutil
from collections.abc import Iterator

import pytest
from eventsourcing.utils import get_topic, resolve_topic

import domain
from domain.kernel import DomainEvent, UnknownEvent
from infrastructure.event_store.topics import TOPICS, register_topics
from infrastructure.event_store.upcasters import UPCASTERS


def concrete_events() -> Iterator[type[DomainEvent]]:
    for module in pkgutil.walk_packages(domain.__path__, "domain."):
        importlib.import_module(module.name)
    found: list[type[DomainEvent]] = [DomainEvent]
    while found:
        event_class = found.pop()
        found += event_class.__subclasses__()
        if event_class.__module__.startswith("domain.") and "TOPIC" in event_class.__dict__:
            yield event_class


def test_every_event_of_the_domain_is_in_the_table_and_none_shares_its_topic() -> None:
    events = set(concrete_events()) - {UnknownEvent}
    assert set(TOPICS.values()) == events
    assert len(TOPICS) == len(events)


def test_the_table_says_the_topic_that_the_class_says() -> None:
    assert {topic: event.TOPIC for topic, event in TOPICS.items()} == {topic: topic for topic in TOPICS}


def test_an_event_that_stands_for_the_unreadable_has_no_topic_to_be_stored_under() -> None:
    assert UnknownEvent.TOPIC not in TOPICS


def test_no_payload_uses_a_word_of_the_envelope() -> None:
    assert not [event for event in TOPICS.values() if "schema" in event.model_fields]


def test_every_older_schema_version_has_a_step_to_the_next() -> None:
    steps = {(topic, each) for topic, event in TOPICS.items() for each in range(1, event.SCHEMA_VERSION)}
    assert set(UPCASTERS) == steps


@pytest.mark.parametrize("topic", TOPICS)
def test_the_library_resolves_the_same_topics_however_often_they_are_registered(topic: str) -> None:
    register_topics()
    register_topics()
    assert resolve_topic(topic) is TOPICS[topic]
    assert get_topic(TOPICS[topic]) == topic
