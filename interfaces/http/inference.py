"""`POST /api/v1/inference`, as short as a path can be: a plain ASGI callable, dispatched before any router."""

import asyncio
import os
from collections.abc import Callable
from concurrent.futures import Executor, ThreadPoolExecutor
from functools import partial
from time import perf_counter
from typing import TypeVar

import orjson
from starlette.types import Receive, Scope, Send

from application.inference.serving import Request, Served, Serving
from application.inference.views import InferenceRequest, InferenceResponse
from application.ports.progress import ReadModelProgress
from domain.inference.errors import NonConformingInstance
from interfaces.http.bodies import JSON
from interfaces.http.errors import error_response_body
from interfaces.http.inference_body import PARAMETERS, Asked, Disconnected, parse_body, parse_query, read_body
from interfaces.http.openapi_descriptions import Described, Description, summary_of
from interfaces.http.parameters import whole_number
from interfaces.http.problems import MethodNotAllowed, ReadModelBehind
from interfaces.http.reads import BEHIND_WITHIN_S
from interfaces.http.request_ids import HEADER as REQUEST_ID_HEADER
from interfaces.http.request_ids import request_id_of

PATH = "/api/v1/inference"
INLINE_BODY_MAX_BYTES = 64 * 1024
INLINE_COST_MAX_BYTES = 8 * 1024 * 1024
"""Rows times model size: up to here, about 0.2 ms, a prediction is over before a thread would have begun it."""
_LOADING_THREADS = 4

Headers = list[tuple[bytes, bytes]]
Result = TypeVar("Result")


class InferenceEndpoint:
    """Answers with predictions out of memory: no event store, no database and no log on the way.

    Loading, predicting and explaining have threads of their own, so that a model which is slow to load, or
    a batch to explain, holds up its own kind only.

    Args:
        serving: What the requests' names lead to.
        progress: Waited for by requests with `X-Min-Event-Position`.
        threads: For predictions that are too long for the event loop; as many more for explanations.
    """

    def __init__(self, *, serving: Serving, progress: ReadModelProgress, threads: int | None = None) -> None:
        self._serving = serving
        self._progress = progress
        workers = threads or os.cpu_count() or 1
        self._loading = ThreadPoolExecutor(_LOADING_THREADS, thread_name_prefix="loading")
        self._predicting = ThreadPoolExecutor(workers, thread_name_prefix="predicting")
        self._explaining = ThreadPoolExecutor(workers, thread_name_prefix="explaining")
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
        """Give up what has not begun; what has begun ends by itself."""
        for threads in (self._loading, self._predicting, self._explaining):
            threads.shutdown(wait=False, cancel_futures=True)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Predict for one instance or many."""
        request_id = request_id_of(scope["headers"])
        try:
            body = await self._answer(scope, receive)
        except Disconnected:
            return
        except Exception as error:
            status, headers, body = error_response_body(error, request_id, instance=scope["path"])
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
            asked = await _in_thread(self._predicting, partial(parse_body, body))
        if position is not None:
            await self._wait_until(position)
        served = self._serving.ready(asked.request) or await self._resolved(asked.request)
        if explain:
            return await _in_thread(self._explaining, partial(_predicted, served, asked, explain=True))
        if len(asked.instances) * served.loaded.predictor.size_bytes > INLINE_COST_MAX_BYTES:
            return await _in_thread(self._predicting, partial(_predicted, served, asked, explain=False))
        return _predicted(served, asked, explain=False)

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
                running = asyncio.ensure_future(_in_thread(self._loading, partial(self._serving.resolve, request)))
                self._resolving[request] = running
                running.add_done_callback(lambda _: self._resolving.pop(request))
                return await running
            await asyncio.wait([running])
        return served


async def _in_thread(threads: Executor, function: Callable[[], Result]) -> Result:
    return await asyncio.get_running_loop().run_in_executor(threads, function)


def _predicted(served: Served, asked: Asked, *, explain: bool) -> bytes:
    predictor = served.loaded.predictor
    started = perf_counter()
    try:
        rows = predictor.schema.conform(asked.instances)
    except NonConformingInstance as error:
        raise _of_single(error) if asked.is_single else error from None
    predictions = predictor.predict(rows, explain=explain)
    took_s = perf_counter() - started
    return orjson.dumps(
        {
            "model_id": served.model_id,
            "version": served.version,
            "results": [
                {
                    "prediction": each.prediction,
                    "probability": each.probability,
                    "explanation": each.explanation,
                }
                for each in predictions
            ],
            "inference_time_ms": took_s * 1_000,
        }
    )


def _of_single(error: NonConformingInstance) -> NonConformingInstance:
    """Return the error with paths as they stand in a request that gave one object, not a list."""
    return NonConformingInstance(
        each.model_copy(update={"field": each.field.replace("features[0]", "features", 1)})
        for each in error.problems
    )


def _min_position(headers: Headers) -> int | None:
    for name, value in headers:
        if name == b"x-min-event-position":
            return whole_number(value.decode("latin-1"), field="X-Min-Event-Position", minimum=0)
    return None
