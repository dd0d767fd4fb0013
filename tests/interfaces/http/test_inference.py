"""A prediction over HTTP: what is answered, what is refused, and that nobody waits for another."""

import asyncio
import gzip
import threading
import zlib
from datetime import UTC, datetime
from uuid import UUID

import httpx
import orjson
import pytest

from application.ports.progress import ProgressStatus
from interfaces.http.inference import PATH, InferenceEndpoint
from interfaces.http.inference_body import BODY_MAX_BYTES
from interfaces.inference.asked import INSTANCES_MAX, REFERENCE_MAX_CHARS
from interfaces.inference.inference import INLINE_BODY_MAX_BYTES
from tests.application.inference.registry import Registry
from tests.support.fakes.predictors import FakePredictor, FakePredictorLoader

ANN = {"age": 40, "city": "Basel"}
BOB = {"age": 7.5, "city": None}


class Progress:
    """Read models that stand at one position, and move for nobody."""

    def __init__(self, position: int) -> None:
        self.position = position

    @property
    def status(self) -> ProgressStatus:
        return ProgressStatus(
            is_running=True,
            position=self.position,
            head=self.position,
            lag=0,
            unknown_events=0,
            error=None,
            failing_since=None,
        )

    async def wait_until(self, position: int, timeout_s: float) -> bool:
        assert 0 < timeout_s <= 2
        return position <= self.position


@pytest.fixture
def a_loader():
    return FakePredictorLoader(one=FakePredictor(), two=FakePredictor(), large=FakePredictor(row_cost_s=1.0))


@pytest.fixture
def a_registry(tmp_path, a_loader):
    registry = Registry(tmp_path, loader=a_loader, capacity_bytes=10**10)
    yield registry
    registry.close()


@pytest.fixture
def a_model_id(a_registry):
    return str(a_registry.register("churn", v1_0_0="artifact:one", v1_1_0="artifact:two"))


@pytest.fixture
def a_progress():
    return Progress(5)


@pytest.fixture
def an_endpoint(a_registry, a_progress):
    endpoint = InferenceEndpoint(serving=a_registry.serving, progress=a_progress, threads=2)
    yield endpoint
    endpoint.close()


def send(endpoint, *requests, query=""):
    """Send requests, each a body with headers, at the same time; return their responses in order."""

    async def all_at_once():
        transport = httpx.ASGITransport(app=endpoint)
        async with httpx.AsyncClient(transport=transport, base_url="http://service") as client:
            sent = (client.post(PATH + query, content=body, headers=headers) for body, headers in requests)
            return await asyncio.gather(*sent)

    return asyncio.run(all_at_once())


def post(endpoint, body, *, query="", **headers):
    content = body if isinstance(body, bytes) else orjson.dumps(body)
    return send(
        endpoint, (content, {name.replace("_", "-"): each for name, each in headers.items()}), query=query
    )[0]


def problems_of(response):
    assert response.status_code == 422, response.text
    return [(each["field"], each["message"]) for each in response.json()["validation_errors"]]


@pytest.mark.parametrize("by", ["id", "name"])
def test_each_instance_gets_its_answer_in_order(an_endpoint, a_model_id, by):
    reference = a_model_id if by == "id" else "churn"
    response = post(an_endpoint, {"model_id": reference, "features": [ANN, BOB]})
    assert response.status_code == 200
    assert response.headers["content-type"] == "application/json"
    answer = response.json()
    assert answer.pop("inference_time_ms") > 0
    assert answer == {
        "model_id": a_model_id,
        "version": "1.0.0",
        "results": [
            {"prediction": 41.0, "probability": 0.5, "explanation": None},
            {"prediction": 7.5, "probability": 0.5, "explanation": None},
        ],
    }


@pytest.mark.usefixtures("a_model_id")
def test_one_object_gets_one_answer_and_no_instances_get_none(an_endpoint):
    assert len(post(an_endpoint, {"model_id": "churn", "features": ANN}).json()["results"]) == 1
    assert post(an_endpoint, {"model_id": "churn", "features": []}).json()["results"] == []


@pytest.mark.usefixtures("a_model_id")
def test_the_version_that_answered_is_told(an_endpoint, a_registry):
    for asked, answered in [("1.1.0", "1.1.0"), ("production", "1.0.0"), (None, "1.0.0")]:
        response = post(an_endpoint, {"model_id": "churn", "version": asked, "features": ANN})
        assert response.json()["version"] == answered


@pytest.mark.usefixtures("a_model_id")
def test_an_explanation_is_given_when_asked_for(an_endpoint):
    body = {"model_id": "churn", "features": [ANN, BOB]}
    explained = post(an_endpoint, body, query="?explain=true").json()["results"]
    assert [each["explanation"] for each in explained] == [{"age": 40, "city": 1}, {"age": 7.5, "city": 0}]
    for query in ("", "?explain=false"):
        assert post(an_endpoint, body, query=query).json()["results"][0]["explanation"] is None


@pytest.mark.usefixtures("a_model_id")
@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("?explain=yes", "explain"),
        ("?explain=", "explain"),
        ("?explain=probability > 1e999", "explain"),
        ("?explian=true", "explian"),
    ],
)
def test_an_unknown_parameter_or_value_is_refused(an_endpoint, query, field):
    ((found, _),) = problems_of(post(an_endpoint, {"model_id": "churn", "features": ANN}, query=query))
    assert found == field


@pytest.mark.parametrize("body", [b"", b"{", b"\xff", b'{"model_id":"m","features":{"age":NaN}}', b"[" * 5_000])
def test_a_body_that_is_no_json_is_told_so(an_endpoint, body):
    response = post(an_endpoint, body)
    assert (response.status_code, response.json()["error_code"]) == (400, "request.not-json")


@pytest.mark.usefixtures("a_model_id")
@pytest.mark.parametrize(
    ("content_type", "status"),
    [("application/json", 200), ("Application/JSON; charset=utf-8", 200), ("text/csv", 415), ("", 415)],
)
def test_a_body_of_another_type_is_not_understood(an_endpoint, content_type, status):
    body = {"model_id": "churn", "features": ANN}
    assert post(an_endpoint, body, content_type=content_type).status_code == status


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ([], [("body", "must be an object, is a list.")]),
        (None, [("body", "must be an object, is null.")]),
        ({}, [("model_id", "is missing."), ("features", "is missing.")]),
        ({"model_id": 1, "features": {}}, [("model_id", "must be text, is a number.")]),
        ({"model_id": None, "features": {}}, [("model_id", "must be text, is null.")]),
        ({"model_id": "m", "version": 1.0, "features": {}}, [("version", "must be text, is a number.")]),
        ({"model_id": "m", "features": "x"}, [("features", "must be an object or a list of objects, is text.")]),
        ({"model_id": "m", "features": None}, [("features", "must be an object or a list of objects, is null.")]),
        (
            {"model_id": "m", "feature": {}},
            [("feature", "is no field here. Did you mean 'features'?"), ("features", "is missing.")],
        ),
        (
            {"model_id": "m" * (REFERENCE_MAX_CHARS + 1), "features": {}},
            [("model_id", f"must have at most {REFERENCE_MAX_CHARS} characters, has {REFERENCE_MAX_CHARS + 1}.")],
        ),
    ],
)
def test_a_request_of_another_form_is_told_what_is_wrong(an_endpoint, body, expected):
    assert problems_of(post(an_endpoint, body)) == expected


@pytest.mark.usefixtures("a_model_id")
@pytest.mark.parametrize("explain", ["", "?explain=true"])
def test_an_instance_that_does_not_conform_is_told_where(an_endpoint, explain):
    instances = [ANN, ANN, ANN, {"age": "40", "town": "Bern", "city": None}]
    several = problems_of(post(an_endpoint, {"model_id": "churn", "features": instances}, query=explain))
    assert several == [
        ("features[3].town", "is no feature of this version."),
        ("features[3].age", "must be a number or null, is text."),
    ]
    single = problems_of(post(an_endpoint, {"model_id": "churn", "features": instances[3]}, query=explain))
    assert [field for field, _ in single] == ["features.town", "features.age"]
    for wrong in (None, 1, "x", [ANN]):
        ((field, _),) = problems_of(post(an_endpoint, {"model_id": "churn", "features": [wrong]}))
        assert field == "features[0]"


def test_a_feature_named_like_a_path_keeps_its_name(an_endpoint, a_model_id):
    features = {**ANN, "features[0]": 1}
    ((field, _),) = problems_of(post(an_endpoint, {"model_id": a_model_id, "features": features}))
    assert field == "features.features[0]"


def test_who_cannot_answer_is_told_apart(an_endpoint, a_registry):
    retired = a_registry.register("retired", v1_0_0="artifact:one")
    a_registry.retire(retired)
    empty = a_registry.register("empty")
    a_registry.add_version(empty, "1.0.0", None)
    for model, version, status, code in [
        ("nobody", None, 404, "model.not-found"),
        (str(retired), None, 404, "model.retired"),
        ("empty", "2.0.0", 404, "model.version-not-found"),
        ("empty", None, 409, "inference.no-production-version"),
        ("empty", "1.0.0", 409, "inference.not-servable"),
    ]:
        response = post(an_endpoint, {"model_id": model, "version": version, "features": ANN})
        assert (response.status_code, response.json()["error_code"]) == (status, code)


def test_only_post_is_served(an_endpoint):
    async def ask(method):
        transport = httpx.ASGITransport(app=an_endpoint)
        async with httpx.AsyncClient(transport=transport, base_url="http://service") as client:
            return await client.request(method, PATH)

    for method in ("GET", "PUT", "DELETE", "OPTIONS"):
        response = asyncio.run(ask(method))
        assert (response.status_code, response.headers["allow"]) == (405, "POST")


@pytest.mark.usefixtures("a_model_id")
def test_a_request_is_known_by_its_id(an_endpoint):
    for body, status in [({"model_id": "churn", "features": ANN}, 200), ({}, 422)]:
        response = post(an_endpoint, body, x_request_id="abc-1")
        assert (response.status_code, response.headers["x-request-id"]) == (status, "abc-1")
    assert post(an_endpoint, {}).headers["x-request-id"]


@pytest.mark.usefixtures("a_model_id")
def test_a_request_waits_for_the_position_that_it_wants_to_see(an_endpoint):
    body = {"model_id": "churn", "features": ANN}
    assert post(an_endpoint, body, x_min_event_position="5").status_code == 200
    behind = post(an_endpoint, body, x_min_event_position="6")
    assert (behind.status_code, behind.json()["error_code"]) == (503, "read-model.behind")
    assert behind.headers["retry-after"]
    ((field, _),) = problems_of(post(an_endpoint, body, x_min_event_position="last"))
    assert field == "X-Min-Event-Position"


@pytest.fixture
def a_promotion_on_its_way(a_registry, a_progress, an_endpoint, a_model_id):
    """The position of one whose version is loaded when the test says so; the model was asked before."""
    assert post(an_endpoint, {"model_id": "churn", "features": ANN}).json()["version"] == "1.0.0"
    a_registry.background.holds_back = True
    a_registry.promote(UUID(a_model_id), "1.1.0")
    a_progress.position = a_registry.position
    return str(a_registry.position)


@pytest.fixture
def an_endpoint_without_patience(an_endpoint, monkeypatch):
    monkeypatch.setattr("interfaces.inference.inference.BEHIND_WITHIN_S", 0.01)
    return an_endpoint


def test_a_request_that_wants_to_see_a_promotion_waits_for_its_version(
    an_endpoint, a_registry, a_promotion_on_its_way
):
    body = {"model_id": "churn", "features": ANN}

    async def ask():
        transport = httpx.ASGITransport(app=an_endpoint)
        async with httpx.AsyncClient(transport=transport, base_url="http://service") as client:
            headers = {"x-min-event-position": a_promotion_on_its_way}
            waiting = asyncio.ensure_future(client.post(PATH, json=body, headers=headers))
            others = [(await client.post(PATH, json=body)).json()["version"] for _ in range(3)]
            assert not waiting.done()
            a_registry.background.do_next()
            return [*others, (await waiting).json()["version"]]

    assert asyncio.run(ask()) == ["1.0.0", "1.0.0", "1.0.0", "1.1.0"]


def test_a_promotion_whose_version_is_not_loaded_in_the_time_is_to_be_asked_for_again(
    an_endpoint_without_patience, a_registry, a_promotion_on_its_way
):
    body = {"model_id": "churn", "features": ANN}
    behind = post(an_endpoint_without_patience, body, x_min_event_position=a_promotion_on_its_way)
    assert (behind.status_code, behind.json()["error_code"]) == (503, "inference.version-loading")
    assert behind.headers["retry-after"]
    seen = post(an_endpoint_without_patience, body, x_min_event_position=str(int(a_promotion_on_its_way) - 2))
    assert (seen.status_code, seen.json()["version"]) == (200, "1.0.0")


def test_a_promotion_whose_version_cannot_be_loaded_is_waited_for_by_nobody(
    an_endpoint, a_registry, a_loader, a_promotion_on_its_way
):
    del a_loader.predictors["artifact:two"]
    a_registry.background.do_next()
    body = {"model_id": "churn", "features": ANN}
    behind = post(an_endpoint, body, x_min_event_position=a_promotion_on_its_way)
    assert (behind.status_code, behind.json()["error_code"]) == (503, "inference.version-loading")
    assert post(an_endpoint, body).json()["version"] == "1.0.0"


def exchange(endpoint, *messages, headers=()):
    """Let the endpoint receive these messages; return what it sends and how many messages it took."""
    waiting, sent = list(messages), []

    async def receive():
        return waiting.pop(0)

    async def keep(message):
        sent.append(message)

    scope = {
        "type": "http",
        "method": "POST",
        "path": PATH,
        "query_string": b"",
        "headers": [(name.encode(), value.encode()) for name, value in headers],
    }
    asyncio.run(endpoint(scope, receive, keep))
    return sent, len(messages) - len(waiting)


@pytest.mark.usefixtures("a_model_id")
def test_a_body_in_pieces_is_one_body(an_endpoint):
    body = orjson.dumps({"model_id": "churn", "features": ANN})
    pieces = [
        {"type": "http.request", "body": body[at : at + 5], "more_body": True} for at in range(0, len(body), 5)
    ]
    (start, answer), _ = exchange(an_endpoint, *pieces, {"type": "http.request"})
    assert start["status"] == 200
    assert orjson.loads(answer["body"])["results"][0]["prediction"] == 41.0


def test_only_so_many_instances_are_answered_at_once(an_endpoint, a_model_id):
    body = {"model_id": a_model_id, "features": [{}] * (INSTANCES_MAX + 1)}
    message = f"has {INSTANCES_MAX + 1} instances, may have {INSTANCES_MAX}: send several requests."
    assert problems_of(post(an_endpoint, body)) == [("features", message)]


def test_a_body_that_is_too_large_is_refused_before_it_is_read(an_endpoint):
    (start, _), taken = exchange(an_endpoint, headers=[("content-length", str(BODY_MAX_BYTES + 1))])
    assert (start["status"], taken) == (413, 0)


def test_a_body_that_turns_out_too_large_is_not_read_to_its_end(an_endpoint):
    piece = {"type": "http.request", "body": bytes(BODY_MAX_BYTES // 2 + 1), "more_body": True}
    (start, _), taken = exchange(an_endpoint, piece, piece, piece, piece)
    assert (start["status"], taken) == (413, 2)


@pytest.mark.usefixtures("a_model_id")
def test_a_body_in_a_coding_is_answered_as_it_would_be_without(an_endpoint):
    for instances in (ANN, [ANN] * 5_000):
        body = orjson.dumps({"model_id": "churn", "features": instances})
        results = post(an_endpoint, body).json()["results"]
        for coding, content in (
            ("GZIP", gzip.compress(body)),
            ("deflate", zlib.compress(body)),
            ("identity", body),
        ):
            response = post(an_endpoint, content, content_encoding=coding)
            assert (response.status_code, response.json()["results"]) == (200, results)


def test_a_body_that_is_not_in_its_coding_or_in_an_unknown_one_is_refused(an_endpoint):
    body = orjson.dumps({"model_id": "churn", "features": ANN})
    for content in (body, gzip.compress(body)[:-1], gzip.compress(body) + b"more"):
        response = post(an_endpoint, content, content_encoding="gzip")
        assert (response.status_code, response.json()["error_code"]) == (400, "request.malformed-body")
    (response,) = send(an_endpoint, (body, [("content-encoding", "gzip"), ("content-encoding", "br")]))
    assert (response.status_code, response.json()["error_code"]) == (415, "request.unsupported-coding")
    assert "'gzip, br'" in response.json()["error"]
    assert response.headers["accept-encoding"] == "gzip, deflate"


def test_a_body_that_is_too_large_out_of_its_coding_is_refused(an_endpoint):
    bomb = gzip.compress(bytes(BODY_MAX_BYTES + 1), compresslevel=1)
    response = post(an_endpoint, bomb, content_encoding="gzip")
    assert (response.status_code, response.json()["error_code"]) == (413, "request.too-large")


def test_a_sender_who_goes_away_is_not_answered(an_endpoint):
    begun = {"type": "http.request", "body": b"{", "more_body": True}
    assert exchange(an_endpoint, begun, {"type": "http.disconnect"}) == ([], 2)


def test_one_row_is_predicted_where_it_arrives_and_more_elsewhere(an_endpoint, a_registry, a_loader):
    a_registry.register("small", v1_0_0="artifact:one")
    a_registry.register("big", v1_0_0="artifact:large")
    here = threading.get_ident()
    small, large = a_loader.predictors["artifact:one"], a_loader.predictors["artifact:large"]
    post(an_endpoint, {"model_id": "small", "features": ANN})
    assert small.threads.pop() == here
    post(an_endpoint, {"model_id": "small", "features": [ANN] * 20_000})
    assert small.threads.pop() != here
    post(an_endpoint, {"model_id": "small", "features": ANN}, query="?explain=true")
    assert small.threads.pop() != here
    post(an_endpoint, {"model_id": "big", "features": ANN})
    assert large.threads.pop() != here


@pytest.mark.usefixtures("a_model_id")
def test_a_long_body_is_answered_as_a_short_one(an_endpoint):
    instances = [{"age": age, "city": None} for age in range(5_000)]
    body = orjson.dumps({"model_id": "churn", "features": instances})
    assert len(body) > INLINE_BODY_MAX_BYTES
    assert [each["prediction"] for each in post(an_endpoint, body).json()["results"]] == list(range(5_000))
    assert post(an_endpoint, body[:-1]).status_code == 400


def test_many_requests_for_a_cold_model_are_one_load(an_endpoint, a_loader, a_model_id):
    body = orjson.dumps({"model_id": a_model_id, "features": ANN})
    responses = send(an_endpoint, *[(body, {})] * 50)
    assert {response.status_code for response in responses} == {200}
    assert a_loader.loads == {"artifact:one": 1}


def test_requests_for_other_models_do_not_wait_for_a_cold_one(an_endpoint, a_registry, a_loader):
    """So many wait for the cold model that they would fill every thread there is."""
    a_registry.register("cold", v1_0_0="artifact:one")
    a_registry.register("other", v1_0_0="artifact:two")
    may_go_on = threading.Event()
    a_loader.before_load = lambda url: may_go_on.wait() if url == "artifact:one" else None

    async def ask():
        transport = httpx.ASGITransport(app=an_endpoint)
        async with httpx.AsyncClient(transport=transport, base_url="http://service") as client:
            cold = [
                asyncio.ensure_future(client.post(PATH, json={"model_id": "cold", "features": ANN}))
                for _ in range(50)
            ]
            await asyncio.sleep(0)
            other = await client.post(PATH, json={"model_id": "other", "features": ANN})
            assert not any(each.done() for each in cold)
            may_go_on.set()
            return [other, *await asyncio.gather(*cold)]

    assert {response.status_code for response in asyncio.run(ask())} == {200}


def test_a_model_that_cannot_be_loaded_is_an_error_for_each_and_for_nobody_else(an_endpoint, a_registry):
    a_registry.register("broken", v1_0_0="artifact:nowhere")
    a_registry.register("sound", v1_0_0="artifact:one")
    broken, sound = (orjson.dumps({"model_id": name, "features": ANN}) for name in ("broken", "sound"))
    responses = send(an_endpoint, *[(broken, {}), (sound, {})] * 10)
    assert [response.status_code for response in responses] == [503, 200] * 10
    assert responses[0].json()["error_code"] == "artifact.unavailable"


def test_a_request_after_a_promotion_is_not_answered_out_of_a_lookup_before_it(an_endpoint, a_registry, a_loader):
    model_id = a_registry.register("churn", v1_0_0="artifact:one", v1_1_0="artifact:two")
    is_loading, may_go_on = threading.Event(), threading.Event()

    def wait(url):
        if url == "artifact:one":
            is_loading.set()
            may_go_on.wait()

    a_loader.before_load = wait
    body = {"model_id": "churn", "features": ANN}

    async def ask():
        transport = httpx.ASGITransport(app=an_endpoint)
        async with httpx.AsyncClient(transport=transport, base_url="http://service") as client:
            before = asyncio.ensure_future(client.post(PATH, json=body))
            while not is_loading.is_set():  # noqa: ASYNC110 - a thread sets it
                await asyncio.sleep(0.001)
            a_registry.promote(model_id, "1.1.0")
            after = asyncio.ensure_future(client.post(PATH, json=body))
            await asyncio.sleep(0)
            may_go_on.set()
            return [(await each).json()["version"] for each in (before, after)]

    assert asyncio.run(ask()) == ["1.0.0", "1.1.0"]


def test_an_error_that_nobody_foresaw_says_so_with_the_request_id(an_endpoint, a_registry, a_loader):
    def fail():
        raise RuntimeError("secret")

    a_loader.predictors["artifact:one"] = FakePredictor(before_answer=fail)
    a_registry.register("churn", v1_0_0="artifact:one")
    response = post(an_endpoint, {"model_id": "churn", "features": ANN}, x_request_id="abc-2")
    assert (response.status_code, response.json()["request_id"]) == (500, "abc-2")
    assert "secret" not in response.text
    assert datetime.fromisoformat(response.json()["timestamp"]).tzinfo == UTC
