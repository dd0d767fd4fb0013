"""What may be asked of jobs of any kind."""

from typing import Any
from uuid import UUID

from application.execution import Context, Outcome, changed
from application.jobs.documents import AnyJobResponse, JobDocuments
from application.jobs.queries import no_such_job
from application.ledger import Ledger
from domain.jobs import job as jobs
from domain.jobs.job import AnyJob
from domain.kernel import require_version


def cancel(
    job_id: UUID, *, documents: JobDocuments[Any, AnyJobResponse], context: Context, ledger: Ledger
) -> Outcome[AnyJobResponse]:
    """Stop a job: at once when it waits, else as soon as its worker sees the request, whatever it tells meanwhile.

    Raises:
        JobNotFound: There is none.
        StaleVersion: It is not the version that the sender decided on.
        JobEnded: There is nothing left to stop.
    """
    job = load(job_id, of=documents.of, ledger=ledger)
    require_version(job, context.expected_version)
    events = jobs.cancel(job, by=context.provenance)
    view = documents.view_of([*ledger.stream(job_id), *events])
    return Outcome(events=events, view=view, version=changed(events, job.version), yields=True)


def load(job_id: UUID, *, of: type[AnyJob], ledger: Ledger) -> AnyJob:
    """Return the job of this class.

    Raises:
        JobNotFound: There is none.
    """
    job = ledger.job(job_id, of)
    if job is None:
        raise no_such_job(str(job_id), kind=of.KIND)
    return job
