"""What is told to differ between two moments is what the documents of both say."""

from typing import Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from application.audit.diff import EVENTS_MAX, diff_of_moments, events_between
from application.ledger import Ledger
from application.models.projection import project
from application.ports.event_log import Recorded
from application.ports.read_models import Collection, Document, Query
from domain.errors import InvalidInput
from domain.kernel import DomainEvent, envelope
from domain.models.events import ModelDescribed, VersionRegistered
from tests.support.commands import a_context, a_registered_model
from tests.support.fakes.identity import CountingIdentity
from tests.support.fakes.read_models import InMemoryReadModels
from tests.support.strategies_domain import model_histories


def projected(history: tuple[DomainEvent, ...]) -> InMemoryReadModels:
    read_models = InMemoryReadModels()
    with read_models.page(after=0, upto=len(history)) as rows:
        for position, event in enumerate(history, start=1):
            project(event, position, rows)
    return read_models


def versions(read_models: InMemoryReadModels, at: int) -> dict[str, Document]:
    found = read_models.find(Query(collection=Collection.VERSIONS, limit=1000, at=at)) if at else []
    return {each["id"]: each for each in found}


def applied(changes: Any, root: str, before: dict[str, Any]) -> dict[str, Any]:
    """Return a free-form field after the changes that were told of it."""
    after = dict(before)
    for each in changes:
        name, _, key = each.field.partition(".")
        if name == root:
            after.pop(key, None)
            if each.change != "removed":
                after[key] = each.after
    return after


@given(model_histories(), st.data())
def test_a_diff_leads_from_the_earlier_documents_to_the_later(
    history: tuple[DomainEvent, ...], data: st.DataObject
) -> None:
    ids = [each.version_id for each in history if isinstance(each, VersionRegistered)]
    assume(len(set(ids)) == len(ids))
    upto = data.draw(st.integers(1, len(history)))
    after = data.draw(st.integers(0, upto))
    read_models, model_id = projected(history), history[0].originator_id
    earlier = read_models.get(Collection.MODELS, model_id, at=after) if after else None
    later = read_models.get(Collection.MODELS, model_id, at=upto)
    assert later is not None
    events = [Recorded(position=place + 1, event=history[place]) for place in range(after, upto)]
    found = diff_of_moments(earlier, later, after=after, upto=upto, events=events)

    before, now = versions(read_models, after), versions(read_models, upto)
    assert {each.version_id: each.status for each in found.versions_added} == {
        id_: now[id_]["status"] for id_ in now.keys() - before.keys()
    }
    assert {each.version_id: (each.before, each.after) for each in found.versions_moved} == {
        id_: (before[id_]["status"], now[id_]["status"])
        for id_ in before
        if before[id_]["status"] != now[id_]["status"]
    }
    assert found.is_retired == ((earlier or {}).get("retired_at") != later["retired_at"])
    assert found.events == [each.position for each in events]
    for root in ("metadata", "aliases"):
        assert applied(found.changes, root, dict((earlier or {}).get(root, {}))) == later[root]
    told = {each.field: each.after for each in found.changes}
    for field in ("name", "description", "type", "latest_version", "production_version"):
        value = told[field] if field in told else (earlier or {}).get(field)
        assert value == later[field]


def test_more_events_than_one_answer_can_hold_are_refused(an_empty_ledger: Ledger) -> None:
    model = a_registered_model(an_empty_ledger, "churn", identity=CountingIdentity())
    by = a_context().provenance
    upto = an_empty_ledger.commit(
        [
            ModelDescribed(**envelope(by, model.id, version), description=str(version), metadata={})
            for version in range(2, EVENTS_MAX + 2)
        ]
    )
    document = {"id": str(model.id)}
    with pytest.raises(InvalidInput, match=f"{EVENTS_MAX:,} events"):
        events_between(document, ledger=an_empty_ledger, after=0, upto=upto)
    assert len(events_between(document, ledger=an_empty_ledger, after=1, upto=upto)) == EVENTS_MAX
