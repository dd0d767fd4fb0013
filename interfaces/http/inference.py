"""`POST /api/v1/inference`, as short as a path can be: a plain ASGI callable, dispatched before any router."""

import asyncio
from functools import partial

from starlette.types import Receive, Scope, Send

from application.inference.serving import Serving
from application.inference.views import InferenceRequest, InferenceResponse
from application.ports.progress import ReadModelProgress
from interfaces.http.bodies import JSON
from interfaces.http.errors import error_response_body
from interfaces.http.inference_body import Bodies, parse_query, sender_left
from interfaces.http.inference_rows import ANSWERS, ROWS
from interfaces.http.inference_streams import PARAMETERS as STREAM_PARAMETERS
from interfaces.http.inference_streams import InferenceStreams
from interfaces.http.inference_wishes import Wishes, wishes_of
from interfaces.http.openapi_descriptions import Described, Description, summary_of
from interfaces.http.problems import MethodNotAllowed
from interfaces.inference.inference import Inference, log_failure
from interfaces.inference.turns import SenderLeft
from interfaces.inference.work import Work
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

    Attributes:
        bodies: What the requests' bodies may take.
        inference: The way that their predictions take.
    """

    def __init__(self, *, serving: Serving, progress: ReadModelProgress, threads: int | None = None) -> None:
        self.bodies = Bodies()
        self.inference = Inference(serving=serving, progress=progress, threads=threads)
        self._streams = InferenceStreams(inference=self.inference, bodies=self.bodies)

    @property
    def described(self) -> Described:
        """What the document tells of it."""
        description = Description(
            id="predict",
            takes={JSON: InferenceRequest, **ROWS},
            headers=("X-Min-Event-Position", "Prefer", "Content-Encoding"),
            answers=InferenceResponse,
            otherwise=ANSWERS,
            answer_headers=("Preference-Applied", "X-Model-ID", "X-Model-Version"),
            problems=(400, 404, 408, 409, 413, 415, 503),
        )
        return Described(
            method="POST",
            path=PATH,
            parameters=STREAM_PARAMETERS,
            summary=summary_of(self.__call__),
            description=description,
        )

    @property
    def work(self) -> Work:
        """What was predicted."""
        return self.inference.work

    def close(self) -> None:
        """Give up what has not begun, and what has begun after its turn."""
        self.inference.close()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Predict for one instance or many."""
        request_id = request_id_of(scope["headers"])
        try:
            if scope["method"] != "POST":
                raise MethodNotAllowed(scope["method"], allowed="POST")
            wishes = wishes_of(scope["headers"])
            if wishes.media_type is not None:
                await self._streams.answer(scope, receive, send, wishes=wishes, request_id=request_id)
                return
            body = await self._answer(scope, receive, wishes)
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
            if wishes.within_s is not None:
                headers.append((b"preference-applied", b"wait=%d" % self.inference.limit_s(wishes.within_s)))
        await send({"type": "http.response.start", "status": status, "headers": headers})
        await send({"type": "http.response.body", "body": body})

    async def _answer(self, scope: Scope, receive: Receive, wishes: Wishes) -> bytes:
        explain = parse_query(scope["query_string"])
        with self.bodies.share() as take:
            body = await self.bodies.read(receive, scope["headers"], coding=wishes.coding, take=take)
            return await self.inference.answer(
                body,
                explain=explain,
                position=wishes.position,
                within_s=wishes.within_s,
                until_left=partial(sender_left, receive),
            )


def _told(error: Exception, request_id: str, *, path: str) -> tuple[int, Headers, bytes]:
    """Return the response that tells of an error; the log hears of it too if it is the service's own."""
    status, headers, body = error_response_body(error, request_id, instance=path)
    log_failure(error, status=status, request_id=request_id)
    return status, headers, body
