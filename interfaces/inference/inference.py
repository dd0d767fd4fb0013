"""The one path of predictions, whatever brings the request: from its body to the answer's, out of memory."""

import asyncio
import logging
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AbstractContextManager, asynccontextmanager, suppress
from functools import partial
from time import perf_counter
from typing import TypeVar

from application.inference.asking import RefusedRow
from application.inference.explaining import Explain
from application.inference.lookup import Request
from application.inference.routes import Served
from application.inference.serving import Serving
from application.ports.predictor import Rows
from application.ports.progress import ReadModelProgress
from domain.errors import DomainError
from interfaces.inference.answers import answer_in_steps
from interfaces.inference.asked import Asked, GuessedWrong, guess, parse_body
from interfaces.inference.instances import InstanceDecoders
from interfaces.inference.predicting import Answered, answered, joined_in_steps
from interfaces.inference.quickly import answer_few, answer_one, is_quick
from interfaces.inference.turns import ADMITTED_MAX, InferenceThreads, UntilLeft
from interfaces.inference.work import Work
from interfaces.requests.problems import BEHIND_WITHIN_S, ReadModelBehind, RequestProblem, TooSlow, VersionLoading

INLINE_BODY_MAX_BYTES = 64 * 1024
"""A body that is longer takes longer to read than anything may on the event loop."""

WITHIN_S = 30.0

_SERVER_ERRORS = 500

_log = logging.getLogger(__name__)

Result = TypeVar("Result")


class Inference:
    """Answers with predictions out of memory: no event store, no database and no log on the way.

    What takes long is worked on in turns, on threads of its own kind: a short request does not wait for the
    end of a long one, and nobody works on for a sender who has left. Belongs to the event loop that uses it.

    Args:
        serving: What the requests' names lead to.
        progress: Waited for by requests that want to see a position.
        threads: For predictions that are too long for the event loop; as many more for explanations.
        within_s: So long a request may take.
        admitted_max: So many requests that take long may be worked on or wait for it; further ones are refused.

    Attributes:
        work: What was predicted.
    """

    def __init__(
        self,
        *,
        serving: Serving,
        progress: ReadModelProgress,
        threads: int | None = None,
        within_s: float = WITHIN_S,
        admitted_max: int = ADMITTED_MAX,
    ) -> None:
        self._within_s = within_s
        self._serving = serving
        self._progress = progress
        self._threads = InferenceThreads(count=threads, admitted_max=admitted_max)
        self._decoders = InstanceDecoders()
        self._resolving: dict[Request, asyncio.Future[Served]] = {}
        self.work = Work()

    def close(self) -> None:
        """Give up what has not begun, and what has begun after its turn."""
        self._threads.close()

    async def answer(
        self,
        body: bytes,
        *,
        explain: Explain,
        position: int | None,
        within_s: float | None = None,
        until_left: UntilLeft | None,
    ) -> bytes:
        """Return the JSON of an `InferenceResponse`.

        Args:
            body: The JSON of an `InferenceRequest`.
            explain: Which predictions are to come with the contributions of the features.
            position: The position that the sender wants to see; None for none.
            within_s: So long the sender waits; None for as long as this service gives any request.
            until_left: Tells when the sender goes away; None where nobody can tell.

        Raises:
            RequestProblem: The body is no JSON, there is no answer in the time, or the service has too much to
                do, or ends.
            DomainError: What is asked for is not there, or cannot be had.
            SenderLeft: The sender went away.
        """
        began = perf_counter()
        try:
            answer, instances = self._answer_at_once(body, explain, position) or await self._answer_in_time(
                body, explain, position, within_s, until_left
            )
        except BaseException:
            self.work.refused += 1
            raise
        self.work.instances += instances
        self.work.durations.add(perf_counter() - began)
        return answer

    def _answer_at_once(self, body: bytes, explain: Explain, position: int | None) -> tuple[bytes, int] | None:
        """Return the answer to what needs nothing but a short look at memory, as most do; None for all else."""
        if explain is True or position is not None or len(body) > INLINE_BODY_MAX_BYTES:
            return None
        asked = parse_body(body)
        served = self._serving.ready(asked.request)
        return None if served is None else self._answer_quickly(served, asked, explain)

    def _answer_quickly(self, served: Served, asked: Asked, explain: Explain) -> tuple[bytes, int] | None:
        """Return the answer, and for how many instances it predicts; None where that takes long."""
        decoder = self._decoders.of(served.loaded.predictor)
        if asked.is_single and explain is False:
            return answer_one(served, decoder, asked)
        return answer_few(served, decoder.rows(asked), explain)

    async def _answer_in_time(
        self,
        body: bytes,
        explain: Explain,
        position: int | None,
        within_s: float | None,
        until_left: UntilLeft | None,
    ) -> tuple[bytes, int]:
        async with self.in_time(within_s):
            if len(body) <= INLINE_BODY_MAX_BYTES:
                asked = parse_body(body)
                served = await self.served(asked.request, position=position)
                if explain is not True and (found := self._answer_quickly(served, asked, explain)) is not None:
                    return found
                return await self._answer_in_turns(served, asked, explain, until_left)
            if (guessed := guess(body)) is not None:
                with suppress(GuessedWrong, DomainError):  # which the body as a whole may not deserve
                    served = await self.served(guessed.request, position=position)
                    return await self._answer_in_turns(served, guessed, explain, until_left)
            asked = await self.aside(partial(parse_body, body))
            served = await self.served(asked.request, position=position)
            return await self._answer_in_turns(served, asked, explain, until_left)

    async def _answer_in_turns(
        self, served: Served, asked: Asked, explain: Explain, until_left: UntilLeft | None
    ) -> tuple[bytes, int]:
        decoder = self._decoders.of(served.loaded.predictor)
        steps = answer_in_steps(served, partial(decoder.rows, asked), explain=explain)
        try:
            return await self.in_turns(steps, explain, until_left)
        except RefusedRow as refused:
            raise refused.told_at("features") if asked.is_single else refused from None

    @asynccontextmanager
    async def in_time(self, within_s: float | None) -> AsyncIterator[None]:
        """Count as one of those that are worked on for long, and end when there is no more time.

        Raises:
            Overloaded: There are too many.
            TooSlow: The block has not ended in the time.
        """
        with self.admitted():
            async with self.limited(within_s):
                yield

    def admitted(self) -> AbstractContextManager[None]:
        """Count as one of those that are worked on for long.

        It raises `Overloaded` where there are too many.
        """
        return self._threads.admitted()

    @asynccontextmanager
    async def limited(self, within_s: float | None) -> AsyncIterator[None]:
        """End when there is no more time.

        Raises:
            TooSlow: The block has not ended in the time.
        """
        limit_s = self.limit_s(within_s)
        try:
            async with asyncio.timeout(limit_s) as limit:
                yield
        except TimeoutError:
            if limit.expired():
                raise TooSlow(within_s=limit_s) from None
            raise

    def limit_s(self, within_s: float | None) -> float:
        """Return how long anything may take for a sender who waits for so long; None for one who does not say."""
        return self._within_s if within_s is None else min(within_s, self._within_s)

    async def prepared(self, prepare: Callable[[], Result]) -> Result:
        """Return what a function returns that is too slow for the event loop, and loads something.

        Raises:
            ServiceStopping: The service ends.
        """
        return await self._threads.run(self._threads.loading, prepare)

    async def served(self, request: Request, *, position: int | None) -> Served:
        """Return what a request means, brought into memory where it is not.

        Raises:
            ReadModelBehind, VersionLoading: The position is not reached, or what serves there not loaded in time.
            DomainError: There is no such version, or it cannot predict.
        """
        if position is not None:
            await self._wait_until(position, request)
        return self._serving.ready(request) or await self._resolved(request)

    async def predict(
        self, served: Served, rows: Rows, *, explain: Explain, until_left: UntilLeft | None
    ) -> Answered:
        """Return what a version says of rows.

        Raises:
            ServiceStopping: The service ends.
            SenderLeft: The sender went away.
        """
        predictor = served.loaded.predictor
        if explain is False and is_quick(predictor, len(rows)):
            return answered(predictor, rows, explain=False)
        return await self.in_turns(joined_in_steps(predictor, rows, explain=explain), explain, until_left)

    async def in_turns(
        self, steps: Iterator[Result | None], explain: Explain, until_left: UntilLeft | None
    ) -> Result:
        """Return the first result among short steps, made on threads of their kind in turns with others.

        Raises:
            ServiceStopping: The service ends.
            SenderLeft: The sender went away.
        """
        threads = self._threads.predicting if explain is False else self._threads.explaining
        return await self._threads.run_in_turns(threads, steps, until_left=until_left)

    async def aside(self, function: Callable[[], Result]) -> Result:
        """Return what a function returns that takes too long for the event loop.

        Raises:
            ServiceStopping: The service ends.
        """
        return await self._threads.run(self._threads.predicting, function)

    async def _wait_until(self, position: int, request: Request) -> None:
        began = perf_counter()
        if not await self._progress.wait_until(position, BEHIND_WITHIN_S):
            raise ReadModelBehind(wanted=position, reached=self._progress.status.position)
        served = self._serving.ready(request)
        if served is None or (swapping := self._serving.swapping(served.model_id, position=position)) is None:
            return
        with suppress(TimeoutError):
            await asyncio.wait_for(asyncio.wrap_future(swapping), BEHIND_WITHIN_S - (perf_counter() - began))
        if self._serving.swapping(served.model_id, position=position) is not None:
            raise VersionLoading(position=position)

    async def _resolved(self, request: Request) -> Served:
        """Return what the request means; however many ask for a cold model, one thread is busy with it.

        The others wait for that thread and then look for themselves: its answer may be older than their
        request.
        """
        while (served := self._serving.ready(request)) is None:
            running = self._resolving.get(request)
            if running is None:
                resolving = self._threads.run(self._threads.loading, partial(self._serving.resolve, request))
                running = asyncio.ensure_future(resolving)
                self._resolving[request] = running
                running.add_done_callback(lambda _: self._resolving.pop(request))
                return await asyncio.shield(running)  # others wait for it, too
            await asyncio.wait([running])
        return served


def log_failure(error: Exception, *, status: int, request_id: str) -> None:
    """Let the log hear of an error that is the service's own, and of which it does not know already."""
    if status >= _SERVER_ERRORS and isinstance(error, DomainError | RequestProblem):
        _log.warning("request %s: inference failed with %s: %r", request_id, error.code, error.message)
