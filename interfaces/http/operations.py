"""The table of what is served: method and path → an endpoint, and how its errors are told."""

from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass

from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import Receive, Scope, Send

from interfaces.http.context import request_id
from interfaces.http.errors import error_response_body
from interfaces.http.openapi_descriptions import Described, Description, summary_of
from interfaces.http.parameters import require_known
from interfaces.http.problems import MethodNotAllowed

BASE = "/api/v1"

Endpoint = Callable[[Request], Awaitable[Response]]


@dataclass(frozen=True, kw_only=True)
class Operation:
    """One thing that can be asked for.

    Attributes:
        method: HTTP's; GET answers HEAD, too.
        path: With placeholders (`/models/{model}`).
        endpoint: Answers, or raises what `errors` has a status for; its docstring's first line is told to
            those who would ask.
        description: What it takes and answers.
        parameters: Of the query, all that there are.
    """

    method: str
    path: str
    endpoint: Endpoint
    description: Description
    parameters: tuple[str, ...] = ()

    @property
    def described(self) -> Described:
        """What the document tells of it."""
        return Described(
            method=self.method,
            path=self.path,
            parameters=self.parameters,
            summary=summary_of(self.endpoint),
            description=self.description,
        )


def routes(operations: Iterable[Operation]) -> list[Route]:
    """Return one route for each path, with all its methods."""
    by_path: dict[str, dict[str, Operation]] = {}
    for operation in operations:
        by_path.setdefault(operation.path, {})[operation.method] = operation
    return [Route(path, endpoint=_Resource(by_method)) for path, by_method in by_path.items()]


async def error_response(request: Request, error: Exception) -> Response:
    """Return the response that tells of an error."""
    status, headers, body = error_response_body(error, request_id(request), instance=request.scope["path"])
    response = Response(body, status)
    response.raw_headers = headers
    return response


class _Resource:
    """All that can be done under one path, as an ASGI application."""

    def __init__(self, by_method: Mapping[str, Operation]) -> None:
        self._by_method = by_method
        self._allowed = ", ".join([*by_method, *(["HEAD"] if "GET" in by_method else [])])

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        request = Request(scope, receive, send)
        try:
            response = await self._answer(request)
        except ClientDisconnect:
            return  # nobody is left to be told
        except Exception as error:
            response = await error_response(request, error)
        await response(scope, receive, send)

    async def _answer(self, request: Request) -> Response:
        operation = self._by_method.get("GET" if request.method == "HEAD" else request.method)
        if operation is None:
            raise MethodNotAllowed(request.method, allowed=self._allowed)
        require_known(request, operation.parameters)
        return await operation.endpoint(request)
