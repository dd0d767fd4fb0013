"""`ml.inference.predict`: predictions over NATS, by the very path that they take over HTTP."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from typing import Any, Protocol

import orjson
from nats.aio.client import Client
from nats.aio.msg import Msg
from nats.errors import Error as NatsError
from nats.micro.service import ServiceConfig
from pydantic import BaseModel

from application.inference.serving import Serving
from application.inference.views import InferenceRequest, InferenceResponse
from application.integration.predictions import (
    ENDPOINT,
    ERROR,
    ERROR_CODE,
    EXPLAIN,
    MIN_EVENT_POSITION,
    QUEUE,
    REQUEST_ID,
    SERVICE,
    SUBJECT,
)
from application.ports.progress import ReadModelProgress
from interfaces.inference.explained import parse_explain
from interfaces.inference.inference import Inference, log_failure
from interfaces.inference.work import Work
from interfaces.messaging.micro_service import ConcurrentEndpoint, DiscoverableService, Place
from interfaces.requests.fields import whole_number
from interfaces.requests.ids import request_id_of
from interfaces.requests.problems import RequestProblem, ServiceStopping

_HEADERS_MAX_BYTES = 16 * 1024
"""Headers count as part of a message; those of an answer, with an error of many words, are never longer."""

ToldError = tuple[int, list[tuple[bytes, bytes]], bytes]
TellError = Callable[[Exception, str], ToldError]
"""Returns status, headers and body of the response that tells of an error of this request id."""


class OneLog(Protocol):
    """Keeps requests from instances that answer from another log than others on the same NATS.

    Attributes:
        metadata: What this instance is to say of itself; it changes.
    """

    metadata: dict[str, str]

    async def serve(self, client: Client, *, instance: str, answer: Callable[[], Awaitable[None]]) -> None:
        """Answer until cancelled, or raise while others answer from another log."""


class AnswerTooLarge(RequestProblem):
    """The answer does not fit into one message."""

    status = 413
    code = "inference.answer-too-large"

    def __init__(self, *, size_bytes: int, max_bytes: int) -> None:
        message = (
            f"The answer has {size_bytes} bytes, and a message here may have {max_bytes}: ask for fewer instances "
            "at once, or over HTTP."
        )
        super().__init__(message, size_bytes=size_bytes, max_bytes=max_bytes)


class Predictions:
    """A micro service as a part of messaging; all processes that run one share the requests.

    Args:
        serving: What the requests' names lead to.
        progress: Waited for by requests that want to see a position.
        tell_error: Tells of errors as HTTP does.
        version: Of this program, as `1.2.3`.
        one_log: Keeps requests from meeting the wrong registry.
        threads: For predictions that are too long for the event loop; as many more for explanations.

    Attributes:
        name: Of the part.
    """

    name = "predictions"

    def __init__(
        self,
        *,
        serving: Serving,
        progress: ReadModelProgress,
        tell_error: TellError,
        version: str,
        one_log: OneLog,
        threads: int | None = None,
    ) -> None:
        self._inference = Inference(serving=serving, progress=progress, threads=threads)
        self._tell_error = tell_error
        self._one_log = one_log
        self._configuration = ServiceConfig(
            name=SERVICE,
            version=version,
            description="Predicts with the models of this service.",
            metadata=one_log.metadata,
        )

    @property
    def work(self) -> Work:
        """What was predicted."""
        return self._inference.work

    def close(self) -> None:
        """Give up what has not begun, and what has begun after its turn."""
        self._inference.close()

    async def run(self, client: Client) -> None:
        """Answer until cancelled.

        Raises:
            Exception: Others on the same NATS answer from another log.
        """
        endpoint = ConcurrentEndpoint(_PLACE, answer=lambda message: self._answer(client, message))
        service = DiscoverableService(client, self._configuration)

        def answer() -> Awaitable[None]:
            service.offer(endpoint)
            return endpoint.serve(client)

        try:
            await service.start()
            await self._one_log.serve(client, instance=service.id, answer=answer)
        finally:
            with suppress(NatsError, OSError):
                await service.stop()

    async def _answer(self, client: Client, message: Msg) -> str | None:
        given = {name.lower(): value for name, value in (message.headers or {}).items()}
        request_id = request_id_of([(name.encode(), value.encode()) for name, value in given.items()])
        error = None
        headers = {REQUEST_ID: request_id}
        max_bytes = client.max_payload - _HEADERS_MAX_BYTES
        try:
            body = await self._predicted(message.data, given)
            if len(body) > max_bytes:
                raise AnswerTooLarge(size_bytes=len(body), max_bytes=max_bytes)
        except (Exception, asyncio.CancelledError) as raised:
            # nobody but the end of the service, or of the connection, cancels it
            failure = raised if isinstance(raised, Exception) else ServiceStopping()
            error, told, body = self._told(failure, request_id)
            headers |= told
            body = body if len(body) <= max_bytes else b""  # the headers say the most
        with suppress(NatsError, OSError):  # the connection is gone, and whoever asked sees that too
            await client.publish(message.reply, body, headers=headers)
        return error

    async def _predicted(self, body: bytes, headers: Mapping[str, str]) -> bytes:
        explain = headers.get(EXPLAIN)
        position = headers.get(MIN_EVENT_POSITION.lower())
        return await self._inference.answer(
            body,
            explain=explain is not None and parse_explain(explain),
            position=None if position is None else whole_number(position, field=MIN_EVENT_POSITION, minimum=0),
            until_left=None,
        )

    def _told(self, error: Exception, request_id: str) -> tuple[str, dict[str, str], bytes]:
        """Return the error in words, the headers of the answer that tells of it, and its body."""
        status, headers, body = self._tell_error(error, request_id)
        log_failure(error, status=status, request_id=request_id)
        words = " ".join(orjson.loads(body)["error"].split())
        further = {name.decode("latin-1"): value.decode("latin-1") for name, value in headers}
        retry = {"Retry-After": further["retry-after"]} if "retry-after" in further else {}
        return words, {ERROR: words, ERROR_CODE: str(status), **retry}, body


def _schema(model: type[BaseModel], mode: Any) -> str:
    return orjson.dumps(model.model_json_schema(mode=mode)).decode()


_PLACE = Place(
    name=ENDPOINT,
    subject=SUBJECT,
    queue=QUEUE,
    metadata={
        "request_schema": _schema(InferenceRequest, "validation"),
        "response_schema": _schema(InferenceResponse, "serialization"),
    },
)
