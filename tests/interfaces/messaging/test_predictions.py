"""A prediction over NATS is the one over HTTP, bit for bit, and so is each refusal."""

import asyncio
import re
import threading
from contextlib import ExitStack, contextmanager
from importlib.metadata import version
from time import sleep
from uuid import uuid4

import httpx
import orjson
import pytest

from infrastructure.learning.artifact import keep
from infrastructure.learning.loading import ArtifactPredictorLoader
from infrastructure.learning.training import train
from infrastructure.messaging.connection import connect
from infrastructure.messaging.one_log import OneLog
from infrastructure.messaging.parts import Messaging
from infrastructure.system.clock import SystemClock
from interfaces.http.errors import error_response_body
from interfaces.http.inference import PATH, InferenceEndpoint
from interfaces.inference.asked import EXPLAINED_MAX
from interfaces.messaging.predictions import Predictions
from tests.application.inference.registry import Registry
from tests.interfaces.http.test_inference import ANN, BOB, Progress
from tests.support.data import OF_EVERY_TYPE
from tests.support.events import model_registered
from tests.support.fakes.artifacts import InMemoryArtifacts
from tests.support.fakes.event_log import InMemoryEventLog
from tests.support.fakes.predictors import FakePredictor, FakePredictorLoader
from tests.support.processes import eventually
from tests.support.series import sales

SUBJECT = "ml.inference.predict"
VERSION = version("machine-learning-service")
ENOUGH_S = 30
OWN_TO_EACH = re.compile(rb'"(inference_time_ms|timestamp|instance)":("[^"]*"|null|[0-9.e-]+)')
"""What differs between two answers to the same request, however they are asked for."""


class Side:
    """A service over NATS in a process's place: its part, on a connection of its own."""

    def __init__(self, address, registry, log):
        self.part = Predictions(
            serving=registry.serving,
            progress=Progress(5),
            tell_error=error_response_body,
            version=VERSION,
            one_log=OneLog(service="machine-learning", log=log, look_every_s=0.2),
            threads=1,
        )
        self.messaging = Messaging(address=lambda: address, name="tests", parts=[self.part], clock=SystemClock())

    def start(self):
        self.messaging.start()
        self.wait_until_it_answers()

    @property
    def error(self):
        return self.messaging.status.parts[0].error

    def wait_until_it_answers(self):
        assert eventually(self._is_subscribed)

    def _is_subscribed(self):
        session = self.messaging._session
        return session is not None and SUBJECT in {each.subject for each in list(session.client._subs.values())}

    def stop(self):
        self.part.close()
        self.messaging.stop()


@contextmanager
def answering(address, registry, *, sides=1):
    log = InMemoryEventLog()
    with ExitStack() as resources:
        found = []
        for _ in range(sides):
            side = Side(address, registry, log)
            resources.callback(side.stop)
            side.start()
            found.append(side)
        yield found


@pytest.fixture
def a_loader():
    return FakePredictorLoader(one=FakePredictor(), two=FakePredictor(), large=FakePredictor(row_cost_s=1.0))


@pytest.fixture
def a_registry(tmp_path, a_loader):
    registry = Registry(tmp_path, loader=a_loader, capacity_bytes=10**10)
    registry.register("churn", v1_0_0="artifact:one", v1_1_0="artifact:two")
    registry.register("big", v1_0_0="artifact:large")
    registry.register("broken", v1_0_0="artifact:nowhere")
    registry.retire(registry.register("retired", v1_0_0="artifact:one"))
    registry.add_version(registry.register("empty"), "1.0.0", None)
    yield registry
    registry.close()


@pytest.fixture
def a_side(nats_server, a_registry):
    with answering(nats_server.address, a_registry) as (side,):
        yield side


def ask(address, *requests, at_once=False):
    """Send requests, each a body with headers; return their answers in order."""

    async def send():
        client = await connect(address, name="neighbour")
        asked = [
            client.request(SUBJECT, body, timeout=ENOUGH_S, headers=headers or None) for body, headers in requests
        ]
        answers = await asyncio.gather(*asked) if at_once else [await each for each in asked]
        await client.close()
        return answers

    return asyncio.run(send())


def post(registry, *requests):
    """Send the same requests over HTTP."""

    async def send():
        endpoint = InferenceEndpoint(serving=registry.serving, progress=Progress(5), threads=1)
        transport = httpx.ASGITransport(app=endpoint)
        async with httpx.AsyncClient(transport=transport, base_url="http://service") as client:
            answers = []
            for body, headers in requests:
                given = dict(headers)
                explain = given.pop("explain", None)
                parameters = {} if explain is None else {"explain": explain}
                answers.append(await client.post(PATH, content=body, headers=given, params=parameters))
        endpoint.close()
        return answers

    return asyncio.run(send())


def alike(body):
    return OWN_TO_EACH.sub(rb'"\1":0', body)


def require_same(over_nats, over_http):
    assert alike(over_nats.data) == alike(over_http.content)
    headers = over_nats.headers
    assert headers["X-Request-ID"] == over_http.headers["x-request-id"]
    if over_http.status_code == 200:
        assert "Nats-Service-Error" not in headers
        assert "Nats-Service-Error-Code" not in headers
    else:
        assert headers["Nats-Service-Error-Code"] == str(over_http.status_code)
        assert headers["Nats-Service-Error"] == " ".join(over_http.json()["error"].split())
        assert headers.get("Retry-After") == over_http.headers.get("retry-after")


def a_request(body, **headers):
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    content = body if isinstance(body, bytes) else orjson.dumps(body)
    return content, {"X-Request-ID": "abc-1", **named}


CHURN = {"model_id": "churn", "features": ANN}
REQUESTS = {
    "one": a_request(CHURN),
    "many": a_request({"model_id": "churn", "features": [ANN, BOB]}),
    "none": a_request({"model_id": "churn", "features": []}),
    "version": a_request({"model_id": "churn", "version": "1.1.0", "features": BOB}),
    "explained": a_request({"model_id": "churn", "features": [ANN, BOB]}, explain="true"),
    "not explained": a_request(CHURN, explain="false"),
    "in turns": a_request({"model_id": "big", "features": [ANN] * 50}),
    "long body": a_request({"model_id": "churn", "features": [ANN] * 5_000}),
    "position": a_request(CHURN, X_Min_Event_Position="5"),
    "position ahead": a_request(CHURN, X_Min_Event_Position="6"),
    "no position": a_request(CHURN, X_Min_Event_Position="last"),
    "no boolean": a_request(CHURN, explain="yes"),
    "empty": a_request(b""),
    "not json": a_request(b"{"),
    "not utf-8": a_request(b"\xff"),
    "no object": a_request([]),
    "fields": a_request({"model": 1, "features": "x"}),
    "many problems": a_request({"model_id": "churn", "features": [{"x": "\u00fc\n"}] * 30}),
    "not conforming": a_request({"model_id": "churn", "features": [ANN, {"age": "old", "city": "Bern"}]}),
    "too many explained": a_request({"model_id": "churn", "features": [{}] * (EXPLAINED_MAX + 1)}, explain="true"),
    "unknown": a_request({"model_id": "nob\u00f6dy\r\n", "features": ANN}),
    "retired": a_request({"model_id": "retired", "features": ANN}),
    "no version": a_request({"model_id": "empty", "version": "2.0.0", "features": ANN}),
    "no production": a_request({"model_id": "empty", "features": ANN}),
    "not servable": a_request({"model_id": "empty", "version": "1.0.0", "features": ANN}),
    "unavailable": a_request({"model_id": "broken", "features": ANN}),
}


@pytest.mark.usefixtures("a_side")
def test_each_answer_and_each_refusal_is_that_of_http_bit_for_bit(nats_server, a_registry):
    over_nats = ask(nats_server.address, *REQUESTS.values())
    over_http = post(a_registry, *REQUESTS.values())
    statuses = set()
    for one, other in zip(over_nats, over_http, strict=True):
        require_same(one, other)
        statuses.add(other.status_code)
    assert statuses == {200, 400, 404, 409, 422, 503}


def test_an_error_that_nobody_foresaw_is_told_as_over_http(nats_server, a_side, a_registry, a_loader):
    def fail():
        raise RuntimeError("secret")

    a_loader.predictors["artifact:one"] = FakePredictor(before_answer=fail)
    (over_nats,), (over_http,) = ask(nats_server.address, a_request(CHURN)), post(a_registry, a_request(CHURN))
    require_same(over_nats, over_http)
    assert over_http.status_code == 500
    assert b"secret" not in over_nats.data


def test_a_trained_model_of_any_type_answers_over_nats_as_over_http_bit_for_bit(nats_server, tmp_path):
    artifacts = InMemoryArtifacts()
    loader = ArtifactPredictorLoader(artifacts=artifacts)
    registry = Registry(tmp_path, loader=loader, capacity_bytes=10**9)
    requests = []
    for name, example in {**OF_EVERY_TYPE, "sales": sales}.items():
        table = example()
        training = train(table.quick_plan(), table.table(), num_threads=1, on_iteration=lambda _: None)
        registry.register(name, v1_0_0=keep(artifacts, training.manifest, training.parts))
        body = {"model_id": name, "features": table.instances()[:200]}
        requests += [a_request(body), a_request(body, explain="true")]
    with answering(nats_server.address, registry):
        over_nats = ask(nats_server.address, *requests)
    for one, other in zip(over_nats, post(registry, *requests), strict=True):
        assert other.status_code == 200
        require_same(one, other)
    registry.close()


@pytest.mark.usefixtures("a_side")
def test_a_request_without_an_id_gets_one(nats_server):
    one, other = ask(nats_server.address, (orjson.dumps(CHURN), {}), (b"{", {}))
    assert one.headers["X-Request-ID"]
    assert orjson.loads(other.data)["request_id"] == other.headers["X-Request-ID"]
    assert one.headers["X-Request-ID"] != other.headers["X-Request-ID"]


@pytest.mark.usefixtures("a_side")
def test_headers_are_known_in_any_case(nats_server):
    (answer,) = ask(nats_server.address, (orjson.dumps(CHURN), {"EXPLAIN": "true", "x-request-id": "abc-9"}))
    assert answer.headers["X-Request-ID"] == "abc-9"
    assert orjson.loads(answer.data)["results"][0]["explanation"] == {"age": 40, "city": 1}


@pytest.mark.usefixtures("a_side")
def test_an_answer_that_fits_into_no_message_is_refused_with_what_to_do(nats_server):
    body = {"model_id": "churn", "features": [{"age": 1, "city": None}] * 30_000}
    (answer,) = ask(nats_server.address, a_request(body))
    error = orjson.loads(answer.data)
    assert (answer.headers["Nats-Service-Error-Code"], error["error_code"]) == (
        "413",
        "inference.answer-too-large",
    )
    assert error["details"]["size_bytes"] > error["details"]["max_bytes"]


def test_a_long_request_holds_up_no_short_one(nats_server, a_side, a_loader):
    may_go_on = threading.Event()
    a_loader.predictors["artifact:large"] = FakePredictor(row_cost_s=1.0, before_answer=may_go_on.wait)

    async def send():
        client = await connect(nats_server.address, name="neighbour")
        long_body = orjson.dumps({"model_id": "big", "features": ANN})
        long = asyncio.ensure_future(client.request(SUBJECT, long_body, timeout=ENOUGH_S))
        await asyncio.sleep(0)
        short = await client.request(SUBJECT, orjson.dumps(CHURN), timeout=ENOUGH_S)
        assert not long.done()
        may_go_on.set()
        answers = [short, await long]
        await client.close()
        return answers

    assert all("Nats-Service-Error" not in each.headers for each in asyncio.run(send()))


def test_several_processes_share_the_requests_each_of_which_one_answers(nats_server, a_registry):
    with answering(nats_server.address, a_registry, sides=2):
        answers = ask(nats_server.address, *[a_request(CHURN)] * 200, at_once=True)
        assert all("Nats-Service-Error" not in each.headers for each in answers)
        shares = [
            each["endpoints"][0]["num_requests"] for each in discovered(nats_server.address, "STATS", count=2)
        ]
    assert sum(shares) == 200
    assert all(shares)


def test_when_one_process_leaves_the_others_answer(nats_server, a_registry):
    with answering(nats_server.address, a_registry, sides=2) as (one, _):
        one.stop()
        answers = ask(nats_server.address, *[a_request(CHURN)] * 20)
    assert all("Nats-Service-Error" not in each.headers for each in answers)


def test_who_waits_when_the_service_stops_is_told_to_ask_again(nats_server, a_side, a_loader):
    begun = threading.Event()

    def work():
        begun.set()
        sleep(0.05)

    a_loader.predictors["artifact:large"] = FakePredictor(row_cost_s=1.0, before_answer=work)
    body = orjson.dumps({"model_id": "big", "features": [ANN] * 10_000})

    async def send():
        client = await connect(nats_server.address, name="neighbour")
        asking = asyncio.ensure_future(client.request(SUBJECT, body, timeout=ENOUGH_S))
        await asyncio.to_thread(begun.wait)
        await asyncio.to_thread(a_side.stop)
        answer = await asking
        await client.close()
        return answer

    answer = asyncio.run(send())
    assert answer.headers["Nats-Service-Error-Code"] == "503"
    assert orjson.loads(answer.data)["error_code"] == "service.stopping"
    assert int(answer.headers["Retry-After"]) > 0


def discovered(address, verb, *, count=1):
    """Return what the services say that can be discovered."""

    async def look():
        client = await connect(address, name="operator")
        inbox = client.new_inbox()
        answers = await client.subscribe(inbox)
        await client.publish(f"$SRV.{verb}.machine-learning", reply=inbox)
        messages = [await answers.next_msg(ENOUGH_S) for _ in range(count)]
        await client.close()
        return messages

    messages = asyncio.run(look())
    assert all(len(each.data) < 64 * 1024 for each in messages)
    return [orjson.loads(each.data) for each in messages]


@pytest.mark.usefixtures("a_side")
def test_the_service_can_be_discovered_with_the_forms_of_what_it_takes_and_answers(nats_server):
    (info,) = discovered(nats_server.address, "INFO")
    (endpoint,) = info["endpoints"]
    assert (info["name"], info["version"]) == ("machine-learning", VERSION)
    assert (endpoint["subject"], endpoint["queue_group"]) == (SUBJECT, "q")
    assert orjson.loads(endpoint["metadata"]["request_schema"])["required"] == ["model_id", "features"]
    answer = orjson.loads(endpoint["metadata"]["response_schema"])
    assert answer["required"] == ["model_id", "version", "results", "inference_time_ms"]
    assert discovered(nats_server.address, "PING")[0]["id"] == info["id"]


@pytest.mark.usefixtures("a_side")
def test_what_was_asked_and_what_went_wrong_is_counted(nats_server):
    ask(nats_server.address, a_request(CHURN), a_request(b"{"), a_request(CHURN))
    (stats,) = discovered(nats_server.address, "STATS")
    (endpoint,) = stats["endpoints"]
    assert (endpoint["num_requests"], endpoint["num_errors"]) == (3, 1)
    assert endpoint["last_error"].startswith("The body is no JSON")
    assert 0 < endpoint["average_processing_time"] <= endpoint["processing_time"]


def test_a_request_that_names_no_place_for_its_answer_is_dropped_and_counted(nats_server, a_side, caplog):
    async def send():
        client = await connect(nats_server.address, name="neighbour")
        await client.publish(SUBJECT, orjson.dumps(CHURN))
        await client.publish(SUBJECT, b"{")
        await client.flush()
        await client.close()

    asyncio.run(send())
    (answer,) = ask(nats_server.address, a_request(CHURN))
    assert "Nats-Service-Error" not in answer.headers
    (stats,) = discovered(nats_server.address, "STATS")
    (endpoint,) = stats["endpoints"]
    assert (endpoint["num_requests"], endpoint["num_errors"]) == (3, 2)
    assert a_side.part.work.instances == 1
    dropped = [each for each in caplog.records if "is dropped" in each.message]
    assert len(dropped) == 2
    assert not any(each.exc_info for each in caplog.records)


def test_requests_are_answered_again_after_nats_was_gone(nats_server, a_side):
    nats_server.kill()
    assert eventually(lambda: not a_side.messaging.status.is_connected)
    nats_server.start()
    a_side.wait_until_it_answers()
    (answer,) = ask(nats_server.address, a_request(CHURN))
    assert "Nats-Service-Error" not in answer.headers


def test_nobody_answers_for_a_service_that_has_ended(nats_server, a_registry):
    with answering(nats_server.address, a_registry):
        pass

    async def send():
        client = await connect(nats_server.address, name="neighbour")
        try:
            await client.request(SUBJECT, b"{}", timeout=ENOUGH_S)
        finally:
            await client.close()

    with pytest.raises(Exception, match="no responders"):
        asyncio.run(send())


def a_log(events):
    log = InMemoryEventLog()
    for _ in range(events):
        log.append(model_registered(event_id=uuid4()))
    return log


@pytest.fixture
def start_side(nats_server, a_registry):
    with ExitStack() as resources:

        def start(log):
            side = Side(nats_server.address, a_registry, log)
            resources.callback(side.stop)
            side.messaging.start()
            return side

        yield start


def test_a_registry_of_another_log_does_not_answer_while_one_does(start_side):
    first = start_side(a_log(2))
    first.wait_until_it_answers()
    second = start_side(a_log(5))
    assert eventually(lambda: "from another log" in str(second.error))
    assert "a NATS account of its own, or stop one" in second.error
    assert first.error is None
    first.stop()
    second.wait_until_it_answers()


def test_of_registries_that_turn_out_to_have_different_logs_the_longer_one_goes_on(start_side):
    logs = a_log(0), a_log(0)
    sides = [start_side(log) for log in logs]
    for side in sides:
        side.wait_until_it_answers()
    logs[0].append(model_registered(event_id=uuid4()))
    assert eventually(lambda: "from another log" in str(sides[1].error))
    assert sides[0].error is None


def test_a_registry_whose_log_cannot_be_read_keeps_answering(start_side):
    class Unreadable(InMemoryEventLog):
        def head(self):
            raise OSError("no such disk")

    side = start_side(Unreadable())
    side.wait_until_it_answers()
    assert side.error is None


def test_registries_whose_log_grows_meanwhile_share_the_requests(start_side):
    log = a_log(1)
    first = start_side(log)
    first.wait_until_it_answers()
    log.append(model_registered(event_id=uuid4()))
    second = start_side(log)
    second.wait_until_it_answers()
    assert first.error is second.error is None
