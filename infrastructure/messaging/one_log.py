"""A micro service whose instances all answer from one log: requests are shared among them by the subject alone."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from contextlib import suppress

from nats.aio.client import Client

from application.log_identity import BEGINNING, ChainedLog, Reach, has, reach_of
from infrastructure.messaging.discovery import ANSWERS_S, Instance, instances
from infrastructure.messaging.hindrances import Hindrance
from infrastructure.messaging.together import together

_POSITION, _HASH = "log_position", "log_hash"
_SETTLING_S = ANSWERS_S + 0.1
_WITHIN_S = 1.0

_log = logging.getLogger(__name__)


class AnotherLog(Hindrance):
    """Somebody else on the same NATS answers from another log: each would get requests that are the other's."""


class OneLog:
    """Lets an instance of a micro service answer only where all others do so from the same log.

    Of several logs that one is answered from which is already, then the longest one.

    Args:
        service: The name of the micro service.
        log: What this instance answers from. Where it cannot be read, nobody is kept from answering.
        look_every_s: So often it is looked who else answers.

    Attributes:
        metadata: What the instance is to say of itself; it changes.
    """

    def __init__(self, *, service: str, log: ChainedLog, look_every_s: float = 5.0) -> None:
        self._service = service
        self._look_every_s = look_every_s
        self._event_log = log
        self._reach = BEGINNING
        self.metadata = {_POSITION: "0", _HASH: ""}

    async def serve(self, client: Client, *, instance: str, answer: Callable[[], Awaitable[None]]) -> None:
        """Answer until cancelled, for as long as nobody does from another log.

        Args:
            client: The connection, on which the instance can be discovered already.
            instance: Its id.
            answer: Answers until cancelled, and from its beginning on the instance says that it has endpoints.

        Raises:
            AnotherLog: Somebody does. When it is gone, this one may.
        """
        await self._look_at_log()
        await asyncio.sleep(_SETTLING_S)  # who begins at the same moment can be discovered by then
        await self._require_alone(client, instance, serves=False)
        async with together() as tasks:
            tasks.create_task(self._watch(client, instance))
            await answer()

    async def _watch(self, client: Client, instance: str) -> None:
        while True:
            await asyncio.sleep(self._look_every_s)
            await self._look_at_log()
            await self._require_alone(client, instance, serves=True)

    async def _require_alone(self, client: Client, instance: str, *, serves: bool) -> None:
        mine = _rank(self._reach, instance, serves=serves)
        for other in await instances(client, self._service, within_s=_WITHIN_S if serves else ANSWERS_S):
            theirs = _reach(other)
            if theirs is None or other.id == instance or mine < _rank(theirs, other.id, serves=other.serves):
                continue
            if not await self._is_of_log(theirs):
                message = (
                    f"another registry (instance {other.id}) answers on this NATS from another log, and requests "
                    "would meet the wrong one: give each a NATS account of its own, or stop one"
                )
                raise AnotherLog(message)

    async def _look_at_log(self) -> None:
        with suppress(Exception):  # whatever it is: what is in memory is answered from also without the log
            self._reach = await asyncio.to_thread(lambda: reach_of(self._event_log, self._event_log.head()))
            self.metadata |= {_POSITION: str(self._reach.position), _HASH: self._reach.hash}

    async def _is_of_log(self, reach: Reach) -> bool:
        try:
            return await asyncio.to_thread(has, self._event_log, reach)
        except Exception as error:  # as above
            _log.warning("It cannot be told whether another registry has the same log: %s", error)
            return True


def _rank(reach: Reach, instance: str, *, serves: bool) -> tuple[bool, int, str]:
    """Return by what instances are sorted, of which the first may answer."""
    return not serves, -reach.position, instance


def _reach(instance: Instance) -> Reach | None:
    """Return what an instance answers from; None where it does not say so."""
    try:
        return Reach(position=int(instance.metadata[_POSITION]), hash=instance.metadata[_HASH])
    except (KeyError, ValueError):
        return None
