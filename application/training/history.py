"""What the log itself has of a training job."""

from uuid import UUID

from application.jobs.queries import no_such_job
from application.ledger import Ledger
from application.ports.event_log import Recorded
from domain.kernel import DomainEvent, UnknownEvent
from domain.naming import has_uuid_shape
from domain.training.events import TrainingJobCancelled, TrainingJobCompleted, TrainingJobFailed
from domain.training.job import TRAINING

_JOBS = f"{TRAINING.name}."
_ENDS = (TrainingJobCompleted, TrainingJobFailed, TrainingJobCancelled)


def job_of_history(reference: str, *, ledger: Ledger) -> UUID:
    """Return the id of the job, as soon as it is in the log.

    Raises:
        JobNotFound: There is none.
    """
    if has_uuid_shape(reference):
        job_id = UUID(reference)
        if any(_is_of_a_job(each.event) for each in ledger.read(after=0, limit=1, originator_id=job_id)):
            return job_id
    raise no_such_job(reference, kind=TRAINING)


def history(job_id: UUID, *, ledger: Ledger, after: int, limit: int) -> list[Recorded]:
    """Return the next events of the job behind the position."""
    return ledger.read(after=after, limit=limit, originator_id=job_id)


def is_told(job_id: UUID, *, ledger: Ledger, after: int) -> bool:
    """Tell whether the job has ended, and nothing of it stands behind the position: nothing ever will."""
    newest = ledger.last_event(job_id)
    return newest is not None and ends_a_job(newest) and not history(job_id, ledger=ledger, after=after, limit=1)


def ends_a_job(event: DomainEvent) -> bool:
    """Tell whether nothing happens to the job after this event."""
    return isinstance(event, _ENDS)


def _is_of_a_job(event: DomainEvent) -> bool:
    """Tell whether a stream that begins with this event is a job's, also when that cannot be read."""
    topic = event.topic if isinstance(event, UnknownEvent) else event.TOPIC
    return topic.startswith(_JOBS)
