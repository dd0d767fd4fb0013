"""What follows from one event: the same wherever it is applied."""

from collections.abc import Sequence

from application.ports.read_models import ParkedEvent, Project, Rows
from domain.kernel import DomainEvent, UnknownEvent


class ProjectionFailed(Exception):
    """A projection does not get past an event: everything after it waits.

    Attributes:
        position: Of the event.
        reason: Its topic, and what the projection said.
    """

    def __init__(self, event: DomainEvent, position: int, error: Exception) -> None:
        self.position = position
        said = f"{type(error).__name__}: {error}"
        self.reason = f"{event.TOPIC}: {said}"
        super().__init__(f"position {position} ({event.TOPIC}): {said}")


def apply(event: DomainEvent, position: int, *, projections: Sequence[Project], rows: Rows) -> None:
    """Put into the rows what the event changes; one that cannot be read is parked.

    Raises:
        ProjectionFailed: A projection fails on the event.
    """
    if isinstance(event, UnknownEvent):
        rows.park(ParkedEvent(position=position, topic=event.topic, error=event.error))
    else:
        try:
            for project in projections:
                project(event, position, rows)
        except Exception as error:
            raise ProjectionFailed(event, position, error) from error
    rows.happened(event.provenance.timestamp, position=position)
