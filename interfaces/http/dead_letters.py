"""Dead letters over HTTP: what could not be handled is listed, looked at, handled again or discarded."""

from base64 import b64encode
from collections.abc import Callable
from typing import TypeVar

import anyio
import anyio.to_thread
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from application.ports.dead_letters import DeadLetter, DeadLetterNotFound, DeadLetters, LetterStatus, Resumed
from application.views import Instant, View
from interfaces.http.lists import page_size
from interfaces.http.openapi_descriptions import Description, Page
from interfaces.http.operations import BASE, Operation
from interfaces.http.paging import Place, page_token, place_of
from interfaces.http.parameters import text

_LETTERS = f"{BASE}/dead-letters"
_LETTER = f"{_LETTERS}/{{letter}}"
_AT_ONCE = 4
_DIGITS_MAX = 18
_NOT_KEPT = {"cache-control": "no-store"}

Result = TypeVar("Result")


class DeadLetterResponse(View):
    """A message of a neighbour that could not be handled.

    Attributes:
        id: In the order in which they were set aside.
        status: `failed`, or `waiting` behind one of the same aggregate that failed.
        code: Stable, dotted name of the reason.
        reason: Why, in a sentence.
        at: When it was last refused, or set aside.
        aggregate: What it is about; null where nothing waits behind it.
        event_id: Of the event; null where that cannot be read.
        event_type: Of the event; null where that cannot be read.
        stream: That it came from.
        sequence: Its place there.
        subject: It was published on.
        deliveries: How often it had been handed out.
        size_bytes: Of its body.
    """

    id: int
    status: LetterStatus
    code: str
    reason: str
    at: Instant
    aggregate: str | None
    event_id: str | None
    event_type: str | None
    stream: str
    sequence: int
    subject: str
    deliveries: int
    size_bytes: int


class DeadLetterContentResponse(DeadLetterResponse):
    """A message that could not be handled, as it came.

    Attributes:
        headers: It was published with.
        body: It was published with, or its beginning where it was too large; null where it is no text.
        body_base64: The same where it is no text; else null.
    """

    headers: dict[str, str]
    body: str | None
    body_base64: str | None


class ResumedResponse(View):
    """What has become of messages that were gone through in their order.

    Attributes:
        handled: The ids of those that are done with.
        stopped_at: The one that was refused, before which the others wait; null where none was.
    """

    handled: list[int]
    stopped_at: DeadLetterResponse | None


class DeadLetterEndpoints:
    """What can be asked of dead letters.

    Args:
        dead_letters: Where they are.
    """

    def __init__(self, *, dead_letters: DeadLetters) -> None:
        self._dead_letters = dead_letters
        self._limiter = anyio.CapacityLimiter(_AT_ONCE)

    def operations(self) -> list[Operation]:
        """Return what is served, with its paths."""
        return [
            Operation(
                method="GET",
                path=_LETTERS,
                endpoint=self.list_letters,
                description=Description(id="list_dead_letters", answers=Page[DeadLetterResponse], problems=(503,)),
                parameters=("page_size", "page_token"),
            ),
            Operation(
                method="GET",
                path=_LETTER,
                endpoint=self.get,
                description=Description(id="get_dead_letter", answers=DeadLetterContentResponse, problems=(503,)),
            ),
            Operation(
                method="POST",
                path=f"{_LETTER}/replay",
                endpoint=self.replay,
                description=Description(id="replay_dead_letter", answers=ResumedResponse, problems=(409, 503)),
            ),
            Operation(
                method="DELETE",
                path=_LETTER,
                endpoint=self.discard,
                description=Description(id="discard_dead_letter", answers=ResumedResponse, problems=(409, 503)),
            ),
        ]

    async def list_letters(self, request: Request) -> Response:
        """Answer a page of the messages that could not be handled, the oldest first."""
        size, token = page_size(request), text(request, "page_token")
        after = 0 if token is None else place_of(token, of=_LETTERS).offset
        found = await self._in_thread(lambda: self._dead_letters.page(after=after, limit=size + 1))
        items = found[:size]
        following = None
        if len(found) > size:
            following = page_token(Place(position=0, offset=items[-1].id), of=_LETTERS)
        page = Page[DeadLetterResponse](items=[_response(each) for each in items], next_page_token=following)
        return _answer(page)

    async def get(self, request: Request) -> Response:
        """Answer a message that could not be handled, as it came."""
        letter_id = _id(request)
        return _answer(_content(await self._in_thread(lambda: self._dead_letters.get(letter_id))))

    async def replay(self, request: Request) -> Response:
        """Handle a message again, then those that wait behind it, until one is refused."""
        letter_id = _id(request)
        return _answer(_resumed(await self._in_thread(lambda: self._dead_letters.replay(letter_id))))

    async def discard(self, request: Request) -> Response:
        """Remove a message for good, and handle those that wait behind it."""
        letter_id = _id(request)
        return _answer(_resumed(await self._in_thread(lambda: self._dead_letters.discard(letter_id))))

    async def _in_thread(self, work: Callable[[], Result]) -> Result:
        return await anyio.to_thread.run_sync(work, limiter=self._limiter)


def _id(request: Request) -> int:
    given = request.path_params["letter"]
    if not (given.isascii() and given.isdigit() and len(given) <= _DIGITS_MAX):
        message = f"There is no dead letter {given!r}: its id is a number."
        raise DeadLetterNotFound(message, id=given)
    return int(given)


def _response(letter: DeadLetter) -> DeadLetterResponse:
    return DeadLetterResponse(**letter.model_dump(include=set(DeadLetterResponse.model_fields)))


def _content(letter: DeadLetter) -> DeadLetterContentResponse:
    body = encoded = None
    try:
        body = letter.body.decode()
    except UnicodeDecodeError:
        encoded = b64encode(letter.body).decode()
    shared = _response(letter).model_dump()
    return DeadLetterContentResponse(**shared, headers=dict(letter.headers), body=body, body_base64=encoded)


def _resumed(resumed: Resumed) -> ResumedResponse:
    stopped_at = None if resumed.stopped_at is None else _response(resumed.stopped_at)
    return ResumedResponse(handled=list(resumed.handled), stopped_at=stopped_at)


def _answer(view: View) -> Response:
    return JSONResponse(view.model_dump(mode="json"), headers=_NOT_KEPT)
