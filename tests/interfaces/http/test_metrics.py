"""What operators' instruments read of the service."""

import asyncio
from time import perf_counter

import pytest
from prometheus_client.parser import text_string_to_metric_families

from application.health.health import Health
from application.ports.health import Condition, Dependency, HealthStatus
from infrastructure.system.clock import SystemClock
from interfaces.http.traffic import Counted
from tests.support.http import served

FEATURES = {"age": 40, "city": "bern"}


def figures(api):
    """Return (name, labels) → value, of all that is told."""
    response = api.client.get("/metrics")
    assert response.status_code == 200
    assert response.headers["content-type"].startswith("text/plain; version=0.0.4")
    return {
        (sample.name, *sample.labels.values()): sample.value
        for family in text_string_to_metric_families(response.text)
        for sample in family.samples
    }


def test_how_far_the_log_and_its_readers_are_is_told(api, a_model):
    found = figures(api)
    head = api.service.ledger.head()
    assert head > 0
    assert found["ml_service_events_head",] == head
    assert found["ml_service_read_models_position",] == head
    assert found["ml_service_read_models_lag",] == 0
    assert found["ml_service_dependency_up", "event-store"] == 1
    assert found["process_resident_memory_bytes",] > 0


def test_requests_are_counted_by_operation_and_status(api, a_model):
    for _ in range(3):
        api.get(f"/models/{a_model['id']}")
    api.client.head(f"/api/v1/models/{a_model['id']}")
    api.get("/models/nobody")
    found = figures(api)
    assert found["ml_service_http_requests_total", "get_model", "200"] == 4
    assert found["ml_service_http_requests_total", "get_model", "404"] == 1
    assert found["ml_service_http_requests_total", "register_model", "201"] == 1
    assert found["ml_service_http_request_duration_seconds_count", "get_model", "200"] == 4
    assert found["ml_service_http_request_duration_seconds_sum", "get_model", "200"] > 0


def test_however_many_paths_are_guessed_they_are_one_operation(api):
    for number in range(20):
        api.client.get(f"/guess/{number}")
        api.client.put("/api/v1/models")
    found = figures(api)
    assert found["ml_service_http_requests_total", "unknown", "404"] == 20
    assert found["ml_service_http_requests_total", "unknown", "405"] == 20
    assert {labels[1] for name, *labels in found if name == "ml_service_http_requests_total"} == {"404", "405"}


def test_the_classes_of_a_histogram_hold_all_of_it(api, a_model):
    api.get("/models")
    found = figures(api)
    name = "ml_service_http_request_duration_seconds_bucket"
    counts = [value for key, value in found.items() if key[0] == name and key[2:] == ("list_models", "200")]
    assert counts == sorted(counts)
    assert found[name, "+Inf", "list_models", "200"] == counts[-1] == 1


@pytest.mark.parametrize(("content_type", "is_over_at_once"), [(b"text/event-stream", True), (b"text/csv", False)])
def test_a_stream_took_as_long_as_until_its_first_byte(content_type, is_over_at_once):
    begun, moments = (
        {"type": "http.response.start", "status": 200, "headers": [(b"content-type", content_type)]},
        [],
    )

    async def answer(_scope, _receive, send):
        await send(begun)
        moments.append(perf_counter())
        await asyncio.sleep(0.05)
        await send({"type": "http.response.body", "body": b""})

    async def send(_message):
        pass

    traffic = {}
    scope = {"type": "http", "method": "GET", "path": "/"}

    async def call():
        moments.append(perf_counter())
        await Counted(answer, described=(), traffic=traffic)(scope, None, send)

    asyncio.run(call())
    (took,) = traffic.values()
    assert sum(took.counts) == 1
    assert (took.total_s < moments[1] - moments[0]) == is_over_at_once


def test_predictions_are_counted_and_so_are_those_that_failed(api, a_version):
    model = a_version["model_id"]
    assert api.post("/inference", {"model_id": model, "version": "1.0.0", "features": [FEATURES] * 3}).is_success
    assert api.post("/inference", {"model_id": "nobody", "features": FEATURES}).status_code == 404
    found = figures(api)
    assert found["ml_service_predictions_total", "http"] == 3
    assert found["ml_service_predictions_refused_total", "http"] == 1
    assert found["ml_service_prediction_duration_seconds_count", "http"] == 1
    assert found["ml_service_http_requests_total", "predict", "200"] == 1
    assert found["ml_service_http_requests_total", "predict", "404"] == 1
    assert found["ml_service_loaded_predictors",] == 1
    assert found["ml_service_loaded_predictors_bytes",] > 0


def down():
    raise ConnectionError


@pytest.mark.parametrize(
    ("probe", "up"),
    [
        (Condition, 1.0),
        (lambda: Condition(status=HealthStatus.DEGRADED, problem="late", facts={"lag": 5}), 0.5),
        (down, 0.0),
    ],
)
def test_what_cannot_be_seen_is_left_out_and_told_as_down(tmp_path, probe, up):
    relay = Dependency(name="relay", url="", probe=probe)
    health = Health([relay], clock=SystemClock(), version="1", timeout_s=60.0)
    with served(tmp_path, health=health) as api:
        found = figures(api)
    assert found["ml_service_dependency_up", "relay"] == up
    assert found.get(("ml_service_relay_lag",)) == (5 if up == 0.5 else None)
