import json
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from application.integration.callback import EventCallback, canonical_json
from application.integration.inbound import InboundEvent
from application.integration.incoming import INCOMING, aggregate_of
from infrastructure.messaging.inbound_messages import UnreadableMessage, read
from tests.support.strategies import json_objects, json_values

ATTRIBUTES = ["id", "type", "source", "specversion", "subject", "time", "datacontenttype", "correlationid", "x"]
HEADERS = st.dictionaries(st.sampled_from([f"ce-{name}" for name in ATTRIBUTES] + ["content-type"]), st.text())
TYPES = st.sampled_from([*INCOMING, "else"])
ENVELOPES = st.fixed_dictionaries(
    {},
    optional={
        "event_type": TYPES | json_values,
        "payload": json_objects | json_values,
        "timestamp": st.text() | st.datetimes().map(str) | st.none(),
        **{name: st.text() | json_values for name in ATTRIBUTES},
        "data": json_values,
        "data_base64": st.text(),
    },
)


@given(headers=HEADERS, body=st.binary() | ENVELOPES.map(lambda each: json.dumps(each).encode()))
def test_whatever_comes_is_read_or_refused_with_a_reason(headers: dict[str, str], body: bytes) -> None:
    with suppress(UnreadableMessage):
        event = read(headers, body)
        assert event.id
        assert event.type
        aggregate_of(event)
        canonical_json(dict(event.payload))


def sent_as(form: str, payload: dict[str, Any]) -> tuple[dict[str, str], bytes]:
    attributes = {"id": "one", "type": "metadata.model.updated", "source": "/them", "specversion": "1.0"}
    if form == "binary":
        return {f"ce-{name}": value for name, value in attributes.items()}, json.dumps(payload).encode()
    if form == "bare":
        body = {"event_type": attributes["type"], "payload": {**payload, "event_id": "one"}, "more": "ignored"}
        return {}, json.dumps(body).encode()
    headers = {"Content-Type": "application/cloudevents+json"} if form == "structured" else {}
    return headers, json.dumps({**attributes, "data": payload}).encode()


@pytest.mark.parametrize("form", ["binary", "structured", "structured without its type", "bare"])
def test_all_forms_say_the_same(form: str) -> None:
    event = read(*sent_as(form, {"model_id": "churn", "note": "é"}))
    assert (event.id, event.type, event.payload["model_id"], event.payload["note"]) == (
        "one",
        "metadata.model.updated",
        "churn",
        "é",
    )


def test_the_data_of_an_event_that_nobody_listens_to_are_not_looked_at() -> None:
    headers = {"ce-id": "1", "ce-type": "else", "ce-source": "/x", "ce-specversion": "1.0"}
    assert read({**headers, "ce-datacontenttype": "text/plain"}, b"\xff").payload == {}


def test_what_an_event_is_about_is_what_its_payload_names_or_its_subject() -> None:
    headers, body = sent_as("binary", {"model_id": "churn"})
    assert aggregate_of(read(headers, body)) == "churn"
    headers["ce-subject"] = "prices"
    assert aggregate_of(read(headers, body)) == "churn"
    for unnamed in (b"{}", b'{"model_id": 5}', b'{"model_id": ""}', b'{"model_id": "%s"}' % (b"x" * 256)):
        assert aggregate_of(read(headers, unnamed)) == "prices"
    ping = {**headers, "ce-type": "broker_service.ping"}
    assert aggregate_of(read(ping, body)) == "prices"
    del ping["ce-subject"]
    assert aggregate_of(read(ping, body)) is None


@pytest.mark.parametrize(
    "spellings",
    [("caf\u00e9", "cafe\u0301"), ("0b0f3a52-5f6c-4a53-9a1e-0f6b8a0f5c11", "{0B0F3A525F6C4A539A1E0F6B8A0F5C11}")],
)
def test_what_is_spelled_in_two_ways_is_one(spellings: tuple[str, str]) -> None:
    for kind, field in (("metadata.model.updated", "model_id"), ("data.ingestion.completed", "dataset_id")):
        events = [InboundEvent(id="1", type=kind, payload={field: each}) for each in spellings]
        assert len({aggregate_of(each) for each in events}) == 1


@given(payload=json_objects, moment=st.none() | st.datetimes())
def test_a_callback_is_known_by_what_it_says_and_not_by_how(payload: dict[str, Any], moment: Any) -> None:
    callback = EventCallback(event_type="x", payload=payload, timestamp=moment)
    again = dict(reversed(list(payload.items())))
    assert EventCallback(event_type="x", payload=again, timestamp=moment).event_id == callback.event_id
    assert EventCallback.model_validate_json(callback.canonical()).event_id == callback.event_id
    if "event_id" not in payload:
        assert EventCallback(event_type="y", payload=payload, timestamp=moment).event_id != callback.event_id


@pytest.mark.parametrize("written", ["2026-03-01T12:00:00Z", "2026-03-01T13:00:00+01:00", "2026-03-01T12:00:00"])
def test_one_moment_is_one_moment_however_it_is_written(written: str) -> None:
    known = EventCallback.model_validate({"event_type": "x", "payload": {}, "timestamp": "2026-03-01T12:00:00Z"})
    said = EventCallback.model_validate({"event_type": "x", "payload": {}, "timestamp": written})
    assert said.event_id == known.event_id
