"""Publishing to one stream, each message only behind the one before."""

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager, suppress

import orjson
from nats.aio.client import Client
from nats.aio.msg import Msg
from nats.js.api import Header

from infrastructure.messaging.hindrances import Hindrance

WINDOW = 512
"""So many messages may be on their way at once: the server writes what has arrived meanwhile in one go."""

ACK_WITHIN_S = 5.0


OnStored = Callable[[int], None]


class PublishDoubted(Hindrance):
    """It is not known which of the messages on their way are in the stream: ask the stream."""


class FencedPublisher:
    """Publishes to a stream that nobody else may have written to meanwhile.

    Each message names the sequence that it expects the stream's last message to have, so that of two who publish
    at once one is refused, and no message is stored behind one that was lost. Where the message before it is still
    on its way, it names that one's id, too: a stranger's message in its place would have the sequence expected.

    Args:
        client: A connection.
        stream: The stream's name.
        sequence: Of its last message.
        on_stored: Told the position of each message that this publisher has put into the stream.

    Attributes:
        sequence: Of the last message that is certainly in the stream.
        position: What the caller calls it; None while it is none of this publisher's.
    """

    def __init__(self, client: Client, *, stream: str, sequence: int, on_stored: OnStored) -> None:
        self.sequence = sequence
        self.position: int | None = None
        self._client = client
        self._stream = stream
        self._on_stored = on_stored
        self._last_sent = sequence
        self._last_id: str | None = None
        self._under_way: deque[int] = deque()
        self._inbox = client.new_inbox()
        self._answered, self._doubted = asyncio.Event(), asyncio.Event()
        self._doubt: PublishDoubted | None = None

    @property
    def is_settled(self) -> bool:
        """Whether all that was sent is certainly in the stream."""
        return not self._under_way

    @asynccontextmanager
    async def listening(self) -> AsyncIterator[None]:
        """Hear the server's answers as long as the block lasts."""
        answers = await self._client.subscribe(self._inbox, cb=self._on_answer)
        try:
            yield
        finally:
            if not self._client.is_closed:
                await answers.unsubscribe()

    async def publish(self, subject: str, payload: bytes, headers: Mapping[str, str], *, position: int) -> None:
        """Send a message; wait only while too many are on their way, and see to it that `watch` runs meanwhile."""
        while len(self._under_way) >= WINDOW:
            await self._next_answer()
        fence = {
            Header.EXPECTED_STREAM.value: self._stream,
            Header.EXPECTED_LAST_SEQUENCE.value: str(self._last_sent),
        }
        if self._under_way and self._last_id is not None:
            fence[Header.EXPECTED_LAST_MSG_ID.value] = self._last_id
        self._last_sent += 1
        self._last_id = headers.get(Header.MSG_ID.value)
        self._under_way.append(position)
        await self._client.publish(subject, payload, reply=self._inbox, headers={**headers, **fence})

    async def settle(self) -> None:
        """Wait until all that was sent is certainly in the stream, while `watch` runs."""
        while self._under_way:
            await self._next_answer()

    async def watch(self) -> None:
        """Wait until it is in doubt what is in the stream; for ever if it never is.

        Raises:
            PublishDoubted: A message was refused, or none is answered.
        """
        while True:
            was_waiting, before = bool(self._under_way), self.sequence
            with suppress(TimeoutError):
                async with asyncio.timeout(ACK_WITHIN_S):
                    await self._doubted.wait()
            if self._doubt is not None:
                raise self._doubt
            if was_waiting and self._under_way and self.sequence == before:
                msg = f"the NATS server has not answered for {ACK_WITHIN_S:g} s"
                raise PublishDoubted(msg)

    async def _next_answer(self) -> None:
        self._answered.clear()
        await self._answered.wait()

    async def _on_answer(self, message: Msg) -> None:
        if self._doubt is not None:
            return  # what comes after the first refusal is refused as well
        self._doubt = self._taken(message)
        (self._answered if self._doubt is None else self._doubted).set()

    def _taken(self, message: Msg) -> PublishDoubted | None:
        if not message.data:  # nobody listens on the subject: there is no stream any more
            return PublishDoubted(f"stream {self._stream} is gone")
        answer = orjson.loads(message.data)
        if "error" in answer:
            error = answer["error"]
            return PublishDoubted(f"{error.get('description')} (code {error.get('err_code')})")
        if answer["seq"] != self.sequence + 1:
            return PublishDoubted(f"stored as message {answer['seq']}, not as {self.sequence + 1}")
        self.sequence += 1
        self.position = self._under_way.popleft()
        if not answer.get("duplicate"):  # another publisher was quicker, with the same message at the same place
            self._on_stored(self.position)
        return None
