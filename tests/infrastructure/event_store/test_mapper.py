import hashlib
import math
from datetime import UTC, datetime
from typing import Any, ClassVar
from uuid import UUID

import pytest
from eventsourcing.compressor import ZlibCompressor
from eventsourcing.persistence import Cipher, JSONTranscoder, StoredEvent
from hypothesis import given, settings
from hypothesis import strategies as st

from domain.kernel import DomainEvent, Provenance, UnknownEvent
from infrastructure.event_store.mapper import EventMapper, Unstorable
from infrastructure.event_store.topics import TOPICS
from tests.support import events
from tests.support.examples import examples
from tests.support.strategies import instances


class Counted(DomainEvent):
    """When something was counted; version 1 had text, version 2 no unit."""

    TOPIC: ClassVar[str] = "test.counted.v1"
    SCHEMA_VERSION: ClassVar[int] = 3

    amount: int
    unit: str


class XorCipher(Cipher):
    """Hides nothing from anybody; shows where the library's hook is."""

    def __init__(self, environment: Any) -> None:
        self._key = hashlib.sha256(environment["CIPHER_KEY"].encode()).digest()

    def encrypt(self, plaintext: bytes) -> bytes:
        digest = hashlib.sha256(plaintext).digest()
        return digest + bytes(byte ^ self._key[place % 32] for place, byte in enumerate(plaintext))

    def decrypt(self, ciphertext: bytes) -> bytes:
        plaintext = bytes(byte ^ self._key[place % 32] for place, byte in enumerate(ciphertext[32:]))
        if hashlib.sha256(plaintext).digest() != ciphertext[:32]:
            msg = "the cipher text is damaged"
            raise ValueError(msg)
        return plaintext


@pytest.fixture
def mapper() -> EventMapper:
    return EventMapper(JSONTranscoder())


@pytest.fixture
def mapper_of_counted() -> EventMapper:
    return EventMapper(
        JSONTranscoder(),
        topics={Counted.TOPIC: Counted},
        upcasters={
            (Counted.TOPIC, 1): lambda fields: {**fields, "amount": int(fields["amount"])},
            (Counted.TOPIC, 2): lambda fields: {**fields, "unit": "pieces"},
        },
    )


def row(state: bytes, *, topic: str = "model.retired.v1", stream: UUID = events.MODEL_ID) -> StoredEvent:
    return StoredEvent(stream, 7, topic, state)


def counted_row(payload: bytes) -> StoredEvent:
    provenance = events.PROVENANCE.model_dump_json().encode()
    state = b'{"event_id":"%s","provenance":%s,%s}' % (str(events.JOB_ID).encode(), provenance, payload)
    return row(state, topic=Counted.TOPIC)


@pytest.mark.parametrize("topic", TOPICS)
@settings(max_examples=examples(8))
@given(data=st.data())
def test_an_event_is_read_back_as_what_was_stored(topic: str, data: st.DataObject) -> None:
    mapper = EventMapper(JSONTranscoder())
    event = data.draw(instances(TOPICS[topic]))
    assert mapper.to_domain_event(mapper.to_stored_event(event)) == event


@pytest.mark.parametrize(
    "payload",
    [
        b'"amount":"3"',
        b'"schema":1,"amount":"3"',
        b'"schema":2,"amount":3',
        b'"schema":3,"amount":3,"unit":"pieces"',
    ],
)
def test_every_older_schema_version_is_read_as_the_current_one(
    mapper_of_counted: EventMapper, payload: bytes
) -> None:
    event = mapper_of_counted.to_domain_event(counted_row(payload))
    assert isinstance(event, Counted)
    assert (event.amount, event.unit) == (3, "pieces")


def test_the_schema_version_is_stored_from_the_second_on(mapper_of_counted: EventMapper) -> None:
    event = mapper_of_counted.to_domain_event(counted_row(b'"amount":"3"'))
    stored = mapper_of_counted.to_stored_event(event)
    assert stored.state.startswith(b'{"schema":3,"event_id":')
    assert mapper_of_counted.to_domain_event(stored) == event


@pytest.mark.parametrize(
    ("payload", "reason"),
    [
        (b'"schema":4,"amount":3', "schema version 4"),
        (b'"schema":0,"amount":3', "no schema version"),
        (b'"schema":true,"amount":3', "no schema version"),
        (b'"schema":"2","amount":3', "no schema version"),
        (b'"schema":1', "amount"),
        (b'"schema":1,"amount":"many"', "many"),
        (b'"schema":3,"amount":3,"unit":"pieces","colour":"red"', "colour"),
    ],
)
def test_a_payload_of_another_shape_is_an_unknown_event_with_its_provenance(
    mapper_of_counted: EventMapper, payload: bytes, reason: str
) -> None:
    event = mapper_of_counted.to_domain_event(counted_row(payload))
    assert isinstance(event, UnknownEvent)
    assert reason in event.error
    assert event.provenance == events.PROVENANCE
    assert event.topic == Counted.TOPIC


def test_a_missing_step_between_schema_versions_is_an_unknown_event() -> None:
    mapper = EventMapper(JSONTranscoder(), topics={Counted.TOPIC: Counted})
    event = mapper.to_domain_event(counted_row(b'"amount":"3"'))
    assert isinstance(event, UnknownEvent)
    assert "from schema version 1 to 2" in event.error


def test_an_unknown_topic_is_an_unknown_event(mapper: EventMapper) -> None:
    stored = mapper.to_stored_event(events.model_retired())
    event = mapper.to_domain_event(row(stored.state, topic="os:getcwd"))
    assert isinstance(event, UnknownEvent)
    assert event.topic == "os:getcwd"
    assert event.provenance == events.PROVENANCE
    assert event.state == stored.state.decode()


@pytest.mark.parametrize(
    "state",
    [b"", b"{", b"\xff\x00", b"[]", b"null", b'"text"', b"{}", b'{"provenance":[]}', b"[" * 100_000, b'{"a":NaN}'],
)
def test_damaged_bytes_are_an_unknown_event_of_nobody_at_the_beginning_of_time(
    mapper: EventMapper, state: bytes
) -> None:
    event = mapper.to_domain_event(row(state))
    assert isinstance(event, UnknownEvent)
    assert (event.originator_id, event.originator_version) == (events.MODEL_ID, 7)
    assert event.provenance == Provenance(
        timestamp=datetime(1970, 1, 1, tzinfo=UTC),
        actor="unknown",
        correlation_id="unknown",
        command_id=UUID(int=0),
    )


def test_the_readable_part_of_a_damaged_provenance_is_kept(mapper: EventMapper) -> None:
    state = b'{"provenance":{"actor":"bob","timestamp":"yesterday","reason":null,"tenant":"x","command_id":5}}'
    event = mapper.to_domain_event(row(state))
    assert event.provenance.actor == "bob"
    assert event.provenance.timestamp == datetime(1970, 1, 1, tzinfo=UTC)
    assert event.provenance.command_id == UUID(int=0)


@given(state=st.binary())
def test_no_bytes_whatever_stop_the_reading(state: bytes) -> None:
    mapper = EventMapper(JSONTranscoder())
    assert isinstance(mapper.to_domain_event(row(state)), UnknownEvent)


def test_an_unreadable_row_gives_the_same_event_on_each_reading(mapper: EventMapper) -> None:
    assert mapper.to_domain_event(row(b"{")) == mapper.to_domain_event(row(b"{"))
    other = mapper.to_domain_event(row(b"{", stream=events.JOB_ID))
    assert mapper.to_domain_event(row(b"{")).event_id != other.event_id


@pytest.mark.parametrize(
    "value",
    [
        math.nan,
        math.inf,
        -math.inf,
        "\ud800",
        (1, 2),
        {1: 2},
        {3},
        events.MODEL_ID,
        pytest.param(object(), id="an object"),
    ],
    ids=repr,
)
def test_what_json_cannot_give_back_is_not_stored(mapper: EventMapper, value: Any) -> None:
    with pytest.raises(Unstorable):
        mapper.to_stored_event(events.model_described(metadata={"value": value}))


def test_a_metric_that_is_no_number_is_not_stored(mapper: EventMapper) -> None:
    with pytest.raises(Unstorable):
        mapper.to_stored_event(events.training_job_progressed(metrics={"auc": math.nan}))


def test_an_unreadable_event_is_not_stored_again_as_if_it_were_one(mapper: EventMapper) -> None:
    with pytest.raises(Unstorable):
        mapper.to_stored_event(mapper.to_domain_event(row(b"{")))


@pytest.mark.parametrize("is_compressed", [True, False])
@pytest.mark.parametrize("is_encrypted", [True, False])
def test_the_stored_bytes_go_through_the_compressor_and_the_cipher(
    *, is_compressed: bool, is_encrypted: bool
) -> None:
    mapper = EventMapper(
        JSONTranscoder(),
        compressor=ZlibCompressor() if is_compressed else None,
        cipher=XorCipher({"CIPHER_KEY": "secret"}) if is_encrypted else None,
    )
    event = events.model_registered(metadata={"text": "a" * 1000})
    stored = mapper.to_stored_event(event)
    assert (len(stored.state) < 1000) is is_compressed
    assert (b"aaa" in stored.state) is not (is_compressed or is_encrypted)
    assert mapper.to_domain_event(stored) == event


def test_a_row_under_another_key_is_an_unknown_event() -> None:
    stored = EventMapper(JSONTranscoder(), cipher=XorCipher({"CIPHER_KEY": "one"})).to_stored_event(
        events.model_retired()
    )
    event = EventMapper(JSONTranscoder(), cipher=XorCipher({"CIPHER_KEY": "two"})).to_domain_event(stored)
    assert isinstance(event, UnknownEvent)
    assert "damaged" in event.error
