"""The interface, served."""

from types import SimpleNamespace

import pytest

from infrastructure.artifacts.local import LocalArtifacts
from infrastructure.learning.artifact import keep
from infrastructure.learning.loading import ArtifactPredictorLoader
from infrastructure.learning.training import train
from tests.application.inference.registry import Registry
from tests.support.data import OF_EVERY_TYPE
from tests.support.http import served


@pytest.fixture(scope="session")
def trained_examples(tmp_path_factory):
    """A registry with each example table learned, its version in production."""
    directory = tmp_path_factory.mktemp("examples")
    artifacts = LocalArtifacts(root=directory / "artifacts")
    registry = Registry(directory, loader=ArtifactPredictorLoader(artifacts=artifacts), capacity_bytes=10**9)
    trained = {}
    for name, example in OF_EVERY_TYPE.items():
        table = example()
        training = train(table.quick_plan(), table.table(), num_threads=1, on_iteration=lambda _: None)
        registry.register(name, v1_0_0=keep(artifacts, training.manifest, training.parts))
        trained[name] = training
    yield SimpleNamespace(registry=registry, trained=trained)
    registry.close()


@pytest.fixture
def api(tmp_path):
    with served(tmp_path) as running:
        yield running


@pytest.fixture(scope="module")
def empty_api(tmp_path_factory):
    """A service with nothing in it, for all that ask or are refused: it is as empty in the end."""
    with served(tmp_path_factory.mktemp("empty")) as running:
        yield running
        assert running.service.ledger.head() == 0


@pytest.fixture
def a_model(api):
    return api.register_model()


@pytest.fixture
def a_version(api, a_model):
    return api.add_version(a_model, auc=0.9)


@pytest.fixture
def a_dataset(api):
    response = api.upload(name="customers", target="churned")
    assert response.status_code == 201, response.text
    return response.json()


@pytest.fixture
def a_job(api, a_model, a_dataset):
    response = api.post("/training-jobs", {"model_id": a_model["id"], "dataset_id": a_dataset["id"]})
    assert response.status_code == 202, response.text
    return response.json()
