"""What is true of every exchange but a prediction: it has an id, an answer, and a body that is read or cut off."""

import asyncio

import anyio
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from interfaces.http.errors import error_response_body, log_broken_off
from interfaces.http.stopping import Stopping
from interfaces.http.urls import require_text
from interfaces.requests.ids import HEADER as REQUEST_ID_HEADER
from interfaces.requests.ids import request_id_of
from interfaces.requests.problems import ServiceStopping

DRAINED_MAX_BYTES = 16 * 1024 * 1024
DRAINED_WITHIN_S = 2.0
DRAINED_AT_THE_END_WITHIN_S = 0.2


class Exchange:
    """Gives each request its id, and each response that id.

    A response to a body that was not read to its end closes the connection. A little of the rest is taken
    first and thrown away: a sender that is still sending would otherwise see a broken connection, and not
    the reason. When the service is about to end, nobody waits for the rest of a body.

    Args:
        app: What answers.
        stopping: Whether the service is about to end.
    """

    def __init__(self, app: ASGIApp, *, stopping: Stopping) -> None:
        self._app = app
        self._stopping = stopping

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request; pass on what is none."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        request_id = request_id_of(scope["headers"])
        scope.setdefault("state", {})["request_id"] = request_id
        body = _Body(scope, receive, self._stopping)
        has_started = False
        is_cancelled = False

        async def send_with_id(message: Message) -> None:
            nonlocal has_started
            if message["type"] == "http.response.start":
                headers = [each for each in message["headers"] if each[0] != REQUEST_ID_HEADER]
                headers.append((REQUEST_ID_HEADER, request_id.encode("ascii")))
                if is_cancelled or not await body.drained():
                    headers.append((b"connection", b"close"))
                message = {**message, "headers": headers}
                has_started = True
            await send(message)

        try:
            require_text(scope)
            await self._app(scope, body.receive, send_with_id)
        except (Exception, asyncio.CancelledError) as failure:
            is_cancelled = isinstance(failure, asyncio.CancelledError)
            # the server cancels what is in its way at its end, and nobody else does
            error = failure if isinstance(failure, Exception) else ServiceStopping()
            if has_started:  # the connection is closed midway, which tells the reader
                log_broken_off(error, request_id=request_id)
                return
            status, headers, content = error_response_body(error, request_id, instance=scope["path"])
            await send_with_id({"type": "http.response.start", "status": status, "headers": headers})
            await send_with_id({"type": "http.response.body", "body": content})


class _Body:
    """A request's body, and how much of it has been read."""

    def __init__(self, scope: Scope, receive: Receive, stopping: Stopping) -> None:
        headers = dict(scope["headers"])
        length = headers.get(b"content-length", b"0")
        self._is_complete = length == b"0" and b"transfer-encoding" not in headers
        self._waits_to_send = headers.get(b"expect", b"").lower() == b"100-continue"
        self._receive = receive
        self._stopping = stopping

    async def receive(self) -> Message:
        """Return the next part.

        Raises:
            ServiceStopping: It is not waited for any more.
        """
        with self._stopping.ends_wait():
            return await self._next()
        raise ServiceStopping

    async def _next(self) -> Message:
        message = await self._receive()
        self._waits_to_send = False
        if message["type"] == "http.disconnect" or not message.get("more_body", False):
            self._is_complete = True
        return message

    async def drained(self) -> bool:
        """Read the rest if it is short and comes soon; tell whether the body is at its end."""
        if self._waits_to_send:  # reading would ask for the body that nobody wants
            return self._is_complete
        size_bytes = 0
        within_s = DRAINED_AT_THE_END_WITHIN_S if self._stopping.has_begun else DRAINED_WITHIN_S
        with anyio.move_on_after(within_s):
            while not self._is_complete and size_bytes <= DRAINED_MAX_BYTES:
                size_bytes += len((await self._next()).get("body", b""))
        return self._is_complete
