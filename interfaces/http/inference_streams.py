"""Predictions for bodies that hold rows only: answered in the same form while the body still arrives."""

import asyncio
import logging
from collections.abc import Callable, Iterator
from functools import partial
from importlib import import_module
from time import perf_counter

from starlette.types import Receive, Scope, Send

from application.inference.explaining import Explain
from application.inference.lookup import Request
from application.inference.routes import Served
from domain.errors import InvalidInput
from interfaces.http.errors import error_response_body
from interfaces.http.inference_body import Bodies, parse_parameters, patience_with_senders
from interfaces.http.inference_pieces import Pieces
from interfaces.http.inference_wishes import ARROW, NDJSON, Wishes
from interfaces.inference.asked import REFERENCE_MAX_CHARS
from interfaces.inference.explained import PARAMETER as EXPLAIN
from interfaces.inference.explained import parse_explain
from interfaces.inference.inference import Inference, log_failure
from interfaces.inference.row_streams import Piece, RowStream
from interfaces.inference.turns import SenderLeft
from interfaces.requests.ids import HEADER as REQUEST_ID_HEADER
from interfaces.requests.problems import ServiceStopping

STREAM_MAX_BYTES = 10 * 1024 * 1024 * 1024

MODEL, VERSION = "model_id", "version"
PARAMETERS = (MODEL, VERSION, EXPLAIN)
"""Of the query where the body holds rows only, all that there are."""

Codec = Callable[..., RowStream]

_log = logging.getLogger(__name__)


class InferenceStreams:
    """Answers bodies of any length in bounded memory: a block at a time, by one version from first to last.

    What is wrong before the first byte of the answer is an error like any other. What is wrong later ends the
    answer where it stands, and the connection with it, so that nobody takes it for whole.

    Args:
        inference: The path of predictions.
        bodies: What the bytes that wait for the end of their block may take, with those of other requests.
        max_bytes: Of one body.
    """

    def __init__(self, *, inference: Inference, bodies: Bodies, max_bytes: int = STREAM_MAX_BYTES) -> None:
        self._inference = inference
        self._bodies = bodies
        self._max_bytes = max_bytes
        self._codecs: dict[str, Codec] = {}
        self._patience = patience_with_senders(inference.limit_s(None))

    async def answer(self, scope: Scope, receive: Receive, send: Send, *, wishes: Wishes, request_id: str) -> None:
        """Answer one request.

        Raises:
            RequestProblem, DomainError: There is no answer, and not a byte of one was sent.
            SenderLeft: The sender went away before that.
        """
        began = perf_counter()
        response = _Response(send, within_s=self._inference.limit_s(wishes.within_s), request_id=request_id)
        work = self._inference.work
        try:
            await self._answer(scope, receive, response, wishes)
        except (Exception, asyncio.CancelledError) as error:
            work.refused += 1
            if response.began_at is None:
                raise
            if not isinstance(error, SenderLeft):
                known = ServiceStopping() if isinstance(error, asyncio.CancelledError) else error
                await response.break_off(known, path=scope["path"])
        else:
            work.durations.add((response.began_at or perf_counter()) - began)

    async def _answer(self, scope: Scope, receive: Receive, response: "_Response", wishes: Wishes) -> None:
        request, explain = parse_stream_query(scope["query_string"])
        limit_s = self._inference.limit_s(wishes.within_s)
        patience = self._patience if wishes.within_s is None else patience_with_senders(limit_s)
        pieces = Pieces(
            receive, scope["headers"], coding=wishes.coding, patience=patience, max_bytes=self._max_bytes
        )
        with self._inference.admitted(), self._bodies.share() as take, pieces:
            async with self._inference.limited(wishes.within_s):
                served = await self._inference.served(request, position=wishes.position)
                codec = await self._codec(wishes.media_type)
            rows = codec(served, explain=explain)
            response.serve(served, rows, granted_s=None if wishes.within_s is None else limit_s)

            async def answer_block(block: bytearray) -> None:
                steps = rows.answer(block)
                is_last = False
                while not is_last:
                    answer, is_last = await self._next_answer(steps, explain, pieces, wishes)
                    if answer:
                        before = response.instances
                        await response.send(answer)
                        self._inference.work.instances += response.instances - before
                    if not is_last and pieces.has_left():
                        raise SenderLeft

            held_bytes = 0
            while (piece := await pieces.next()) is not None:
                take(len(piece))
                rows.add(piece)
                while (block := rows.next_block()) is not None:
                    await answer_block(block)
                take(rows.held_bytes - held_bytes - len(piece))
                held_bytes = rows.held_bytes
            if block := rows.rest():
                await answer_block(block)
            await response.send(rows.end(), is_last=True)

    async def _codec(self, media_type: str | None) -> Codec:
        """Return what reads and answers bodies; Arrow is loaded by the first who needs it, for it is large."""
        assert media_type is not None, "JSON is no stream"
        if media_type not in self._codecs:
            self._codecs[media_type] = await self._inference.prepared(partial(_import, *_CODECS[media_type]))
        return self._codecs[media_type]

    async def _next_answer(
        self, steps: Iterator[Piece | None], explain: Explain, pieces: Pieces, wishes: Wishes
    ) -> Piece:
        async with self._inference.limited(wishes.within_s):
            return await self._inference.in_turns(steps, explain, pieces.sender_left)


class _Response:
    """An answer that is sent piece by piece.

    Args:
        send: Of the request.
        within_s: So long the reader may take no byte.
        request_id: Of the request.

    Attributes:
        began_at: When the first byte was sent, by `perf_counter`; None before that.
        instances: For so many the answer was sent.
    """

    def __init__(self, send: Send, *, within_s: float, request_id: str) -> None:
        self._send = send
        self._within_s = within_s
        self._request_id = request_id
        self.began_at: float | None = None
        self.instances = 0

    def serve(self, served: Served, rows: RowStream, *, granted_s: float | None) -> None:
        """Let the answer be of a version, in the form of the rows; say what was granted of the time to wait."""
        self._rows = rows
        self._headers = [
            (b"content-type", rows.media_type.encode("ascii")),
            (b"x-model-id", served.model_id.encode("ascii")),
            (b"x-model-version", served.version.encode("ascii")),
            (REQUEST_ID_HEADER, self._request_id.encode("ascii")),
        ]
        if granted_s is not None:
            self._headers.append((b"preference-applied", b"wait=%d" % granted_s))

    async def send(self, piece: bytes, *, is_last: bool = False) -> None:
        """Send the next piece.

        Raises:
            SenderLeft: Nobody takes it.
        """
        try:
            async with asyncio.timeout(self._within_s):
                if self.began_at is None:
                    self.began_at = perf_counter()
                    await self._send({"type": "http.response.start", "status": 200, "headers": self._headers})
                await self._send({"type": "http.response.body", "body": piece, "more_body": not is_last})
                self.instances = self._rows.instances
        except TimeoutError:
            _log.info("request %s: its answer was not read for %g s", self._request_id, self._within_s)
            raise SenderLeft from None

    async def break_off(self, error: Exception, *, path: str) -> None:
        """Tell what went wrong where the form has words for it, and leave the response without its end."""
        status, _, body = error_response_body(error, self._request_id, instance=path)
        log_failure(error, status=status, request_id=self._request_id)
        _log.info("request %s: its answer is broken off after %d instances", self._request_id, self.instances)
        await self.send(self._rows.failure(body, answered=self.instances))


def parse_stream_query(query: bytes) -> tuple[Request, Explain]:
    """Return which version is asked, and which predictions are explained.

    Raises:
        InvalidInput: No model is named, another parameter is given, or one twice.
    """
    given = parse_parameters(query, known=PARAMETERS)
    model = given.get(MODEL)
    if not model:
        message = "is missing: the body holds rows only, so name the model in the query, as in ?model_id=churn."
        raise InvalidInput.of(MODEL, message)
    for name in (MODEL, VERSION):
        if len(given.get(name, "")) > REFERENCE_MAX_CHARS:
            message = f"must have at most {REFERENCE_MAX_CHARS} characters, has {len(given[name])}."
            raise InvalidInput.of(name, message, given[name])
    return (model, given.get(VERSION) or None), parse_explain(given.get(EXPLAIN, "false"))


_CODECS = {
    ARROW: ("interfaces.inference.arrow", "ArrowRows"),
    NDJSON: ("interfaces.inference.ndjson", "JsonLines"),
}


def _import(module: str, name: str) -> Codec:
    codec: Codec = getattr(import_module(module), name)
    return codec
