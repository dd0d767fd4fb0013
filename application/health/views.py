"""How the service fares, as operators see it."""

from typing import Any

from application.ports.health import HealthStatus
from application.views import Instant, View


class DependencyStatus(View):
    """How something that the service works with fares.

    Attributes:
        service_name: What it is.
        url: Where it is, without secrets.
        response_time_ms: How long it took to say so, or for how long it has said nothing.
        last_check: When it was asked.
        error: What is wrong; None while it is healthy.
        details: What else was seen, such as how far behind it is.
    """

    service_name: str
    url: str
    status: HealthStatus
    response_time_ms: float
    last_check: Instant
    error: str | None
    details: dict[str, Any]


class ServiceHealth(View):
    """How the service fares.

    Attributes:
        status: `healthy`; `degraded` while something is missing that commands and predictions do without;
            `unhealthy` while commands cannot be carried out.
        dependencies: What it works with.
        active_subscriptions: How many subscriptions this process has on NATS now.
        uptime_seconds: Since this process began to serve.
        version: Of the program.
        error: What is wrong, dependency by dependency; None while it is healthy.
    """

    status: HealthStatus
    timestamp: Instant
    dependencies: list[DependencyStatus]
    active_subscriptions: int
    uptime_seconds: float
    version: str
    error: str | None
