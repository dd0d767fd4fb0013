"""`GET /audit/verify`: whether the log is what was written."""

import asyncio
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from threading import Event
from typing import Any

from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response
from starlette.types import Receive

from application.audit.verification import LogUnavailable, Verification, VerifyLog
from interfaces.http.openapi_descriptions import Description
from interfaces.http.operations import BASE, Operation
from interfaces.requests.problems import RequestProblem

WITHIN_S = 300.0
"""Some fifty million events; who would wait longer over HTTP has given up before."""

TURN_WITHIN_S = 10.0

_NOT_KEPT = {"cache-control": "no-store"}


class VerificationBusy(RequestProblem):
    """Another verification is going on, and has not ended in the time."""

    status = 503
    code = "audit.busy"

    def __init__(self) -> None:
        message = "The log is being verified for somebody else: ask again when that has ended."
        super().__init__(message, headers={"retry-after": "10"})


class VerificationTooLong(RequestProblem):
    """The log is too long to be verified while somebody waits."""

    status = 503
    code = "audit.too-long"

    def __init__(self, *, within_s: float) -> None:
        message = f"The log was not verified in {within_s:.0f} s: run `ml-service audit verify` on its machine."
        super().__init__(message, headers={"retry-after": "3600"})


class LogNotReadable(RequestProblem):
    """The log cannot be read now."""

    status = 503
    code = "event-store.unavailable"

    def __init__(self) -> None:
        super().__init__("The log cannot be read at this moment: ask again.", headers={"retry-after": "1"})


class VerificationEndpoint:
    """Verifies the whole log for whoever asks, one after the other, each time from its beginning.

    Nothing is remembered from one time to the next: what was sound then may have been changed since.

    Args:
        verify: Verifies.
        within_s: It is given up after so long.
        turn_within_s: So long one waits for those who asked before.
    """

    def __init__(
        self, *, verify: VerifyLog, within_s: float = WITHIN_S, turn_within_s: float = TURN_WITHIN_S
    ) -> None:
        self._verify = verify
        self._within_s = within_s
        self._turn_within_s = turn_within_s
        self._turn = asyncio.Semaphore(1)

    def operations(self) -> list[Operation]:
        """Return what is served, with its path."""
        description = Description(id="verify_log", answers=Verification, problems=(503,))
        return [
            Operation(method="GET", path=f"{BASE}/audit/verify", endpoint=self.verify, description=description)
        ]

    async def verify(self, request: Request) -> Response:
        """Compute the hash chain again, and answer whether the log is what was written."""
        try:
            async with asyncio.timeout(self._turn_within_s):
                await self._turn.acquire()
        except TimeoutError:
            raise VerificationBusy from None
        try:
            found = await self._verified(request.receive)
        except LogUnavailable:
            raise LogNotReadable from None
        finally:
            self._turn.release()
        return JSONResponse(found.model_dump(mode="json"), headers=_NOT_KEPT)

    async def _verified(self, receive: Receive) -> Verification:
        wanted = Event()
        wanted.set()
        is_wanted: Callable[[], bool] = wanted.is_set
        work = asyncio.ensure_future(asyncio.to_thread(partial(self._verify, is_wanted=is_wanted)))
        leaving = asyncio.ensure_future(_left(receive))
        try:
            await asyncio.wait({work, leaving}, timeout=self._within_s, return_when=asyncio.FIRST_COMPLETED)
            if work.done():
                return work.result()
            wanted.clear()
            await asyncio.wait({work})  # within a page: the next one's turn must not begin before
            if leaving.done():
                leaving.result()
                raise ClientDisconnect
            raise VerificationTooLong(within_s=self._within_s)
        finally:
            wanted.clear()
            work.add_done_callback(_forget)
            leaving.add_done_callback(_forget)
            leaving.cancel()


async def _left(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


def _forget(ended: "asyncio.Future[Any]") -> None:
    """Take note of how it ended, which nobody waits for any more."""
    with suppress(asyncio.CancelledError):
        ended.exception()
