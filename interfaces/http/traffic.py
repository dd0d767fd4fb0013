"""What is asked over HTTP, counted by operation and status, with how long it took."""

from collections.abc import Callable, Iterable, Mapping
from time import perf_counter

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from application.health.durations import Durations
from interfaces.http.openapi_descriptions import Described

UNKNOWN = "unknown"
"""The operation of a request for what is not served."""

UNANSWERED = 0
"""The status of a request whose sender left before there was one."""

Traffic = dict[tuple[str, int], Durations]
"""Operation and status → how long each request took, from its headers to the last byte of its answer; where that
is a stream, which lasts as long as somebody listens or sends, to the first."""

_STREAMS = (b"text/event-stream", b"application/vnd.apache.arrow.stream", b"application/x-ndjson")


class Counted:
    """Passes requests on, and counts each when it is over. Belongs to the event loop that serves.

    Args:
        app: What answers.
        described: All that it serves; other requests are counted as one operation.
        traffic: Where they are counted.
        on_request: Called whenever a request comes and whenever one was answered.
    """

    def __init__(
        self,
        app: ASGIApp,
        *,
        described: Iterable[Described],
        traffic: Traffic,
        on_request: Callable[[], None] = lambda: None,
    ) -> None:
        self._app = app
        self._operations = {(each.method, each.path): each.description.id for each in described}
        self._traffic = traffic
        self._on_request = on_request

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass one request on; what is no request, too, uncounted."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        status, answered_at = UNANSWERED, None

        async def send_noting(message: Message) -> None:
            nonlocal status, answered_at
            if status == UNANSWERED:
                status = message["status"]
                if _is_stream(message.get("headers", ())):
                    answered_at = perf_counter()
            await send(message)

        self._on_request()
        began = perf_counter()
        try:
            await self._app(scope, receive, send_noting)
        finally:
            durations = self._traffic.get(key := (self._operation(scope), status))
            if durations is None:
                durations = self._traffic[key] = Durations()
            durations.add((answered_at or perf_counter()) - began)
            self._on_request()

    def _operation(self, scope: Mapping[str, object]) -> str:
        # the router, where one was asked, has left behind which route it took
        path = getattr(scope.get("route"), "path", scope["path"])
        method = "GET" if scope["method"] == "HEAD" else scope["method"]
        return self._operations.get((str(method), str(path)), UNKNOWN)


def _is_stream(headers: Iterable[tuple[bytes, bytes]]) -> bool:
    return any(name == b"content-type" and value.startswith(_STREAMS) for name, value in headers)
