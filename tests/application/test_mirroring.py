"""What a page changes is what the read models say before and after it."""

from typing import Any
from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from application.datasets.projection import project as project_datasets
from application.mirroring import changes
from application.models.projection import project as project_models
from application.ports.metadata_store import MIRRORED
from application.ports.read_models import Document
from application.training.projection import TRAINING_JOBS
from domain.kernel import DomainEvent, UnknownEvent
from tests.support import events
from tests.support.events import MODEL_ID, VERSION_ID
from tests.support.fakes.event_log import InMemoryEventLog
from tests.support.fakes.read_models import InMemoryReadModels

PROJECTIONS = (project_models, project_datasets, TRAINING_JOBS.project)
OTHER_VERSION = UUID(int=2)

HISTORY: tuple[DomainEvent, ...] = (
    events.model_name_reserved(),
    events.model_registered(),
    events.version_registered(),
    events.version_registered(version_id=OTHER_VERSION, version="1.1.0"),
    events.alias_assigned(),
    events.alias_assigned(version_id=OTHER_VERSION, version="1.1.0", previous_version_id=VERSION_ID),
    events.version_status_changed(),
    events.command_completed(),
    events.dataset_registered(),
    events.training_job_requested(),
    events.training_job_started(),
    events.training_job_progressed(),
    events.training_job_completed(),
    events.model_renamed(),
    events.dataset_retired(),
    events.alias_removed(version_id=OTHER_VERSION, version="1.1.0"),
    events.model_retired(),
)


def read_models_after(log: InMemoryEventLog, upto: int) -> InMemoryReadModels:
    read_models = InMemoryReadModels()
    for recorded in log.read(after=0, limit=upto):
        with read_models.page(after=recorded.position - 1, upto=recorded.position) as rows:
            for project in PROJECTIONS:
                project(recorded.event, recorded.position, rows)
    return read_models


def copied(log: InMemoryEventLog, ends: list[int], read_models: InMemoryReadModels) -> dict[Any, Document]:
    """Return what someone has who took over the changes of every page up to these ends."""
    copies: dict[Any, Document] = {}
    after = 0
    for end in ends:
        page = log.read(after=after, limit=end - after)
        for change in changes(page, after=after, read_models=read_models, projections=PROJECTIONS):
            assert after < change.position <= end
            copies[change.collection, change.id] = change.document
        after = end
    return copies


@given(ends=st.sets(st.integers(1, len(HISTORY) - 1)))
def test_whoever_takes_over_the_changes_has_the_documents_however_the_log_is_cut_into_pages(ends):
    log = InMemoryEventLog()
    log.append(*HISTORY)
    read_models = read_models_after(log, len(HISTORY))
    copies = copied(log, [*sorted(ends), len(HISTORY)], read_models)
    expected = {
        (collection, UUID(id_)): read_models.get(collection, UUID(id_))
        for collection in MIRRORED
        for id_ in read_models._states[collection]
    }
    assert copies == expected


def test_a_change_stands_at_the_position_of_the_event_that_made_it():
    log = InMemoryEventLog()
    log.append(*HISTORY)
    read_models = read_models_after(log, 4)
    found = changes(log.read(after=4, limit=2), after=4, read_models=read_models, projections=PROJECTIONS)
    assert {(each.id, each.position) for each in found} == {(OTHER_VERSION, 6), (VERSION_ID, 6), (MODEL_ID, 6)}
    assert [each.position for each in found] == sorted(each.position for each in found)


def test_events_without_consequence_change_nothing():
    log = InMemoryEventLog()
    log.append(events.model_name_reserved(), events.command_completed())
    assert (
        changes(log.read(after=0, limit=2), after=0, read_models=InMemoryReadModels(), projections=PROJECTIONS)
        == []
    )


def test_an_event_that_cannot_be_read_changes_nothing():
    log = InMemoryEventLog()
    place = {name: getattr(HISTORY[1], name) for name in DomainEvent.model_fields}
    log.append(UnknownEvent(**place, topic="model.painted.v1", error="no such topic", state="{}"))
    assert (
        changes(log.read(after=0, limit=1), after=0, read_models=InMemoryReadModels(), projections=PROJECTIONS)
        == []
    )
