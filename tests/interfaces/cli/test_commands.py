"""The commands against a real service, with its worker, from an empty data directory to a prediction."""

import json
import shlex
import signal
import time
from contextlib import ExitStack

import httpx
import pytest

from interfaces.cli.demo_tables import demo_tables
from tests.interfaces.cli.commands import DEMO, run, run_on_terminal, running_service, started
from tests.support.data import churn, endless

QUICK = ("--set", "num_iterations=20", "--set", "min_data_in_leaf=5")


@pytest.fixture(scope="module")
def a_service(tmp_path_factory):
    """A service with a dataset and a model, one version of which is in production."""
    with running_service(tmp_path_factory.mktemp("home")) as url:
        with httpx.Client(base_url=f"{url}/api/v1", trust_env=False, timeout=30) as client:
            table = churn()
            upload = client.post(
                "/datasets",
                params={"name": "customers", "target": table.target},
                content=table.csv(),
                headers={"content-type": "text/csv"},
            )
            assert upload.status_code == 201, upload.text
            made = client.post("/models", json={"name": "churn", "type": "classification"})
            assert made.status_code == 201, made.text
            trained = run("train", "--model", "churn", "--dataset", "customers", *QUICK, "--url", url)
            assert trained.status == 0, trained.err
            (job,) = trained.lines
            promoted = client.put(
                f"/models/churn/versions/{job['resulting_version']}/status", json={"status": "production"}
            )
            assert promoted.status_code == 200, promoted.text
        yield url


def test_train_prints_the_job_as_it_ended(a_service):
    ended = run("train", "--model", "churn", "--dataset", "customers", *QUICK, "--url", a_service)
    (job,) = ended.lines
    assert (ended.status, job["status"], job["progress"]) == (0, "completed", 100)
    assert job["hyperparameters"] == {"num_iterations": 20, "min_data_in_leaf": 5}


def test_train_shows_a_person_the_version_and_its_metrics(a_service):
    ended = run_on_terminal("train", "--model", "churn", "--dataset", "customers", *QUICK, "--url", a_service)
    assert ended.status == 0
    assert "completed" in ended.out
    assert "auc" in ended.out


def test_train_need_not_wait(a_service):
    ended = run("train", "--model", "churn", "--dataset", "customers", *QUICK, "--no-wait", "--url", a_service)
    (job,) = ended.lines
    assert (ended.status, job["status"]) == (0, "pending")


def test_a_training_that_is_refused_says_what_was_meant(a_service):
    ended = run("train", "--model", "churn", "--dataset", "customers", "--set", "num_leafs=3", "--url", a_service)
    assert (ended.status, ended.out) == (1, "")
    assert "hyperparameters.num_leafs" in ended.err
    assert "num_leaf" in ended.err


def test_a_training_that_fails_says_why_and_ends_with_1(a_service):
    constant = "a,b,y\n" + "".join(f"{row},{row % 3},same\n" for row in range(50))
    upload = httpx.post(
        f"{a_service}/api/v1/datasets",
        params={"name": "constant", "target": "y"},
        content=constant,
        headers={"content-type": "text/csv"},
        trust_env=False,
    )
    assert upload.status_code == 201, upload.text
    ended = run("train", "--model", "churn", "--dataset", "constant", "--url", a_service)
    (job,) = ended.lines
    assert (ended.status, job["status"], job["error_code"]) == (1, "failed", "training.one-class")
    assert job["error"] in ended.err


def test_one_instance_is_predicted_from_the_command_line(a_service):
    ended = run(
        "predict", "--model", "churn", "--explain", "--url", a_service,
        "months=3", "plan=plus", "calls=null", "paperless=true",
    )  # fmt: skip
    (answer,) = ended.lines
    (result,) = answer["results"]
    assert (ended.status, answer["version"]) == (0, "1.0.0")
    assert result["prediction"] in {True, False}
    assert set(result["explanation"]) == {"months", "plan", "calls", "paperless"}


def test_many_instances_are_predicted_from_a_file_or_standard_input(a_service, tmp_path):
    instances = json.dumps(churn().instances()).encode()
    path = tmp_path / "instances=all.json"
    path.write_bytes(instances)
    from_file = run("predict", "--model", "churn", str(path), ML_SERVICE_URL=a_service)
    from_input = run("predict", "--model", "churn", "-", given=instances, ML_SERVICE_URL=a_service)
    assert len(from_file.lines[0]["results"]) == 300
    assert from_file.lines[0]["results"] == from_input.lines[0]["results"]


def test_a_person_sees_predictions_in_a_table(a_service, tmp_path):
    path = tmp_path / "instances.json"
    path.write_text(json.dumps(churn().instances()[:3]))
    ended = run_on_terminal("predict", "--model", "churn", "--explain", str(path), "--url", a_service)
    assert ended.status == 0
    assert "probability" in ended.out
    assert "months" in ended.out
    plain = run_on_terminal("predict", "--model", "churn", "--json", str(path), "--url", a_service)
    assert len(plain.lines[0]["results"]) == 3


def test_a_prediction_that_is_refused_names_the_fields(a_service):
    ended = run("predict", "--model", "churn", "--url", a_service, "month=3", "plan=plus")
    assert (ended.status, ended.out) == (1, "")
    assert "features.month: is no feature of this version. Did you mean 'months'?" in ended.err
    unknown = run("predict", "--model", "nobody", "--url", a_service, "x=1")
    assert unknown.status == 1
    assert "model.not-found" in unknown.err


def test_text_that_looks_like_a_number_is_told_how_to_quote_it(a_service):
    words = ("months=3", "calls=", "paperless=true")
    ended = run("predict", "--model", "churn", "--url", f"{a_service}/api/v1", "plan=5", *words)
    assert (ended.status, ended.out) == (1, "")
    assert "features.plan: must be text or null, is a number." in ended.err
    hint = ended.err.splitlines()[-1]
    (as_told,) = shlex.split(hint.partition("text: ")[2])
    assert as_told == 'plan="5"'
    assert run("predict", "--model", "churn", "--url", f"{a_service}/api/v1", as_told, *words).status == 0


def test_a_refusal_that_quotes_cannot_cure_has_no_hint(a_service):
    ended = run("predict", "--model", "churn", "--url", a_service, "months=x", "plan=plus", "calls=", "paperless=")
    assert ended.status == 1
    assert "Quotes" not in ended.err


def test_events_are_printed_in_order_from_a_position_and_of_a_type(a_service):
    everything = run("events", "--url", a_service)
    positions = [event["position"] for event in everything.lines]
    assert everything.status == 0
    assert positions == sorted(positions)
    assert positions[0] == 1
    rest = run("events", "--after", str(positions[2]), "--url", a_service)
    assert rest.lines[0]["position"] == positions[3]
    registered = run("events", "--type", "model.registered.v1", "--json", "--url", a_service)
    assert {event["type"] for event in registered.lines} == {"model.registered.v1"}
    assert registered.lines[0]["data"]["name"] == "churn"


def test_a_person_sees_events_line_by_line(a_service):
    ended = run_on_terminal("events", "--type", "dataset.registered.v1", "--url", a_service)
    assert ended.status == 0
    assert "dataset.registered.v1" in ended.out


def test_following_prints_what_happens_next(a_service):
    last = run("events", "--url", a_service).lines[-1]["position"]
    with started("events", "--follow", "--after", str(last), "--url", a_service) as follower:
        registered = httpx.post(
            f"{a_service}/api/v1/models", json={"name": "newcomer", "type": "regression"}, trust_env=False
        )
        assert registered.status_code == 201
        assert json.loads(follower.stdout.readline())["position"] == last + 1
        follower.send_signal(signal.SIGINT)
        assert follower.wait(timeout=30) == 130


def test_following_goes_on_when_the_service_is_back(tmp_path):
    with ExitStack() as resources:
        with running_service(tmp_path) as url:
            registrations = ("--type", "model.registered.v1")
            follower = resources.enter_context(started("events", "--follow", *registrations, "--url", url))
            _register_model(url, "before")
            assert json.loads(follower.stdout.readline())["data"]["name"] == "before"
        assert b"Asking again" in follower.stderr.readline()
        with running_service(tmp_path, "--port", url.rpartition(":")[2]):
            _register_model(url, "after")
            assert json.loads(follower.stdout.readline())["data"]["name"] == "after"
            assert b"is back" in follower.stderr.readline()
            follower.send_signal(signal.SIGINT)
            assert follower.wait(timeout=30) == 130


def _register_model(url, name):
    body = {"name": name, "type": "regression"}
    httpx.post(f"{url}/api/v1/models", json=body, trust_env=False).raise_for_status()


def test_a_training_goes_on_when_its_follower_leaves(a_service):
    table, hyperparameters = endless()
    settings = [word for name, value in hyperparameters.items() for word in ("--set", f"{name}={value}")]
    with httpx.Client(base_url=f"{a_service}/api/v1", trust_env=False, timeout=60) as client:
        headers = {"content-type": "text/csv"}
        parameters = {"name": table.name, "target": table.target}
        client.post("/datasets", params=parameters, content=table.csv(), headers=headers).raise_for_status()
        client.post("/models", json={"name": table.name, "type": "regression"}).raise_for_status()
        command = ("train", "--model", table.name, "--dataset", table.name, *settings, "--url", a_service)
        with started(*command) as follower:
            while not (
                jobs := client.get("/training-jobs", params={"filter": "status = 'running'"}).json()["items"]
            ):
                time.sleep(0.1)
            follower.send_signal(signal.SIGINT)
            assert follower.wait(timeout=30) == 130
            assert jobs[0]["id"].encode() in follower.stderr.read()
        (job,) = jobs
        assert client.get(f"/training-jobs/{job['id']}").json()["status"] == "running"
        client.post(f"/training-jobs/{job['id']}/cancel").raise_for_status()
        ended = client.get(f"/training-jobs/{job['id']}", headers={"prefer": "wait=30"}).json()
        assert ended["status"] == "cancelled"


@pytest.mark.slow
def test_the_demo_promotes_three_models_once(tmp_path):
    with running_service(tmp_path / "home") as url:
        first = run(url, program=DEMO)
        assert first.status == 0, first.err
        log = run("events", "--url", url).lines
        second = run(url, program=DEMO)
        assert second.status == 0, second.err
        assert run("events", "--url", url).lines == log
        with httpx.Client(base_url=f"{url}/api/v1", trust_env=False) as client:
            models = client.get("/models").json()["items"]
        assert {model["name"]: model["production_version"] for model in models} == {
            table.name: "1.0.0" for table in demo_tables()
        }
        _ask_as_invited(second.out, url)


@pytest.mark.slow
def test_the_demo_leaves_a_users_own_model_alone(tmp_path):
    with running_service(tmp_path / "home") as url:
        with httpx.Client(base_url=f"{url}/api/v1", trust_env=False, timeout=30) as client:
            for table in demo_tables():
                client.post("/models", json={"name": table.name, "type": "classification"})
        head = len(run("events", "--url", url).lines)
        assert run(url, program=DEMO).status == 0
        assert len(run("events", "--url", url).lines) == head


@pytest.mark.slow
def test_the_demo_goes_on_where_it_was_interrupted(tmp_path):
    """Here: a model without a version, beside a job that nobody waited for."""
    breast_cancer, wine, _ = demo_tables()
    with running_service(tmp_path / "home") as url:
        with httpx.Client(base_url=f"{url}/api/v1", trust_env=False, timeout=30) as client:
            for table in (breast_cancer, wine):
                begun = {"name": table.name, "type": "classification", "metadata": {"demo": True}}
                client.post("/models", json=begun)
            client.post(
                "/datasets",
                params={"name": wine.name, "target": wine.target},
                content=wine.csv(),
                headers={"content-type": "text/csv"},
            )
            client.post("/training-jobs", json={"model_id": wine.name, "dataset_id": wine.name})
        assert run(url, program=DEMO).status == 0
        requested = run("events", "--type", "training-job.requested.v1", "--url", url).lines
        assert len(requested) == 3


def _ask_as_invited(printed, url):
    """Send what the printed curl line would send."""
    (line,) = [line for line in printed.splitlines() if line.startswith("curl ")]
    _, _, address, _, header, _, body = shlex.split(line)
    name, _, value = header.partition(": ")
    response = httpx.post(address, headers={name: value}, content=body, trust_env=False)
    assert address.startswith(url)
    assert response.status_code == 200, response.text
    (result,) = response.json()["results"]
    assert result["prediction"] == "malignant"
    assert len(result["explanation"]) == 30
