"""Where the report on a version is."""

from uuid import UUID

from application.ledger import Ledger
from application.ports.read_models import Document
from domain.errors import NotFound
from domain.training.events import TrainingJobCompleted


class NoReport(NotFound):
    """Nobody has made a report on the version."""

    code = "version.no-report"


def report_url(model: Document, version: Document, *, ledger: Ledger) -> str:
    """Return the URL of the artifact that is the report.

    Raises:
        NoReport: The version was trained elsewhere, or by a program that made none.
    """
    which = f"version {version['version']} of model {model['name']!r}"
    if version["training_job_id"] is None:
        raise NoReport(f"There is no report on {which}: it was not trained here.", version=version["id"])
    job_id = UUID(version["training_job_id"])
    found = ledger.read(after=0, limit=1, topics=(TrainingJobCompleted.TOPIC,), originator_id=job_id)
    for recorded in found:
        event = recorded.event
        if isinstance(event, TrainingJobCompleted) and event.trained.report_url is not None:
            return event.trained.report_url
    message = f"There is no report on {which}: its training made none. Train it again to have one."
    raise NoReport(message, version=version["id"])
