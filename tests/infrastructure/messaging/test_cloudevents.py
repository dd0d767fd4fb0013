import base64
import json
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
from cloudevents.core.v1.event import CloudEvent
from hypothesis import given
from hypothesis import strategies as st

from infrastructure.messaging.cloudevents import InvalidCloudEvent, from_message, to_binary
from tests.support.strategies import json_objects, utc_datetimes

SPECIFIED = ["id", "source", "type", "specversion", "time", "datacontenttype", "data", "subject", "dataschema"]
NAMES = st.from_regex(r"[a-z0-9]{1,20}", fullmatch=True).filter(lambda name: name not in SPECIFIED)
TEXTS = st.text(alphabet=st.characters(exclude_categories=["Cs"]), min_size=1)
REQUIRED = {"specversion": "1.0", "id": "1", "source": "/s", "type": "t"}


def headers(**attributes: str) -> dict[str, str]:
    return {f"ce-{name}": value for name, value in {**REQUIRED, **attributes}.items()}


def structured(content_type: str = "application/cloudevents+json", **fields: Any) -> CloudEvent | None:
    return from_message({"Content-Type": content_type}, json.dumps({**REQUIRED, **fields}).encode())


@given(subject=TEXTS, extensions=st.dictionaries(NAMES, TEXTS, max_size=3), time=utc_datetimes, data=json_objects)
def test_what_is_written_in_binary_mode_is_read_as_what_it_was(
    subject: str, extensions: dict[str, str], time: datetime, data: dict[str, Any]
) -> None:
    attributes = {
        **REQUIRED,
        **extensions,
        "subject": subject,
        "time": time,
        "datacontenttype": "application/json",
    }
    written, payload = to_binary(CloudEvent(dict(attributes), data))
    assert all(value.isascii() and value.isprintable() and " " not in value for value in written.values())
    read = from_message(written, payload)
    assert read is not None
    assert read.get_attributes() == attributes
    assert read.get_data() == data


def test_a_header_encodes_what_the_binding_says_and_nothing_else() -> None:
    written, _ = to_binary(CloudEvent({**REQUIRED, "subject": 'Euro € "50%" ~:/?#'}))
    assert written["ce-subject"] == "Euro%20%E2%82%AC%20%2250%25%22%20~:/?#"


def test_instants_are_written_in_utc() -> None:
    time = datetime(2026, 1, 2, 12, 0, tzinfo=timezone(timedelta(hours=2)))
    assert to_binary(CloudEvent({**REQUIRED, "time": time}))[0]["ce-time"] == "2026-01-02T10:00:00.000000Z"


@pytest.mark.parametrize("prefix", ["ce-", "CE-", "Ce-"])
def test_headers_are_known_in_any_case(prefix: str) -> None:
    event = from_message({f"{prefix}{name.title()}": value for name, value in REQUIRED.items()}, b"")
    assert event is not None
    assert event.get_attributes() == REQUIRED
    assert event.get_data() is None


def test_a_quoted_header_means_what_is_between_the_quotes() -> None:
    event = from_message(headers(subject=r'"a \"b\" %C3%A9"'), b"")
    assert event is not None
    assert event.get_subject() == 'a "b" é'


def test_a_message_without_attributes_is_no_cloud_event() -> None:
    assert from_message(None, b"{}") is None
    assert from_message({"Nats-Msg-Id": "1", "Content-Type": "application/json"}, b"{}") is None


@pytest.mark.parametrize(
    ("content_type", "payload", "data"),
    [
        ("application/json", b'{"a": 1}', {"a": 1}),
        ("application/vnd.x+json; charset=utf-8", b"[1]", [1]),
        ("text/plain", "é".encode(), "é"),
        ("application/octet-stream", b"\x00\xff", b"\x00\xff"),
    ],
)
def test_binary_data_are_read_by_their_content_type(content_type: str, payload: bytes, data: Any) -> None:
    event = from_message(headers(datacontenttype=content_type), payload)
    assert event is not None
    assert event.get_data() == data


@pytest.mark.parametrize("kind", ["application/cloudevents+json", "Application/CloudEvents+JSON; charset=utf-8"])
def test_structured_mode_is_known_by_its_content_type(kind: str) -> None:
    event = structured(kind, data={"a": 1}, time="2026-01-02T03:04:05.123456789Z", sequence="7", nothing=None)
    assert event is not None
    assert event.get_data() == {"a": 1}
    assert event.get_time() == datetime(2026, 1, 2, 3, 4, 5, 123456, tzinfo=UTC)
    assert event.get_extension("sequence") == "7"
    assert "nothing" not in event.get_attributes()


def test_structured_bytes_are_base64() -> None:
    event = structured(data_base64=base64.b64encode(b"\x00\xff").decode())
    assert event is not None
    assert event.get_data() == b"\x00\xff"


def test_an_event_without_a_time_has_none() -> None:
    event = structured()
    assert event is not None
    assert event.get_time() is None


@pytest.mark.parametrize("missing", REQUIRED)
def test_an_event_without_a_required_attribute_is_refused_by_its_name(missing: str) -> None:
    rest = {name: value for name, value in REQUIRED.items() if name != missing}
    with pytest.raises(InvalidCloudEvent, match=missing):
        from_message({f"ce-{name}": value for name, value in rest.items()}, b"")
    with pytest.raises(InvalidCloudEvent, match=missing):
        from_message({"content-type": "application/cloudevents+json"}, json.dumps(rest).encode())


@pytest.mark.parametrize(
    ("attributes", "payload", "why"),
    [
        ({"specversion": "0.3"}, b"", "specversion"),
        ({"time": "yesterday"}, b"", "RFC 3339"),
        ({"time": "2026-01-02T03:04:05"}, b"", "timezone"),
        ({"my_name": "x"}, b"", "my_name"),
        ({}, b"{", "no JSON"),
        ({}, b'{"a": NaN}', "no JSON"),
    ],
)
def test_what_claims_to_be_an_event_and_is_none_is_refused(
    attributes: dict[str, str], payload: bytes, why: str
) -> None:
    with pytest.raises(InvalidCloudEvent, match=why):
        from_message(headers(**attributes), payload)


@pytest.mark.parametrize(
    ("content_type", "payload", "why"),
    [
        ("application/cloudevents+json", b"[]", "object"),
        ("application/cloudevents+json", b"\xff", "no JSON"),
        ("application/cloudevents+xml", b"<event/>", "cannot be read here"),
        ("application/cloudevents-batch+json", b"[]", "cannot be read here"),
        ("application/cloudevents+json", json.dumps({**REQUIRED, "data_base64": "?"}).encode(), "base64"),
        ("application/cloudevents+json", json.dumps({**REQUIRED, "data_base64": 5}).encode(), "base64"),
        ("application/cloudevents+json", json.dumps({**REQUIRED, "id": 5}).encode(), "id"),
    ],
)
def test_a_structured_message_that_is_no_event_is_refused(content_type: str, payload: bytes, why: str) -> None:
    with pytest.raises(InvalidCloudEvent, match=why):
        from_message({"content-type": content_type}, payload)
