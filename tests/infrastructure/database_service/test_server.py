"""The reference server as a message finds it."""

import json
import re
import sqlite3
from contextlib import closing
from typing import Any
from uuid import UUID, uuid4

import pytest
from nats.micro.request import ERROR_CODE_HEADER, ERROR_HEADER

from application.ports.metadata_store import AFTER, MIRRORED, SERVICE, STREAM, Find
from application.ports.read_models import Collection
from infrastructure.database_service.client import DatabaseClient, DatabaseServiceUnavailable
from infrastructure.database_service.rivals import RivalWatch, rivalry
from infrastructure.database_service.streams import commands_stream
from infrastructure.messaging.parts import Messaging
from infrastructure.messaging.streams import ensure_stream
from infrastructure.read_models.dialects import sqlite_url
from infrastructure.system.clock import SystemClock
from tests.support.documents import a_model
from tests.support.processes import eventually
from tests.support.registry import asked

MODELS = Collection.MODELS
A, B = UUID(int=1), UUID(int=2)
UPSERT = "database.commands.models.upsert"


def body(position: Any, id_: UUID = A, **fields: Any) -> dict[str, Any]:
    document = a_model(id_)
    return {"collection": "models", "id": str(id_), "position": position, "document": document, **fields}


def publish(nats_server, *messages: tuple[str, Any], headers: dict[str, str] | None = None) -> None:
    async def publish_all(client):
        js = client.jetstream()
        await ensure_stream(js, commands_stream(replicas=1))
        for subject, payload in messages:
            raw = payload if isinstance(payload, bytes) else json.dumps(payload).encode()
            await js.publish(subject, raw, headers=headers)

    asked(nats_server, publish_all)


def waiting(nats_server) -> int:
    async def count(client):
        return (await client.jetstream().stream_info(STREAM)).state.messages

    return asked(nats_server, count)


def answer(nats_server, subject: str, question: Any) -> Any:
    async def ask(client):
        raw = question if isinstance(question, bytes) else json.dumps(question).encode()
        return await client.request(subject, raw, timeout=5)

    return asked(nats_server, ask)


def found(nats_server, question: dict[str, Any], collection: str = "models") -> Any:
    return json.loads(answer(nats_server, f"database.queries.{collection}.find", question).data)


@pytest.fixture
def a_service(nats_server, start_service):
    """A Database Service that answers."""
    service = start_service()

    async def answers(client):
        try:
            await DatabaseClient(client).positions()
        except DatabaseServiceUnavailable:
            return False
        return True

    assert eventually(lambda: asked(nats_server, answers))
    return service


def test_a_command_is_carried_out_and_gone(nats_server, a_service):
    publish(nats_server, (UPSERT, body(4)))
    assert eventually(lambda: waiting(nats_server) == 0)
    row = json.loads(answer(nats_server, "database.queries.models.get", {"id": str(A)}).data)
    assert row == {"position": 4, "document": a_model(A)}
    assert found(nats_server, {}) == {
        "position": 4,
        "documents": [a_model(A)],
        "positions": [4],
        "damaged": [],
        "next_after": None,
    }
    publish(nats_server, ("database.commands.models.delete", {**body(5), "document": None}))
    assert eventually(lambda: found(nats_server, {})["documents"] == [])


@pytest.mark.parametrize(
    ("subject", "payload"),
    [
        (UPSERT, b"\xff\x00 no JSON"),
        (UPSERT, b""),
        (UPSERT, b"[]"),
        (UPSERT, body(-1)),
        (UPSERT, body(0)),
        (UPSERT, body(2**63)),
        (UPSERT, body("four")),
        (UPSERT, body(1, id="no-id")),
        (UPSERT, body(1, collection="colours")),
        (UPSERT, body(1, collection="datasets")),
        (UPSERT, body(1, document=None)),
        (UPSERT, body(1, document=a_model(B))),
        (UPSERT, body(1, document={})),
        (UPSERT, body(1, document={**a_model(A), "name": 3})),
        (UPSERT, body(1, document={**a_model(A), "name": None})),
        (UPSERT, body(1, document={**a_model(A), "created_at": "yesterday"})),
        (UPSERT, json.dumps(body(1)).replace('"metadata": {}', '"metadata": {"n": NaN}').encode()),
        (UPSERT, b'{"a":' * 3_000 + b"1" + b"}" * 3_000),
        ("database.commands.colours.upsert", body(1)),
        ("database.commands.models.paint", body(1)),
        ("database.commands.datasets.upsert", body(1)),
    ],
)
def test_what_is_no_command_is_dropped_and_holds_up_nothing(nats_server, a_service, subject, payload):
    publish(nats_server, (subject, payload), (UPSERT, body(2, B)))
    assert eventually(lambda: waiting(nats_server) == 0)
    assert [each["id"] for each in found(nats_server, {})["documents"]] == [str(B)]
    assert a_service.server.commands.invalid == 1
    assert a_service.server.commands.carried_out == 1


@pytest.mark.parametrize("after", ["-1", "x", "4", "9", "3.1", "1.5.2", "1" * 30])
def test_a_command_whose_marks_make_no_sense_is_dropped(nats_server, a_service, after):
    is_sound = after == "3.1"
    publish(nats_server, (UPSERT, body(4)), headers={AFTER: after})
    assert eventually(lambda: waiting(nats_server) == 0)
    assert a_service.server.commands.invalid == (0 if is_sound else 1)


def test_commands_that_a_database_could_not_take_are_kept_until_it_can(nats_server, a_service, rows_path):
    publish(nats_server, (UPSERT, body(1)))
    assert eventually(lambda: waiting(nats_server) == 0)
    with closing(sqlite3.connect(rows_path)) as connection:
        connection.execute("ALTER TABLE models RENAME TO elsewhere")
        publish(nats_server, (UPSERT, body(2, B)))
        assert eventually(lambda: "OperationalError" in str(a_service.messaging.status.parts[0].error))
        assert waiting(nats_server) == 1
        connection.execute("ALTER TABLE elsewhere RENAME TO models")
    assert eventually(lambda: waiting(nats_server) == 0)
    assert len(found(nats_server, {})["documents"]) == 2


def test_what_is_asked_for_is_written_as_over_http(nats_server, a_service):
    documents = [a_model(uuid4(), name=f"model-{number}", metadata={"n": number}) for number in range(5)]
    commands = [(UPSERT, body(n, UUID(each["id"]), document=each)) for n, each in enumerate(documents, start=1)]
    publish(nats_server, *commands)
    assert eventually(lambda: found(nats_server, {"limit": 0})["position"] == 5)
    question = {"filter": "metadata.n >= 1 AND name LIKE 'model-%'", "order_by": "metadata.n desc", "limit": 3}
    first = found(nats_server, question)
    assert [each["metadata"]["n"] for each in first["documents"]] == [4, 3, 2]
    second = found(nats_server, {**question, "after": first["next_after"]})
    assert [each["metadata"]["n"] for each in second["documents"]] == [1]
    assert second["next_after"] is None


@pytest.mark.parametrize(
    ("question", "words"),
    [
        ({"filter": "colour = 'red'"}, "colour"),
        ({"filter": "name ="}, "character 7"),
        ({"filter": "a = '\n'"}, "'a' is no field"),
        ({"order_by": "name sideways"}, "sideways"),
        ({"order_by": "name", "after": "x"}, "next_after"),
        ({"limit": -1}, "limit"),
        ({"limit": 1_001}, "limit"),
        (b"{", "JSON"),
        ([1], "body"),
    ],
)
def test_a_question_that_cannot_be_answered_is_told_why(nats_server, a_service, question, words):
    said = answer(nats_server, "database.queries.models.find", question)
    assert said.headers[ERROR_CODE_HEADER] == "400"
    assert words in said.headers[ERROR_HEADER]
    assert said.data == b""


@pytest.mark.parametrize("kind", ["get", "find"])
@pytest.mark.parametrize("question", [b"{}", b"{"])
def test_a_question_that_names_no_place_for_its_answer_is_dropped(nats_server, a_service, caplog, kind, question):
    subject = f"database.queries.models.{kind}"
    asked(nats_server, lambda client: client.publish(subject, question))
    assert found(nats_server, {})["documents"] == []
    assert eventually(lambda: subject in caplog.text)
    (dropped,) = (each for each in caplog.records if subject in each.message)
    assert "is dropped" in dropped.message
    assert not any(each.exc_info for each in caplog.records)


def test_answers_fit_a_message_however_large_the_rows_are(nats_server, a_service):
    ids = [UUID(int=number) for number in range(1, 8)]
    documents = [a_model(id_, metadata={"big": "x" * 250_000}) for id_ in ids]
    commands = [(UPSERT, body(n, UUID(each["id"]), document=each)) for n, each in enumerate(documents, start=1)]
    publish(nats_server, *commands)
    assert eventually(lambda: found(nats_server, {"limit": 0})["position"] == 7)

    async def all_rows(client):
        return [row.id async for row in DatabaseClient(client).rows(MODELS)]

    assert asked(nats_server, all_rows) == [str(id_) for id_ in ids]
    assert len(found(nats_server, {"limit": 7})["documents"]) == 3


def test_a_damaged_row_is_told_of_and_hides_no_other(nats_server, a_service, rows_path):
    publish(nats_server, (UPSERT, body(1)), (UPSERT, body(2, B)))
    assert eventually(lambda: waiting(nats_server) == 0)
    with closing(sqlite3.connect(rows_path)) as connection, connection:
        connection.execute("UPDATE models SET document = '{no JSON' WHERE id = ?", (str(A),))
    reason = "its document is no JSON"
    row = json.loads(answer(nats_server, "database.queries.models.get", {"id": str(A).upper()}).data)
    assert row == {"position": 1, "document": None, "damage": reason}
    assert found(nats_server, {}) == {
        "position": 2,
        "documents": [a_model(B)],
        "positions": [2],
        "damaged": [{"id": str(A), "position": 1, "damage": reason}],
        "next_after": None,
    }


def test_the_service_is_found_by_its_name(nats_server, a_service):
    info = json.loads(answer(nats_server, f"$SRV.INFO.{SERVICE}", b"").data)
    assert info["version"] == "1.2.3"
    subjects = {each["subject"] for each in info["endpoints"]}
    assert subjects == {f"database.queries.{each}.{kind}" for each in MIRRORED for kind in ("get", "find")}


def test_two_servers_of_one_database_share_the_work(nats_server, start_service, rows_path):
    for _ in range(2):
        start_service()
    publish(nats_server, *((UPSERT, body(number, UUID(int=number))) for number in range(1, 101)))
    assert eventually(lambda: waiting(nats_server) == 0)
    assert len(found(nats_server, {"limit": 1_000})["documents"]) == 100
    assert asked(nats_server, rivalry) is None


def test_a_server_with_rows_of_its_own_stands_by_until_the_other_is_gone(
    nats_server, start_service, rows_path, tmp_path
):
    first = start_service()
    publish(nats_server, (UPSERT, body(1)))
    assert eventually(lambda: waiting(nats_server) == 0)
    second = start_service(sqlite_url(tmp_path / "others.db"))
    assert eventually(lambda: asked(nats_server, rivalry) is not None)
    said = asked(nats_server, rivalry)
    assert re.search(r"serving: \w+; standing by: \w+\): let them use one database, or stop all but one", said)
    publish(nats_server, (UPSERT, body(2, B)))
    assert eventually(lambda: waiting(nats_server) == 0)
    assert len(found(nats_server, {})["documents"]) == 2
    watching = RivalWatch()
    watch = Messaging(address=lambda: nats_server.address, name="watch", parts=[watching], clock=SystemClock())
    watch.start()
    assert eventually(lambda: watching.problem is not None)
    watch.stop()
    first.stop()
    assert eventually(lambda: _documents(nats_server) == [])
    assert asked(nats_server, rivalry) is None
    assert second.messaging.status.parts[0].error is None


def test_of_servers_that_begin_at_once_one_serves(nats_server, start_service, tmp_path):
    services = [start_service(sqlite_url(tmp_path / f"{number}.db")) for number in range(3)]
    publish(nats_server, *((UPSERT, body(number, UUID(int=number))) for number in range(1, 31)))
    assert eventually(lambda: waiting(nats_server) == 0)
    counts = sorted(service.server.commands.carried_out for service in services)
    assert counts == [0, 0, 30]


def _documents(nats_server) -> Any:
    async def documents(client):
        try:
            return (await DatabaseClient(client).find(MODELS, Find())).documents
        except DatabaseServiceUnavailable:
            return None

    return asked(nats_server, documents)
