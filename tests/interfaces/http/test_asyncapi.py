"""The document of what is said over NATS: valid by AsyncAPI's own parser, and made of the tables it tells of."""

import json
from dataclasses import replace
from pathlib import Path

import pytest

from application.integration import public_channels
from application.integration.channels import (
    Action,
    Channel,
    JetStream,
    Message,
    Operation,
    Parameter,
    Proof,
    Servers,
)
from application.integration.contracts import PUBLIC_EVENTS
from interfaces.http.asyncapi_document import asyncapi_document
from interfaces.http.conversations import conversations
from tests.support.asyncapi import complaints
from tests.support.http import served

LOCK = Path(__file__).parents[2] / "asyncapi" / "package-lock.json"
TWO = Servers(urls=("nats://127.0.0.1:4222", "nats://[::1]:4333"), proof=Proof.TOKEN)
TEXT = Message(name="text", summary="Something.", payload={"type": "string"})


def an_operation(name="say", *, subject="say.*", message=TEXT, **more):
    parameters = (Parameter(name="what", description="What is said."),) if "*" in subject else ()
    channel = Channel(subject=subject, messages=(message,), parameters=parameters)
    return Operation(id=name, action=Action.SEND, channel=channel, summary="Says something.", **more)


@pytest.fixture(scope="module")
def a_document():
    return asyncapi_document(conversations(), servers=TWO)


def test_the_document_is_valid_by_asyncapis_own_parser(a_document):
    assert complaints(json.dumps(a_document).encode()) == []


@pytest.mark.parametrize(
    ("proof", "type_"),
    [
        (Proof.TOKEN, "apiKey"),
        (Proof.USER, "userPassword"),
        (Proof.CREDENTIALS, "asymmetricEncryption"),
        (Proof.CERTIFICATE, "X509"),
    ],
)
def test_every_server_tells_how_one_is_let_in(proof, type_):
    document = asyncapi_document([an_operation()], servers=replace(TWO, proof=proof))
    assert complaints(json.dumps(document).encode()) == []
    (scheme,) = document["components"]["securitySchemes"].items()
    assert (scheme[0], scheme[1]["type"]) == (proof, type_)
    for server in document["servers"].values():
        assert server["security"] == [{"$ref": f"#/components/securitySchemes/{proof}"}]


def test_a_server_that_lets_everybody_in_tells_of_no_security():
    document = asyncapi_document([an_operation()], servers=replace(TWO, proof=None))
    assert "securitySchemes" not in document["components"]
    assert not any("security" in server for server in document["servers"].values())


def test_the_parser_is_not_blind(a_document):
    broken = {**a_document, "operations": {"one": {"action": "shout"}}}
    assert complaints(json.dumps(broken).encode())


def test_the_parser_comes_from_a_lock_that_hashes_everything_and_names_no_host():
    packages = json.loads(LOCK.read_text(encoding="utf-8"))["packages"]
    assert all("integrity" in each for path, each in packages.items() if path)
    assert not [path for path, each in packages.items() if "resolved" in each]


def test_every_public_event_is_in_the_document_with_the_form_of_its_data_and_headers(a_document):
    for event in PUBLIC_EVENTS.values():
        assert a_document["channels"][event.subject]["address"] == event.subject
        message = a_document["components"]["messages"][event.type]
        assert message["payload"] == {"$ref": f"#/components/schemas/{event.data.__name__}"}
        assert message["headers"]["properties"]["ce-type"] == {"const": event.type}


def test_every_reference_leads_somewhere_and_every_component_is_used(a_document):
    text = json.dumps(a_document)
    for kind in ("messages", "schemas", "securitySchemes"):
        for name in a_document["components"][kind]:
            assert f'"#/components/{kind}/{name}"' in text, name


def test_an_operation_tells_what_keeps_its_messages_and_who_shares_them():
    kept = JetStream(stream="TALK", durable="hearer", max_deliver=5)
    [operation] = asyncapi_document([an_operation(queue="crowd", kept=kept)], servers=Servers())[
        "operations"
    ].values()
    assert operation["bindings"] == {"nats": {"queue": "crowd"}}
    assert operation["x-nats-jetstream"] == {
        "stream": "TALK",
        "durable": "hearer",
        "ackPolicy": "explicit",
        "maxDeliver": 5,
    }


def test_a_wildcard_is_a_parameter_and_the_subscribed_subject_is_told():
    [channel] = asyncapi_document([an_operation()], servers=Servers())["channels"].values()
    assert channel["address"] == "say.{what}"
    assert channel["x-nats-subject"] == "say.*"


def test_a_request_tells_of_its_answer_on_a_channel_without_an_address():
    answer = Channel(subject=None, messages=(Message(name="answer", summary="Yes.", payload={}),))
    document = asyncapi_document([an_operation(reply=answer)], servers=Servers())
    assert document["channels"]["reply.answer"]["address"] is None
    assert document["operations"]["say"]["reply"]["channel"] == {"$ref": "#/channels/reply.answer"}


def test_two_that_differ_under_one_name_are_no_document():
    other = Message(name="text", summary="Something else.", payload={"type": "number"})
    with pytest.raises(ValueError, match="'text'"):
        asyncapi_document([an_operation(), an_operation("sing", subject="sing", message=other)], servers=Servers())


def test_a_channel_has_a_parameter_for_each_wildcard():
    with pytest.raises(ValueError, match="one parameter for each wildcard"):
        Channel(subject="say.*", messages=(TEXT,))


def test_the_document_is_served_with_where_nats_is_now(tmp_path):
    servers = [Servers()]
    operations = public_channels.operations()
    with served(tmp_path, conversations=operations, nats_servers=lambda: servers[-1]) as api:
        first = api.client.get("/asyncapi.json")
        servers.append(Servers(urls=("nats://127.0.0.1:4222",), proof=Proof.TOKEN))
        second = api.client.get("/asyncapi.json")
        known = api.client.get("/asyncapi.json", headers={"If-None-Match": second.headers["etag"]})
    assert first.json()["servers"] == {}
    assert second.json()["servers"]["nats-1"]["host"] == "127.0.0.1:4222"
    assert second.json()["components"]["securitySchemes"]["token"]["in"] == "user"
    assert first.json()["channels"].keys() == {each.subject for each in PUBLIC_EVENTS.values()}
    assert known.status_code == 304
