"""`GET /health`: how the service and everything that it works with fare."""

from http import HTTPStatus

import orjson
from starlette.requests import Request
from starlette.responses import Response

from application.health.health import Health
from application.health.views import ServiceHealth
from application.ports.health import HealthStatus
from interfaces.http.bodies import JSON
from interfaces.http.openapi_descriptions import Description
from interfaces.http.operations import BASE, Operation


class ServiceHealthEndpoint:
    """What operators ask, outside the base path and inside it.

    Args:
        health: How the service fares.
    """

    def __init__(self, *, health: Health) -> None:
        self._health = health

    def operations(self) -> list[Operation]:
        """Return what is served, with its paths."""
        return [
            Operation(
                method="GET",
                path=f"{base}/health",
                endpoint=self.get,
                description=Description(
                    id=f"get_health{suffix}", answers=ServiceHealth, also={503: ServiceHealth}
                ),
            )
            for base, suffix in (("", ""), (BASE, "_below_base"))
        ]

    async def get(self, _request: Request) -> Response:
        """Answer how the service fares, and everything that it works with."""
        found = await self._health.check()
        is_unhealthy = found.status is HealthStatus.UNHEALTHY
        return Response(
            orjson.dumps(found.model_dump(mode="json")),
            status_code=HTTPStatus.SERVICE_UNAVAILABLE if is_unhealthy else HTTPStatus.OK,
            headers={"cache-control": "no-store"},
            media_type=JSON,
        )
