import asyncio

import pytest

from application.health.health import Health
from application.health.probes import API_PROCESSES, WORKERS, api_processes, workers
from application.health.processes import SILENCE_S, ProcessWatch, Role, process_name
from application.ports.health import Dependency
from tests.support.fakes.clock import FakeClock
from tests.support.fakes.presence import InMemoryPresence

WORKER, ANOTHER = (process_name(Role.WORKER, host="host", pid=pid) for pid in (1, 2))
API = process_name(Role.API, host="host", pid=3)


class Watched:
    """Processes under watch."""

    def __init__(self) -> None:
        self.clock = FakeClock()
        self.presence = InMemoryPresence()
        self.watch = ProcessWatch(presence=self.presence, clock=self.clock)

    def after(self, seconds: float, *signs: str) -> int | None:
        """Let time pass and signs be given, look, and return how many workers count."""
        self.clock.advance(seconds)
        for name in signs:
            self.presence.sign(name)
        self.watch.look()
        return self.watch.alive(Role.WORKER)


@pytest.fixture
def watched() -> Watched:
    return Watched()


def test_before_the_first_look_nothing_is_known(watched: Watched) -> None:
    assert watched.watch.alive(Role.WORKER) is None


def test_a_worker_counts_from_its_first_sign(watched: Watched) -> None:
    assert watched.after(0) == 0
    assert watched.after(1, WORKER) == 1
    assert watched.after(1, WORKER, ANOTHER) == 2


def test_what_a_dead_worker_has_left_behind_does_not_count(watched: Watched) -> None:
    watched.presence.sign(WORKER)
    assert watched.after(0) == 0
    assert watched.after(1) == 0
    assert watched.after(1, WORKER) == 1


def test_a_worker_that_is_silent_counts_no_more_until_it_gives_a_sign(watched: Watched) -> None:
    watched.after(0)
    assert watched.after(1, WORKER) == 1
    assert watched.after(SILENCE_S - 1) == 1
    assert watched.after(1) == 0
    assert watched.after(0, WORKER) == 1


def test_a_step_of_the_wall_clock_kills_no_worker(watched: Watched) -> None:
    watched.after(0)
    watched.after(1, WORKER)
    watched.clock.step(3600)
    assert watched.watch.alive(Role.WORKER) == 1


def test_a_worker_long_silent_is_forgotten_and_known_again_when_it_comes_back(watched: Watched) -> None:
    watched.after(0)
    watched.after(1, WORKER)
    watched.after(60)
    assert watched.presence.signs() == {}
    watched.after(1)
    assert watched.after(1, WORKER) == 1


def test_who_has_not_looked_lately_knows_nothing(watched: Watched) -> None:
    watched.after(0)
    watched.after(1, WORKER)
    watched.clock.advance(SILENCE_S)
    assert watched.watch.alive(Role.WORKER) is None


@pytest.mark.parametrize(
    ("signs", "status", "alive"),
    [((), "unhealthy", 0), ((WORKER,), "healthy", 1), ((WORKER, ANOTHER), "healthy", 2)],
)
def test_trainings_need_a_worker(watched: Watched, signs: tuple[str, ...], status: str, alive: int) -> None:
    watched.after(0)
    watched.after(1, *signs)
    dependency = Dependency(name=WORKERS, url="", probe=workers(watched.watch, backlog=lambda: {"waiting": 2}))
    health = Health([dependency], clock=watched.clock, version="1")
    [found] = asyncio.run(health.check()).dependencies
    assert (found.status, found.details) == (status, {"alive": alive, "waiting": 2})


def test_who_answers_is_counted_apart_from_who_trains(watched: Watched) -> None:
    watched.after(0)
    assert watched.after(1, WORKER, ANOTHER, API) == 2
    dependency = Dependency(name=API_PROCESSES, url="", probe=api_processes(watched.watch))
    health = Health([dependency], clock=watched.clock, version="1")
    [found] = asyncio.run(health.check()).dependencies
    assert (found.status, found.details) == ("healthy", {"alive": 1})
    watched.clock.advance(SILENCE_S)
    [found] = asyncio.run(health.check()).dependencies
    assert (found.status, found.details) == ("degraded", {"alive": None})
