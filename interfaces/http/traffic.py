"""What is asked over HTTP, counted by operation and status, with how long it took."""

from collections.abc import Iterable, Mapping
from time import perf_counter

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from application.health.durations import Durations
from interfaces.http.openapi_descriptions import Described

UNKNOWN = "unknown"
"""The operation of a request for what is not served."""

UNANSWERED = 0
"""The status of a request whose sender left before there was one."""

Traffic = dict[tuple[str, int], Durations]
"""Operation and status → how long each request took, from its headers to the last byte of its answer."""


class Counted:
    """Passes requests on, and counts each when it is over. Belongs to the event loop that serves.

    Args:
        app: What answers.
        described: All that it serves; other requests are counted as one operation.
        traffic: Where they are counted.
    """

    def __init__(self, app: ASGIApp, *, described: Iterable[Described], traffic: Traffic) -> None:
        self._app = app
        self._operations = {(each.method, each.path): each.description.id for each in described}
        self._traffic = traffic

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass one request on; what is no request, too, uncounted."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        status = UNANSWERED

        async def send_noting(message: Message) -> None:
            nonlocal status
            if status == UNANSWERED:
                status = message["status"]
            await send(message)

        began = perf_counter()
        try:
            await self._app(scope, receive, send_noting)
        finally:
            durations = self._traffic.get(key := (self._operation(scope), status))
            if durations is None:
                durations = self._traffic[key] = Durations()
            durations.add(perf_counter() - began)

    def _operation(self, scope: Mapping[str, object]) -> str:
        # the router, where one was asked, has left behind which route it took
        path = getattr(scope.get("route"), "path", scope["path"])
        method = "GET" if scope["method"] == "HEAD" else scope["method"]
        return self._operations.get((str(method), str(path)), UNKNOWN)
