"""Versions that were trained elsewhere: taken over HTTP, and served like our own."""

import hashlib

import numpy as np
import pytest

from domain.models.errors import NotLoadable
from infrastructure.artifacts.local import LocalArtifacts
from infrastructure.learning.loading import ArtifactPredictorLoader
from tests.support.foreign import PANDAS, foreign_model, rows
from tests.support.http import served

CITIES = ("basel", "bern", "chur")
VERSIONS = "/models/churn/versions"


@pytest.fixture
def api(tmp_path):
    """A service that loads what it has, with a model of others in the directory that it may read."""
    loader = ArtifactPredictorLoader(artifacts=LocalArtifacts(root=tmp_path / "artifacts"))
    with served(tmp_path, loader=loader) as running:
        (running.dataset_root / "churn.txt").write_text(foreign_model().model_to_string() + PANDAS)
        (running.dataset_root / "prices.txt").write_text(foreign_model("regression").model_to_string())
        running.register_model()
        yield running


@pytest.fixture
def looks(api, monkeypatch):
    """How often somebody has looked at a model."""
    keep, seen = api.service.foreign.keep, []
    monkeypatch.setattr(api.service.foreign, "keep", lambda model: [seen.append(model), keep(model)][1])
    return seen


def problems_of(response):
    assert response.status_code == 422, response.text
    return {each["field"]: each["message"] for each in response.json()["validation_errors"]}


def instances(count=20):
    return [{"age": age, "city": CITIES[int(code)]} for age, code in rows()[:count].tolist()]


def test_a_version_that_was_trained_elsewhere_is_served_on_every_transport_as_it_answers_there(api):
    uri = (api.dataset_root / "churn.txt").as_uri()
    body = {
        "artifact_url": uri,
        "labels": ["stays", "leaves"],
        "metrics": {"auc": 0.9},
        "hyperparameters": {"x": 1},
    }
    response = api.post(VERSIONS, body, x_reason="from the lab")
    assert response.status_code == 201, response.text
    version = response.json()
    assert response.headers["location"] == f"/api/v1/models/{version['model_id']}/versions/{version['id']}"
    assert response.headers["etag"] == '"2"'
    assert (version["version"], version["status"], version["source_url"]) == ("1.0.0", "staging", uri)
    assert (version["metrics"], version["hyperparameters"]) == ({"auc": 0.9}, {"x": 1})
    assert version["artifact_url"].startswith("artifact:")
    assert api.client.get(response.headers["location"]).json() == version

    promoted = api.send("PUT", f"{VERSIONS}/1.0.0/status", {"status": "production"})
    assert promoted.status_code == 200, promoted.text
    expected = foreign_model().predict(rows()[:20])
    answer = api.client.post("/api/v1/inference?explain=true", json={"model_id": "churn", "features": instances()})
    results = answer.json()["results"]
    assert [each["prediction"] for each in results] == ["leaves" if each > 0.5 else "stays" for each in expected]
    assert [each["probability"] for each in results] == np.maximum(expected, 1.0 - expected).tolist()
    assert {name for each in results for name in each["explanation"]} == {"age", "city"}
    tensors = [
        {"name": "age", "datatype": "FP64", "shape": [20], "data": rows()[:20, 0].tolist()},
        {"name": "city", "datatype": "BYTES", "shape": [20], "data": [each["city"] for each in instances()]},
    ]
    asked = {"inputs": tensors, "outputs": [{"name": "predict_proba"}]}
    (scores,) = api.client.post("/v2/models/churn/infer", json=asked).json()["outputs"]
    assert np.reshape(scores["data"], scores["shape"])[:, 1].tolist() == expected.tolist()


def test_its_lineage_says_where_it_came_from(api):
    assert api.post(VERSIONS, {"artifact_url": "churn.txt", "version": "2.0.0"}).status_code == 201
    lineage = api.get(f"{VERSIONS}/2.0.0/lineage").json()
    assert (lineage["training"], lineage["dataset_sha256"]) == (None, None)
    written = (api.dataset_root / "churn.txt").read_bytes()
    assert lineage["source"] == {"url": "churn.txt", "sha256": hashlib.sha256(written).hexdigest()}
    (link,) = api.get(f"{VERSIONS}/2.0.0/why").json()["chain"]
    assert link["sentence"].endswith("version 2.0.0, trained elsewhere and copied from churn.txt, in staging.")
    refused = api.post(f"{VERSIONS}/2.0.0/verify")
    assert (refused.status_code, refused.json()["error_code"]) == (409, "model.version-trained-elsewhere")


def test_a_version_without_bytes_is_kept_account_of_and_cannot_be_served(api, looks):
    version = api.post(VERSIONS, {"artifact_url": None, "metrics": {"auc": 0.8}}).json()
    assert (version["artifact_url"], version["source_url"], version["metrics"]) == (None, None, {"auc": 0.8})
    assert "artifact_url" in problems_of(api.post(VERSIONS, {"labels": ["a", "b"]}))["labels"]
    refused = api.post("/inference", {"model_id": "churn", "version": "1.0.0", "features": instances(1)})
    assert (refused.status_code, refused.json()["error_code"]) == (409, "inference.not-servable")
    assert looks == []


@pytest.mark.parametrize(
    ("said", "field", "code"),
    [
        ({"artifact_url": "prices.txt"}, "artifact_url", NotLoadable.code),
        ({"labels": ["a", "b", "c"]}, "labels", NotLoadable.code),
        ({"features": [{"name": "age", "type": "text"}] * 2}, "features[0].type", NotLoadable.code),
        ({"artifact_url": "../churn.txt"}, "artifact_url", "request.invalid"),
        ({"artifact_url": "https://example.org/churn.txt"}, "artifact_url", "request.invalid"),
        ({"metric": {}}, "metric", "request.invalid"),
    ],
)
def test_what_cannot_be_loaded_is_refused_by_the_field_that_says_so(api, said, field, code):
    refused = api.post(VERSIONS, {"artifact_url": "churn.txt", **said})
    assert field in problems_of(refused)
    assert refused.json()["error_code"] == code
    assert api.events("model.version-registered.v1") == []


def test_the_same_request_again_is_answered_as_the_first_time_without_another_look(api, looks):
    body = {"artifact_url": "churn.txt", "version": "1.0.0"}
    first, again = (api.post(VERSIONS, body, idempotency_key="k") for _ in "ab")
    assert (first.status_code, again.json()) == (201, first.json())
    assert again.headers["idempotent-replayed"] == "true"
    assert len(looks) == 1
    other = api.post(VERSIONS, {**body, "version": "2.0.0"}, idempotency_key="k")
    assert other.status_code == 422
    taken = api.post(VERSIONS, body)
    assert (taken.status_code, taken.json()["error_code"]) == (409, "model.version-number-taken")
    stale = api.post(VERSIONS, {**body, "version": "3.0.0"}, if_match='"1"')
    assert stale.status_code == 412
    assert len(api.events("model.version-registered.v1")) == 1
