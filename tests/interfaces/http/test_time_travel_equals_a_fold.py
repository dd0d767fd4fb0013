"""Random histories, random moments: what is answered as of a moment is what the events up to there give."""

import tempfile
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from application.batches.projection import BATCH_PREDICTIONS
from application.datasets.projection import project as project_datasets
from application.models.projection import project as project_models
from application.models.queries import SERVING
from application.ports.event_log import Recorded
from application.ports.filters import And, Comparison, Condition, FieldPath, Operator, Order
from application.ports.read_models import Collection, Document, Query
from application.training.projection import TRAINING_JOBS
from domain.kernel import DomainEvent
from interfaces.requests.filters import parse_filter
from tests.support.examples import examples
from tests.support.fakes.read_models import InMemoryReadModels
from tests.support.http import Api, served
from tests.support.strategies_domain import batch_histories, dataset_histories, job_histories, model_histories

pytestmark = pytest.mark.slow

BEGIN = datetime(2026, 1, 1, tzinfo=UTC)
FILTERS: dict[Collection, tuple[str, ...]] = {
    Collection.MODELS: (
        "status = 'production'",
        "metrics.auc > 0 AND status != 'archived'",
        "production_version IS NOT NULL OR description IS NULL",
        "name LIKE '%o%'",
        "NOT aliases.best = '1.0.0'",
    ),
    Collection.VERSIONS: ("status != 'staging'", "metrics.auc <= 0.5", "NOT version LIKE '1.%'"),
    Collection.DATASETS: ("rows > 100", "target = 'y'", "name ILIKE 'CHURN'"),
    Collection.JOBS: ("status IN ('running', 'pending')", "progress >= 50 OR attempt > 1", "finished_at IS NULL"),
    Collection.BATCHES: ("status = 'completed'", "metadata.team = 'a' OR rows > 1"),
}
PATHS = {
    Collection.MODELS: "/models",
    Collection.DATASETS: "/datasets",
    Collection.JOBS: "/training-jobs",
    Collection.BATCHES: "/batch-predictions",
}


@st.composite
def logs(draw: st.DrawFn) -> list[DomainEvent]:
    """Streams of all kinds, interleaved, by clocks that step forwards and back."""
    streams = draw(
        st.lists(
            model_histories() | model_histories() | dataset_histories() | job_histories() | batch_histories(),
            min_size=1,
            max_size=5,
            unique_by=lambda each: each[0].originator_id,
        )
    )
    rests, events, now = [list(each) for each in streams], [], BEGIN
    while any(rests):
        event = draw(st.sampled_from([each for each in rests if each])).pop(0)
        now += timedelta(seconds=draw(st.sampled_from([-3600, -1, 0, 0, 1, 60, 3601])))
        provenance = event.provenance.model_copy(update={"timestamp": now})
        events.append(event.model_copy(update={"provenance": provenance}))
    return events


def fold(recorded: Sequence[Recorded]) -> InMemoryReadModels:
    """Return the read models of these events, and of no others."""
    folded = InMemoryReadModels()
    for each in recorded:
        with folded.page(after=each.position - 1, upto=each.position) as rows:
            for project in (project_models, project_datasets, TRAINING_JOBS.project, BATCH_PREDICTIONS.project):
                project(each.event, each.position, rows)
    return folded


def expected(folded: InMemoryReadModels, collection: Collection, *conditions: Condition | None) -> list[Document]:
    wanted = tuple(each for each in conditions if each is not None)
    oldest_first = (Order(field=FieldPath(root="created_at")),)
    return folded.find(
        Query(
            collection=collection,
            where=And(conditions=wanted),
            order_by=oldest_first,
            limit=1000,
            at=folded.position(),
        )
    )


def items(api: Api, path: str, **parameters: Any) -> list[Any]:
    response = api.get(
        path, page_size=1000, **{name: each for name, each in parameters.items() if each is not None}
    )
    assert response.status_code == 200, response.text
    found: list[Any] = response.json()["items"]
    return found


def check(api: Api, recorded: Sequence[Recorded], as_of: int | str, written: dict[Collection, str | None]) -> None:
    """Demand that every collection, filtered and not, is as the events say."""
    folded = fold(recorded)
    for collection, path in PATHS.items():
        within = None if collection in {Collection.JOBS, Collection.BATCHES} else SERVING
        for text in (None, written[collection]):
            where = None if text is None else parse_filter(text)
            found = items(api, path, filter=text, as_of=as_of)
            assert found == expected(folded, collection, within, where)
        for document in expected(folded, collection):
            one = api.get(f"{path}/{document['id']}", as_of=as_of)
            assert (one.json(), one.headers["etag"]) == (document, f'"{document["aggregate_version"]}"')
    text = written[Collection.VERSIONS]
    for model in expected(folded, Collection.MODELS):
        of_model = Comparison(field=FieldPath(root="model_id"), operator=Operator.EQ, literal=model["id"])
        found = items(api, f"/models/{model['id']}/versions", filter=text, as_of=as_of)
        where = None if text is None else parse_filter(text)
        assert found == expected(folded, Collection.VERSIONS, of_model, where)
        history = items(api, f"/models/{model['id']}/history", as_of=as_of)
        assert [each["position"] for each in history] == [
            each.position for each in recorded if str(each.event.originator_id) == model["id"]
        ]


@settings(max_examples=examples(5))
@given(st.data())
def test_what_is_answered_as_of_a_moment_is_what_the_events_until_then_give(data: st.DataObject) -> None:
    events = data.draw(logs())
    with tempfile.TemporaryDirectory() as directory, served(Path(directory)) as api:
        for event in events:
            head = api.service.ledger.commit([event])
        assert api.runner.wait_for(head, 30)
        recorded = api.service.ledger.read(after=0, limit=1000)
        written = {
            collection: data.draw(st.none() | st.sampled_from(filters)) for collection, filters in FILTERS.items()
        }
        for position in data.draw(st.lists(st.integers(0, head), min_size=1, max_size=3, unique=True)):
            check(api, recorded[:position], position, written)
        instants = [each.event.provenance.timestamp for each in recorded]
        instant = data.draw(st.sampled_from(instants)) + timedelta(seconds=data.draw(st.sampled_from([-1, 0, 1])))
        late = next((place for place, each in enumerate(instants) if each > instant), len(instants))
        check(api, recorded[:late], instant.isoformat(), written)
