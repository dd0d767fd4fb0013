"""Predictions take no more time, room and work than they are given."""

import asyncio
import threading

import orjson
import pytest

from interfaces.http.inference import InferenceEndpoint
from interfaces.http.inference_body import Bodies
from interfaces.http.problems import BodyStalled
from interfaces.inference.inference import Inference
from interfaces.inference.turns import InferenceThreads
from interfaces.requests.problems import Overloaded, TooSlow
from tests.application.inference.registry import Registry
from tests.interfaces.http.test_inference import ANN, BOB, Progress, post, problems_of, send
from tests.support.fakes.predictors import FakePredictor, FakePredictorLoader

ENOUGH_S = 60.0


@pytest.fixture
def may_go_on():
    event = threading.Event()
    yield event
    event.set()


@pytest.fixture
def a_registry(tmp_path, may_go_on):
    slow = FakePredictor(row_cost_s=1.0, before_answer=may_go_on.wait)
    registry = Registry(tmp_path, loader=FakePredictorLoader(slow=slow, quick=FakePredictor()))
    registry.register("slow", v1_0_0="artifact:slow")
    registry.register("quick", v1_0_0="artifact:quick")
    yield registry
    registry.close()


@pytest.fixture
def an_endpoint(a_registry):
    endpoint = InferenceEndpoint(serving=a_registry.serving, progress=Progress(5), threads=2)
    yield endpoint
    endpoint.close()


def asking(inference, model, *, within_s=None):
    body = orjson.dumps({"model_id": model, "features": ANN})
    return inference.answer(body, explain=False, position=None, within_s=within_s, until_left=None)


def test_who_waits_for_so_long_only_is_told_when_it_takes_longer(an_endpoint):
    response = post(an_endpoint, {"model_id": "slow", "features": ANN}, prefer="wait=1")
    assert (response.status_code, response.json()["error_code"]) == (503, "inference.too-slow")
    assert response.headers["retry-after"] == "1"
    assert response.json()["details"] == {"within_s": 1}


def test_no_request_takes_longer_than_the_service_gives_it(a_registry, may_go_on):
    inference = Inference(serving=a_registry.serving, progress=Progress(0), threads=1, within_s=0.05)

    async def ask():
        with pytest.raises(TooSlow, match=r"within 0\.05 s"):
            await asking(inference, "slow", within_s=ENOUGH_S)
        may_go_on.set()

    asyncio.run(ask())
    inference.close()


def test_who_waits_for_no_time_is_answered_within_a_second(an_endpoint):
    post(an_endpoint, {"model_id": "quick", "features": ANN})  # is in memory from now on
    found = post(an_endpoint, {"model_id": "quick", "features": ANN}, prefer="wait=0")
    assert (found.status_code, found.headers["preference-applied"]) == (200, "wait=1")


def test_what_was_granted_of_a_long_wait_is_told_however_many_preferences_there_are(an_endpoint):
    body = orjson.dumps({"model_id": "quick", "features": ANN})
    preferences = [("prefer", "wait=60"), ("prefer", "respond-async")]
    (found,) = send(an_endpoint, (body, preferences))
    assert (found.status_code, found.headers["preference-applied"]) == (200, "wait=30")


def test_more_than_so_many_long_predictions_are_not_begun_and_short_ones_go_on(a_registry, may_go_on):
    inference = Inference(serving=a_registry.serving, progress=Progress(0), threads=1, admitted_max=3)

    async def ask():
        await asking(inference, "quick")  # is in memory from now on
        waiting = [asyncio.ensure_future(asking(inference, "slow")) for _ in range(3)]
        await asyncio.sleep(0)
        with pytest.raises(Overloaded, match="3 predictions that take long are waiting") as refused:
            await asking(inference, "slow")
        assert refused.value.headers["retry-after"] == "1"
        await asking(inference, "quick")
        may_go_on.set()
        await asyncio.gather(*waiting)
        await asking(inference, "slow")

    asyncio.run(ask())
    inference.close()


def test_who_gave_up_waiting_leaves_the_place_to_another(a_registry, may_go_on):
    inference = Inference(serving=a_registry.serving, progress=Progress(0), threads=1, admitted_max=1)

    async def ask():
        given_up = asyncio.ensure_future(asking(inference, "slow"))
        await asyncio.sleep(0)
        given_up.cancel()
        await asyncio.wait([given_up])
        may_go_on.set()
        await asking(inference, "slow")

    asyncio.run(ask())
    inference.close()


def test_work_that_was_given_up_before_its_turn_is_never_done():
    done = []

    async def run():
        threads = InferenceThreads(count=1)
        may_go_on = threading.Event()
        first = asyncio.ensure_future(threads.run(threads.predicting, may_go_on.wait))
        second = asyncio.ensure_future(threads.run(threads.predicting, lambda: done.append("second")))
        await asyncio.sleep(0)
        second.cancel()
        await asyncio.wait([second])
        may_go_on.set()
        await first
        await threads.run(threads.predicting, lambda: done.append("third"))
        threads.close()

    asyncio.run(run())
    assert done == ["third"]


def test_bodies_take_no_more_room_together_than_there_is():
    bodies = Bodies(max_bytes=100)

    async def read(size_bytes, pieces=2):
        messages = [{"type": "http.request", "body": b"x" * size_bytes, "more_body": True}] * (pieces - 1)
        messages.append({"type": "http.request", "body": b"x" * size_bytes})
        arriving = iter(messages)

        async def receive():
            return next(arriving)

        with bodies.share() as take:
            return len(await bodies.read(receive, [], take=take))

    async def run():
        assert await read(40) == 80
        with bodies.share() as take:
            take(30)
            with pytest.raises(Overloaded, match="70 bytes of requests are being read"):
                await read(40)
            assert await read(1_000, pieces=1) == 1_000  # small enough to come in one piece
        assert await read(40) == 80

    asyncio.run(run())


@pytest.mark.parametrize(
    ("explain", "explained"),
    [
        ("true", [True, True]),
        ("false", [False, False]),
        ("prediction > 40", [True, False]),
        ("prediction < 40 AND probability = 0.5", [False, True]),
        ("probability > 0.5", [False, False]),
    ],
)
def test_only_what_the_condition_holds_of_is_explained(an_endpoint, may_go_on, explain, explained):
    may_go_on.set()
    for model in ("quick", "slow"):
        found = post(an_endpoint, {"model_id": model, "features": [ANN, BOB]}, query=f"?explain={explain}")
        assert [each["explanation"] is not None for each in found.json()["results"]] == explained
        (one,) = post(an_endpoint, {"model_id": model, "features": ANN}, query=f"?explain={explain}").json()[
            "results"
        ]
        assert (one["explanation"] is not None) == explained[0]


@pytest.mark.parametrize(
    ("explain", "message"),
    [
        ("probability >", "cannot be read at character 14: found the end"),
        ("age > 3", "'age' is nothing that an answer has"),
        ("yes", "cannot be read at character 4"),
    ],
)
def test_a_condition_that_cannot_be_asked_is_told(an_endpoint, explain, message):
    ((field, found),) = problems_of(
        post(an_endpoint, {"model_id": "quick", "features": ANN}, query=f"?explain={explain}")
    )
    assert field == "explain"
    assert message in found


def test_a_version_that_is_named_behind_many_instances_is_the_one_that_answers(a_registry, an_endpoint, may_go_on):
    may_go_on.set()
    a_registry.register("both", v1_0_0="artifact:quick", v2_0_0="artifact:slow")
    many = orjson.dumps([ANN] * 5_000)
    for behind, version in ((b"", "1.0.0"), (b',"version":"2.0.0"', "2.0.0")):
        found = post(an_endpoint, b'{"model_id":"both","features":' + many + behind + b"}")
        assert (found.status_code, found.json()["version"]) == (200, version)
        assert len(found.json()["results"]) == 5_000


@pytest.mark.parametrize("begun", [[], [{"type": "http.request", "body": b"{", "more_body": True}]])
def test_a_body_that_comes_no_further_is_not_waited_for_without_end(begun):
    async def run():
        arriving = iter(begun)

        async def receive():
            return next(arriving, None) or await asyncio.Event().wait()

        bodies = Bodies(within_s=0.01)
        with pytest.raises(BodyStalled), bodies.share() as take:
            await bodies.read(receive, [], take=take)

    asyncio.run(run())
