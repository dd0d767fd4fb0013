"""A store of artifacts that cannot be used is told of when a process starts, which it does all the same."""

from pathlib import Path

import pytest

from application.ports.messaging import MessagingUnavailable
from infrastructure.messaging.address import NatsAddress
from interfaces.bootstrap import ready_worker, running_service
from interfaces.settings import Settings
from tests.support.processes import eventually


def no_nats() -> NatsAddress:
    raise MessagingUnavailable("There is no NATS.")


def test_a_bucket_that_is_not_there_is_told_of_at_the_start_by_service_and_worker(
    bucket_url: str, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    def is_told(meanwhile: str) -> bool:
        return any(
            "nobody-made" in each and each.endswith(f"Until it can, {meanwhile}") for each in caplog.messages
        )

    settings = Settings(home=tmp_path, artifacts=f"{bucket_url}-that-nobody-made/service")
    with running_service(settings, nats=no_nats) as running:
        assert running.service.ledger.head() == 0
        assert eventually(lambda: is_told("uploads are refused, and only models with a copy here answer."))
    with ready_worker(settings, nats=no_nats):
        assert eventually(lambda: is_told("no job is begun."))
