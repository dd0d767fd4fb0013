"""One stretch of publishing: from where the stream is, until it is in doubt where that is."""

from cloudevents.core.v1.event import CloudEvent
from nats.aio.client import Client
from nats.js.api import Header

from application.integration.contracts import DATA_MAX_BYTES, STREAM
from application.integration.translation import translate
from application.ports.event_log import EventLog, Recorded
from domain.kernel import UnknownEvent
from infrastructure.messaging.cloudevents import to_binary
from infrastructure.messaging.fenced_publisher import FencedPublisher, OnStored
from infrastructure.messaging.log_tail import LogTail
from infrastructure.messaging.pace import Pace
from infrastructure.messaging.relay_halts import too_large, unreadable
from infrastructure.messaging.relay_start import Start
from infrastructure.messaging.together import together

_HEADERS_MAX_BYTES = 16 * 1024
"""More than all headers of a message: the server counts them as part of it."""


class RelaySession:
    """Publishes the log from a starting point on.

    Args:
        client: A connection.
        log: What is published.
        start: Where to go on.
        skipped_upto: Events up to here that cannot be published are left out.
        on_stored: Told the position of each event that this session has put into the stream.
        pace: How fast.
    """

    def __init__(
        self,
        client: Client,
        *,
        log: EventLog,
        start: Start,
        skipped_upto: int,
        on_stored: OnStored,
        pace: Pace,
    ) -> None:
        self._client = client
        self._event_log = log
        self._start = start
        self._skipped_upto = skipped_upto
        self._pace = pace
        self._publisher = FencedPublisher(client, stream=STREAM, sequence=start.sequence, on_stored=on_stored)
        self._read = start.position

    @property
    def sequence(self) -> int:
        """That of the last message that is certainly in the stream."""
        return self._publisher.sequence

    @property
    def position(self) -> int:
        """That of the last event that nothing is to be done for any more."""
        stored = self._start.position if self._publisher.position is None else self._publisher.position
        return max(stored, self._read) if self._publisher.is_settled else stored

    @property
    def is_settled(self) -> bool:
        """Whether all that was sent is certainly in the stream."""
        return self._publisher.is_settled

    async def run(self) -> None:
        """Publish what is in the log and what comes to be.

        Raises:
            PublishDoubted: It is not known what is in the stream.
            Halted: The next event cannot be published; all before it are.
        """
        async with together() as tasks, self._publisher.listening():
            tasks.create_task(self._publisher.watch())
            async with LogTail(self._event_log).pages(after=self._start.position) as pages:
                async for page in pages:
                    for recorded in page:
                        await self._pace.keep()
                        await self._tell(recorded)
                        self._read = recorded.position

    async def _tell(self, recorded: Recorded) -> None:
        position, event = recorded.position, recorded.event
        if isinstance(event, UnknownEvent):
            if position > self._skipped_upto:
                await self._publisher.settle()
                raise unreadable(event, position=position, sequence=self.sequence)
            return
        most_bytes = self._client.max_payload - _HEADERS_MAX_BYTES
        public = translate(recorded, data_max_bytes=min(DATA_MAX_BYTES, most_bytes))
        if public is None:
            return
        if len(public.data) > most_bytes:
            if position > self._skipped_upto:
                await self._publisher.settle()
                raise too_large(len(public.data), most_bytes=most_bytes, position=position, sequence=self.sequence)
            return
        headers, payload = to_binary(CloudEvent(dict(public.attributes), public.data))
        headers[Header.MSG_ID.value] = headers["ce-id"]
        await self._publisher.publish(public.subject, payload, headers, position=position)
