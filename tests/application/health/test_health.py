import asyncio
import threading
from collections.abc import Callable, Iterator

import pytest

from application.health.health import Health
from application.health.views import ServiceHealth
from application.ports.health import Condition, Dependency, HealthStatus, Probe
from infrastructure.system.clock import SystemClock
from tests.support.fakes.clock import FakeClock
from tests.support.processes import eventually

Check = Callable[..., ServiceHealth]

ENOUGH_S = 60.0


class Hanging:
    """A dependency that answers when it is let go, and not before."""

    def __init__(self) -> None:
        self.looks = 0
        self._released = threading.Event()

    def __call__(self) -> Condition:
        self.looks += 1
        self._released.wait()
        return Condition()

    def release(self) -> None:
        self._released.set()


@pytest.fixture
def a_hanging_dependency() -> Iterator[Hanging]:
    hanging = Hanging()
    yield hanging
    hanging.release()


def fine() -> Condition:
    return Condition(facts={"lag": 0})


def slow() -> Condition:
    return Condition(status=HealthStatus.DEGRADED, problem="2000 events behind", facts={"lag": 2000})


def down() -> Condition:
    raise ConnectionRefusedError("nobody at nats://s3cret@localhost:4222 listens\nmore")


def a_dependency(name: str, probe: Probe, *, is_vital: bool = False) -> Dependency:
    return Dependency(name=name, url=f"test://{name}", probe=probe, is_vital=is_vital)


def a_health(*dependencies: Dependency, timeout_s: float = ENOUGH_S, kept_s: float = 0.0) -> Health:
    return Health(dependencies, clock=SystemClock(), version="1.2.3", timeout_s=timeout_s, kept_s=kept_s)


def checked(*dependencies: Dependency, timeout_s: float = ENOUGH_S) -> ServiceHealth:
    return asyncio.run(a_health(*dependencies, timeout_s=timeout_s).check())


def test_a_service_with_all_it_needs_is_healthy() -> None:
    found = checked(a_dependency("log", fine, is_vital=True), a_dependency("nats", fine))
    assert (found.status, found.error, found.version) == (HealthStatus.HEALTHY, None, "1.2.3")
    assert [(each.service_name, each.url) for each in found.dependencies] == [
        ("log", "test://log"),
        ("nats", "test://nats"),
    ]
    assert found.dependencies[0].details == {"lag": 0}


@pytest.mark.parametrize("probe", [slow, down])
def test_a_service_that_misses_what_commands_do_without_is_degraded(probe: Probe) -> None:
    found = checked(a_dependency("log", fine, is_vital=True), a_dependency("nats", probe))
    assert found.status is HealthStatus.DEGRADED
    assert (found.error or "").startswith("nats: ")


def test_a_service_that_cannot_carry_out_commands_is_unhealthy() -> None:
    found = checked(a_dependency("log", down, is_vital=True), a_dependency("nats", fine))
    assert found.status is HealthStatus.UNHEALTHY


def test_a_log_that_is_slow_leaves_the_service_degraded() -> None:
    assert checked(a_dependency("log", slow, is_vital=True)).status is HealthStatus.DEGRADED


def test_what_a_probe_raises_is_told_in_a_line_and_without_secrets() -> None:
    found = checked(a_dependency("nats", down))
    assert found.dependencies[0].error == "ConnectionRefusedError: nobody at nats://localhost:4222 listens"


def test_a_dependency_that_never_answers_holds_nobody_up(a_hanging_dependency: Hanging) -> None:
    found = checked(
        a_dependency("log", a_hanging_dependency, is_vital=True), a_dependency("nats", fine), timeout_s=2.0
    )
    log, nats = found.dependencies
    assert found.status is HealthStatus.UNHEALTHY
    assert log.error is not None
    assert log.error.startswith("no answer for ")
    assert log.response_time_ms >= 2_000
    assert nats.status is HealthStatus.HEALTHY


def test_a_dependency_that_does_not_answer_is_not_asked_again(a_hanging_dependency: Hanging) -> None:
    health = a_health(a_dependency("log", a_hanging_dependency), timeout_s=0.01)

    async def ask_often() -> list[ServiceHealth]:
        return [*await asyncio.gather(*(health.check() for _ in range(50))), await health.check()]

    found = asyncio.run(ask_often())
    assert {each.status for each in found} == {HealthStatus.DEGRADED}
    assert eventually(lambda: a_hanging_dependency.looks > 0)
    assert a_hanging_dependency.looks == 1


def test_a_dependency_that_answers_again_is_believed(a_hanging_dependency: Hanging) -> None:
    health = a_health(a_dependency("log", a_hanging_dependency), timeout_s=0.5)

    async def ask_until_healthy() -> ServiceHealth:
        assert (await health.check()).status is HealthStatus.DEGRADED
        a_hanging_dependency.release()
        while (found := await health.check()).status is not HealthStatus.HEALTHY:
            pass
        return found

    assert asyncio.run(ask_until_healthy()).error is None


def test_who_stops_waiting_leaves_the_look_to_the_others(a_hanging_dependency: Hanging) -> None:
    health = a_health(a_dependency("log", a_hanging_dependency), timeout_s=60.0)

    async def ask_twice() -> ServiceHealth:
        impatient = asyncio.create_task(health.check())
        patient = asyncio.create_task(health.check())
        await asyncio.sleep(0.01)
        impatient.cancel()
        await asyncio.wait([impatient])
        a_hanging_dependency.release()
        return await patient

    assert asyncio.run(ask_twice()).status is HealthStatus.HEALTHY


def test_within_a_second_however_many_ask_a_dependency_is_asked_once() -> None:
    looks: list[int] = []

    def counted() -> Condition:
        looks.append(1)
        return Condition()

    clock = FakeClock()
    health = Health([a_dependency("log", counted)], clock=clock, version="1", kept_s=1.0)

    async def ask(times: int) -> None:
        await asyncio.gather(*(health.check() for _ in range(times)))

    asyncio.run(ask(100))
    clock.advance(0.9)
    asyncio.run(ask(1))
    assert len(looks) == 1
    clock.advance(0.1)
    asyncio.run(ask(100))
    assert len(looks) == 2


def test_only_who_is_meant_is_asked(a_hanging_dependency: Hanging) -> None:
    health = a_health(a_dependency("log", fine), a_dependency("nats", a_hanging_dependency))
    assert asyncio.run(health.findings({"log"})).keys() == {"log"}
    assert a_hanging_dependency.looks == 0


def test_time_and_subscriptions_are_those_of_now() -> None:
    clock = FakeClock()
    health = Health([], clock=clock, version="1", subscriptions=iter((3, 5)).__next__)
    assert asyncio.run(health.check()).active_subscriptions == 3
    clock.advance(12.5)
    found = asyncio.run(health.check())
    assert (found.active_subscriptions, found.uptime_seconds, found.timestamp) == (5, 12.5, clock.now())
