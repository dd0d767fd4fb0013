"""Events one by one from where they are kept page by page."""

from collections.abc import Iterator

from application.ports.event_log import EventLog
from domain.kernel import DomainEvent
from infrastructure.read_models.building import Replay

_PAGE_EVENTS = 2_000


def replay_of(log: EventLog) -> Replay:
    """Return the events of any log."""

    def replay(*, after: int, upto: int) -> Iterator[tuple[int, DomainEvent]]:
        while after < upto and (page := log.read(after=after, limit=_PAGE_EVENTS)):
            for each in page:
                if each.position > upto:
                    return
                yield each.position, each.event
            after = page[-1].position

    return replay
