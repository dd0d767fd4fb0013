"""There is no room left for what is written."""

import resource
from contextlib import suppress
from itertools import count
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx
import pytest
from eventsourcing.persistence import OperationalError

from application.ledger import Ledger
from domain.kernel import DomainEvent
from infrastructure.event_store.settings import sqlite_environment
from tests.faults.load import Load
from tests.faults.stores import NO_WORKER, Store
from tests.support.events import model_registered
from tests.support.processes import descendants, eventually

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]


def test_a_service_whose_files_may_not_grow_says_so_reads_on_and_writes_when_they_may(tmp_path: Path) -> None:
    with Store(home=tmp_path / "home").serve(**NO_WORKER) as service:
        service.post("/models", {"name": "before", "type": "regression"})
        log = tmp_path / "home" / "events.db-wal"
        _limit_files(service.pid, log.stat().st_size + 20_000)
        load = Load()
        with load.on(service.url):
            assert eventually(lambda: len(load.refused) > 20)
        said = {(response.status_code, response.json()["error_code"]) for response in load.refused}
        assert said == {(httpx.codes.SERVICE_UNAVAILABLE, "event-store.unavailable")}
        assert all("retry-after" in response.headers for response in load.refused)
        assert service.get("/models/before")["name"] == "before"
        assert service.get("/events", limit=1)["items"]
        _limit_files(service.pid, resource.RLIM_INFINITY)
        response = service.post("/models", {"name": "after", "type": "regression"})
        assert response.status_code == httpx.codes.CREATED, response.text
        assert eventually(lambda: service.client.get("/health/ready").status_code == httpx.codes.OK)
        load.require_every_effect_once(service, beside={"before", "after"})
        assert service.get("/audit/verify")["verified"] is True


def test_a_log_without_room_refuses_to_grow_is_read_on_and_grows_again_when_there_is_room(tmp_path: Path) -> None:
    with Ledger(sqlite_environment(tmp_path / "events.db")) as ledger:
        stored = 0
        _allow_pages(ledger, 40)
        with suppress(OperationalError):
            for number in count(1):
                ledger.commit([_event(number)])
                stored = number
        with pytest.raises(OperationalError, match="full"):
            ledger.commit([_event(stored + 1)])
        assert stored > 0
        assert ledger.head() == len(ledger.read(after=0, limit=10_000)) == stored
        _allow_pages(ledger, 1_000_000)
        assert ledger.commit([_event(stored + 1)]) == stored + 1


def _event(number: int) -> DomainEvent:
    return model_registered(event_id=UUID(int=number), originator_id=UUID(int=number), name=f"model-{number}")


def _allow_pages(ledger: Ledger, pages: int) -> None:
    """Bound the file as seen by the one connection that a single thread uses."""
    recorder: Any = ledger.recorder
    with recorder.datastore.get_connection(commit=True) as connection:
        connection.cursor().execute(f"PRAGMA max_page_count={pages}")


def _limit_files(pid: int, size_bytes: int) -> None:
    for each in {pid, *descendants(pid)}:
        _, hard = resource.prlimit(each, resource.RLIMIT_FSIZE)
        resource.prlimit(each, resource.RLIMIT_FSIZE, (size_bytes, hard))
