"""Versions whose artifacts are damaged or gone: real models, in real files, served."""

import re
from types import SimpleNamespace

import pytest

from application.ports.artifacts import sha256_of
from infrastructure.artifacts.local import LocalArtifacts
from infrastructure.learning.artifact import keep
from infrastructure.learning.loading import ArtifactPredictorLoader
from infrastructure.learning.manifest import TREES
from infrastructure.learning.training import train
from tests.support.data import EXAMPLES
from tests.support.http import served

TABLE = EXAMPLES["churn"]()
ASKED = {"model_id": "churn", "features": TABLE.instances()[0]}


def remove(path):
    path.unlink()


def damage(path):
    content = path.read_bytes()
    path.chmod(0o644)
    path.write_bytes(content[:-1] + b"?")


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    """Two versions of one model, as bytes by their hashes."""
    store = LocalArtifacts(root=tmp_path_factory.mktemp("trained"))
    found = []
    for rounds in (2, 3):
        training = train(
            TABLE.plan(num_iterations=rounds), TABLE.table(), num_threads=1, on_iteration=lambda _: None
        )
        url = keep(store, training.manifest, training.parts)
        hashes = {"manifest": sha256_of(url), "body": training.manifest.parts[TREES].sha256}
        found.append(SimpleNamespace(url=url, hashes=hashes))
    contents = {each: store.read(each) for one in found for each in one.hashes.values()}
    return SimpleNamespace(versions=found, contents=contents)


class Home:
    """A data directory whose service may be started again."""

    def __init__(self, directory, trained):
        self._directory = directory
        self._trained = trained
        self.artifacts = LocalArtifacts(root=directory / "artifacts")
        self.restore()

    def served(self):
        return served(self._directory, loader=ArtifactPredictorLoader(artifacts=self.artifacts), kept_s=0.0)

    def restore(self):
        for content in self._trained.contents.values():
            self.artifacts.put(content)

    def path(self, version, part):
        return self.artifacts.path(self._trained.versions[version].hashes[part])


@pytest.fixture
def a_home(tmp_path, trained):
    """With 1.0.0 in production, and 1.1.0 in staging."""
    home = Home(tmp_path, trained)
    with home.served() as api:
        model = api.register_model()
        for each in trained.versions:
            api.add_version(model, artifact_url=each.url)
        assert promote(api, "1.0.0").status_code == 200
        assert move(api, "1.1.0", "staging").status_code == 200
    return home


def move(api, version, status):
    return api.send("PUT", f"/models/churn/versions/{version}/status", {"status": status})


def promote(api, version):
    return move(api, version, "production")


def answering(api, version=None):
    response = api.post("/inference", {**ASKED, **({} if version is None else {"version": version})})
    assert response.status_code == 200, response.text
    return response.json()["version"]


def ready(api, version=""):
    return api.client.get(f"/v2/models/churn{version}/ready")


def states(api):
    entries = api.client.post("/v2/repository/index").json()
    return {each["version"]: (each["state"], each["reason"]) for each in entries}


def health(api):
    found = api.client.get("/health").json()
    (predictors,) = (each for each in found["dependencies"] if each["service_name"] == "predictors")
    assert found["status"] == predictors["status"]
    return predictors


def unloadable(api):
    return re.search(r"^ml_service_predictors_unloadable (\S+)$", api.client.get("/metrics").text, re.MULTILINE)[1]


@pytest.mark.parametrize("part", ["manifest", "body"])
@pytest.mark.parametrize("harm", [remove, damage])
def test_a_version_in_memory_that_could_not_be_loaded_again_is_not_promoted(a_home, harm, part):
    with a_home.served() as api:
        assert answering(api, "1.1.0") == "1.1.0"
        assert answering(api) == "1.0.0"
        path = a_home.path(1, part)
        harm(path)
        before = api.service.ledger.head()
        refused = promote(api, "1.1.0")
        problem = refused.json()
        assert (refused.status_code, problem["error_code"]) == (409, "inference.not-servable")
        assert (problem["status"], problem["title"]) == (409, "Conflict")
        assert problem["instance"] == "/api/v1/models/churn/versions/1.1.0/status"
        assert path.name in problem["detail"]
        assert problem["detail"].endswith("Put its artifact back from a backup, or choose another version.")
        assert api.service.ledger.head() == before
        assert api.get("/models/churn").json()["production_version"] == "1.0.0"
        assert answering(api) == "1.0.0"
        a_home.restore()
        assert promote(api, "1.1.0").status_code == 200
        assert answering(api) == "1.1.0"


@pytest.mark.parametrize("part", ["manifest", "body"])
@pytest.mark.parametrize("harm", [remove, damage])
def test_a_version_in_production_that_cannot_be_loaded_is_said_to_be_so_until_it_can(a_home, harm, part):
    path = a_home.path(0, part)
    harm(path)
    with a_home.served() as api:
        for path_of_model, answer in (
            ("/api/v1/inference", api.post("/inference", ASKED)),
            ("/v2/models/churn/infer", api.client.post("/v2/models/churn/infer", json=tensors())),
            ("/v2/models/churn/ready", ready(api)),
            ("/v2/models/churn/versions/1.0.0/ready", ready(api, "/versions/1.0.0")),
            ("/v2/models/churn", api.client.get("/v2/models/churn")),
            ("/v2/repository/models/churn/load", api.client.post("/v2/repository/models/churn/load")),
        ):
            problem = answer.json()
            assert (answer.status_code, problem["error_code"]) == (503, "artifact.unavailable"), path_of_model
            assert int(answer.headers["retry-after"]) > 1
            assert next(iter(problem)) == "error"
            assert (problem["status"], problem["instance"]) == (503, path_of_model)
            assert problem["details"]["version"] == "1.0.0"
            assert problem["detail"].startswith("Version 1.0.0 of model 'churn' cannot be loaded: ")
            assert path.name in problem["detail"]
            assert (
                "an operator has put its artifact back from a backup, or promoted another version"
                in problem["detail"]
            )
        assert ready(api, "/versions/1.1.0").status_code == 200
        assert states(api)["1.1.0"] == ("READY", "")
        state, reason = states(api)["1.0.0"]
        assert (state, path.name in reason) == ("UNAVAILABLE", True)
        found = health(api)
        assert (found["status"], found["details"]) == ("degraded", {"late": 0, "unloadable": 1})
        assert found["error"].startswith("version 1.0.0 of model 'churn', in production, cannot be loaded: ")
        assert found["error"].endswith("put its artifact back from a backup, or promote another version")
        assert unloadable(api) == "1.0"
        assert api.client.get("/health/ready").status_code == 200

        a_home.restore()
        assert ready(api).json() == {"name": "churn", "ready": True}
        assert states(api)["1.0.0"] == ("READY", "")
        assert (health(api)["status"], unloadable(api)) == ("healthy", "0.0")
        assert answering(api) == "1.0.0"


def tensors():
    datatypes = {bool: "BOOL", str: "BYTES"}
    return {
        "inputs": [
            {"name": name, "datatype": datatypes.get(type(value), "FP64"), "shape": [1], "data": [value]}
            for name, value in ASKED["features"].items()
        ]
    }


def test_a_version_whose_artifact_goes_while_it_answers_goes_on_and_the_health_tells_of_it(a_home):
    with a_home.served() as api:
        assert answering(api) == "1.0.0"
        remove(a_home.path(0, "body"))
        assert answering(api) == "1.0.0"
        assert ready(api).status_code == 200
        assert states(api)["1.0.0"] == ("READY", "")
        found = health(api)
        assert found["status"] == "degraded"
        assert found["error"].startswith(
            "version 1.0.0 of model 'churn', in production, answers from memory alone: "
        )
        a_home.restore()
        assert health(api)["status"] == "healthy"


def test_another_version_may_be_promoted_over_one_that_cannot_be_loaded(a_home):
    remove(a_home.path(0, "manifest"))
    with a_home.served() as api:
        assert health(api)["status"] == "degraded"
        assert promote(api, "1.1.0").status_code == 200
        assert answering(api) == "1.1.0"
        assert health(api)["status"] == "healthy"
        assert states(api)["1.0.0"][0] == "UNAVAILABLE"
