"""From a question to its response: read at a position, and not again where the reader has it already."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial
from typing import Any, TypeVar

import anyio
import orjson
from starlette.requests import Request
from starlette.responses import Response

from application.service import Service
from application.views import instant_text
from domain.errors import InvalidInput
from interfaces.http.bodies import JSON
from interfaces.http.context import entity_tags
from interfaces.http.moments import AS_OF, Moment, as_of, written
from interfaces.http.threads import Threads
from interfaces.requests.fields import whole_number
from interfaces.requests.problems import BEHIND_WITHIN_S, ReadModelBehind

SETTLED_S = 1.0
"""An instant this old is taken to mean the same position for ever: what was decided by then is stored by now."""

Result = TypeVar("Result")


@dataclass(frozen=True, kw_only=True)
class Found:
    """What a question is answered with.

    Attributes:
        document: JSON values.
        position: As of which it was read; None for the newest when the question was asked.
        version: Of the aggregate that it belongs to; None where it belongs to none.
    """

    document: Any
    position: int | None = None
    version: int | None = None


class Reads:
    """Answers questions in threads, so many at once.

    Args:
        service: What they are put to.
        threads: How many are answered at the same time.
        settled_s: How old an instant is when it is answered, in seconds; asked for earlier, it is waited for.
    """

    def __init__(self, *, service: Service, threads: int, settled_s: float = SETTLED_S) -> None:
        self._service = service
        self._settled_s = settled_s
        self._threads = Threads(threads)

    async def answer(self, request: Request, ask: Callable[[], Found]) -> Response:
        """Return what the question is answered with, or that it has not changed.

        Args:
            request: For the position that it wants to see, and the version that the reader has.
            ask: The question; may block.

        Raises:
            ReadModelBehind: The position is not reached in the time.
            InvalidInput: The position is none.
        """
        await self.reached(request)
        return response(request, *await self.ask(ask))

    async def answer_as_of(self, request: Request, ask: Callable[[int | None], Found]) -> Response:
        """Return what the question is answered with as of the moment that the request names.

        Args:
            request: As that of `answer`, and for its moment.
            ask: The question; given the position to read at, None for the newest.

        Raises:
            ReadModelBehind: A position is not reached in the time.
            InvalidInput: The moment, or the position, is none or yet to come.
        """
        at = await self.as_of(request)

        def ask_then() -> Found:
            found = ask(at)
            return found if found.position is not None else replace(found, position=at)

        return await self.answer(request, ask_then)

    async def as_of(self, request: Request) -> int | None:
        """Return the position as of which the request asks, once it can be read; None for the newest.

        Raises:
            ReadModelBehind: It cannot, in the time.
            InvalidInput: The moment is none, or yet to come.
        """
        moment = as_of(request)
        return None if moment is None else await self.position_of(moment, field=AS_OF)

    async def position_of(self, moment: Moment, *, field: str) -> int:
        """Return the position that a moment means, once it can be read.

        An instant means what had happened by then, as far as the log goes when the instant is settled: an event
        has its timestamp before its commit, so the position of an instant that is just over may still change.

        Raises:
            ReadModelBehind: It cannot, in the time.
            InvalidInput: It is yet to come; the error names the field.
        """
        if isinstance(moment, datetime):
            if moment > (now := self._service.clock.now()):
                message = f"lies in the future: by this service's clock it is {instant_text(now)}."
                raise InvalidInput.of(field, message, written(moment))
            await anyio.sleep(max(0.0, self._settled_s - (now - moment).total_seconds()))
            await self._wait_for(await self.in_thread(self._service.ledger.head))
            return await self.in_thread(partial(self._service.read_models.position_at, moment))
        head = await self.in_thread(self._service.ledger.head)
        if moment > head:
            message = f"lies ahead of the log, which ends at position {head}."
            raise InvalidInput.of(field, message, written(moment))
        await self._wait_for(moment)
        return moment

    async def reached(self, request: Request) -> None:
        """Wait until the position can be read that the request wants to see.

        Raises:
            ReadModelBehind: It cannot, in the time.
            InvalidInput: It is no position.
        """
        given = request.headers.get("x-min-event-position")
        if given is None:
            return
        await self._wait_for(whole_number(given, field="X-Min-Event-Position", minimum=0))

    async def _wait_for(self, wanted: int) -> None:
        if not await self._service.progress.wait_until(wanted, BEHIND_WITHIN_S):
            raise ReadModelBehind(wanted=wanted, reached=await self.in_thread(self._service.read_models.position))

    async def ask(self, ask: Callable[[], Found]) -> tuple[Found, int]:
        """Return the answer, and the position that it is at least at."""

        def at_position() -> tuple[Found, int]:
            position = self._service.read_models.position()
            found = ask()
            return found, position if found.position is None else found.position

        return await self.in_thread(at_position)

    async def in_thread(self, work: Callable[[], Result]) -> Result:
        """Do work that blocks, while others go on.

        Raises:
            ServiceBusy: There was no thread for it in the time.
        """
        return await self._threads.run(work)


def response(request: Request, found: Found, position: int) -> Response:
    """Return the response of what was found at the position, or 304 where the reader has it.

    Raises:
        MalformedHeader: `If-None-Match` is no list of entity tags.
    """
    headers = {"x-event-position": str(position)}
    if found.version is not None:
        headers["etag"] = f'"{found.version}"'
        if reader_has(request, str(found.version)):
            return Response(status_code=304, headers=headers)
    return Response(orjson.dumps(found.document), headers=headers, media_type=JSON)


def reader_has(request: Request, tag: str) -> bool:
    """Tell whether the reader has what has this entity tag.

    Raises:
        MalformedHeader: `If-None-Match` is no list of entity tags.
    """
    lines = request.headers.getlist("if-none-match")
    if not lines:
        return False
    given = ", ".join(lines)
    # by weak comparison (Source: RFC 9110, section 13.1.2)
    return given.strip() == "*" or tag in {each for each, _ in entity_tags(given, header="If-None-Match")}
