"""Long work takes turns: it holds nobody up, ends with whoever asked for it, and answers the same."""

import asyncio
import threading
from time import sleep

import orjson
import pytest

from application.inference.loaded import Loaded
from application.inference.routes import Served
from application.ports.predictor import rows_of
from infrastructure.learning.artifact import keep
from infrastructure.learning.loading import ArtifactPredictorLoader
from infrastructure.learning.training import train
from interfaces.http.inference import PATH, InferenceEndpoint
from interfaces.inference.answers import answer_in_steps, results
from interfaces.inference.asked import EXPLAINED_MAX
from interfaces.inference.predicting import STEP_S, answered
from interfaces.inference.turns import TURN_S
from tests.application.inference.registry import Registry
from tests.interfaces.http.test_inference import ANN, Progress, post, problems_of
from tests.support.data import OF_EVERY_TYPE
from tests.support.fakes.artifacts import InMemoryArtifacts
from tests.support.fakes.predictors import FakePredictor, FakePredictorLoader

EXPLAIN = {"query": "?explain=true"}
MANY = 5_000
"""Instances of a request that takes about a minute: a tenth of it is more than anybody takes to notice an end."""


@pytest.fixture
def a_slow_predictor():
    """One whose every answer takes more than a turn, and that is large enough never to answer at once."""
    return FakePredictor(row_cost_s=1.0, before_answer=lambda: sleep(TURN_S * 1.1))


@pytest.fixture
def an_endpoint(tmp_path, a_slow_predictor):
    loader = FakePredictorLoader(slow=a_slow_predictor, quick=FakePredictor())
    registry = Registry(tmp_path, loader=loader, capacity_bytes=10**10)
    registry.register("slow", v1_0_0="artifact:slow")
    registry.register("quick", v1_0_0="artifact:quick")
    endpoint = InferenceEndpoint(serving=registry.serving, progress=Progress(0), threads=1)
    yield endpoint
    endpoint.close()
    registry.close()


class Sender:
    """Somebody who sends one request, and may leave before the answer.

    Attributes:
        sent: What it was answered.
    """

    def __init__(self, model, count, *, explain=True):
        body = orjson.dumps({"model_id": model, "features": [ANN] * count})
        self._received = asyncio.Queue()
        self._received.put_nowait({"type": "http.request", "body": body})
        self._query = b"explain=true" if explain else b""
        self.sent = []

    def leave(self):
        self._received.put_nowait({"type": "http.disconnect"})

    async def ask(self, endpoint):
        scope = {
            "type": "http",
            "method": "POST",
            "path": PATH,
            "query_string": self._query,
            "headers": [(b"x-request-id", b"abc-1")],
        }

        async def keep_message(message):
            self.sent.append(message)

        await endpoint(scope, self._received.get, keep_message)


async def at_work(predictor):
    """Wait until the predictor has been at a request for several turns."""
    while len(predictor.threads) < 3:  # noqa: ASYNC110 - a thread counts them
        await asyncio.sleep(0.001)


@pytest.mark.parametrize("name", OF_EVERY_TYPE)
@pytest.mark.parametrize("explain", [True, False])
def test_an_answer_made_in_steps_is_that_of_the_whole_batch_bit_for_bit(name, explain):
    table, artifacts = OF_EVERY_TYPE[name](), InMemoryArtifacts()
    training = train(table.quick_plan(), table.table(), num_threads=1, on_iteration=lambda _: None)
    url = keep(artifacts, training.manifest, training.parts)
    predictor = ArtifactPredictorLoader(artifacts=artifacts).load(url)
    predictor.row_cost_s = STEP_S / 7  # seven rows a step
    served = Served(model_id="m", version="1.0.0", loaded=Loaded(url, predictor))
    rows = rows_of(predictor.schema, predictor.schema.conform(table.instances()))
    *steps, (answer, count) = answer_in_steps(served, lambda: rows, explain=explain)
    assert count == len(rows)
    assert len(steps) > 2
    assert set(steps) == {None}
    expected = results(served, answered(predictor, rows, explain=explain))
    assert b'"results":' + expected + b"," in answer


@pytest.mark.parametrize("explain", [True, False])
def test_nobody_works_on_for_a_sender_who_has_left(an_endpoint, a_slow_predictor, explain):
    async def abandon():
        sender = Sender("slow", MANY, explain=explain)
        asking = asyncio.ensure_future(sender.ask(an_endpoint))
        await at_work(a_slow_predictor)
        sender.leave()
        await asking
        return sender.sent

    assert asyncio.run(abandon()) == []
    assert len(a_slow_predictor.threads) < MANY / 10


def test_a_short_explanation_is_answered_before_a_long_one_has_ended(an_endpoint, a_slow_predictor):
    async def ask():
        long, short = Sender("slow", MANY), Sender("quick", 1)
        asking = asyncio.ensure_future(long.ask(an_endpoint))
        await at_work(a_slow_predictor)
        await short.ask(an_endpoint)
        assert not asking.done()
        long.leave()
        await asking
        return short.sent

    start, body = asyncio.run(ask())
    assert start["status"] == 200
    assert orjson.loads(body["body"])["results"][0]["explanation"] == {"age": 40, "city": 1}


@pytest.mark.parametrize("stop", ["close", "cancel"])
def test_who_waits_when_the_service_stops_is_told_to_ask_again(an_endpoint, a_slow_predictor, stop):
    async def ask():
        sender = Sender("slow", MANY)
        asking = asyncio.ensure_future(sender.ask(an_endpoint))
        await at_work(a_slow_predictor)
        if stop == "close":
            an_endpoint.close()
        else:
            asking.cancel()
        await asking
        return sender.sent

    start, body = asyncio.run(ask())
    headers, answer = dict(start["headers"]), orjson.loads(body["body"])
    assert (start["status"], answer["error_code"]) == (503, "service.stopping")
    assert headers[b"x-request-id"] == b"abc-1"
    assert int(headers[b"retry-after"]) > 0
    assert answer["request_id"] == "abc-1"


def test_what_has_begun_ends_soon_after_the_service(an_endpoint, a_slow_predictor):
    async def ask():
        asking = asyncio.ensure_future(Sender("slow", MANY).ask(an_endpoint))
        await at_work(a_slow_predictor)
        an_endpoint.close()
        await asking

    asyncio.run(ask())
    for thread in threading.enumerate():
        if thread.name.startswith("explaining"):
            thread.join(timeout=30)
            assert not thread.is_alive()
    assert len(a_slow_predictor.threads) < MANY / 10


def test_only_so_many_instances_are_explained_at_once(an_endpoint):
    body = {"model_id": "quick", "features": [ANN] * (EXPLAINED_MAX + 1)}
    (problem,) = problems_of(post(an_endpoint, body, **EXPLAIN))
    assert problem == (
        "features",
        f"has {EXPLAINED_MAX + 1} instances, may have {EXPLAINED_MAX} with explain=true: send several requests.",
    )
    assert len(post(an_endpoint, body).json()["results"]) == EXPLAINED_MAX + 1


def test_the_instance_that_does_not_conform_is_told_by_its_place_among_all(an_endpoint):
    instances = [*[ANN] * 500, {"age": "x", "city": None}, *[ANN] * 500, {"age": 1}]
    found = problems_of(post(an_endpoint, {"model_id": "quick", "features": instances}, **EXPLAIN))
    assert [field for field, _ in found] == ["features[500].age", "features[1001].city"]


def test_a_failure_of_the_services_own_is_in_its_log(tmp_path, caplog):
    registry = Registry(tmp_path, loader=FakePredictorLoader())
    registry.register("broken", v1_0_0="artifact:nowhere")
    endpoint = InferenceEndpoint(serving=registry.serving, progress=Progress(0), threads=1)
    post(endpoint, {"model_id": "broken", "features": ANN}, x_request_id="abc-7")
    post(endpoint, {"model_id": "nobody", "features": ANN})
    endpoint.close()
    registry.close()
    (record,) = [each for each in caplog.records if each.name == "interfaces.inference.inference"]
    assert record.levelname == "WARNING"
    assert "abc-7" in record.getMessage()
    assert "artifact.unavailable" in record.getMessage()
