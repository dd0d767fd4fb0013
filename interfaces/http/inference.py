"""`POST /api/v1/inference`, as short as a path can be: a plain ASGI callable, dispatched before any router."""

import asyncio
from functools import partial

from starlette.types import Receive, Scope, Send

from application.inference.serving import Serving
from application.inference.views import InferenceRequest, InferenceResponse
from application.ports.progress import ReadModelProgress
from interfaces.http.bodies import JSON
from interfaces.http.errors import error_response_body
from interfaces.http.inference_body import PARAMETERS, BodyMemory, parse_query, read_body, sender_left
from interfaces.http.openapi_descriptions import Described, Description, summary_of
from interfaces.http.preferences import preferred_wait_s
from interfaces.http.problems import MethodNotAllowed
from interfaces.inference.inference import Inference, log_failure
from interfaces.inference.turns import SenderLeft
from interfaces.inference.work import Work
from interfaces.requests.fields import whole_number
from interfaces.requests.ids import HEADER as REQUEST_ID_HEADER
from interfaces.requests.ids import request_id_of
from interfaces.requests.problems import ServiceStopping

PATH = "/api/v1/inference"

Headers = list[tuple[bytes, bytes]]


class InferenceEndpoint:
    """Brings a request of HTTP's to the path of predictions, and takes the answer back.

    Args:
        serving: What the requests' names lead to.
        progress: Waited for by requests with `X-Min-Event-Position`.
        threads: For predictions that are too long for the event loop; as many more for explanations.
    """

    def __init__(self, *, serving: Serving, progress: ReadModelProgress, threads: int | None = None) -> None:
        self._bodies = BodyMemory()
        self._inference = Inference(serving=serving, progress=progress, threads=threads)

    @property
    def described(self) -> Described:
        """What the document tells of it."""
        description = Description(
            id="predict",
            takes={JSON: InferenceRequest},
            headers=("X-Min-Event-Position", "Prefer"),
            answer_headers=("Preference-Applied",),
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

    @property
    def work(self) -> Work:
        """What was predicted."""
        return self._inference.work

    def close(self) -> None:
        """Give up what has not begun, and what has begun after its turn."""
        self._inference.close()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Predict for one instance or many."""
        request_id = request_id_of(scope["headers"])
        try:
            body, within_s = await self._answer(scope, receive)
        except SenderLeft:
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
            if within_s is not None:
                headers.append((b"preference-applied", b"wait=%d" % within_s))
        await send({"type": "http.response.start", "status": status, "headers": headers})
        await send({"type": "http.response.body", "body": body})

    async def _answer(self, scope: Scope, receive: Receive) -> tuple[bytes, int | None]:
        """Return the answer, and for how long it was waited for at most, where the sender said so."""
        if scope["method"] != "POST":
            raise MethodNotAllowed(scope["method"], allowed="POST")
        explain = parse_query(scope["query_string"])
        position, within_s = _wishes(scope["headers"])
        with self._bodies.share() as take:
            body = await read_body(receive, scope["headers"], take=take)
            answer = await self._inference.answer(
                body,
                explain=explain,
                position=position,
                within_s=within_s,
                until_left=partial(sender_left, receive),
            )
        return answer, within_s


def _told(error: Exception, request_id: str, *, path: str) -> tuple[int, Headers, bytes]:
    """Return the response that tells of an error; the log hears of it too if it is the service's own."""
    status, headers, body = error_response_body(error, request_id, instance=path)
    log_failure(error, status=status, request_id=request_id)
    return status, headers, body


def _wishes(headers: Headers) -> tuple[int | None, int | None]:
    """Return the position that the sender wants to see, and how many seconds it waits; None for none."""
    position: int | None = None
    within_s: int | None = None
    for name, value in headers:
        if name == b"x-min-event-position":
            position = whole_number(value.decode("latin-1"), field="X-Min-Event-Position", minimum=0)
        elif name == b"prefer":
            wait_s = preferred_wait_s([value.decode("latin-1")])
            within_s = None if wait_s is None else max(1, wait_s)
    return position, within_s
