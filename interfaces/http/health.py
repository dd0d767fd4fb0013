"""Whether the service lives, and whether it is ready to be asked."""

from typing import Literal

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from application.health.health import Health, problems
from application.health.probes import EVENT_STORE, READ_MODELS
from application.views import View
from interfaces.http.openapi_descriptions import Description
from interfaces.http.operations import BASE, Operation

_NEEDED = (EVENT_STORE, READ_MODELS)
_NOT_KEPT = {"cache-control": "no-store"}


class Liveness(View):
    """The process runs."""

    status: Literal["live"] = "live"


class Readiness(View):
    """Whether what is stored can be read, and is not old.

    Attributes:
        position: That the read models have reached; None when they cannot be asked.
        parked_events: How many events, of the first thousand, this program passes over, as only a newer one can
            read them; None when they cannot be asked.
        problems: What stands in the way.
    """

    status: Literal["ready", "not-ready"]
    position: int | None
    parked_events: int | None
    problems: list[str]


class HealthEndpoints:
    """What operators and orchestrators ask; outside the base path, where they look, and inside it.

    Args:
        health: How the service fares.
    """

    def __init__(self, *, health: Health) -> None:
        self._health = health

    def operations(self) -> list[Operation]:
        """Return what is served, with its paths."""
        return [
            Operation(method="GET", path=f"{base}/health/{name}", endpoint=endpoint, description=description)
            for base, suffix in (("", ""), (BASE, "_below_base"))
            for name, endpoint, description in (
                ("live", self.live, Description(id=f"get_liveness{suffix}", answers=Liveness)),
                (
                    "ready",
                    self.ready,
                    Description(id=f"get_readiness{suffix}", answers=Readiness, also={503: Readiness}),
                ),
            )
        ]

    async def live(self, _request: Request) -> Response:
        """Answer that the process runs."""
        return JSONResponse(Liveness().model_dump(mode="json"))

    async def ready(self, _request: Request) -> Response:
        """Answer whether what is stored can be read, and is not old."""
        findings = await self._health.findings(_NEEDED)
        facts = findings[READ_MODELS].condition.facts
        found = problems(findings.values())
        readiness = Readiness(
            status="not-ready" if found else "ready",
            position=facts.get("position"),
            parked_events=facts.get("parked_events"),
            problems=found,
        )
        return JSONResponse(
            readiness.model_dump(mode="json"), status_code=503 if found else 200, headers=_NOT_KEPT
        )


async def unreadiness(health: Health) -> list[str]:
    """Return why what is stored cannot be read, or is old; nothing when it can and is not."""
    findings = await health.findings(_NEEDED)
    return problems(findings.values())
