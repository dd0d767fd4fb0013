"""The health of the service, made of that of its dependencies."""

import asyncio
from collections.abc import Callable, Collection, Sequence

from application.health.asking import Asked, Finding
from application.health.views import DependencyStatus, ServiceHealth
from application.ports.clock import Clock
from application.ports.health import Dependency, HealthStatus

TIMEOUT_S = 1.0
"""So long an answer is waited for."""

KEPT_S = 1.0
"""So long an answer is given again, however many ask."""


class Health:
    """Asks all dependencies at once, and never waits for one longer than it is given.

    Args:
        dependencies: What the service works with; their names differ.
        clock: Measures how long they take.
        version: Of the program.
        subscriptions: Returns how many subscriptions this process has on NATS.
        timeout_s: How long an answer is waited for.
        kept_s: How old an answer may be.
    """

    def __init__(
        self,
        dependencies: Sequence[Dependency],
        *,
        clock: Clock,
        version: str,
        subscriptions: Callable[[], int] = int,
        timeout_s: float = TIMEOUT_S,
        kept_s: float = KEPT_S,
    ) -> None:
        self._asked = {each.name: Asked(each, clock=clock, kept_s=kept_s) for each in dependencies}
        self._clock = clock
        self._version = version
        self._subscriptions = subscriptions
        self._timeout_s = timeout_s
        self._began = clock.monotonic()

    async def findings(self, names: Collection[str] | None = None) -> dict[str, Finding]:
        """Return name → what is known, not older than an answer may be.

        A dependency that does not answer in the time is told as such, and not asked again before it has.

        Args:
            names: Of which dependencies; None for all.
        """
        looks = {name: asked.look() for name, asked in self._asked.items() if names is None or name in names}
        waits = [(each, self._timeout_s - each.age_s()) for each in looks.values() if not each.done.done()]
        awaited = [asyncio.wrap_future(each.done) for each, left_s in waits if left_s > 0]
        if awaited:
            try:
                await asyncio.wait(awaited, timeout=max(left_s for _, left_s in waits))
            finally:
                for each in awaited:
                    each.cancel()  # this wait for it alone
        return {name: look.finding() for name, look in looks.items()}

    async def check(self) -> ServiceHealth:
        """Return how the service fares."""
        found = await self.findings()
        return ServiceHealth(
            status=_overall(found.values()),
            timestamp=self._clock.now(),
            dependencies=[_status(each) for each in found.values()],
            active_subscriptions=self._subscriptions(),
            uptime_seconds=self.uptime_s(),
            version=self._version,
            error="; ".join(problems(found.values())) or None,
        )

    def uptime_s(self) -> float:
        """Return for how long there has been this object, in seconds."""
        return self._clock.monotonic() - self._began


def problems(findings: Collection[Finding]) -> list[str]:
    """Return what is wrong, dependency by dependency."""
    return [f"{each.dependency.name}: {each.condition.problem}" for each in findings if each.condition.problem]


def _overall(findings: Collection[Finding]) -> HealthStatus:
    unhealthy = [each for each in findings if each.condition.status is HealthStatus.UNHEALTHY]
    if any(each.dependency.is_vital for each in unhealthy):
        return HealthStatus.UNHEALTHY
    is_healthy = all(each.condition.status is HealthStatus.HEALTHY for each in findings)
    return HealthStatus.HEALTHY if is_healthy else HealthStatus.DEGRADED


def _status(finding: Finding) -> DependencyStatus:
    url = finding.dependency.url
    return DependencyStatus(
        service_name=finding.dependency.name,
        url=url if isinstance(url, str) else url(),
        status=finding.condition.status,
        response_time_ms=round(finding.took_s * 1000, 3),
        last_check=finding.looked_at,
        error=finding.condition.problem,
        details=dict(finding.condition.facts),
    )
