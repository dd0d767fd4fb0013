"""How the documents of datasets follow from events."""

from application.datasets.views import dataset_view
from application.ports.read_models import Collection, Rows
from application.views import instant_text
from domain.datasets.events import DatasetRegistered, DatasetRetired
from domain.kernel import DomainEvent


def project(event: DomainEvent, position: int, rows: Rows) -> None:
    """Put what the event changes of its dataset."""
    if isinstance(event, DatasetRegistered):
        superseded = None if event.supersedes is None else rows.get(Collection.DATASETS, event.supersedes)
        document = dataset_view(event, superseded=superseded).model_dump(mode="json")
        rows.put(Collection.DATASETS, event.originator_id, document, position=position)
    elif isinstance(event, DatasetRetired):
        before = rows.get(Collection.DATASETS, event.originator_id) or {}
        changes = {
            "aggregate_version": event.originator_version,
            "retired_at": instant_text(event.provenance.timestamp),
        }
        rows.put(Collection.DATASETS, event.originator_id, {**before, **changes}, position=position)
