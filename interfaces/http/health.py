"""Whether the service lives, and whether it is ready to be asked."""

from collections.abc import Iterator
from typing import Literal

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from application.ports.progress import ProgressStatus
from application.service import Service
from application.views import View
from interfaces.http.openapi_descriptions import Description
from interfaces.http.operations import BASE, Operation
from interfaces.http.reads import Reads

LAG_MAX = 1_000
"""So many events may wait for the read models of a process that counts as ready."""


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
        service: How it fares.
        reads: Answers questions.
    """

    def __init__(self, *, service: Service, reads: Reads) -> None:
        self._service = service
        self._reads = reads

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
        found = await self._reads.in_thread(self._look)
        return JSONResponse(
            found.model_dump(mode="json"), status_code=503 if found.problems else 200, headers=_NOT_KEPT
        )

    def _look(self) -> Readiness:
        problems: list[str] = []
        position = parked = None
        try:
            self._service.ledger.head()
        except Exception as error:
            problems.append(f"event store: cannot be read ({type(error).__name__})")
        try:
            progress = self._service.progress.status
            position = progress.position
            problems += _of_progress(progress)
            parked = len(self._service.read_models.parked())
        except Exception as error:
            problems.append(f"read models: cannot be asked ({type(error).__name__})")
        status: Literal["ready", "not-ready"] = "not-ready" if problems else "ready"
        return Readiness(status=status, position=position, parked_events=parked, problems=problems)


def _of_progress(progress: ProgressStatus) -> Iterator[str]:
    if progress.error is not None:
        yield f"read models: stopped since {progress.failing_since}: {progress.error}"
    if not progress.is_running:
        yield "read models: nothing moves them on"
    if progress.lag is not None and progress.lag > LAG_MAX:
        yield f"read models: {progress.lag} events behind"


_NOT_KEPT = {"cache-control": "no-store"}
