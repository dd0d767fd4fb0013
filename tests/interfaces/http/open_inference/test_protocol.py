"""The paths of the protocol, what they answer, and how errors are told."""

import gc
import threading
import weakref

import orjson
import pytest

from interfaces.inference.asked import EXPLAINED_MAX
from tests.application.inference.registry import Registry
from tests.support.fakes.predictors import FakePredictor, FakePredictorLoader
from tests.support.open_inference import Protocol, binary, outputs_of, tensor

ANN = [tensor("age", "FP64", [40]), tensor("city", "BYTES", ["Basel"])]
TWO = [tensor("age", "FP64", [40, 41]), tensor("city", "BYTES", ["Basel", "Bern"])]
BODY = orjson.dumps({"inputs": ANN})


def error_of(response):
    document = response.json()
    assert response.headers["content-type"] == "application/json"
    assert next(iter(document)) == "error"
    assert document["status"] == response.status_code
    return response.status_code, document["error_code"]


@pytest.mark.parametrize("slash", ["", "/"])
def test_every_path_is_served_with_and_without_a_version_and_a_slash(a_small_protocol, slash):
    gets = ["", "/health/live", "/health/ready", "/models/stats"]
    for model in ("/models/churn", "/models/churn/versions/1.1.0", "/models/churn/versions/production"):
        gets += [model, f"{model}/ready", f"{model}/stats"]
        answer = a_small_protocol.ask("POST", f"/v2{model}/infer{slash}", BODY)
        assert answer.status_code == 200, model
        assert answer.json()["model_version"] == ("1.1.0" if "1.1.0" in model else "1.0.0")
    for path in gets:
        assert a_small_protocol.ask("GET", f"/v2{path}{slash}").status_code == 200, path
        assert a_small_protocol.ask("HEAD", f"/v2{path}{slash}").status_code == 200, path
    for path in ("/repository/index", "/repository/models/churn/load"):
        assert a_small_protocol.ask("POST", f"/v2{path}{slash}").status_code == 200, path


def test_the_server_says_what_it_is_and_can(a_small_protocol):
    found = a_small_protocol.get("/v2")
    assert found["name"] == "machine-learning-service"
    assert found["extensions"] == ["binary_tensor_data", "model_repository", "statistics"]
    for path in ("/v2/health/live", "/v2/health/ready"):
        assert a_small_protocol.get(path) == {"live": True, "ready": True}


def test_a_version_says_what_it_takes_and_gives(a_protocol, a_registry, a_small_protocol):
    a_registry.add_version(a_registry.register("other", v1_0_0="artifact:one"), "2.0.0", None)
    assert a_small_protocol.get("/v2/models/other")["versions"] == ["1.0.0"]
    found = a_protocol.get("/v2/models/churn")
    assert found == {
        "name": "churn",
        "versions": ["1.0.0"],
        "platform": "lightgbm_text",
        "inputs": [
            {"name": "months", "datatype": "FP64", "shape": [-1], "parameters": {}},
            {"name": "plan", "datatype": "BYTES", "shape": [-1], "parameters": {}},
            {"name": "calls", "datatype": "FP64", "shape": [-1], "parameters": {}},
            {"name": "paperless", "datatype": "BOOL", "shape": [-1], "parameters": {}},
        ],
        "outputs": [
            {"name": "predict", "datatype": "BOOL", "shape": [-1], "parameters": {}},
            {
                "name": "predict_proba",
                "datatype": "FP64",
                "shape": [-1, 2],
                "parameters": {"labels": [False, True]},
            },
            {"name": "explanation", "datatype": "FP64", "shape": [-1, 5], "parameters": {}},
        ],
    }
    assert [each["name"] for each in a_protocol.get("/v2/models/rents")["outputs"]] == ["predict", "explanation"]


def test_the_answer_names_what_was_asked_and_what_has_answered(a_small_protocol, a_registry):
    answer = a_small_protocol.infer("churn", *ANN, id="mine").json()
    assert answer == {
        "model_name": "churn",
        "model_version": "1.0.0",
        "id": "mine",
        "outputs": [{"name": "predict", "datatype": "FP64", "shape": [1], "data": [41.0]}],
    }
    a_registry.assign_alias(model_id := a_registry.register("b", v2_0_0="artifact:two"), "champion", "2.0.0")
    found = a_small_protocol.ask("POST", f"/v2/models/{model_id}/versions/champion/infer", BODY).json()
    assert (found["model_name"], found["model_version"]) == (str(model_id), "2.0.0")
    request_id = {"X-Request-ID": "theirs"}
    answered = a_small_protocol.ask("POST", "/v2/models/churn/infer", BODY, request_id)
    assert (answered.json()["id"], answered.headers["x-request-id"]) == ("theirs", "theirs")
    for empty in (a_small_protocol.infer("churn", *ANN, id=""), a_small_protocol.infer("churn", *TWO, id="")):
        assert empty.json()["id"] == ""


def test_only_the_outputs_that_are_asked_for_are_sent(a_protocol):
    row = tensor("x", "FP64", [5.1, 3.5, 1.4, 0.2], [1, 4])
    unasked = outputs_of(a_protocol.infer("iris", row))
    assert list(unasked) == ["predict", "predict_proba"]
    assert unasked["predict"] == ("BYTES", [1], ["setosa"])
    assert unasked["predict_proba"][1] == [1, 3]
    asked = outputs_of(a_protocol.infer("iris", row, outputs=[{"name": "explanation"}, {"name": "predict"}]))
    assert list(asked) == ["explanation", "predict"]
    assert asked["explanation"][1] == [1, 5]
    wrong = a_protocol.infer("iris", row, outputs=[{"name": "predict_prob"}])
    assert error_of(wrong) == (400, "request.invalid")
    assert "Did you mean 'predict_proba'?" in wrong.json()["error"]
    assert error_of(a_protocol.infer("iris", row, outputs=[{"name": "predict"}] * 2)) == (400, "request.invalid")
    table = tensor("x", "FP64", [1.0] * 10, [1, 10])
    assert error_of(a_protocol.infer("diabetes", table, outputs=[{"name": "predict_proba"}]))[0] == 400


def test_some_outputs_may_come_in_binary_form_and_others_not(a_protocol):
    row = tensor("x", "FP64", [5.1, 3.5, 1.4, 0.2], [1, 4])
    mixed = a_protocol.infer(
        "iris",
        row,
        outputs=[{"name": "predict_proba", "parameters": {"binary_data": False}}, {"name": "predict"}],
        parameters={"binary_data_output": True},
    )
    head = orjson.loads(mixed.content[: int(mixed.headers["inference-header-content-length"])])
    assert [list(each) for each in head["outputs"]] == [
        ["name", "datatype", "shape", "data"],
        ["name", "datatype", "shape", "parameters"],
    ]
    assert mixed.content.endswith(b"\x06\x00\x00\x00setosa")
    assert outputs_of(mixed) == outputs_of(
        a_protocol.infer("iris", row, outputs=[{"name": "predict_proba"}, {"name": "predict"}])
    )


def test_an_explanation_is_made_only_when_it_is_asked_for(a_small_protocol, a_loader):
    explained = []
    one = a_loader.predictors["artifact:one"]
    explain = one.explain
    one.explain = lambda rows, chosen: explained.append(len(rows)) or explain(rows, chosen)
    a_small_protocol.infer("churn", *ANN)
    assert explained == []
    outputs = outputs_of(a_small_protocol.infer("churn", *ANN, outputs=[{"name": "explanation"}]))
    assert (outputs["explanation"], explained) == (("FP64", [1, 3], [40.0, 1.0, 0.0]), [1])
    count = EXPLAINED_MAX + 1
    many = [binary("age", "INT64", [1] * count), binary("city", "BYTES", [""] * count)]
    refused = a_small_protocol.infer_binary("churn", *many, outputs=[{"name": "explanation"}])
    assert error_of(refused) == (400, "request.invalid")
    assert a_small_protocol.infer_binary("churn", *many).status_code == 200


def test_no_type_of_body_is_demanded(a_small_protocol):
    for given in ("text/csv", "application/x-www-form-urlencoded", "application/octet-stream", ""):
        headers = {"content-type": given}
        assert a_small_protocol.ask("POST", "/v2/models/churn/infer", BODY, headers).status_code == 200


def test_who_cannot_answer_is_told_apart(a_small_protocol, a_registry):
    a_registry.retire(a_registry.register("retired", v1_0_0="artifact:one"))
    empty = a_registry.register("empty")
    a_registry.add_version(empty, "1.0.0", None)
    a_registry.register("broken", v1_0_0="artifact:nowhere")
    for path, status, code in [
        ("nobody", 404, "model.not-found"),
        ("retired", 404, "model.not-found"),
        ("empty/versions/2.0.0", 404, "model.version-not-found"),
        ("empty", 503, "inference.no-production-version"),
        ("empty/versions/1.0.0", 503, "inference.not-servable"),
        ("broken", 503, "artifact.unavailable"),
    ]:
        for response in (
            a_small_protocol.ask("POST", f"/v2/models/{path}/infer", BODY),
            a_small_protocol.ask("GET", f"/v2/models/{path}/ready"),
        ):
            assert error_of(response) == (status, code)
            assert ("retry-after" in response.headers) is (status == 503)


def test_what_is_not_served_is_told_so(a_small_protocol):
    for method, path, status, code in [
        ("GET", "/v2/nothing", 404, "request.no-such-path"),
        ("GET", "/v2/models/churn/nothing", 404, "request.no-such-path"),
        ("GET", "/v2//", 404, "request.no-such-path"),
        ("GET", "/v2/models/churn/infer", 400, "request.method-not-allowed"),
        ("DELETE", "/v2/models/churn", 400, "request.method-not-allowed"),
        ("GET", "/v2?a=1", 400, "request.invalid"),
        ("POST", "/v2/repository/models/churn/unload", 501, "open-inference.unsupported"),
        ("GET", "/v2/models/churn/config", 501, "open-inference.unsupported"),
        ("GET", "/v2/systemsharedmemory/status", 501, "open-inference.unsupported"),
        ("GET", "/v2/models/churn/trace/setting", 501, "open-inference.unsupported"),
        ("POST", "/v2/logging", 501, "open-inference.unsupported"),
        ("GET", "/v2/models/%ff", 400, "request.malformed-url"),
    ]:
        assert error_of(a_small_protocol.ask(method, path)) == (status, code), path


def test_extensions_that_are_not_served_are_told_so(a_small_protocol):
    shared = [{**ANN[0], "parameters": {"shared_memory_region": "r", "shared_memory_byte_size": 8}}, ANN[1]]
    assert error_of(a_small_protocol.infer("churn", *shared))[0] == 501
    classified = [{"name": "predict", "parameters": {"classification": 3}}]
    assert error_of(a_small_protocol.infer("churn", *ANN, outputs=classified))[0] == 501
    raw = a_small_protocol.ask(
        "POST", "/v2/models/churn/infer", b"12345678", {"Inference-Header-Content-Length": "0"}
    )
    assert error_of(raw)[0] == 501
    load = orjson.dumps({"parameters": {"config": "{}"}})
    assert error_of(a_small_protocol.ask("POST", "/v2/repository/models/churn/load", load))[0] == 501


def test_the_index_lists_all_versions_with_their_states(a_small_protocol, a_registry, a_loader):
    model_id = a_registry.register("broken")
    a_registry.add_version(model_id, "1.0.0", None)
    a_registry.add_version(model_id, "1.1.0", "s3://elsewhere")
    a_registry.retire(a_registry.register("retired", v1_0_0="artifact:one"))
    entries = a_small_protocol.ask("POST", "/v2/repository/index").json()
    assert [(each["name"], each["version"], each["state"]) for each in entries] == [
        ("broken", "1.0.0", "UNAVAILABLE"),
        ("broken", "1.1.0", "UNAVAILABLE"),
        ("churn", "1.0.0", "READY"),
        ("churn", "1.1.0", "READY"),
    ]
    assert [each["reason"] for each in entries if each["state"] == "UNAVAILABLE"] == [
        "It has no artifact to predict with.",
        "Its artifact lies out of this service's reach.",
    ]
    ready = a_small_protocol.ask("POST", "/v2/repository/index", b'{"ready": true}').json()
    assert ready == entries[2:]
    assert error_of(a_small_protocol.ask("POST", "/v2/repository/index", b'{"ready": 1}')) == (
        400,
        "request.invalid",
    )


def test_loading_a_model_ends_when_it_is_in_memory(a_small_protocol, a_registry, a_loader):
    a_registry.register("cold", v1_0_0="artifact:two")
    seen = []
    a_loader.before_load = lambda _: seen.append(a_small_protocol.ask("POST", "/v2/repository/index").json()[-1])
    assert a_loader.loads["artifact:two"] == 0
    assert a_small_protocol.ask("POST", "/v2/repository/models/cold/load", b"{}").json() == {}
    assert a_loader.loads["artifact:two"] == 1
    assert (seen[0]["name"], seen[0]["state"]) == ("cold", "LOADING")
    assert a_small_protocol.infer("cold", *ANN).status_code == 200
    assert a_loader.loads["artifact:two"] == 1
    assert error_of(a_small_protocol.ask("POST", "/v2/repository/models/nobody/load")) == (404, "model.not-found")


def test_every_request_is_counted_for_its_version(a_small_protocol):
    nothing = a_small_protocol.get("/v2/models/churn/stats")["model_stats"]
    assert [(each["version"], each["execution_count"]) for each in nothing] == [("1.0.0", 0), ("1.1.0", 0)]
    assert a_small_protocol.get("/v2/models/stats") == {"model_stats": []}
    for ages in ([1], [1, 2, 3], [1, 2, 3]):
        a_small_protocol.infer("churn", tensor("age", "INT8", ages), tensor("city", "BYTES", ["Bern"] * len(ages)))
    a_small_protocol.infer("churn", tensor("age", "BYTES", ["x"]), ANN[1])
    (found,) = a_small_protocol.get("/v2/models/churn/versions/production/stats")["model_stats"]
    assert (found["name"], found["version"]) == ("churn", "1.0.0")
    assert (found["inference_count"], found["execution_count"]) == (7, 3)
    stats = found["inference_stats"]
    assert {name: each["count"] for name, each in stats.items()} == {
        "success": 3, "fail": 1, "queue": 3, "compute_input": 3, "compute_infer": 3, "compute_output": 3,
        "cache_hit": 0, "cache_miss": 0,
    }  # fmt: skip
    stages = ("queue", "compute_input", "compute_infer", "compute_output")
    assert 0 < sum(stats[each]["ns"] for each in stages) <= stats["success"]["ns"]
    assert stats["fail"]["ns"] > 0
    assert [(each["batch_size"], each["compute_infer"]["count"]) for each in found["batch_stats"]] == [
        (1, 1),
        (3, 2),
    ]
    assert found["last_inference"] > 1_700_000_000_000
    assert a_small_protocol.get("/v2/models/stats") == {"model_stats": [found]}
    assert (a_small_protocol.work.instances, a_small_protocol.work.refused) == (7, 1)


def test_a_model_that_is_called_as_the_path_of_all_statistics_has_its_metadata_there(a_small_protocol, a_registry):
    a_small_protocol.infer("churn", *ANN)
    (counted,) = a_small_protocol.get("/v2/models/stats")["model_stats"]
    model_id = a_registry.register("stats", v1_0_0="artifact:two")
    found = a_small_protocol.get("/v2/models/stats")
    assert found.pop("model_stats") == [counted]
    assert found == a_small_protocol.get(f"/v2/models/{model_id}") | {"name": "stats"}
    assert a_small_protocol.get("/v2/models/stats/ready") == {"name": "stats", "ready": True}
    assert a_small_protocol.infer("stats", *ANN).json()["model_name"] == "stats"
    (own,) = a_small_protocol.get("/v2/models/stats/stats")["model_stats"]
    assert (own["name"], own["execution_count"]) == ("stats", 1)
    a_registry.archive_production(model_id)
    assert a_small_protocol.get("/v2/models/stats").keys() == {"model_stats"}


def test_a_request_waits_for_the_position_that_it_wants_to_see(a_small_protocol):
    for position, status in (("5", 200), ("6", 503), ("last", 400)):
        headers = {"X-Min-Event-Position": position}
        assert a_small_protocol.ask("POST", "/v2/models/churn/infer", BODY, headers).status_code == status


def test_a_sender_who_waits_for_so_long_only_is_told_when_it_takes_longer(tmp_path):
    may_go_on = threading.Event()
    loader = FakePredictorLoader(slow=FakePredictor(row_cost_s=1.0, before_answer=may_go_on.wait))
    registry = Registry(tmp_path, loader=loader)
    registry.register("slow", v1_0_0="artifact:slow")
    with Protocol(registry) as protocol:
        response = protocol.infer("slow", *ANN, parameters={"timeout": 20_000})
        may_go_on.set()
        assert error_of(response) == (503, "inference.too-slow")
        assert response.json()["details"] == {"within_s": 0.02}
        assert protocol.infer("slow", *ANN, parameters={"timeout": 0}).status_code == 200
    registry.close()


def test_a_short_request_is_answered_where_it_arrives_and_a_long_one_elsewhere(a_small_protocol, a_loader):
    one, here = a_loader.predictors["artifact:one"], threading.get_ident()
    a_small_protocol.infer("churn", *ANN)
    a_small_protocol.infer("churn", *ANN)
    assert one.threads.pop() == here
    a_small_protocol.infer("churn", *ANN, outputs=[{"name": "explanation"}])
    assert one.threads.pop() != here


def test_nothing_holds_a_version_that_has_left_memory(tmp_path):
    loader = FakePredictorLoader(one=FakePredictor(), two=FakePredictor())
    registry = Registry(tmp_path, loader=loader, capacity_bytes=1_500)
    registry.register("churn", v1_0_0="artifact:one", v1_1_0="artifact:two")
    with Protocol(registry) as protocol:
        protocol.predictions("churn", [{"age": 40, "city": "Basel"}])
        for given in (ANN, TWO, ANN):
            assert protocol.infer("churn", *given).status_code == 200
        left = weakref.ref(loader.predictors.pop("artifact:one"))
        assert protocol.infer("churn/versions/1.1.0", *ANN).status_code == 200
        gc.collect()
        assert left() is None
    registry.close()


def test_an_error_that_nobody_foresaw_says_so(a_small_protocol, a_loader):
    def fail():
        raise RuntimeError("secret")

    a_loader.predictors["artifact:one"] = FakePredictor(before_answer=fail)
    response = a_small_protocol.infer("churn", *ANN)
    assert error_of(response) == (500, "service.unexpected")
    assert "secret" not in response.text


def test_requests_together_are_each_answered_for_themselves(a_small_protocol):
    bodies = [
        orjson.dumps({"id": str(age), "inputs": [tensor("age", "FP64", [age]), ANN[1]]}) for age in range(20)
    ]
    for age, response in enumerate(a_small_protocol.ask_at_once("POST", "/v2/models/churn/infer", bodies)):
        assert response.json()["id"] == str(age)
        assert outputs_of(response)["predict"][2] == [age + 1.0]
