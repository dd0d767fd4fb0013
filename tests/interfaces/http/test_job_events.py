"""What happens to a training job, as those see it who read along."""

import asyncio
import threading
from contextlib import contextmanager
from functools import partial
from uuid import UUID

import pytest
from starlette.applications import Starlette

from application.jobs.worker import Worker
from application.training.work import TrainingWork
from infrastructure.artifacts.local import LocalArtifacts
from infrastructure.learning.reproduction import compare
from infrastructure.learning.subprocess import SubprocessTrainer
from infrastructure.messaging.live import LiveJobFeed, NatsLiveIterations
from infrastructure.messaging.parts import Messaging
from infrastructure.system.clock import SystemClock
from interfaces.http import job_events
from interfaces.http.exchange import Exchange
from interfaces.http.job_events import ITERATION, JobEventsEndpoint
from interfaces.http.operations import routes
from interfaces.http.reads import Reads
from interfaces.http.stopping import Stopping
from tests.support.data import diabetes
from tests.support.event_streams import told
from tests.support.fakes.heartbeats import InMemoryHeartbeats
from tests.support.http import client_of, listening
from tests.support.processes import eventually
from tests.support.trainings import attempts_of, complete


class Stream:
    """The endpoint over a service, on a server of its own.

    Attributes:
        feed: What it hears of.
    """

    def __init__(self, api, **settings):
        self.feed = LiveJobFeed()
        api.runner.on_page(lambda _, page: self.feed.on_page(page))
        self._stopping = Stopping()
        self._loop = None
        reads = Reads(service=api.service, threads=4)
        endpoint = JobEventsEndpoint(
            service=api.service, live=self.feed, reads=reads, stopping=self._stopping, **settings
        )
        self._app = Exchange(Starlette(routes=routes(endpoint.operations())), stopping=self._stopping)

    async def __call__(self, scope, receive, send):
        self._loop = asyncio.get_running_loop()
        await self._app(scope, receive, send)

    def stop(self):
        self._loop.call_soon_threadsafe(self._stopping.begin)


@contextmanager
def streaming(api, **settings):
    stream = Stream(api, **settings)
    with listening(stream) as url, client_of(url) as client:
        yield stream, client


@pytest.fixture
def a_stream(api):
    with streaming(api) as (stream, client):
        stream.client = client
        yield stream


@pytest.fixture
def an_ended_job(api, a_job):
    assert api.runner.wait_for(complete(api.service.ledger, UUID(a_job["id"]), interrupted=1), 10)
    return a_job


def path_of(job):
    return f"/api/v1/training-jobs/{job['id']}/events"


def events_in_log(api, job):
    return api.get("/events", aggregate_id=job["id"], limit=1000).json()["items"]


def problem_of(response, status):
    assert response.status_code == status, response.text
    assert response.json()["request_id"] == response.headers["x-request-id"]
    return response.json()


def test_all_that_the_log_has_of_an_ended_job_is_told_in_order_and_then_the_stream_ends(
    api, a_stream, an_ended_job
):
    with a_stream.client.stream("GET", path_of(an_ended_job)) as response:
        assert response.status_code == 200
        assert response.headers["content-type"] == "text/event-stream"
        assert response.headers["cache-control"] == "no-store"
        assert response.headers["x-request-id"]
        found = list(told(response))
    expected = events_in_log(api, an_ended_job)
    assert [each.data for each in found] == expected
    assert [(each.type, each.id) for each in found] == [(each["type"], str(each["position"])) for each in expected]
    assert found[-1].type == "training-job.completed.v1"


@pytest.mark.parametrize("by", ["header", "query", "both"])
def test_a_reader_goes_on_behind_what_it_saw_last(api, a_stream, an_ended_job, by):
    expected = events_in_log(api, an_ended_job)
    seen = str(expected[2]["position"])
    headers = {} if by == "query" else {"Last-Event-ID": seen}
    parameters = {} if by == "header" else {"after": seen if by == "query" else "0"}
    with a_stream.client.stream("GET", path_of(an_ended_job), headers=headers, params=parameters) as response:
        assert [each.data for each in told(response)] == expected[3:]


def test_a_reader_who_saw_the_end_is_told_that_there_is_no_more(api, a_stream, an_ended_job):
    """Or else a browser would ask again for ever."""
    end = events_in_log(api, an_ended_job)[-1]["position"]
    for position in (end, end + 1):
        if position > end:
            api.register_model("other")
        answer = a_stream.client.get(path_of(an_ended_job), headers={"Last-Event-ID": str(position)})
        assert (answer.status_code, answer.content) == (204, b"")


@pytest.mark.parametrize("reference", ["7", "churn", "00000000-0000-0000-0000-000000000001"])
def test_a_job_that_is_not_there_is_not_found(a_stream, reference):
    problem = problem_of(a_stream.client.get(f"/api/v1/training-jobs/{reference}/events"), 404)
    assert problem["error_code"] == "training-job.not-found"


def test_what_is_no_job_is_not_found(a_stream, a_model):
    assert problem_of(a_stream.client.get(path_of(a_model)), 404)["error_code"] == "training-job.not-found"


@pytest.mark.parametrize("given", ["x", "-1", "1.5", "99999999", "9" * 40])
def test_what_is_no_position_of_the_log_is_refused(a_stream, a_job, given):
    by_header = problem_of(a_stream.client.get(path_of(a_job), headers={"Last-Event-ID": given}), 422)
    assert [each["field"] for each in by_header["validation_errors"]] == ["Last-Event-ID"]
    by_query = problem_of(a_stream.client.get(path_of(a_job), params={"after": given}), 422)
    assert [each["field"] for each in by_query["validation_errors"]] == ["after"]


def test_a_head_request_has_the_headers_of_a_stream_and_takes_no_place(a_stream, a_job, monkeypatch):
    monkeypatch.setattr(job_events, "READERS_MAX", 1)
    for _ in range(3):
        answer = a_stream.client.head(path_of(a_job))
        assert (answer.status_code, answer.headers["content-type"]) == (200, "text/event-stream")


def test_what_happens_to_a_job_is_told_as_it_happens_without_any_nats(api, a_stream, a_job):
    with a_stream.client.stream("GET", path_of(a_job)) as response:
        events = told(response)
        assert next(events).type == "training-job.requested.v1"
        attempts = attempts_of(api.service.ledger)
        attempts.start(UUID(a_job["id"]))
        assert next(events).type == "training-job.started.v1"
        attempts.fail(UUID(a_job["id"]), 1, code="training.constant-target", error="All rows are alike.")
        (failed,) = events
    assert (failed.type, failed.data["data"]["code"]) == ("training-job.failed.v1", "training.constant-target")


def test_a_job_that_is_cancelled_ends_its_stream(api, a_stream, a_job):
    with a_stream.client.stream("GET", path_of(a_job)) as response:
        events = told(response)
        next(events)
        api.post(f"/training-jobs/{a_job['id']}/cancel")
        assert [each.type for each in events][-1] == "training-job.cancelled.v1"


def test_silence_is_filled_with_comments(api, a_job):
    with (
        streaming(api, heartbeat_s=0.01) as (_, client),
        client.stream("GET", path_of(a_job)) as response,
    ):
        lines = response.iter_lines()
        assert next(line for line in lines if line.startswith(":")) == ": still here"


def test_a_stream_ends_in_good_order_with_the_service(a_stream, a_job):
    with a_stream.client.stream("GET", path_of(a_job)) as response:
        events = told(response)
        next(events)
        a_stream.stop()
        assert list(events) == []


def test_so_many_read_along_and_who_leaves_makes_room(a_stream, a_job, monkeypatch):
    monkeypatch.setattr(job_events, "READERS_MAX", 2)
    path = path_of(a_job)
    with a_stream.client.stream("GET", path) as one, a_stream.client.stream("GET", path) as another:
        assert [one.status_code, another.status_code] == [200, 200]
        refused = a_stream.client.get(path)
        assert problem_of(refused, 503)["error_code"] == "training.too-many-readers"
        assert int(refused.headers["retry-after"]) > 0
    assert eventually(lambda: a_stream.client.head(path).status_code == 200)


@contextmanager
def working(api, messaging):
    work = TrainingWork(
        attempts=attempts_of(api.service.ledger),
        trainer=SubprocessTrainer(artifacts=LocalArtifacts(root=api.artifacts_root), num_threads=1),
        compare=partial(compare, LocalArtifacts(root=api.artifacts_root)),
        clock=SystemClock(),
        live=NatsLiveIterations(messaging=messaging, clock=SystemClock()),
    )
    worker = Worker(ledger=api.service.ledger, works=[work], heartbeats=InMemoryHeartbeats(), lease_s=15.0)
    thread = threading.Thread(target=worker.run)
    thread.start()
    try:
        yield
    finally:
        worker.stop()
        thread.join()


@contextmanager
def messaging_of(nats_server, *parts):
    messaging = Messaging(address=lambda: nats_server.address, name="tests", parts=parts, clock=SystemClock())
    messaging.start()
    try:
        assert eventually(lambda: messaging.status.is_connected)
        assert eventually(lambda: all(each.is_running for each in messaging.status.parts))
        yield messaging
    finally:
        messaging.stop()


@pytest.mark.slow
def test_every_round_of_a_training_is_seen_live_and_what_is_worth_keeping_with_its_position(
    api, a_stream, nats_server, monkeypatch
):
    # a reader is not kept waiting for long; here, a busy machine may take its time
    monkeypatch.setattr("infrastructure.messaging.live._ROUND_TRIP_S", 20.0)
    rounds = 400
    api.register_model("progression", type="regression")
    api.upload(diabetes().csv(), name="patients", target=diabetes().target)
    settings = {"num_iterations": rounds, "early_stopping_rounds": 0}
    body = {"model_id": "progression", "dataset_id": "patients", "hyperparameters": settings}
    job = api.post("/training-jobs", body).json()
    with (
        messaging_of(nats_server, a_stream.feed),
        messaging_of(nats_server) as messaging,
        a_stream.client.stream("GET", path_of(job)) as response,
    ):
        events = told(response)
        first = next(events)
        with working(api, messaging):
            found = [first, *events]
    iterations = [each for each in found if each.type == ITERATION]
    assert [each.data["iteration"] for each in iterations] == list(range(1, rounds + 1))
    assert {each.id for each in iterations} == {None}
    assert {(each.data["training_job_id"], each.data["attempt"]) for each in iterations} == {(job["id"], 1)}
    assert [each.data for each in found if each.type != ITERATION] == events_in_log(api, job)
    assert (found[0].type, found[-1].type) == ("training-job.requested.v1", "training-job.completed.v1")
