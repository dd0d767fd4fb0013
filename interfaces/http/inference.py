"""`POST /api/v1/inference`, as short as a path can be: a plain ASGI callable, dispatched before any router."""

import asyncio
import logging
from functools import partial
from http import HTTPStatus

from starlette.types import Receive, Scope, Send

from application.inference.serving import Request, Served, Serving
from application.inference.views import InferenceRequest, InferenceResponse
from application.ports.progress import ReadModelProgress
from domain.errors import DomainError
from interfaces.http.bodies import JSON
from interfaces.http.errors import error_response_body
from interfaces.http.inference_answers import answer_at_once, answer_in_steps
from interfaces.http.inference_body import (
    PARAMETERS,
    Disconnected,
    parse_body,
    parse_query,
    read_body,
    require_explainable,
)
from interfaces.http.inference_turns import InferenceThreads
from interfaces.http.openapi_descriptions import Described, Description, summary_of
from interfaces.http.parameters import whole_number
from interfaces.http.problems import MethodNotAllowed, ReadModelBehind, RequestProblem, ServiceStopping
from interfaces.http.reads import BEHIND_WITHIN_S
from interfaces.http.request_ids import HEADER as REQUEST_ID_HEADER
from interfaces.http.request_ids import request_id_of

PATH = "/api/v1/inference"
INLINE_BODY_MAX_BYTES = 64 * 1024
INLINE_COST_MAX_BYTES = 8 * 1024 * 1024
"""Rows times model size: up to here, about 0.2 ms, a prediction is over before a thread would have begun it."""

Headers = list[tuple[bytes, bytes]]

_log = logging.getLogger(__name__)


class InferenceEndpoint:
    """Answers with predictions out of memory: no event store, no database and no log on the way.

    What takes long is worked on in turns, on threads of its own kind: a short request does not wait for the
    end of a long one, and nobody works on for a sender who has left.

    Args:
        serving: What the requests' names lead to.
        progress: Waited for by requests with `X-Min-Event-Position`.
        threads: For predictions that are too long for the event loop; as many more for explanations.
    """

    def __init__(self, *, serving: Serving, progress: ReadModelProgress, threads: int | None = None) -> None:
        self._serving = serving
        self._progress = progress
        self._threads = InferenceThreads(count=threads)
        self._resolving: dict[Request, asyncio.Future[Served]] = {}

    @property
    def described(self) -> Described:
        """What the document tells of it."""
        description = Description(
            id="predict",
            takes={JSON: InferenceRequest},
            headers=("X-Min-Event-Position",),
            answers=InferenceResponse,
            problems=(404, 409, 413, 415, 503),
        )
        return Described(
            method="POST",
            path=PATH,
            parameters=PARAMETERS,
            summary=summary_of(self.__call__),
            description=description,
        )

    def close(self) -> None:
        """Give up what has not begun, and what has begun after its turn."""
        self._threads.close()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Predict for one instance or many."""
        request_id = request_id_of(scope["headers"])
        try:
            body = await self._answer(scope, receive)
        except Disconnected:
            return
        except asyncio.CancelledError:
            # the server ends what takes too long; raised again, its own bare 500 would be the answer
            status, headers, body = _told(ServiceStopping(), request_id, path=scope["path"])
        except Exception as error:
            status, headers, body = _told(error, request_id, path=scope["path"])
        else:
            status = 200
            headers = [
                (b"content-type", b"application/json"),
                (b"content-length", str(len(body)).encode("ascii")),
                (REQUEST_ID_HEADER, request_id.encode("ascii")),
            ]
        await send({"type": "http.response.start", "status": status, "headers": headers})
        await send({"type": "http.response.body", "body": body})

    async def _answer(self, scope: Scope, receive: Receive) -> bytes:
        if scope["method"] != "POST":
            raise MethodNotAllowed(scope["method"], allowed="POST")
        explain = parse_query(scope["query_string"])
        position = _min_position(scope["headers"])
        body = await read_body(receive, scope["headers"])
        if len(body) <= INLINE_BODY_MAX_BYTES:
            asked = parse_body(body)
        else:
            asked = await self._threads.run(self._threads.predicting, partial(parse_body, body))
        if explain:
            require_explainable(asked)
        if position is not None:
            await self._wait_until(position)
        served = self._serving.ready(asked.request) or await self._resolved(asked.request)
        if explain:
            steps = answer_in_steps(served, asked, explain=True)
            return await self._threads.run_in_turns(self._threads.explaining, steps, receive=receive)
        if len(asked.instances) * served.loaded.predictor.size_bytes > INLINE_COST_MAX_BYTES:
            steps = answer_in_steps(served, asked, explain=False)
            return await self._threads.run_in_turns(self._threads.predicting, steps, receive=receive)
        return answer_at_once(served, asked)

    async def _wait_until(self, position: int) -> None:
        if not await self._progress.wait_until(position, BEHIND_WITHIN_S):
            raise ReadModelBehind(wanted=position, reached=self._progress.status.position)

    async def _resolved(self, request: Request) -> Served:
        """Return what the request means; however many ask for a cold model, one thread is busy with it.

        The others wait for that thread and then look for themselves: its answer may be older than their
        request.
        """
        while (served := self._serving.ready(request)) is None:
            running = self._resolving.get(request)
            if running is None:
                resolving = self._threads.run(self._threads.loading, partial(self._serving.resolve, request))
                running = asyncio.ensure_future(resolving)
                self._resolving[request] = running
                running.add_done_callback(lambda _: self._resolving.pop(request))
                return await running
            await asyncio.wait([running])
        return served


def _told(error: Exception, request_id: str, *, path: str) -> tuple[int, Headers, bytes]:
    """Return the response that tells of an error; the log hears of it too if it is the service's own."""
    status, headers, body = error_response_body(error, request_id, instance=path)
    if status >= HTTPStatus.INTERNAL_SERVER_ERROR and isinstance(error, DomainError | RequestProblem):
        _log.warning("request %s: inference failed with %s: %r", request_id, error.code, error.message)
    return status, headers, body


def _min_position(headers: Headers) -> int | None:
    for name, value in headers:
        if name == b"x-min-event-position":
            return whole_number(value.decode("latin-1"), field="X-Min-Event-Position", minimum=0)
    return None
