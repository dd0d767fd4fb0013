"""Rounds of running trainings over core NATS: told as CloudEvents by workers, heard for those who watch a job."""

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine, Sequence
from concurrent.futures import Future
from contextlib import asynccontextmanager, suppress
from threading import Lock
from typing import Any
from uuid import UUID

from nats.aio.client import Client
from nats.aio.msg import Msg
from nats.aio.subscription import Subscription
from nats.errors import Error as NatsError
from pydantic import ValidationError

from application.integration.contracts import SOURCE
from application.integration.iterations import TYPE, TrainingJobIteratedData, subject_of
from application.ports.clock import Clock
from application.ports.event_log import Recorded
from application.views import instant_text
from infrastructure.messaging.cloudevents import PREFIX
from infrastructure.messaging.live_watch import QueuedWatch
from infrastructure.messaging.parts import Messaging

_ROUND_TRIP_S = 1.0


class NatsLiveIterations:
    """Publishes each round as a CloudEvent in binary mode.

    Args:
        messaging: Publishes.
        clock: For the events' time.
    """

    def __init__(self, *, messaging: Messaging, clock: Clock) -> None:
        self._messaging = messaging
        self._clock = clock

    def tell(self, iteration: TrainingJobIteratedData) -> None:
        """Tell of a round: at once, in any thread, and without an error when nobody can be told."""
        job_id = str(iteration.training_job_id)
        # none of these values needs an encoding, which would cost more than all the rest
        attributes = {
            "specversion": "1.0",
            "id": f"{job_id}.{iteration.attempt}.{iteration.iteration}",
            "source": SOURCE,
            "type": TYPE,
            "subject": job_id,
            "time": instant_text(self._clock.now()),
            "datacontenttype": "application/json",
        }
        headers = {PREFIX + name: value for name, value in attributes.items()}
        payload = iteration.model_dump_json().encode()
        self._messaging.publish_soon(subject_of(iteration.training_job_id), payload, headers)


class LiveJobFeed:
    """Lets readers of this process watch jobs: a part of messaging, and a listener of the read models' pages.

    There is one subscription for each job that is watched, however many watch it, and none for the others.

    Attributes:
        name: Of the part.
    """

    name = "live"

    def __init__(self) -> None:
        self._guard = Lock()
        self._watches: dict[UUID, set[QueuedWatch]] = {}
        self._hearing: _Hearing | None = None

    @asynccontextmanager
    async def watch(self, job_id: UUID) -> AsyncIterator[QueuedWatch]:
        """Watch a job for as long as the block lasts: nothing told from its beginning on is missed."""
        watch = QueuedWatch(caught_up=self._caught_up)
        with self._guard:
            self._watches.setdefault(job_id, set()).add(watch)
        try:
            await self._caught_up()
            yield watch
        finally:
            with self._guard:
                self._watches[job_id].discard(watch)
                if not self._watches[job_id]:
                    del self._watches[job_id]
            self._submit(lambda hearing: hearing.follow(self._watched))

    def on_page(self, page: Sequence[Recorded]) -> None:
        """Let those look at the log whose job has an event in the page."""
        if self._watches:
            for job_id in {recorded.event.originator_id for recorded in page}:
                for watch in self._watching(job_id):
                    watch.log_moved()

    async def run(self, client: Client) -> None:
        """Hear what is told of the watched jobs until cancelled."""
        hearing = _Hearing(client, on_iteration=self._on_iteration)
        with self._guard:
            self._hearing = hearing
        try:
            await hearing.follow(self._watched)
            await asyncio.Event().wait()
        finally:
            with self._guard:
                self._hearing = None
            await hearing.end()

    def _on_iteration(self, iteration: TrainingJobIteratedData) -> None:
        for watch in self._watching(iteration.training_job_id):
            watch.offer(iteration)

    def _watched(self) -> set[UUID]:
        with self._guard:
            return set(self._watches)

    def _watching(self, job_id: UUID) -> list[QueuedWatch]:
        with self._guard:
            return list(self._watches.get(job_id, ()))

    async def _caught_up(self) -> None:
        """Return once everything has been heard that was told before this call; soon in any case."""
        done = self._submit(lambda hearing: hearing.catch_up(self._watched))
        if done is not None:
            waiting = asyncio.wrap_future(done)
            waiting.add_done_callback(lambda _: waiting.cancelled() or waiting.exception())
            try:
                await asyncio.wait([waiting], timeout=_ROUND_TRIP_S)
            finally:
                waiting.cancel()

    def _submit(self, work: "Callable[[_Hearing], Coroutine[Any, Any, None]]") -> "Future[None] | None":
        with self._guard:  # the connection's loop cannot end before it lets go of this
            if self._hearing is None:
                return None
            return asyncio.run_coroutine_threadsafe(work(self._hearing), self._hearing.loop)


class _Hearing:
    """The subscriptions on one connection; all but `loop` belongs to its event loop."""

    def __init__(self, client: Client, *, on_iteration: Callable[[TrainingJobIteratedData], None]) -> None:
        self.loop = asyncio.get_running_loop()
        self._client = client
        self._on_iteration = on_iteration
        self._subscriptions: dict[UUID, Subscription] = {}
        self._turn = asyncio.Lock()

    async def follow(self, watched: Callable[[], set[UUID]]) -> None:
        """Subscribe to the jobs that are watched, and to no others."""
        async with self._turn:
            wanted = watched()
            for job_id in wanted - self._subscriptions.keys():
                self._subscriptions[job_id] = await self._client.subscribe(subject_of(job_id), cb=self._heard)
            for job_id in self._subscriptions.keys() - wanted:
                await self._subscriptions.pop(job_id).unsubscribe()

    async def catch_up(self, watched: Callable[[], set[UUID]]) -> None:
        """Subscribe, and go to the server and back: what it had to tell until then comes before its answer."""
        await self.follow(watched)
        await self._client.flush()
        # here, and not yet heard; asked again at once, since whoever hears it says nothing
        while any(each.pending_msgs for each in self._subscriptions.values()):  # noqa: ASYNC110 - see above
            await asyncio.sleep(0)

    async def end(self) -> None:
        """Subscribe to nothing any more."""
        with suppress(NatsError, OSError):
            await self.follow(set)

    async def _heard(self, message: Msg) -> None:
        try:
            iteration = TrainingJobIteratedData.model_validate_json(message.data)
        except ValidationError:
            return  # anybody may publish here
        if subject_of(iteration.training_job_id) == message.subject:
            self._on_iteration(iteration)
