"""All under `/v2` as a plain ASGI callable, dispatched before any router."""

import asyncio
from collections.abc import Iterable

from starlette.types import Receive, Scope, Send

from domain.errors import InvalidInput
from interfaces.http.content_coding import CODED_MIN_BYTES, body_coding, coded, preferred_coding
from interfaces.http.errors import error_response_body
from interfaces.http.inference_body import Bodies
from interfaces.http.open_inference import places
from interfaces.http.open_inference.operations import Answer, Asked, Operation, RawHeaders
from interfaces.http.open_inference.problems import Unsupported, status_here
from interfaces.http.openapi_descriptions import Described
from interfaces.http.problems import MethodNotAllowed, NoSuchPath
from interfaces.http.urls import require_text
from interfaces.inference.inference import INLINE_BODY_MAX_BYTES, log_failure
from interfaces.inference.turns import SenderLeft
from interfaces.requests.ids import HEADER as REQUEST_ID_HEADER
from interfaces.requests.ids import request_id_of
from interfaces.requests.problems import ServiceStopping

_UNSUPPORTED = {
    f"{places.REPOSITORY_MODEL}/unload": (
        "Models are not unloaded: they leave memory when others need the room, and answer as long as they are "
        "in the registry. Retire the model if it is not to answer."
    ),
    f"{places.MODEL}/config": "Models have no configuration of Triton's: ask for their metadata.",
    f"{places.VERSION}/config": "Models have no configuration of Triton's: ask for their metadata.",
}
_VARY = (b"vary", b"accept-encoding")
"""Of every answer that would come in a coding to who takes one, so that no cache gives it to who does not."""

_UNSUPPORTED_BELOW = ("systemsharedmemory", "cudasharedmemory", "trace", "logging")


class OpenInferenceEndpoint:
    """Answers the protocol's requests, and tells of errors in its words.

    Args:
        operations: All that is served.
        bodies: What the requests' bodies may take.
    """

    def __init__(self, operations: Iterable[Operation], *, bodies: Bodies) -> None:
        self._bodies = bodies
        self._operations: dict[str, dict[str, Operation]] = {}
        for each in operations:
            self._operations.setdefault(each.described.path, {})[each.described.method] = each

    @property
    def described(self) -> list[Described]:
        """What the document tells of it."""
        return [each.described for by_method in self._operations.values() for each in by_method.values()]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        request_id = request_id_of(scope["headers"])
        try:
            answer = await self._answer(scope, receive, request_id)
        except SenderLeft:
            return
        except asyncio.CancelledError:
            # the server ends what takes too long; raised again, its own bare 500 would be the answer
            answer = _told(ServiceStopping(), request_id, path=scope["path"])
        except Exception as error:
            answer = _told(error, request_id, path=scope["path"])
        await send({"type": "http.response.start", "status": answer.status, "headers": answer.headers})
        await send({"type": "http.response.body", "body": answer.body})

    async def _answer(self, scope: Scope, receive: Receive, request_id: str) -> Answer:
        operation, place = self._found(scope)
        headers: RawHeaders = scope["headers"]
        given, accepted = _codings(headers)
        with self._bodies.share() as take:
            body = b""
            if scope["method"] == "POST":
                body = await self._bodies.read(receive, headers, coding=body_coding(given), take=take)
            answer = await operation.answer(Asked(place, headers, body, request_id, receive))
        if len(answer.body) >= CODED_MIN_BYTES:
            answer = await _coded(answer, accepted)
        return Answer(
            answer.body,
            answer.status,
            [
                *answer.headers,
                (b"content-length", b"%d" % len(answer.body)),
                (REQUEST_ID_HEADER, request_id.encode("ascii")),
            ],
        )

    def _found(self, scope: Scope) -> tuple[Operation, places.Place]:
        """Return what is asked for, and leave behind which route it took, as a router would.

        Raises:
            NoSuchPath, MethodNotAllowed, MalformedUrl, Unsupported: Nothing is served there.
            InvalidInput: A parameter is given; there are none.
        """
        require_text(scope)
        place = places.place_of(scope["path"])
        by_method = self._operations.get(place.path)
        if by_method is None:
            _require_no_extension(place)
            raise NoSuchPath(scope["path"])
        method = scope["method"]
        operation = by_method.get("GET" if method == "HEAD" else method)
        if operation is None:
            allowed = ", ".join([*by_method, *(["HEAD"] if "GET" in by_method else [])])
            raise MethodNotAllowed(method, allowed=allowed)
        scope["route"] = operation.described
        if scope["query_string"]:
            name = scope["query_string"].decode("latin-1").partition("=")[0]
            raise InvalidInput.of(name, "is no parameter here: this protocol has none in its URLs.")
        return operation, place


def _told(error: Exception, request_id: str, *, path: str) -> Answer:
    """Return the response that tells of an error; the log hears of it too if it is the service's own."""
    status, headers, body = error_response_body(error, request_id, instance=path, told_as=status_here)
    log_failure(error, status=status, request_id=request_id)
    return Answer(body, status, headers)


def _require_no_extension(place: places.Place) -> None:
    first = place.path.removeprefix(f"{places.ROOT}/").partition("/")[0]
    if (message := _UNSUPPORTED.get(place.path)) is not None:
        raise Unsupported(message)
    if first in _UNSUPPORTED_BELOW or place.path == f"{places.MODEL}/trace/setting":
        message = f"The extension of the protocol that has {place.path!r} is not served here."
        raise Unsupported(message)


def _codings(headers: RawHeaders) -> tuple[str, str]:
    """Return the coding of the body and those that are accepted, as the headers say."""
    codings, accepted = [], ""
    for name, value in headers:
        if name == b"content-encoding":
            codings.append(value.decode("latin-1"))
        elif name == b"accept-encoding":
            accepted = value.decode("latin-1")
    return ", ".join(codings), accepted


async def _coded(answer: Answer, accepted: str) -> Answer:
    headers = [*answer.headers, _VARY]
    coding = preferred_coding(accepted)
    if coding is None:
        return Answer(answer.body, answer.status, headers)
    body = answer.body
    if len(body) > INLINE_BODY_MAX_BYTES:
        body = await asyncio.to_thread(coded, body, coding)
    else:
        body = coded(body, coding)
    return Answer(body, answer.status, [*headers, (b"content-encoding", coding.encode("ascii"))])
