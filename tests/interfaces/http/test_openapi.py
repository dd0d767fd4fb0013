"""The document tells of all that is served and of nothing else, and what is served keeps to it."""

import io
import json
import re
from contextlib import contextmanager
from typing import Any

import pyarrow as pa
import pyarrow.parquet
import pytest
from openapi_spec_validator import OpenAPIV31SpecValidator

from application.health.health import Health
from application.ports.artifacts import url_of
from domain.errors import Refusal
from interfaces.http.app import create_app
from interfaces.http.inference import PATH as INFERENCE_PATH
from interfaces.http.inference_wishes import ARROW, NDJSON
from tests.interfaces.inference.streaming import arrow_stream
from tests.support.events import TRAINED
from tests.support.http import CSV, served
from tests.support.inboxes import Journal, Neighbour, RunningInbox
from tests.support.nats import NatsServer
from tests.support.openapi import Contract
from tests.support.reports import REPORT
from tests.support.trainings import trained_version


def parquet():
    file = io.BytesIO()
    pyarrow.parquet.write_table(pa.table({"age": [1, 2], "churned": ["y", "n"]}), file)
    return file.getvalue()


ANN = {"age": 40, "city": "Basel"}
CSV_TYPE, PARQUET_TYPE = "text/csv", "application/vnd.apache.parquet"
UPLOAD = {"content": CSV, "headers": {"content-type": CSV_TYPE}, "params": {"name": "more", "target": "churned"}}
TENSORS = {
    "json": {
        "id": "one",
        "inputs": [
            {"name": "age", "datatype": "FP64", "shape": [2], "data": [40, None]},
            {"name": "city", "datatype": "BYTES", "shape": [2], "data": ["Basel", None]},
        ],
        "outputs": [{"name": "predict"}, {"name": "explanation"}],
    }
}
CALLBACK = {"json": {"event_type": "broker_service.ping", "payload": {}}}

ROWS = {
    ARROW: {
        "content": arrow_stream(pa.record_batch({"age": pa.array([40]), "city": pa.array(["Basel"])})),
        "params": {"model_id": "churn"},
    },
    NDJSON: {"content": json.dumps(ANN).encode(), "params": {"model_id": "churn"}},
}
"""Media type → a request of rows only; its parameters are not all those of JSON."""

REQUESTS: dict[str, dict[str, Any]] = {
    "list_models": {},
    "register_model": {"json": {"name": "prices", "type": "regression", "metadata": {"team": "growth"}}},
    "get_model": {},
    "update_model": {"json": {"description": "Who leaves."}},
    "retire_model": {},
    "list_versions": {},
    "get_version": {},
    "register_version": {"json": {"version": "7.0.0", "metrics": {"auc": 0.9}}},
    "change_status": {"json": {"status": "deprecated"}},
    "assign_alias": {"json": {"version": "1.0.0"}},
    "remove_alias": {},
    "get_model_history": {},
    "diff_model": {"params": {"from": "0"}},
    "get_version_lineage": {},
    "explain_version": {},
    "get_version_report": {},
    "list_datasets": {},
    "register_dataset": UPLOAD,
    "get_dataset": {},
    "get_dataset_content": {},
    "retire_dataset": {},
    "list_training_jobs": {},
    "request_training": {"json": {"model_id": "churn", "dataset_id": "customers"}},
    "get_training_job": {},
    "cancel_training": {},
    "retry_training": {},
    "verify_version": {},
    "list_batch_predictions": {},
    "request_batch_prediction": {"json": {"model_id": "churn", "dataset_id": "customers", "explain": "true"}},
    "get_batch_prediction": {},
    "cancel_batch_prediction": {},
    "follow_training_job": {},
    "list_event_types": {},
    "list_model_types": {},
    "get_event_schema": {},
    "list_events": {},
    "take_event": CALLBACK,
    "take_event_outside_base": CALLBACK,
    "list_dead_letters": {},
    "get_dead_letter": {},
    "replay_dead_letter": {},
    "discard_dead_letter": {},
    "verify_log": {},
    "predict": {
        "json": {"model_id": "churn", "features": [ANN, {"age": None, "city": None}]},
        "params": {"explain": "true"},
    },
    "get_liveness": {},
    "get_readiness": {},
    "get_liveness_below_base": {},
    "get_readiness_below_base": {},
    "get_health": {},
    "get_health_below_base": {},
    "get_metrics": {},
    "get_asyncapi": {},
    "get_openapi": {},
    "get_server_metadata": {},
    "get_server_liveness": {},
    "get_server_readiness": {},
    "get_model_metadata": {},
    "get_model_readiness": {},
    "infer_model": TENSORS,
    "get_model_statistics": {},
    "get_model_version_metadata": {},
    "get_model_version_readiness": {},
    "infer_model_version": TENSORS,
    "get_model_version_statistics": {},
    "list_statistics": {},
    "list_repository": {"json": {"ready": True}},
    "load_model": {"json": {}},
}
"""Operation → what its request needs, beside the path, to be granted."""

PREDICTIONS = {"predict", "infer_model", "infer_model_version", "list_repository", "load_model"}
"""Operations that take a body, and change nothing."""

OPEN_INFERENCE = {
    name for name in REQUESTS if name.startswith(("get_server_", "infer_")) or name.endswith("_statistics")
} | {"list_repository", "load_model"}
OPEN_INFERENCE |= {f"get_model{of}_{what}" for of in ("", "_version") for what in ("metadata", "readiness")}
"""Operations of a protocol that asks for no type of body, and tells of all that it cannot accept by 400."""

REFUSED = [
    ("register_model", 400, {"content": "{", "headers": {"content-type": "application/json"}}),
    ("register_model", 415, {"content": "{}"}),
    ("register_model", 409, {"json": {"name": "churn", "type": "regression"}}),
    ("register_model", 422, {"json": {"nam": "x", "type": "guess", "metadata": []}}),
    ("change_status", 409, {"json": {"status": "staging"}}),
    ("assign_alias", 422, {"json": {"version": "9.9.9"}}),
    ("register_version", 422, {"json": {"artifact_url": "nothing.txt"}}),
    ("register_dataset", 422, {**UPLOAD, "content": b"\xff"}),
    ("register_dataset", 413, {**UPLOAD, "content": b"a" * (9 * 1024 * 1024)}),
    ("request_training", 422, {"json": {"model_id": "nothing", "dataset_id": "customers"}}),
    ("request_batch_prediction", 404, {"json": {"model_id": "nothing", "dataset_id": "customers"}}),
    ("get_dataset_content", 400, {"headers": {"Range": "bytes=9-3"}}),
    ("get_dataset_content", 416, {"headers": {"Range": "bytes=999999-"}}),
    ("list_events", 503, {"headers": {"X-Min-Event-Position": "999999"}}),
    ("predict", 415, {**REQUESTS["predict"], "headers": {"Content-Encoding": "br"}}),
    ("predict", 404, {"json": {"model_id": "nothing", "features": ANN}}),
    ("predict", 422, {"json": {"model_id": "churn", "features": {"age": "old"}}}),
    ("infer_model", 400, {"json": {"inputs": [{"name": "age", "datatype": "FP64", "shape": [1], "data": [1]}]}}),
    ("infer_model", 501, {"content": b"x", "headers": {"Inference-Header-Content-Length": "0"}}),
    ("infer_model_version", 503, {**TENSORS, "headers": {"X-Min-Event-Position": "999999"}}),
    ("load_model", 501, {"json": {"parameters": {"config": "{}"}}}),
    ("predict", 503, {**REQUESTS["predict"], "headers": {"X-Min-Event-Position": "999999"}}),
]
"""Operation, the status that it answers with, and the request that makes it."""

UNACCEPTABLE = {
    "X-Min-Event-Position": ("x", 422),
    "Idempotency-Key": ("a b", 422),
    "X-Reason": ("%00", 422),
    "If-Match": ('"999"', 412),
    "If-None-Match": ("x", 400),
    "Last-Event-ID": ("x", 422),
    "Inference-Header-Content-Length": ("x", 400),
    "Content-Encoding": ("x", 415),
    "Range": ("bytes=9-3", 400),
}
"""Header → a value that whoever honours the header refuses, and with which status."""

BODIES = [
    *[(operation, "application/json", given) for operation, given in REQUESTS.items() if "json" in given],
    *[(operation, "application/octet-stream", TENSORS) for operation in ("infer_model", "infer_model_version")],
    ("update_model", "application/merge-patch+json", {"content": b'{"description": null}'}),
    ("register_dataset", "application/json", {"json": {"name": "more", "uri": "more.csv"}}),
    ("register_dataset", CSV_TYPE, UPLOAD),
    ("register_dataset", PARQUET_TYPE, {**UPLOAD, "content": parquet()}),
    (
        "register_dataset",
        "multipart/form-data",
        {"files": {"file": ("a.csv", CSV), "name": (None, "more"), "target": (None, "churned")}},
    ),
    *(("predict", media_type, given) for media_type, given in ROWS.items()),
]
"""Operation, media type, and a request with a body of that type."""

OPERATIONS = pytest.mark.parametrize("operation", REQUESTS)


@contextmanager
def neighbours_at(server, directory):
    """Yield an inbox that has set a message aside, and would handle it now."""
    journal = Journal()
    journal.before = refused
    with RunningInbox(server.address, directory, journal.react) as inbox:
        with Neighbour(server.address) as neighbour:
            neighbour.tells("one")
        assert inbox.has_letters(Refusal.code)
        journal.before = lambda _: None
        yield inbox


def refused(event):
    raise Refusal(f"not {event.id}")


def contract_of(api, neighbours):
    """Return the document of a service, after there is something of everything that can be asked for."""
    api.register_model()
    assert api.upload(name="customers", target="churned").status_code == 201
    report_url = url_of(api.service.artifacts.put(REPORT.model_dump_json().encode()))
    trained_version(
        api, trained=TRAINED.model_copy(update={"artifact_url": "artifact:one", "report_url": report_url})
    )
    job = api.post("/training-jobs", {"model_id": "churn", "dataset_id": "customers"}).json()
    assert api.send("PUT", "/models/churn/versions/1.0.0/status", {"status": "production"}).status_code == 200
    assert api.send("PUT", "/models/churn/aliases/champion", {"version": "1.0.0"}).status_code == 200
    # a job that has ended, so that the stream of its events does; to cancel it again is granted
    assert api.post(f"/training-jobs/{job['id']}/cancel").status_code == 202
    batch = api.post("/batch-predictions", {"model_id": "churn", "dataset_id": "customers"}).json()
    names = {"model": "churn", "version": "1.0.0", "alias": "champion", "dataset": "customers"}
    names |= {
        "batch": batch["id"],
        "job": job["id"],
        "event_type": "ml.model.registered.v1",
        "letter": str(neighbours.letters()[0].id),
    }
    return Contract(api.client, names=names)


@pytest.fixture
def neighbours(nats_server, tmp_path):
    with neighbours_at(nats_server, tmp_path) as inbox:
        yield inbox


@pytest.fixture
def api(tmp_path, neighbours):
    with served(tmp_path, neighbours=neighbours) as running:
        yield running


@pytest.fixture
def a_contract(api, neighbours):
    """The document of a service that may be changed."""
    return contract_of(api, neighbours)


@pytest.fixture(scope="module")
def an_unchanging_contract(tmp_path_factory):
    """The document of a service that is asked only, or asked for what it refuses."""
    directory = tmp_path_factory.mktemp("unchanging")
    with (
        NatsServer(tmp_path_factory.mktemp("nats")) as server,
        neighbours_at(server, directory) as neighbours,
        served(directory, neighbours=neighbours) as api,
    ):
        yield contract_of(api, neighbours)


@pytest.fixture
def a_contract_for_it(request, operation, a_document):
    """The document of a service that the operation may change, if it changes any."""
    questions = {item["get"]["operationId"] for item in a_document["paths"].values() if "get" in item}
    is_question = operation in {*questions, *PREDICTIONS}
    return request.getfixturevalue("an_unchanging_contract" if is_question else "a_contract")


@pytest.fixture(scope="module")
def a_document(tmp_path_factory):
    with served(tmp_path_factory.mktemp("document")) as api:
        return api.client.get("/openapi.json").json()


@pytest.fixture(scope="module")
def a_served_table(tmp_path_factory):
    """Every path and method that the router knows, and the one that goes before it."""
    with served(tmp_path_factory.mktemp("table")) as api:
        dispatch = create_app(api.service, health=Health([], clock=api.service.clock, version="1"))._app
    routes = dispatch._others._app.routes
    table = {(each.path, method) for each in routes for method in each.endpoint._by_method}
    table |= {
        (path, method) for path, by_method in dispatch._open_inference._operations.items() for method in by_method
    }
    return table | {(INFERENCE_PATH, "POST")}


def test_the_document_is_one_of_openapi(a_document):
    OpenAPIV31SpecValidator(a_document).validate()


def test_all_that_is_served_is_documented_and_nothing_else(a_document, a_served_table):
    documented = {(path, method.upper()) for path, item in a_document["paths"].items() for method in item}
    assert documented == a_served_table


def test_the_words_of_the_contract_are_in_the_document(a_document):
    words = {"MLModelBase", "MLModelResponse", "ModelVersionBase", "ModelVersionResponse", "TrainingJobBase"}
    words |= {"TrainingJobResponse", "InferenceRequest", "InferenceResponse", "PredictionResult", "ModelType"}
    words |= {"ErrorResponse", "ValidationError", "ValidationErrorResponse", "ModelStatus", "JobStatus"}
    assert words <= a_document["components"]["schemas"].keys()


def test_every_operation_has_a_name_of_its_own_and_says_what_it_does(a_document):
    operations = [each for item in a_document["paths"].values() for each in item.values()]
    assert sorted(each["operationId"] for each in operations) == sorted(REQUESTS)
    assert all(re.fullmatch(r"[A-Z].*\.", each["summary"]) for each in operations)
    tags = {each["name"] for each in a_document["tags"]}
    assert {tag for each in operations for tag in each["tags"]} == tags


def test_every_component_is_used(a_document):
    used = set(re.findall(r'"#/components/(\w+/[\w-]+)"', json.dumps(a_document)))
    components = a_document["components"]
    assert used == {f"{kind}/{name}" for kind, named in components.items() for name in named}


def test_what_docstrings_say_of_fields_is_told_of_the_fields(a_document):
    schemas = a_document["components"]["schemas"]
    assert schemas["MLModelResponse"]["properties"]["aliases"]["description"] == "Alias → number."
    assert not [name for name, each in schemas.items() if "Attributes" in each.get("description", "")]


@OPERATIONS
def test_what_is_granted_is_answered_as_documented(a_contract_for_it, operation):
    response = a_contract_for_it.send(operation, **REQUESTS[operation])
    assert str(response.status_code) == a_contract_for_it.success(operation), response.text
    a_contract_for_it.check(operation, response)


def test_a_parameter_that_is_none_is_refused_as_documented(an_unchanging_contract):
    for operation, given in REQUESTS.items():
        response = an_unchanging_contract.send(
            operation, **{**given, "params": {**given.get("params", {}), "x": "1"}}
        )
        assert response.status_code == (400 if operation in OPEN_INFERENCE else 422), operation
        an_unchanging_contract.check(operation, response)


def test_what_does_not_exist_is_refused_as_documented(an_unchanging_contract):
    for operation in an_unchanging_contract.operations_with_names():
        response = an_unchanging_contract.send(operation, named="nothing", **REQUESTS[operation])
        assert response.status_code == 404, operation
        an_unchanging_contract.check(operation, response)


@pytest.mark.parametrize(("operation", "status", "given"), REFUSED)
def test_a_refusal_is_answered_as_documented(an_unchanging_contract, operation, status, given):
    response = an_unchanging_contract.send(operation, **given)
    assert response.status_code == status, response.text
    assert str(status) in an_unchanging_contract.statuses(operation)
    an_unchanging_contract.check(operation, response)


def test_a_part_of_the_bytes_is_answered_as_documented(an_unchanging_contract):
    response = an_unchanging_contract.send("get_dataset_content", headers={"Range": "bytes=3-9"})
    assert response.status_code == 206
    assert "206" in an_unchanging_contract.statuses("get_dataset_content")
    an_unchanging_contract.check("get_dataset_content", response)


def test_a_reader_who_has_the_answer_gets_none(an_unchanging_contract):
    for operation in an_unchanging_contract.operations_with_header("If-None-Match"):
        tag = an_unchanging_contract.send(operation).headers["etag"]
        response = an_unchanging_contract.send(operation, headers={"If-None-Match": tag})
        assert response.status_code == 304, operation
        an_unchanging_contract.check(operation, response)


def test_a_command_that_is_sent_again_is_answered_as_documented(a_contract):
    given = {**REQUESTS["register_model"], "headers": {"Idempotency-Key": "one"}}
    _, again = (a_contract.send("register_model", **given) for _ in range(2))
    assert again.headers["idempotent-replayed"] == "true"
    a_contract.check("register_model", again)


def test_a_service_that_is_not_ready_says_so_as_documented(api, a_contract):
    api.runner.stop()
    response = a_contract.send("get_readiness")
    assert response.status_code == 503
    a_contract.check("get_readiness", response)


def accepted_parameters(contract, operation, given):
    accepted = set()
    for name in contract.all_parameters("query"):
        response = contract.send(operation, **{**given, "params": {name: "x" * 5_000}})
        found = response.json().get("validation_errors", [])
        if not any(each["field"] == name and "is no parameter here" in each["message"] for each in found):
            accepted.add(name)
    return accepted


def test_the_documented_query_parameters_are_those_that_are_accepted(a_contract):
    for operation, given in REQUESTS.items():
        rows = {"content": b"", "headers": {"content-type": NDJSON}}
        accepted = accepted_parameters(a_contract, operation, rows if operation == "predict" else given)
        assert accepted == a_contract.parameters(operation, "query").keys(), operation
    assert accepted_parameters(a_contract, "predict", REQUESTS["predict"]) == {"explain"}


def test_a_number_is_accepted_within_its_documented_bounds_only(an_unchanging_contract):
    for operation in REQUESTS:
        for name, schema in an_unchanging_contract.parameters(operation, "query").items():
            for bound, outwards in (("minimum", -1), ("maximum", 1)):
                if bound in schema:
                    inside = an_unchanging_contract.send(operation, params={name: schema[bound]})
                    outside = an_unchanging_contract.send(operation, params={name: schema[bound] + outwards})
                    assert (inside.status_code, outside.status_code) == (200, 422), (operation, name)


@OPERATIONS
def test_the_documented_headers_are_those_that_are_honoured(a_contract_for_it, operation):
    given = REQUESTS[operation]
    documented = a_contract_for_it.parameters(operation, "header")
    ignored = {}
    for name, (value, status) in UNACCEPTABLE.items():
        if name not in documented:
            ignored[name] = value
            continue
        headers = {**given.get("headers", {}), name: value}
        status = 400 if operation in OPEN_INFERENCE else status  # noqa: PLW2901 - the same, in its words
        assert a_contract_for_it.send(operation, **{**given, "headers": headers}).status_code == status, name
    if "Idempotency-Key" in documented:
        ignored.pop("If-Match", None)  # of what a command makes there is no version: it refuses any
    headers = {**given.get("headers", {}), **ignored, "Prefer": "wait=0", "X-Request-ID": "mine"}
    response = a_contract_for_it.send(operation, **{**given, "headers": headers})
    assert response.is_success, response.text
    assert response.headers["x-request-id"] == "mine"
    assert ("preference-applied" in response.headers) == ("Prefer" in documented)


def test_a_body_of_an_undocumented_type_is_refused_where_a_body_is_documented(an_unchanging_contract):
    for operation in an_unchanging_contract.operations_with_bodies():
        response = an_unchanging_contract.send(operation, content=b"{}", headers={"content-type": "text/x-other"})
        assert (response.status_code == 415) is (operation not in OPEN_INFERENCE), operation
        an_unchanging_contract.check(operation, response)


@pytest.mark.parametrize(("operation", "media_type", "given"), BODIES)
def test_a_body_of_a_documented_type_is_taken(api, a_contract, operation, media_type, given):
    (api.dataset_root / "more.csv").write_bytes(CSV)
    headers = {} if "files" in given else {"content-type": media_type}
    response = a_contract.send(operation, **{**given, "headers": headers})
    assert response.is_success, response.text
    body = response.request.content if media_type.endswith("json") else None
    a_contract.check_body(operation, media_type, body)
    a_contract.check(operation, response)


def test_every_documented_type_of_body_is_tried(a_document):
    documented = {
        (each["operationId"], media_type)
        for item in a_document["paths"].values()
        for each in item.values()
        for media_type in each.get("requestBody", {}).get("content", {})
    }
    assert {(operation, media_type) for operation, media_type, _ in BODIES} == documented
