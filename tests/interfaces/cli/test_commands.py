"""The commands against a real service, with its worker, from an empty data directory to a prediction."""

import json
import shlex
import signal
import socket
import time
from contextlib import ExitStack, contextmanager

import httpx
import pytest

from interfaces.cli.demo_tables import demo_tables
from tests.interfaces.cli.commands import DEMO, run, run_apart, run_on_terminal, started
from tests.support.data import churn, endless
from tests.support.http import client_of, served
from tests.support.service import running_service

QUICK = ("--set", "num_iterations=20", "--set", "min_data_in_leaf=5")
LONG = ("--set", "num_iterations=100000", "--set", "learning_rate=1e-6", "--set", "early_stopping_rounds=0")


@pytest.fixture(scope="module")
def a_service_with_data(tmp_path_factory):
    """A service with a dataset and a model without a version."""
    directory, table = tmp_path_factory.mktemp("commands"), churn()
    with running_service(directory / "home") as service:
        service.upload("customers", table.write(directory), table.target)
        assert service.post("/models", {"name": "churn", "type": "classification"}).status_code == 201
        yield service


@pytest.fixture(scope="module")
def a_training(a_service_with_data):
    """What the command printed that has trained the first version."""
    where = ("--url", a_service_with_data.url)
    return run_apart("train", "--model", "churn", "--dataset", "customers", *QUICK, *where)


@pytest.fixture(scope="module")
def a_service(a_service_with_data, a_training):
    """Where a service is with a dataset and a model, one version of which is in production."""
    assert a_training.status == 0, a_training.err
    (job,) = a_training.lines
    assert a_service_with_data.promote("churn", job["resulting_version"]).status_code == 200
    return a_service_with_data.url


def test_train_prints_the_job_as_it_ended(a_training):
    (job,) = a_training.lines
    assert (a_training.status, job["status"], job["progress"]) == (0, "completed", 100)
    assert job["hyperparameters"] == {"num_iterations": 20, "min_data_in_leaf": 5}


def test_train_shows_a_person_the_version_and_its_metrics(a_service):
    ended = run_on_terminal("train", "--model", "churn", "--dataset", "customers", *QUICK, "--url", a_service)
    assert ended.status == 0
    assert "completed" in ended.out
    assert "auc" in ended.out


def test_train_need_not_wait(a_service):
    ended = run("train", "--model", "churn", "--dataset", "customers", *LONG, "--no-wait", "--url", a_service)
    (job,) = ended.lines
    assert (ended.status, job["status"]) == (0, "pending")
    with client_of(a_service) as client:
        assert client.post(f"/api/v1/training-jobs/{job['id']}/cancel").status_code == 202


def test_verify_trains_a_version_again_and_says_that_it_came_out_the_same(a_service):
    ended = run("verify", "--model", "churn", "--version", "1.0.0", "--url", a_service)
    (verification,) = ended.lines
    assert (ended.status, verification["reproduced"], verification["differences"]) == (0, True, [])


def test_what_cannot_be_verified_is_said(a_service):
    ended = run("verify", "--model", "churn", "--version", "9.9.9", "--url", a_service)
    assert (ended.status, ended.out) == (1, "")
    assert "has no version '9.9.9'" in ended.err


def test_a_training_that_is_refused_says_what_was_meant(a_service):
    ended = run("train", "--model", "churn", "--dataset", "customers", "--set", "num_leafs=3", "--url", a_service)
    assert (ended.status, ended.out) == (1, "")
    assert "hyperparameters.num_leafs" in ended.err
    assert "num_leaf" in ended.err


def test_a_training_that_fails_says_why_and_ends_with_1(a_service):
    constant = "a,b,y\n" + "".join(f"{row},{row % 3},same\n" for row in range(50))
    parameters, headers = {"name": "constant", "target": "y"}, {"content-type": "text/csv"}
    with client_of(a_service) as client:
        upload = client.post("/api/v1/datasets", params=parameters, content=constant, headers=headers)
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
    from_input = run_apart("predict", "--model", "churn", "-", given=instances, ML_SERVICE_URL=a_service)
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
    with (
        started("events", "--follow", "--after", str(last), "--url", a_service) as follower,
        client_of(a_service) as client,
    ):
        assert client.post("/api/v1/models", json={"name": "newcomer", "type": "regression"}).status_code == 201
        assert json.loads(follower.stdout.readline())["position"] == last + 1
        follower.send_signal(signal.SIGINT)
        assert follower.wait(timeout=30) == 130


@contextmanager
def reserved(port):
    """Yield a port that the system gives to nobody who asks for any, and that can be listened at."""
    with socket.socket() as holding:
        holding.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        holding.bind(("127.0.0.1", port))
        yield port


def test_following_goes_on_when_the_service_is_back(tmp_path):
    with ExitStack() as resources:
        with served(tmp_path) as api:
            registrations = ("--type", "model.registered.v1")
            follower = resources.enter_context(started("events", "--follow", *registrations, "--url", api.url))
            api.register_model("before")
            assert json.loads(follower.stdout.readline())["data"]["name"] == "before"
        port = resources.enter_context(reserved(httpx.URL(api.url).port))
        assert b"Asking again" in follower.stderr.readline()
        with served(tmp_path, port=port) as api:
            api.register_model("after")
            assert json.loads(follower.stdout.readline())["data"]["name"] == "after"
            assert b"is back" in follower.stderr.readline()
            follower.send_signal(signal.SIGINT)
            assert follower.wait(timeout=30) == 130


def test_a_training_goes_on_when_its_follower_leaves(a_service):
    table, hyperparameters = endless()
    settings = [word for name, value in hyperparameters.items() for word in ("--set", f"{name}={value}")]
    with httpx.Client(base_url=f"{a_service}/api/v1", trust_env=False, timeout=60) as client:
        headers = {"content-type": "text/csv"}
        parameters = {"name": table.name, "target": table.target}
        client.post("/datasets", params=parameters, content=table.csv(), headers=headers).raise_for_status()
        model = client.post("/models", json={"name": table.name, "type": "regression"}).raise_for_status().json()
        running = f"model_id = '{model['id']}' AND status = 'running'"
        command = ("train", "--model", table.name, "--dataset", table.name, *settings, "--url", a_service)
        with started(*command) as follower:
            while not (jobs := client.get("/training-jobs", params={"filter": running}).json()["items"]):
                time.sleep(0.1)
            follower.send_signal(signal.SIGINT)
            assert follower.wait(timeout=30) == 130
            assert jobs[0]["id"].encode() in follower.stderr.read()
        (job,) = jobs
        assert client.get(f"/training-jobs/{job['id']}").json()["status"] == "running"
        client.post(f"/training-jobs/{job['id']}/cancel").raise_for_status()
        ended = client.get(f"/training-jobs/{job['id']}", headers={"prefer": "wait=30"}).json()
        assert ended["status"] == "cancelled"


@pytest.fixture(scope="module")
def a_demo_gone_on_with(a_service_with_data):
    """A service on which the demo was interrupted and has gone on; what it has said, and the tables.

    Of the first table's model there was no version, of the second's a job that nobody waited for, and the
    models of the others' names were a user's own.
    """
    service, (begun, requested, *taken) = a_service_with_data, demo_tables()
    owners = [(begun, {"demo": True}), (requested, {"demo": True}), *((table, {}) for table in taken)]
    for table, metadata in owners:
        body = {"name": table.name, "type": "classification", "metadata": metadata}
        assert service.post("/models", body).status_code == 201
    uploaded = service.client.post(
        "/api/v1/datasets",
        params={"name": requested.name, "target": requested.target},
        content=requested.csv(),
        headers={"content-type": "text/csv"},
    )
    assert uploaded.status_code == 201
    service.train(requested.name, requested.name)
    return service, run(service.url, program=DEMO), (begun, requested), taken


@pytest.mark.slow
def test_the_demo_goes_on_where_it_was_interrupted(a_demo_gone_on_with):
    service, done, tables, _ = a_demo_gone_on_with
    assert done.status == 0, done.err
    for table in tables:
        model = service.get(f"/models/{table.name}")
        assert model["production_version"] == "1.0.0"
        jobs = service.get("/training-jobs", filter=f"model_id = '{model['id']}'")["items"]
        assert [job["resulting_version"] for job in jobs] == ["1.0.0"]


@pytest.mark.slow
def test_the_demo_leaves_a_users_own_model_alone(a_demo_gone_on_with):
    service, done, _, taken = a_demo_gone_on_with
    datasets = {dataset["name"] for dataset in service.get("/datasets")["items"]}
    for table in taken:
        assert f"{table.name}: there is a model of yours" in done.out
        assert len(service.get(f"/models/{table.name}/history")["items"]) == 1
        assert table.name not in datasets
