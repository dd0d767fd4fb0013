import asyncio

import pytest

from application.health.health import Health
from application.health.probes import WORKERS, workers
from application.health.workers import SILENCE_S, WorkerWatch
from application.ports.health import Dependency
from tests.support.fakes.clock import FakeClock
from tests.support.fakes.presence import InMemoryPresence


class Watched:
    """Workers under watch."""

    def __init__(self) -> None:
        self.clock = FakeClock()
        self.presence = InMemoryPresence()
        self.watch = WorkerWatch(presence=self.presence, clock=self.clock)

    def after(self, seconds: float, *signs: str) -> int | None:
        """Let time pass and signs be given, look, and return how many workers count."""
        self.clock.advance(seconds)
        for name in signs:
            self.presence.sign(name)
        self.watch.look()
        return self.watch.alive()


@pytest.fixture
def watched() -> Watched:
    return Watched()


def test_before_the_first_look_nothing_is_known(watched: Watched) -> None:
    assert watched.watch.alive() is None


def test_a_worker_counts_from_its_first_sign(watched: Watched) -> None:
    assert watched.after(0) == 0
    assert watched.after(1, "one") == 1
    assert watched.after(1, "one", "other") == 2


def test_what_a_dead_worker_has_left_behind_does_not_count(watched: Watched) -> None:
    watched.presence.sign("one")
    assert watched.after(0) == 0
    assert watched.after(1) == 0
    assert watched.after(1, "one") == 1


def test_a_worker_that_is_silent_counts_no_more_until_it_gives_a_sign(watched: Watched) -> None:
    watched.after(0)
    assert watched.after(1, "one") == 1
    assert watched.after(SILENCE_S - 1) == 1
    assert watched.after(1) == 0
    assert watched.after(0, "one") == 1


def test_a_step_of_the_wall_clock_kills_no_worker(watched: Watched) -> None:
    watched.after(0)
    watched.after(1, "one")
    watched.clock.step(3600)
    assert watched.watch.alive() == 1


def test_a_worker_long_silent_is_forgotten_and_known_again_when_it_comes_back(watched: Watched) -> None:
    watched.after(0)
    watched.after(1, "one")
    watched.after(60)
    assert watched.presence.signs() == {}
    watched.after(1)
    assert watched.after(1, "one") == 1


def test_who_has_not_looked_lately_knows_nothing(watched: Watched) -> None:
    watched.after(0)
    watched.after(1, "one")
    watched.clock.advance(SILENCE_S)
    assert watched.watch.alive() is None


@pytest.mark.parametrize(
    ("signs", "status", "alive"), [((), "unhealthy", 0), (("one",), "healthy", 1), (("one", "two"), "healthy", 2)]
)
def test_trainings_need_a_worker(watched: Watched, signs: tuple[str, ...], status: str, alive: int) -> None:
    watched.after(0)
    watched.after(1, *signs)
    dependency = Dependency(name=WORKERS, url="", probe=workers(watched.watch))
    health = Health([dependency], clock=watched.clock, version="1")
    [found] = asyncio.run(health.check()).dependencies
    assert (found.status, found.details) == (status, {"alive": alive})
