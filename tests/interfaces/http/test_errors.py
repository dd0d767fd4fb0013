"""Every error has its status, a stable code, and a body that tells people what to do and nothing of internals."""

import json
import logging
import sqlite3
from contextlib import closing
from uuid import UUID

import orjson
import pytest
import sqlalchemy.exc
from eventsourcing.persistence import OperationalError
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from application.ledger import Conflict
from application.models.commands import RegisterModel
from application.ports.artifacts import ArtifactUnavailable
from application.ports.sources import SourceUnavailable
from domain.commands import KeyReused
from domain.datasets.errors import UnreadableDataset
from domain.errors import FieldProblem, InvalidInput, StaleVersion, UnreadableHistory
from domain.jobs.errors import JobEnded
from domain.models.errors import ModelNotFound, NameTaken, RetiredModel
from infrastructure.event_store.sqlite_errors import translated_errors
from interfaces.http.errors import error_response_body
from interfaces.http.excerpts import excerpt
from interfaces.requests.problems import ReadModelBehind, ServiceStopping
from tests.support.strategies import json_values


def told(error):
    status, headers, body = error_response_body(error, "request-1", instance="/api/v1/models")
    return status, dict(headers), orjson.loads(body)


@pytest.mark.parametrize(
    ("error", "status", "code"),
    [
        (InvalidInput.of("name", "is off."), 422, "request.invalid"),
        (UnreadableDataset.of("file", "is no table."), 422, "dataset.unreadable"),
        (KeyReused("taken"), 422, "request.idempotency-key-reused"),
        (ModelNotFound("none"), 404, "model.not-found"),
        (RetiredModel("gone"), 404, "model.retired"),
        (NameTaken("taken"), 409, "model.name-taken"),
        (JobEnded("over", kind="training-job"), 409, "training-job.ended"),
        (Conflict("slower"), 409, "request.conflict"),
        (StaleVersion(expected=1, actual=2), 412, "request.stale-version"),
        (ArtifactUnavailable("no bytes"), 503, "artifact.unavailable"),
        (ReadModelBehind(wanted=5, reached=4), 503, "read-model.behind"),
        (
            UnreadableHistory(stream_id=UUID(int=1), version=3, topic="x.v2", error="no event has the topic"),
            503,
            "history.unreadable",
        ),
        (OperationalError("database is locked"), 503, "event-store.unavailable"),
        (
            sqlalchemy.exc.OperationalError("SELECT", {}, Exception("no file")),
            503,
            "read-model.unavailable",
        ),
        (sqlalchemy.exc.TimeoutError("no connection is free"), 503, "read-model.unavailable"),
        (ServiceStopping(), 503, "service.stopping"),
        (SourceUnavailable("away"), 503, "source.unavailable"),
        (ZeroDivisionError("the secret"), 500, "service.unexpected"),
    ],
)
def test_every_kind_of_error_has_its_status_and_code(error, status, code):
    told_status, headers, body = told(error)
    assert (told_status, body["status"], body["error_code"]) == (status, status, code)
    assert headers[b"content-type"] == b"application/json"
    assert headers[b"x-request-id"] == b"request-1"
    assert body["error"] == body["detail"]
    assert body["error"]
    assert body["timestamp"].endswith("Z")
    assert body["request_id"] == "request-1"
    assert body["type"] == "about:blank"
    assert body["title"]
    assert body["instance"] == "/api/v1/models"


@pytest.mark.parametrize(
    "error",
    [InvalidInput.of("name", "is off.", 3), KeyReused("taken"), UnreadableDataset.of("file", "is no table.")],
)
def test_every_422_names_the_fields_that_are_off(error):
    _, _, body = told(error)
    assert [set(each) for each in body["validation_errors"]] == [{"field", "message", "value"}]


@pytest.mark.parametrize("error", [ReadModelBehind(wanted=5, reached=4), OperationalError("database is locked")])
def test_what_may_work_later_says_when_to_ask_again(error):
    assert int(told(error)[1][b"retry-after"]) >= 1


def test_a_full_disk_is_told_as_such_and_logged_in_a_line(caplog):
    with closing(sqlite3.connect(":memory:")) as full:
        full.execute("PRAGMA max_page_count = 2")
        with pytest.raises(OperationalError) as raised, translated_errors():
            full.executescript("CREATE TABLE a (b); CREATE TABLE c (d);")
    _, _, body = told(raised.value)
    assert (body["error_code"], "the disk is full" in body["error"]) == ("event-store.unavailable", True)
    assert [record.exc_info for record in caplog.records] == [None]
    assert "the disk is full" not in told(OperationalError("database is locked"))[2]["error"]


def test_what_nobody_foresaw_is_logged_with_the_id_and_not_told(caplog):
    with caplog.at_level(logging.ERROR):
        _, _, body = told(ZeroDivisionError("the secret"))
    assert "secret" not in json.dumps(body)
    assert "request-1" in body["error"]
    assert "request-1" in caplog.text
    assert "the secret" in caplog.text


def test_what_is_wrong_with_a_command_is_said_in_words_with_the_field_that_was_meant():
    text = b'{"nam": "churn", "type": "clasification", "description": 3, "metadata": []}'
    with pytest.raises(ValidationError) as raised:
        RegisterModel.model_validate_json(text, strict=True)
    _, _, body = told(raised.value)
    found = {each["field"]: each["message"] for each in body["validation_errors"]}
    assert found["type"].startswith("must be 'classification', ")
    assert found["description"] == "must be text, is a number."
    assert found["metadata"] == "must be an object, is a list."
    assert found["name"] == "is missing."


def test_a_report_stays_short_whatever_was_sent():
    huge = "x" * 1_000_000
    problems = [FieldProblem(field=f"f.{huge}", message=huge, value=[huge] * 9) for _ in range(1_000)]
    _, _, body = error_response_body(InvalidInput(problems), "r")
    assert len(body) < 100_000


@given(json_values | st.binary() | st.floats() | st.integers() | st.text(st.characters()))
def test_whatever_was_given_can_be_told_back_as_short_json(value):
    assert len(orjson.dumps(excerpt(value))) <= 1_300


def test_half_a_surrogate_pair_is_told_back_as_a_question_mark():
    _, _, body = told(InvalidInput.of("a\ud800", "b\ud800", "c\ud800"))
    assert body["validation_errors"] == [{"field": "a?", "message": "b?", "value": "c?"}]


def test_a_value_nested_too_deep_to_be_told_is_described():
    deep = []
    for _ in range(5_000):
        deep = [deep]
    assert excerpt(deep) == "a value nested too deep"
