"""What is stored today must be readable for ever: one stored state per topic, byte for byte."""

from pathlib import Path
from uuid import UUID

import pytest
from eventsourcing.persistence import JSONTranscoder, StoredEvent

from infrastructure.event_store.mapper import EventMapper
from infrastructure.event_store.topics import TOPICS
from tests.support.events import BUILDERS

GOLDEN = Path(__file__).parent / "golden"


@pytest.fixture
def mapper() -> EventMapper:
    return EventMapper(JSONTranscoder())


def test_every_topic_has_an_example_and_a_golden_file() -> None:
    assert set(BUILDERS) == set(TOPICS)
    assert {path.name for path in GOLDEN.glob("*.json")} == {f"{topic}.json" for topic in TOPICS}


@pytest.mark.parametrize("topic", TOPICS)
def test_an_event_is_stored_as_it_always_was(mapper: EventMapper, topic: str) -> None:
    stored = mapper.to_stored_event(BUILDERS[topic]())
    assert stored.topic == topic
    assert stored.state == (GOLDEN / f"{topic}.json").read_bytes()


@pytest.mark.parametrize("topic", TOPICS)
def test_an_event_stored_long_ago_is_read_as_what_it_was(mapper: EventMapper, topic: str) -> None:
    event = BUILDERS[topic]()
    assert isinstance(event.originator_id, UUID)
    state = (GOLDEN / f"{topic}.json").read_bytes()
    assert mapper.to_domain_event(StoredEvent(event.originator_id, 1, topic, state)) == event
