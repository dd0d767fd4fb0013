"""`GET /audit/verify`: what it answers, and that it never takes more than it should."""

import asyncio
import threading
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from starlette.applications import Starlette
from starlette.requests import ClientDisconnect, Request
from starlette.types import Message

from application.audit.verification import LogUnavailable, Verification, VerificationStopped, VerifyLog
from infrastructure.event_store.checkpoint_files import CheckpointFiles
from infrastructure.event_store.checkpointer import sign_head
from infrastructure.event_store.evidence import LogVerifier
from interfaces.http.exchange import Exchange
from interfaces.http.operations import routes
from interfaces.http.stopping import Stopping
from interfaces.http.verification import VerificationEndpoint
from tests.support.fakes.clock import FakeClock
from tests.support.logs import EditableSQLiteLog, some_rows
from tests.support.processes import eventually

ROWS = some_rows(300)
PATH = "/api/v1/audit/verify"


@pytest.fixture
def a_log(tmp_path: Path) -> EditableSQLiteLog:
    log = EditableSQLiteLog(tmp_path / "events.db")
    log.put(ROWS.events, ROWS.links)
    sign_head(log.log, CheckpointFiles(tmp_path), at=FakeClock().now())
    return log


def asked(verify: VerifyLog, work: Callable[[httpx.AsyncClient], Awaitable[Any]], **limits: float) -> Any:
    """Return what the work returns that is given a client of the endpoint."""

    async def ask() -> Any:
        endpoint = VerificationEndpoint(verify=verify, **limits)
        app = Exchange(Starlette(routes=routes(endpoint.operations())), stopping=Stopping())
        transport = httpx.ASGITransport(app)
        async with httpx.AsyncClient(transport=transport, base_url="http://service") as client:
            return await work(client)

    return asyncio.run(ask())


def answered(verify: VerifyLog, **limits: float) -> httpx.Response:
    response: httpx.Response = asked(verify, lambda client: client.get(PATH), **limits)
    return response


def of_home(log: EditableSQLiteLog) -> LogVerifier:
    return LogVerifier(log=log.log, files=CheckpointFiles(log.path.parent))


class Endless:
    """Verifies a log that has no end, and counts how many do so at once."""

    def __init__(self) -> None:
        self.running = 0
        self.most = 0
        self.begun = threading.Event()

    def __call__(self, *, is_wanted: Callable[[], bool]) -> Verification:
        self.running += 1
        self.most = max(self.most, self.running)
        self.begun.set()
        while is_wanted():
            pass
        self.running -= 1
        raise VerificationStopped


@pytest.fixture
def endless() -> Iterator[Endless]:
    verify = Endless()
    yield verify
    assert eventually(lambda: verify.running == 0), "it goes on though nobody wants it"


def test_a_sound_log_is_verified_with_its_head(a_log: EditableSQLiteLog) -> None:
    response = answered(of_home(a_log))
    assert response.status_code == 200
    assert response.json() == {
        "verified": True,
        "events": 300,
        "head": ROWS.links[-1][1].hex(),
        "checkpoints": 1,
        "broken_at": None,
    }


def test_a_broken_log_names_the_first_row_that_is_not_what_was_written(a_log: EditableSQLiteLog) -> None:
    a_log.execute("UPDATE stored_events SET topic = 'other' WHERE rowid = 280")
    found = answered(of_home(a_log)).json()
    assert (found["verified"], found["events"], found["head"]) == (False, 279, None)
    assert found["broken_at"]["position"] == 280
    assert "changed" in found["broken_at"]["reason"]


def test_a_cut_log_names_the_first_row_that_is_missing(a_log: EditableSQLiteLog) -> None:
    a_log.put(ROWS.events[:100], ROWS.links[:100])
    found = answered(of_home(a_log)).json()
    assert (found["verified"], found["events"], found["broken_at"]["position"]) == (False, 100, 101)


def test_a_log_that_cannot_be_read_is_no_broken_one(a_log: EditableSQLiteLog) -> None:
    a_log.path.unlink()
    response = answered(of_home(a_log))
    assert (response.status_code, response.json()["error_code"]) == (503, "event-store.unavailable")


def test_the_reason_why_a_log_cannot_be_read_stays_inside() -> None:
    def verify(*, is_wanted: Callable[[], bool]) -> Verification:
        raise LogUnavailable("host=10.0.0.1 user=ada")

    assert "ada" not in answered(verify).text


def test_a_verification_that_takes_too_long_is_given_up(endless: Endless) -> None:
    response = answered(endless, within_s=0.05)
    assert (response.status_code, response.json()["error_code"]) == (503, "audit.too-long")


def test_verifications_are_made_one_after_the_other(endless: Endless) -> None:
    async def four(client: httpx.AsyncClient) -> list[str]:
        answers = await asyncio.gather(*(client.get(PATH) for _ in range(4)))
        return [each.json()["error_code"] for each in answers]

    codes = asked(endless, four, within_s=2.0, turn_within_s=0.1)
    assert sorted(codes) == ["audit.busy", "audit.busy", "audit.busy", "audit.too-long"]
    assert endless.most == 1


def test_whoever_leaves_is_verified_for_no_more(endless: Endless) -> None:
    async def receive() -> Message:
        await asyncio.to_thread(endless.begun.wait, 10)
        return {"type": "http.disconnect"}

    async def ask() -> None:
        with pytest.raises(ClientDisconnect):
            await VerificationEndpoint(verify=endless).verify(Request({"type": "http"}, receive))

    asyncio.run(ask())


def test_a_service_that_ends_waits_for_no_verification(endless: Endless) -> None:
    async def stop(client: httpx.AsyncClient) -> int:
        asking = asyncio.ensure_future(client.get(PATH))
        await asyncio.to_thread(endless.begun.wait, 10)
        asking.cancel()  # as the server does with what is in its way
        return (await asking).status_code

    assert asked(endless, stop) == 503
