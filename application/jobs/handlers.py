"""What may be asked of jobs of any kind."""

from application.execution import Context, Outcome, changed
from application.jobs.documents import AnyJobResponse, JobDocuments
from application.ledger import Ledger
from domain.jobs import job as jobs
from domain.jobs.job import Job
from domain.kernel import require_version


def cancel(
    job: Job, *, documents: JobDocuments[AnyJobResponse], context: Context, ledger: Ledger
) -> Outcome[AnyJobResponse]:
    """Stop a job: at once when it waits, else as soon as its worker sees the request.

    Raises:
        StaleVersion: It is not the version that the sender decided on.
        JobEnded: There is nothing left to stop.
    """
    require_version(job, context.expected_version)
    events = jobs.cancel(job, by=context.provenance)
    view = documents.view_of([*ledger.stream(job.id), *events])
    return Outcome(events=events, view=view, version=changed(events, job.version))
