"""What operators are told of the service and all that it works with, whatever has become of that."""

import threading
from uuid import UUID

import pytest

from application.health.health import Health
from application.ports.health import Condition, Dependency
from domain.models import model as models
from domain.models.values import ModelStatus
from infrastructure.system.clock import SystemClock
from tests.support.commands import a_context
from tests.support.http import served
from tests.support.processes import eventually


def by_name(response):
    return {each["service_name"]: each for each in response.json()["dependencies"]}


@pytest.mark.parametrize("base", ["", "/api/v1"])
def test_a_service_with_all_it_needs_is_healthy(api, base):
    response = api.client.get(f"{base}/health")
    assert (response.status_code, response.json()["status"]) == (200, "healthy"), response.text
    assert by_name(response).keys() == {"event-store", "read-models", "artifact-store", "predictors"}
    assert response.headers["cache-control"] == "no-store"


def test_the_health_tells_how_far_the_log_and_its_readers_are(api, a_model):
    found = by_name(api.client.get("/health"))
    head = api.service.ledger.head()
    assert found["event-store"]["details"] == {"head": head}
    assert found["read-models"]["details"] == {
        "position": head,
        "lag": 0,
        "lag_s": 0.0,
        "parked_events": 0,
        "unknown_events": 0,
    }


def test_a_service_whose_read_models_stand_still_is_degraded_and_takes_commands(api):
    api.runner.stop()
    response = api.client.get("/health")
    assert (response.status_code, response.json()["status"]) == (200, "degraded")
    assert by_name(response)["read-models"]["error"] == "nothing moves them on"
    assert api.post("/models", {"name": "churn", "type": "regression"}).status_code == 201


def test_a_service_that_cannot_keep_artifacts_is_degraded(api):
    (api.artifacts_root / "incoming").rename(api.artifacts_root / "elsewhere")
    response = api.client.get("/health")
    assert (response.status_code, response.json()["status"]) == (200, "degraded")
    assert by_name(response)["artifact-store"]["status"] == "unhealthy"


def test_a_service_that_cannot_follow_a_promotion_is_degraded_and_says_why(api, a_model, a_version):
    """Somebody else promoted the version, who could load it."""
    asked = {"model_id": "churn", "features": {"age": 40, "city": "Basel"}}
    api.send("PUT", "/models/churn/versions/1.0.0/status", {"status": "production"})
    assert api.post("/inference", asked).json()["version"] == "1.0.0"
    version = api.add_version(a_model, artifact_url="artifact:missing")
    ledger = api.service.ledger
    model = ledger.model(UUID(a_model["id"]))
    promoted = models.change_status(
        model, reference=version["id"], status=ModelStatus.PRODUCTION, by=a_context().provenance
    )
    assert api.runner.wait_for(ledger.commit(promoted), 10)
    assert eventually(lambda: api.service.serving.late()[1] != [])
    found = api.client.get("/health").json()
    assert found["status"] == "degraded"
    assert "artifact:missing" in found["error"]
    assert a_model["id"] in found["error"]
    answer = api.post("/inference", asked)
    assert (answer.status_code, answer.json()["version"]) == (200, "1.0.0")


def test_a_service_without_its_log_is_unhealthy_and_alive(api):
    api.runner.stop()  # SQLite does not survive that a connection is closed under a thread that asks by it
    api.service.ledger.close()
    response = api.client.get("/health")
    assert (response.status_code, response.json()["status"]) == (503, "unhealthy")
    assert by_name(response)["event-store"]["error"]
    assert api.client.get("/health/ready").status_code == 503
    assert api.client.get("/health/live").status_code == 200


@pytest.fixture
def a_dependency_that_hangs():
    released = threading.Event()

    def probe():
        released.wait()
        return Condition()

    yield Dependency(name="neighbour", url="nats://localhost:4222", probe=probe)
    released.set()


def test_what_hangs_holds_up_neither_the_answer_nor_readiness(tmp_path, a_dependency_that_hangs):
    stores = [Dependency(name=name, url="", probe=Condition) for name in ("event-store", "read-models")]
    health = Health(
        [*stores, a_dependency_that_hangs], clock=SystemClock(), version="1", timeout_s=2.0, kept_s=0.0
    )
    with served(tmp_path, health=health) as api:
        for _ in range(3):
            response = api.client.get("/health")
            assert (response.status_code, response.json()["status"]) == (200, "degraded")
        assert api.client.get("/health/ready").status_code == 200
        assert [each.name for each in threading.enumerate()].count("probe-neighbour") == 1
