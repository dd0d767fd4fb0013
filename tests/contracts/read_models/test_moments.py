"""Positions at an instant, and of what happened to a document; events that cannot be read."""

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from application.ports.read_models import ParkedEvent, ReadModels
from tests.contracts.read_models.questions import MODELS, VERSIONS, A, B, C, D, by, found, is_, put
from tests.support.documents import a_model
from tests.support.examples import examples

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
MICROSECONDS = st.integers(-3, 3) | st.sampled_from([-(10**9), 10**9])
PAGES = st.lists(st.lists(st.tuples(st.integers(1, 3), MICROSECONDS), min_size=1, max_size=4), max_size=4)


def happen(models: ReadModels, *pages: list[tuple[int, datetime]]) -> None:
    """Apply pages of events, each a position and a timestamp."""
    for page in pages:
        with models.page(after=models.position(), upto=page[-1][0]) as rows:
            for position, instant in page:
                rows.happened(instant, position=position)


def test_before_the_first_event_every_instant_means_position_zero(empty_read_models):
    assert empty_read_models.position_at(NOON) == 0


def test_an_instant_means_the_last_position_up_to_which_no_event_is_later(empty_read_models):
    minutes = [0, 5, 3, 5, 9]
    events = [(number, NOON + timedelta(minutes=each)) for number, each in enumerate(minutes, start=1)]
    happen(empty_read_models, events[:2], events[2:])
    positions = [empty_read_models.position_at(NOON + timedelta(minutes=each)) for each in (-1, 0, 3, 5, 8, 9, 99)]
    assert positions == [0, 1, 1, 4, 4, 5, 5]


def test_an_instant_is_the_same_in_every_time_zone(empty_read_models):
    happen(empty_read_models, [(1, NOON), (2, NOON + timedelta(hours=1))])
    assert empty_read_models.position_at(NOON.astimezone(timezone(timedelta(hours=-7)))) == 1


@given(pages=PAGES, asked=st.lists(MICROSECONDS, min_size=1, max_size=5))
@settings(max_examples=examples(8))
def test_the_position_at_an_instant_is_where_the_running_maximum_says(empty_read_models, pages, asked):
    position = reached = empty_read_models.position()
    start = NOON + timedelta(hours=position)  # each example goes on, later than those before it
    applied = []
    for page in pages:
        for step, microseconds in page:
            position += step
            applied.append((position, start + timedelta(microseconds=microseconds)))
        happen(empty_read_models, applied[-len(page) :])
    for instant in (start + timedelta(microseconds=each) for each in asked):
        until = [each for each, happened in applied if happened > instant]
        before = [each for each, _ in applied if not until or each < until[0]]
        assert empty_read_models.position_at(instant) == (before[-1] if before else reached)


def test_lists_by_age_are_of_what_there_was_then_also_where_clocks_stepped_back(empty_read_models):
    instants = [NOON + timedelta(minutes=each) for each in (5, 3, 9, 7)]
    for position, (id_, instant) in enumerate(zip((A, B, C, D), instants, strict=True), start=1):
        with empty_read_models.page(after=position - 1, upto=position) as rows:
            rows.happened(instant, position=position)
            rows.put(MODELS, id_, a_model(id_, name="x", created_at=instant.isoformat()), position=position)
    youngest_first = by("created_at", descending=True)
    named = is_("name", "=", "x")
    for at, expected in ((0, []), (1, [A]), (2, [A, B]), (3, [C, A, B]), (4, [C, D, A, B])):
        assert found(empty_read_models, None, youngest_first, at=at) == expected
        assert found(empty_read_models, named, youngest_first, at=at) == expected


def test_events_that_were_parked_are_told_in_order(empty_read_models):
    parked = [
        ParkedEvent(position=each, topic=f"model.dreamt.v{each}", error="no such topic") for each in (2, 3, 7)
    ]
    assert empty_read_models.parked() == []
    with empty_read_models.page(after=0, upto=4) as rows:
        for each in parked[:2]:
            rows.park(each)
    with empty_read_models.page(after=4, upto=7) as rows:
        rows.park(parked[2])
    assert empty_read_models.parked() == parked


def test_what_a_failed_page_parked_is_forgotten(empty_read_models):
    page = empty_read_models.page(after=0, upto=1)
    with pytest.raises(ZeroDivisionError), page as rows:  # noqa: PT012 - the failure is inside of the page
        rows.happened(NOON, position=1)
        rows.park(ParkedEvent(position=1, topic="model.dreamt.v9", error="no such topic"))
        raise ZeroDivisionError
    assert empty_read_models.parked() == []
    assert empty_read_models.position_at(NOON) == 0


def test_a_document_tells_at_which_positions_it_became_another(empty_read_models: ReadModels) -> None:
    put(empty_read_models, a_model(A), a_model(B), a_model(A, name="x"), a_model(A, name="x"), a_model(A))
    for upto, expected in ((0, []), (1, [1]), (2, [1]), (4, [1, 3]), (5, [1, 3, 5]), (99, [1, 3, 5])):
        assert empty_read_models.changed_at(MODELS, A, upto=upto) == expected
    assert empty_read_models.changed_at(VERSIONS, A, upto=5) == []
