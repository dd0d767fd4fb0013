"""A page of another site cannot use its reader's browser to command a service on the reader's machine."""

import pytest

from interfaces.http.admission import Admission
from tests.support.http import served

MODEL = {"name": "churn", "type": "regression"}
PREDICTION = {"model_id": "churn", "features": {}}


@pytest.fixture(scope="module")
def a_loopback_service(tmp_path_factory):
    with served(tmp_path_factory.mktemp("loopback"), loopback_host="ml.localdomain") as running:
        yield running


def error_of(response):
    body = response.json()
    assert body["request_id"] == response.headers["x-request-id"]
    return response.status_code, body["error_code"]


def is_heard(admission, method="POST", **headers):
    raw = [(name.replace("_", "-").encode(), value.encode()) for name, value in headers.items()]
    return admission.refusal({"type": "http", "method": method, "headers": raw}) is None


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "http://evil.example"},
        {"Origin": "null"},
        {"Origin": ""},
        {"Origin": "http://127.0.0.1"},
        {"Sec-Fetch-Site": "cross-site"},
    ],
)
@pytest.mark.parametrize("path", ["/models", "/inference", "/nothing"])
def test_a_command_from_a_page_of_another_origin_is_refused(empty_api, path, headers):
    response = empty_api.post(path, MODEL, **headers)
    assert error_of(response) == (403, "request.cross-origin")
    assert empty_api.get("/models", headers).json()["items"] == []


def test_a_command_from_a_page_of_the_same_origin_is_carried_out(api):
    headers = {"Origin": api.url, "Sec-Fetch-Site": "same-origin"}
    assert api.post("/models", MODEL, **headers).status_code == 201


@pytest.mark.parametrize("host", ["evil.example", "evil.example:80", "localhost.evil.example", "127.0.0.1.nip.io"])
def test_on_loopback_a_name_that_others_made_lead_here_is_refused(a_loopback_service, host):
    for method, path in (("GET", "/models"), ("POST", "/inference"), ("DELETE", "/models/churn")):
        response = a_loopback_service.send(method, path, PREDICTION, Host=host)
        assert error_of(response) == (421, "request.unknown-host")


@pytest.mark.parametrize(
    "host",
    ["localhost", "LOCALHOST:80", "127.0.0.1:8000", "[::1]", "[::1]:8000", "::1", "ml.localdomain", "10.0.0.5"],
)
def test_on_loopback_the_machine_is_known_by_its_own_names_and_addresses(host):
    assert is_heard(Admission(loopback_host="ml.localdomain"), host=host)


def test_over_a_network_a_service_goes_by_any_name():
    assert is_heard(Admission(), host="ml.example")
    assert is_heard(Admission(), host="ML.example", origin="https://ml.EXAMPLE")
    assert not is_heard(Admission(), host="ml.example", origin="https://other.example")
    assert not is_heard(Admission(), method="OPTIONS", host="ml.example", origin="https://other.example")
    assert is_heard(Admission(), method="HEAD", host="ml.example", origin="https://other.example")
