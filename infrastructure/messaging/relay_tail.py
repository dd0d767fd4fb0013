"""What came into the stream after the relay last knew it, held against the log."""

from collections.abc import Iterator, Sequence

from application.integration.translation import translate
from application.ports.event_log import EventLog, Recorded
from domain.kernel import UnknownEvent
from infrastructure.messaging.relay_messages import Published

_PAGE = 500


class Tail:
    """The stream's messages after a known one: another relay's, or somebody's who should not publish there.

    Args:
        log: What is published.
        after: The position of the last event that the stream had at that message.
        skipped_upto: Events up to here that cannot be published are left out.

    Attributes:
        position: Of the last event that the messages tell of, each in its turn.
        stranger: The sequence of the first message that tells of no event that was next; None where all do.
    """

    def __init__(self, log: EventLog, *, after: int, skipped_upto: int) -> None:
        self.position = after
        self.stranger: int | None = None
        self._event_log = log
        self._skipped_upto = skipped_upto
        self._events = self._told_events()
        self._due: list[
            Recorded
        ] = []  # those that the next message may be of; all but the last one may be missing

    def take(self, messages: Sequence[Published]) -> None:
        """Hold the next messages of the stream against the next events of the log, which it reads."""
        for message in messages:
            if (found := self._due_as(message)) is None:
                self.stranger = self.stranger or message.sequence
            else:
                self.position = self._due[found].position
                del self._due[: found + 1]

    def _due_as(self, message: Published) -> int | None:
        number = 0
        while True:
            if number == len(self._due):
                if (following := next(self._events, None)) is None:
                    return None
                self._due.append(following)
            candidate = self._due[number]
            if message.is_of(candidate):
                return number
            if not self._may_be_missing(candidate):
                return None
            number += 1

    def _may_be_missing(self, recorded: Recorded) -> bool:
        return recorded.position <= self._skipped_upto or isinstance(recorded.event, UnknownEvent)

    def _told_events(self) -> Iterator[Recorded]:
        after = self.position
        while page := self._event_log.read(after=after, limit=_PAGE):
            for each in page:
                if isinstance(each.event, UnknownEvent) or translate(each) is not None:
                    yield each
            after = page[-1].position
