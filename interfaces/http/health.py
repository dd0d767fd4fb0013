"""Whether the service lives, and whether it is ready to be asked."""

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from application.service import Service
from interfaces.http.operations import BASE, Operation
from interfaces.http.reads import Reads

LAG_MAX = 1_000
"""So many events may wait for the read models of a process that counts as ready."""


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
            Operation(method="GET", path=f"{base}/health/{name}", endpoint=endpoint)
            for base in ("", BASE)
            for name, endpoint in (("live", self.live), ("ready", self.ready))
        ]

    async def live(self, _request: Request) -> Response:
        """Answer that the process runs."""
        return JSONResponse({"status": "live"})

    async def ready(self, _request: Request) -> Response:
        """Answer whether what is stored can be read, and is not old."""
        problems, position = await self._reads.in_thread(self._look)
        status = "not-ready" if problems else "ready"
        document = {"status": status, "position": position, "problems": problems}
        return JSONResponse(document, status_code=503 if problems else 200, headers=_NOT_KEPT)

    def _look(self) -> tuple[list[str], int | None]:
        problems = []
        try:
            self._service.ledger.head()
        except Exception as error:
            problems.append(f"event store: cannot be read ({type(error).__name__})")
        try:
            progress = self._service.progress.status
        except Exception as error:
            return [*problems, f"read models: cannot be asked ({type(error).__name__})"], None
        if progress.error is not None:
            problems.append(f"read models: stopped since {progress.failing_since}: {progress.error}")
        if not progress.is_running:
            problems.append("read models: nothing moves them on")
        if progress.lag is not None and progress.lag > LAG_MAX:
            problems.append(f"read models: {progress.lag} events behind")
        return problems, progress.position


_NOT_KEPT = {"cache-control": "no-store"}
