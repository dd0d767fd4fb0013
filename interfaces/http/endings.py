"""Reading a job, and waiting for its end where the reader prefers to."""

from collections.abc import Callable

from starlette.requests import Request
from starlette.responses import Response

from application.service import Service
from domain.jobs.values import ENDED
from interfaces.http.moments import as_of
from interfaces.http.preferences import preferred_wait_s
from interfaces.http.reads import Found, Reads, response
from interfaces.http.stopping import Stopping


class JobReads:
    """Answers jobs of any kind, at once or when they have ended.

    Args:
        service: What questions work with.
        reads: Answers them.
        stopping: Ends the waiting.
    """

    def __init__(self, *, service: Service, reads: Reads, stopping: Stopping) -> None:
        self._service = service
        self._reads = reads
        self._stopping = stopping

    async def answer(self, request: Request, ask: Callable[[int | None], Found]) -> Response:
        """Answer a job; with `Prefer: wait=20` when it has ended, or after so many seconds.

        Args:
            request: What is asked.
            ask: Returns the job as of a position, now without one.
        """
        wait_s = preferred_wait_s(request.headers.getlist("prefer"))
        if wait_s is None or as_of(request) is not None:  # nothing that was can be waited for
            return await self._reads.answer_as_of(request, ask)
        await self._reads.reached(request)
        ends_at = self._service.clock.monotonic() + wait_s
        found, position = await self._reads.ask(lambda: ask(None))
        while found.document["status"] not in ENDED:
            left_s = ends_at - self._service.clock.monotonic()
            has_moved = False
            with self._stopping.ends_wait():
                has_moved = left_s > 0 and await self._service.progress.wait_until(position + 1, left_s)
            if not has_moved:
                break
            found, position = await self._reads.ask(lambda: ask(None))
        answer = response(request, found, position)
        answer.headers["preference-applied"] = f"wait={wait_s}"
        return answer
