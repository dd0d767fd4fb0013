"""The lease, as those rely on it of whom only one may work."""

import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from pathlib import Path
from typing import Any

import pytest

from application.ports.leadership import Leadership
from infrastructure import engine_lease
from infrastructure.engine_lease import FileLeadership, PostgresLeadership
from tests.support.fakes.leadership import InMemoryLeadership, InMemoryLease
from tests.support.processes import eventually

SOON_S = 20.0

Candidate = Callable[[], Any]


@pytest.fixture(params=["memory", "file", "postgres"])
def a_candidate(
    request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Candidate]:
    """A function that makes one more of those who want to lead."""
    monkeypatch.setattr(engine_lease, "CHECK_EVERY_S", 0.01)
    lease = InMemoryLease()

    def make() -> Any:
        if request.param == "memory":
            return InMemoryLeadership(lease)
        if request.param == "file":
            return FileLeadership(tmp_path / "engine.lock")
        return PostgresLeadership(request.getfixturevalue("postgres_url"))

    with ExitStack() as candidates:
        yield lambda: candidates.enter_context(closing(make()))


def test_whoever_comes_first_leads_and_stays_the_leader(a_candidate: Candidate) -> None:
    first, second = a_candidate(), a_candidate()
    for _ in range(3):
        assert first.is_held()
        assert not second.is_held()


def test_another_one_leads_when_the_leader_has_gone(a_candidate: Candidate) -> None:
    first, second = a_candidate(), a_candidate()
    assert first.is_held()
    assert not second.is_held()
    first.close()
    assert eventually(second.is_held, within_s=SOON_S)


def test_whoever_has_let_go_does_not_lead_again(a_candidate: Candidate) -> None:
    gone = a_candidate()
    assert gone.is_held()
    gone.close()
    gone.close()
    assert not gone.is_held()
    assert eventually(a_candidate().is_held, within_s=SOON_S)


def test_of_many_that_begin_together_one_leads(a_candidate: Candidate) -> None:
    candidates = [a_candidate() for _ in range(8)]
    together = threading.Barrier(8)
    leaders: list[object] = []

    def compete(candidate: Leadership) -> None:
        together.wait()
        if candidate.is_held():
            leaders.append(candidate)

    threads = [threading.Thread(target=compete, args=[each]) for each in candidates]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(leaders) == 1
    assert [each for each in candidates if each.is_held()] == leaders
