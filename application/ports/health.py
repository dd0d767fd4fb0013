"""How what the service depends on fares."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from types import MappingProxyType

Fact = str | int | float | bool | None


class HealthStatus(StrEnum):
    """How well something does its work.

    HEALTHY: All of it.
    DEGRADED: Some of it, or too late.
    UNHEALTHY: None of it.
    """

    HEALTHY = "healthy"
    DEGRADED = "degraded"
    UNHEALTHY = "unhealthy"


@dataclass(frozen=True, kw_only=True)
class Condition:
    """What a look at a dependency has shown.

    Attributes:
        status: How well it does its work.
        problem: What is wrong, and what to do where that is known; None while it is healthy.
        facts: Name → what else was seen, such as how far behind it is.
    """

    status: HealthStatus = HealthStatus.HEALTHY
    problem: str | None = None
    facts: Mapping[str, Fact] = field(default_factory=lambda: MappingProxyType({}))


Probe = Callable[[], Condition]
"""Looks at a dependency. It may block as long as it likes, and raises what keeps it from seeing: that is told as
the dependency being unhealthy."""


@dataclass(frozen=True, kw_only=True)
class Dependency:
    """Something that the service works with.

    Attributes:
        name: No other dependency has it.
        url: Where it is, without secrets; or what returns it, where that is known only later.
        probe: Looks how it fares.
        is_vital: Commands cannot do without it.
    """

    name: str
    url: str | Callable[[], str]
    probe: Probe
    is_vital: bool = False
