"""A service that is stopped answers whoever still waits, and leaves nothing half-done behind."""

import asyncio
import signal
import socket
import time

import httpx
import orjson
import pytest

from interfaces.http.exchange import Exchange
from interfaces.http.stopping import Stopping
from tests.support.data import endless
from tests.support.service import RunningService

UPLOAD = (
    b"POST /api/v1/datasets?name=customers HTTP/1.1\r\nHost: localhost\r\nContent-Type: text/csv\r\n"
    b"X-Request-ID: mine\r\nContent-Length: 50000000\r\n\r\n"
)
PREDICTION = (
    b"POST /api/v1/inference HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
    b"X-Request-ID: mine\r\nContent-Length: 100\r\n\r\n{"
)


@pytest.fixture
def a_service(tmp_path):
    with RunningService(tmp_path / "home") as service:
        yield service


@pytest.fixture
def a_running_job(a_service, tmp_path):
    table, settings = endless()
    a_service.upload("table", table.write(tmp_path), table.target)
    a_service.post("/models", {"name": "long", "type": table.model_type})
    job = a_service.train("long", "table", **settings)
    while a_service.get(f"/training-jobs/{job['id']}")["status"] != "running":
        time.sleep(0.05)
    return job


def sent(service, content):
    connection = socket.create_connection(("127.0.0.1", httpx.URL(service.url).port))
    connection.settimeout(30)
    connection.sendall(content)
    return connection


def answered(connection, status, *said):
    with connection, connection.makefile("rb") as file:
        head, _, body = file.read().partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 %d " % status), head
    assert all(each in head for each in said)
    return orjson.loads(body)


def refused(connection):
    return answered(connection, 503, b"retry-after: ", b"x-request-id: mine")["error_code"]


@pytest.mark.slow
def test_who_still_waits_when_the_service_is_stopped_is_answered(capfd, a_service, a_running_job):
    path = f"/api/v1/training-jobs/{a_running_job['id']}"
    waiting = sent(a_service, f"GET {path} HTTP/1.1\r\nHost: localhost\r\nPrefer: wait=60\r\n\r\n".encode())
    upload = sent(a_service, UPLOAD + b"1,2\n" * 1_000_000)
    prediction = sent(a_service, PREDICTION)
    incoming = a_service.home / "artifacts" / "incoming"
    while not any(path.stat().st_size for path in incoming.iterdir()):
        time.sleep(0.05)
    assert a_service.stop(signal.SIGTERM) == 0
    assert answered(waiting, 200)["status"] == "running"
    assert refused(upload) == "service.stopping"
    assert refused(prediction) == "service.stopping"
    assert list(incoming.iterdir()) == []
    assert "Traceback" not in capfd.readouterr().err


def exchanged(app, end, *, body_bytes=b"3"):
    """Return what is sent in an exchange whose body never comes, when `end` is called midway."""

    async def run():
        stopping, messages = Stopping(), []

        async def receive():
            await asyncio.Event().wait()

        async def send(message):
            messages.append(message)

        headers = [(b"content-length", body_bytes), (b"x-request-id", b"mine")]
        scope = {"type": "http", "method": "POST", "path": "/", "query_string": b"", "headers": headers}
        task = asyncio.create_task(Exchange(app, stopping=stopping)(scope, receive, send))
        await asyncio.wait([task], timeout=0.05)
        end(task, stopping)
        await task
        return messages

    return asyncio.run(run())


@pytest.mark.parametrize("end", [lambda task, _: task.cancel(), lambda _, stopping: stopping.begin()])
def test_what_waits_for_the_rest_of_a_body_is_answered_at_the_end(end):
    async def app(_scope, receive, _send):
        await receive()

    start, body = exchanged(app, end)
    headers = dict(start["headers"])
    assert (start["status"], headers[b"x-request-id"], headers[b"connection"]) == (503, b"mine", b"close")
    assert int(headers[b"retry-after"]) >= 1
    assert orjson.loads(body["body"])["error_code"] == "service.stopping"


def test_an_answer_that_has_begun_is_not_begun_again():
    async def app(_scope, _receive, send):
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await asyncio.Event().wait()

    messages = exchanged(app, lambda task, _: task.cancel(), body_bytes=b"0")
    assert [each.get("status") for each in messages] == [200]
