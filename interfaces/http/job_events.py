"""What happens to a training job as server-sent events: what the log has of it, and then what comes."""

import logging
from collections.abc import AsyncIterator, Callable, Iterable, Sequence
from functools import partial
from uuid import UUID

import orjson
from eventsourcing.persistence import OperationalError
from sse_starlette import EventSourceResponse, ServerSentEvent
from sse_starlette.sse import SendTimeoutError
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from application.audit.views import event_view
from application.integration.iterations import TrainingJobIteratedData
from application.ports.event_log import Recorded
from application.ports.live import LiveJobs, News
from application.service import Service
from application.training.history import ends_a_job, history, is_told, job_of_history
from domain.errors import InvalidInput
from interfaces.http.openapi_descriptions import Description
from interfaces.http.operations import BASE, Operation
from interfaces.http.parameters import integer
from interfaces.http.reads import Reads
from interfaces.http.stopping import Stopping, until_left
from interfaces.requests.fields import whole_number
from interfaces.requests.problems import RequestProblem

EVENT_STREAM = "text/event-stream"
ITERATION = "iteration"
"""Type of the events that are not in the log, and so have no id."""

READERS_MAX = 500
HEARTBEAT_S = 15.0
_SENT_WITHIN_S = 30.0
_LOOK_S = 5.0
_PAGE = 100
_LAST_EVENT_ID, _AFTER = "Last-Event-ID", "after"
_HEADERS = {"content-type": EVENT_STREAM}

_log = logging.getLogger(__name__)


class TooManyReaders(RequestProblem):
    """So many read along that one more cannot be served."""

    status = 503
    code = "training.too-many-readers"

    def __init__(self) -> None:
        message = f"{READERS_MAX} readers follow training jobs already: ask again later, or read the job itself."
        super().__init__(message, headers={"retry-after": "10"})


class JobEventsEndpoint:
    """Tells of a job from the log, which is complete, and of its iterations from whoever tells them, if at all.

    Args:
        service: Its ledger is the log.
        live: Lets a job be watched.
        reads: Answers questions.
        stopping: Ends the telling.
        heartbeat_s: So often silence is filled with a comment.
    """

    def __init__(
        self,
        *,
        service: Service,
        live: LiveJobs,
        reads: Reads,
        stopping: Stopping,
        heartbeat_s: float = HEARTBEAT_S,
    ) -> None:
        self._ledger = service.ledger
        self._live = live
        self._reads = reads
        self._stopping = stopping
        self._heartbeat_s = heartbeat_s
        self._readers = 0

    def operations(self) -> list[Operation]:
        """Return what is served, with its path."""
        description = Description(
            id="follow_training_job",
            headers=(_LAST_EVENT_ID,),
            answers={"type": "string"},
            media_type=EVENT_STREAM,
            problems=(503,),
            also={204: None},
        )
        return [
            Operation(
                method="GET",
                path=f"{BASE}/training-jobs/{{job}}/events",
                endpoint=self.follow,
                description=description,
                parameters=(_AFTER,),
            )
        ]

    async def follow(self, request: Request) -> Response:
        """Tell what has happened to a job, and go on until it has ended; 204 when there is no more to come."""
        after, field = _after(request)
        job_id = await self._reads.in_thread(
            partial(self._to_be_told, request.path_params["job"], after, field=field)
        )
        if job_id is None:  # a browser asks again and again until it is told so
            return Response(status_code=204)
        if self._readers >= READERS_MAX:
            raise TooManyReaders
        self._readers += 1
        return _Stream(self._told(job_id, after), heartbeat_s=self._heartbeat_s, on_end=self._let_go)

    def _let_go(self) -> None:
        self._readers -= 1

    def _to_be_told(self, reference: str, after: int, *, field: str) -> UUID | None:
        """Return the job; None when nothing of it will ever come behind the position.

        Raises:
            JobNotFound: There is no such job.
            InvalidInput: The position lies ahead of the log; the error names the field.
        """
        job_id = job_of_history(reference, ledger=self._ledger)
        if after > (head := self._ledger.head()):
            message = f"lies ahead of the log, which ends at position {head}."
            raise InvalidInput.of(field, message, str(after))
        return None if is_told(job_id, ledger=self._ledger, after=after) else job_id

    async def _told(self, job_id: UUID, after: int) -> AsyncIterator[bytes]:
        async with self._live.watch(job_id) as watch:
            position, news = after, News(is_in_log=True)
            while not self._stopping.has_begun:
                if news.iterations:
                    yield _iterations(news.iterations)
                while news.is_in_log and (page := await self._page(job_id, position)):
                    position = page[-1].position
                    if ends_a_job(page[-1].event):
                        last = await watch.last_iterations()
                        yield _recorded(page[:-1]) + _iterations(last) + _recorded(page[-1:])
                        return
                    yield _recorded(page)
                news = News()
                with self._stopping.ends_wait():
                    news = await watch.news(_LOOK_S)

    async def _page(self, job_id: UUID, after: int) -> Sequence[Recorded]:
        try:
            return await self._reads.in_thread(
                partial(history, job_id, ledger=self._ledger, after=after, limit=_PAGE)
            )
        except OperationalError as error:  # the reader is told what is missing when the log can be read again
            _log.warning("training job %s: its events cannot be read for now: %s", job_id, error)
            return ()


class _Stream(EventSourceResponse):
    """A stream that ends quietly: with its job, its reader or its service."""

    def __init__(self, told: AsyncIterator[bytes], *, heartbeat_s: float, on_end: Callable[[], None]) -> None:
        super().__init__(
            told,
            headers=_HEADERS,
            ping=heartbeat_s,
            ping_message_factory=lambda: ServerSentEvent(comment="still here"),
            send_timeout=_SENT_WITHIN_S,
        )
        self._on_end = on_end

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Stream, and let go of what was taken for it."""
        try:
            await super().__call__(scope, until_left(receive), send)  # the end it hears of itself
        except SendTimeoutError:
            _log.info("a reader of %s took nothing for %g s and was left", scope["path"], _SENT_WITHIN_S)
        finally:
            self._on_end()


def _after(request: Request) -> tuple[int, str]:
    """Return the position behind which the reader goes on, and what says so."""
    given = request.headers.get(_LAST_EVENT_ID)
    if given:  # what a browser saw last is newer than what its page once asked for
        return whole_number(given, field=_LAST_EVENT_ID, minimum=0), _LAST_EVENT_ID
    return integer(request, _AFTER, default=0, minimum=0), _AFTER


def _recorded(page: Iterable[Recorded]) -> bytes:
    return b"".join(
        ServerSentEvent(
            orjson.dumps(view.model_dump(mode="json")).decode(), event=view.type, id=str(view.position)
        ).encode()
        for view in map(event_view, page)
    )


def _iterations(iterations: Iterable[TrainingJobIteratedData]) -> bytes:
    return b"".join(ServerSentEvent(each.model_dump_json(), event=ITERATION).encode() for each in iterations)
