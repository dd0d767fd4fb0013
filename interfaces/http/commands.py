"""From a decision to the response of its command: carried out once, answered when it can be read."""

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeVar

import anyio
import orjson
from starlette.requests import Request
from starlette.responses import Response

from application.execution import Context, Executed, Outcome, execute
from application.service import Service
from domain.commands import Answer
from domain.errors import StaleVersion
from interfaces.http.context import Conditions, conditions, context, idempotency
from interfaces.http.problems import PreconditionFailed
from interfaces.http.threads import Threads

READABLE_WITHIN_S = 2.0
"""So long a command's answer waits for the read models; it is a success in any case."""

Result = TypeVar("Result")
Decide = Callable[[Context], Outcome[Any]]


@dataclass(frozen=True, kw_only=True)
class Success:
    """How a command is answered that was granted.

    Attributes:
        status: 204 leaves the body out.
        location: Where what it made is found; given its view.
        creates: Whether it makes something new, of which there is no version yet to be decided on.
        headers: Further ones.
        leads_predictions: Whether it leads requests for predictions of the model that its view names to another
            version: the answer waits for that, too.
    """

    status: int = 200
    location: Callable[[Any], str] | None = None
    creates: bool = False
    headers: Mapping[str, str] = field(default_factory=dict)
    leads_predictions: bool = False


class Commands:
    """Carries out commands in threads, so many at once.

    Args:
        service: What they work with.
        threads: How many commands are carried out at the same time.
    """

    def __init__(self, *, service: Service, threads: int) -> None:
        self._service = service
        self._threads = Threads(threads)

    async def carry_out(
        self, request: Request, decide: Decide, *, success: Success, body: bytes = b""
    ) -> Response:
        """Carry out a command that is asked for by a body read in full.

        Raises:
            DomainError: As `decide` refuses.
            RequestProblem: Its conditions cannot be read, or cannot hold.
        """
        demanded = self.demanded(request, success=success)
        key = idempotency(request, demanded.key, body)
        given = self.context(request).model_copy(update={"idempotency": key})
        executed = await self.executed(decide, demanded, given, success=success)
        return await self.answered(executed, leads_predictions=success.leads_predictions)

    def demanded(self, request: Request, *, success: Success) -> Conditions:
        """Return what the sender demands.

        Raises:
            PreconditionFailed: A certain version of what does not exist yet, among other reasons.
        """
        found = conditions(request)
        if success.creates and found.versions is not None:
            message = "What is made here has no version yet that you could have decided on: leave If-Match out."
            raise PreconditionFailed(message)
        return found

    def context(self, request: Request) -> Context:
        """Return the context of the request's command, not yet with its conditions."""
        return context(request, clock=self._service.clock, identity=self._service.identity)

    async def executed(
        self, decide: Decide, demanded: Conditions, given: Context, *, success: Success
    ) -> Executed:
        """Carry out the command in a thread."""

        def run() -> Executed:
            return execute(
                lambda: _decided(decide, given, demanded.versions),
                ledger=self._service.ledger,
                context=given,
                answer=lambda outcome: _answer(outcome, success),
            )

        return await self.in_thread(run)

    async def in_thread(self, work: Callable[[], Result]) -> Result:
        """Do work that blocks, while others go on.

        Raises:
            ServiceBusy: There was no thread for it in the time.
        """
        return await self._threads.run(work)

    async def answered(self, executed: Executed, *, leads_predictions: bool = False) -> Response:
        """Return the response, once what the command did can be read here, or after a while anyway."""
        answer, position = executed.answer, executed.position
        with anyio.move_on_after(READABLE_WITHIN_S):
            if await self._service.progress.wait_until(position, READABLE_WITHIN_S) and leads_predictions:
                await self._followed(answer, position)
        headers = {**answer.headers, "x-event-position": str(position)}
        if executed.is_replay:
            headers["idempotent-replayed"] = "true"
        return Response(None if answer.body is None else answer.body.encode(), answer.status, headers)

    async def _followed(self, answer: Answer, position: int) -> None:
        """Wait until predictions are made by what the command has led their requests to."""
        assert answer.body is not None
        model_id = orjson.loads(answer.body)["model_id"]
        swapping = self._service.serving.swapping(model_id, position=position)
        if swapping is not None:
            await asyncio.wrap_future(swapping)


def _decided(decide: Decide, given: Context, versions: tuple[int, ...] | None) -> Outcome[Any]:
    """Decide on the first of the versions that is the current one.

    Raises:
        StaleVersion: None is.
    """
    if versions is None:
        return decide(given)
    *others, last = versions
    for version in others:
        try:
            return decide(given.model_copy(update={"expected_version": version}))
        except StaleVersion:
            continue
    return decide(given.model_copy(update={"expected_version": last}))


def _answer(outcome: Outcome[Any], success: Success) -> Answer:
    headers = {"etag": f'"{outcome.version}"', **success.headers}
    if success.location is not None:
        headers["location"] = success.location(outcome.view)
    if outcome.view is None:
        return Answer(status=success.status, headers=headers, body=None)
    headers["content-type"] = "application/json"
    body = orjson.dumps(outcome.view.model_dump(mode="json")).decode()
    return Answer(status=success.status, headers=headers, body=body)
