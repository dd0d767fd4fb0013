"""The one path of predictions, whatever brings the request: from its body to the answer's, out of memory."""

import asyncio
import logging
from contextlib import suppress
from functools import partial
from time import perf_counter

from application.inference.lookup import Request
from application.inference.routes import Served
from application.inference.serving import Serving
from application.ports.progress import ReadModelProgress
from domain.errors import DomainError
from interfaces.inference.answers import answer_at_once, answer_in_steps
from interfaces.inference.asked import parse_body, require_explainable
from interfaces.inference.turns import InferenceThreads, UntilLeft
from interfaces.inference.work import Work
from interfaces.requests.problems import BEHIND_WITHIN_S, ReadModelBehind, RequestProblem, VersionLoading

INLINE_BODY_MAX_BYTES = 64 * 1024
INLINE_COST_MAX_BYTES = 8 * 1024 * 1024
"""Rows times model size: up to here, about 0.2 ms, a prediction is over before a thread would have begun it."""

_SERVER_ERRORS = 500

_log = logging.getLogger(__name__)


class Inference:
    """Answers with predictions out of memory: no event store, no database and no log on the way.

    What takes long is worked on in turns, on threads of its own kind: a short request does not wait for the
    end of a long one, and nobody works on for a sender who has left. Belongs to the event loop that uses it.

    Args:
        serving: What the requests' names lead to.
        progress: Waited for by requests that want to see a position.
        threads: For predictions that are too long for the event loop; as many more for explanations.

    Attributes:
        work: What was predicted.
    """

    def __init__(self, *, serving: Serving, progress: ReadModelProgress, threads: int | None = None) -> None:
        self._serving = serving
        self._progress = progress
        self._threads = InferenceThreads(count=threads)
        self._resolving: dict[Request, asyncio.Future[Served]] = {}
        self.work = Work()

    def close(self) -> None:
        """Give up what has not begun, and what has begun after its turn."""
        self._threads.close()

    async def answer(
        self, body: bytes, *, explain: bool, position: int | None, until_left: UntilLeft | None
    ) -> bytes:
        """Return the JSON of an `InferenceResponse`.

        Args:
            body: The JSON of an `InferenceRequest`.
            explain: Whether each prediction is to come with the contributions of the features.
            position: The position that the sender wants to see; None for none.
            until_left: Tells when the sender goes away; None where nobody can tell.

        Raises:
            RequestProblem: The body is no JSON, the position is not reached in the time, what serves there is not
                loaded in the time, or the service ends.
            DomainError: What is asked for is not there, or cannot be had.
            SenderLeft: The sender went away.
        """
        began = perf_counter()
        try:
            answer, instances = await self._answer(body, explain=explain, position=position, until_left=until_left)
        except BaseException:
            self.work.refused += 1
            raise
        self.work.instances += instances
        self.work.durations.add(perf_counter() - began)
        return answer

    async def _answer(
        self, body: bytes, *, explain: bool, position: int | None, until_left: UntilLeft | None
    ) -> tuple[bytes, int]:
        """Return the answer, and for how many instances it predicts."""
        if len(body) <= INLINE_BODY_MAX_BYTES:
            asked = parse_body(body)
        else:
            asked = await self._threads.run(self._threads.predicting, partial(parse_body, body))
        if explain:
            require_explainable(asked)
        if position is not None:
            await self._wait_until(position, asked.request)
        served = self._serving.ready(asked.request) or await self._resolved(asked.request)
        count = len(asked.instances)
        if explain:
            steps = answer_in_steps(served, asked, explain=True)
            answer = await self._threads.run_in_turns(self._threads.explaining, steps, until_left=until_left)
        elif count * served.loaded.predictor.size_bytes > INLINE_COST_MAX_BYTES:
            steps = answer_in_steps(served, asked, explain=False)
            answer = await self._threads.run_in_turns(self._threads.predicting, steps, until_left=until_left)
        else:
            answer = answer_at_once(served, asked)
        return answer, count

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
                return await running
            await asyncio.wait([running])
        return served


def log_failure(error: Exception, *, status: int, request_id: str) -> None:
    """Let the log hear of an error that is the service's own, and of which it does not know already."""
    if status >= _SERVER_ERRORS and isinstance(error, DomainError | RequestProblem):
        _log.warning("request %s: inference failed with %s: %r", request_id, error.code, error.message)
