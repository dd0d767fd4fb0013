"""Alive is not ready: ready is who answers from what is stored."""

import pytest

from tests.support.processes import eventually


@pytest.mark.parametrize("base", ["", "/api/v1"])
def test_a_service_that_has_caught_up_is_ready(api, a_model, base):
    response = api.client.get(f"{base}/health/ready")
    assert (response.status_code, response.json()["status"]) == (200, "ready"), response.text
    assert response.json()["problems"] == []
    assert api.client.get(f"{base}/health/live").status_code == 200


def test_a_service_whose_read_models_are_stopped_by_an_error_is_alive_and_not_ready(api, a_model):
    api.service.read_models.close()
    with api.service.read_models.page(after=api.service.read_models.position(), upto=1_000):
        pass  # somebody else's position: the log ends before it
    api.runner.stop()
    api.runner.start()
    assert eventually(lambda: api.client.get("/health/ready").status_code == 503)
    assert api.client.get("/health/ready").json()["problems"]
    assert api.client.get("/health/live").status_code == 200
