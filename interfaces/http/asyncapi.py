"""`GET /asyncapi.json`: what is said over NATS, told from the very tables that it is said by."""

from collections.abc import Callable, Sequence
from hashlib import sha256

import orjson
from starlette.requests import Request
from starlette.responses import Response

from application.integration.channels import Operation as Conversation
from application.integration.channels import Servers
from interfaces.http.asyncapi_document import ASYNCAPI, asyncapi_document
from interfaces.http.bodies import JSON
from interfaces.http.openapi_descriptions import Description
from interfaces.http.operations import Operation
from interfaces.http.reads import reader_has

PATH = "/asyncapi.json"

_DOCUMENT = {"type": "object", "properties": {"asyncapi": {"const": ASYNCAPI}}, "required": ["asyncapi"]}


class AsyncApiEndpoint:
    """Answers with the document, made once for each place where NATS is found.

    Args:
        conversations: All that is sent and received.
        servers: Returns where NATS is.
    """

    def __init__(self, conversations: Sequence[Conversation], *, servers: Callable[[], Servers]) -> None:
        self._conversations = tuple(conversations)
        self._servers = servers
        self._make(Servers())

    def operations(self) -> list[Operation]:
        """Return what is served, with its path."""
        description = Description(
            id="get_asyncapi",
            headers=("If-None-Match",),
            answers=_DOCUMENT,
            answer_headers=("ETag",),
            also={304: None},
        )
        return [Operation(method="GET", path=PATH, endpoint=self.get, description=description)]

    async def get(self, request: Request) -> Response:
        """Answer the AsyncAPI document of what is said over NATS."""
        servers = self._servers()
        if servers != self._made_for:
            self._make(servers)
        headers = {"etag": f'"{self._tag}"'}
        if reader_has(request, self._tag):
            return Response(status_code=304, headers=headers)
        return Response(self._body, headers=headers, media_type=JSON)

    def _make(self, servers: Servers) -> None:
        self._body = orjson.dumps(asyncapi_document(self._conversations, servers=servers))
        self._tag = sha256(self._body).hexdigest()
        self._made_for = servers
