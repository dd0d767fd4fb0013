"""The interface, served."""

import pytest

from tests.support.http import served


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
