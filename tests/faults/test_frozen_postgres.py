"""PostgreSQL stands still: its connections stay open, the kernel acknowledges what is sent, and nobody answers."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from http import HTTPStatus
from pathlib import Path

import httpx
import psycopg
import pytest
from pydantic import SecretStr

from application.ports.messaging import MessagingUnavailable
from infrastructure.messaging.address import NatsAddress
from infrastructure.postgres_connection import connect, conninfo
from interfaces.bootstrap import running_service
from interfaces.http.app import create_app
from interfaces.settings import Settings
from tests.support.frozen import frozen_postgres
from tests.support.http import listening
from tests.support.processes import needs_proc

PATIENCE_S = 60.0
AT_ONCE_OF_EACH = 2  # together more than there are connections, and threads that read
QUESTIONS = (
    "/models",
    "/models?as_of=1",
    "/models/churn",
    "/models/churn/versions",
    "/models/churn/versions/production",
    "/models/churn/versions/production/why",
    "/models/churn/history",
    "/models/churn/diff?from=1",
    "/datasets",
    "/training-jobs",
    "/events",
    "/audit/verify",
)


def no_nats() -> NatsAddress:
    raise MessagingUnavailable("There is no NATS.")


@pytest.fixture
def a_service_with_a_model(postgres_url: str, tmp_path: Path) -> Iterator[httpx.Client]:
    settings = Settings(home=tmp_path, database_url=SecretStr(postgres_url))
    with (
        running_service(settings, nats=no_nats) as running,
        listening(create_app(running.service, health=running.health)) as url,
        httpx.Client(base_url=f"{url}/api/v1", timeout=PATIENCE_S, trust_env=False) as client,
    ):
        assert client.post("/models", json={"name": "churn", "type": "regression"}).is_success
        yield client


@pytest.mark.slow
@needs_proc
def test_all_that_is_asked_of_a_frozen_database_is_answered_in_time_with_when_to_ask_again(
    a_service_with_a_model: httpx.Client, postgres_url: str
) -> None:
    client = a_service_with_a_model
    asked = QUESTIONS * AT_ONCE_OF_EACH
    with ThreadPoolExecutor(len(asked) + 2) as threads:
        before = list(threads.map(client.get, asked))
        assert {answer.status_code for answer in before} <= {HTTPStatus.OK, HTTPStatus.NOT_FOUND}
        with frozen_postgres(postgres_url):
            command = threads.submit(client.post, "/models", json={"name": "other", "type": "regression"})
            prediction = threads.submit(client.post, "/inference", json={"model_id": "other", "features": {}})
            for answer in (*threads.map(client.get, asked), command.result(), prediction.result()):
                assert answer.status_code == HTTPStatus.SERVICE_UNAVAILABLE, (answer.url, answer.text)
                assert int(answer.headers["retry-after"]) > 0
        after = list(threads.map(client.get, asked))
    assert [answer.status_code for answer in after] == [answer.status_code for answer in before]


def test_a_server_that_is_silent_for_longer_than_it_may_is_given_up(postgres_url: str) -> None:
    with connect(conninfo(postgres_url), answers_within_s=1.5) as connection:
        with pytest.raises(psycopg.OperationalError, match=r"has not answered for 1\.5 s"):
            connection.execute("SELECT pg_sleep(600)")
        assert connection.closed


def test_a_server_that_refuses_in_time_is_asked_on(postgres_url: str) -> None:
    with connect(conninfo(postgres_url), answers_within_s=PATIENCE_S) as connection:
        connection.execute("SET statement_timeout = 10")
        with pytest.raises(psycopg.errors.QueryCanceled):
            connection.execute("SELECT pg_sleep(600)")
        assert connection.answers()
