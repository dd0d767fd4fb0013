"""How far a collection is does not depend on the order of what arrives, only on what is missing."""

from itertools import pairwise
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from application.mirroring import Change
from application.ports.metadata_store import AFTER, MIRRORED, UPTO
from application.ports.read_models import Collection
from infrastructure.database_service.arrivals import Arrival, Arrived, Mark
from infrastructure.database_service.client import outgoing
from infrastructure.database_service.commands import parsed
from tests.support.documents import a_model, a_version

MODELS = Collection.MODELS
MARKS = st.builds(Mark, st.integers(0, 50), st.integers(0, 3))
CHAINS = st.lists(MARKS, min_size=1, max_size=12, unique=True).map(lambda marks: sorted({Mark(0), *marks}))


def chained(marks: list[Mark]) -> list[Arrival]:
    return [Arrival(after, upto) for after, upto in pairwise(marks)]


@given(marks=CHAINS, data=st.data())
def test_any_order_of_any_duplicates_leads_to_the_end(marks, data):
    sent = chained(marks)
    arrived = Arrived()
    for arrival in data.draw(st.permutations([*sent, *sent])):
        arrived = arrived.with_more([arrival])
    assert arrived == Arrived(marks[-1])


@given(marks=CHAINS.filter(lambda marks: len(marks) > 1), data=st.data())
def test_what_is_missing_holds_the_mark_until_it_comes(marks, data):
    sent = chained(marks)
    lost = data.draw(st.sampled_from(sent))
    arrived = Arrived()
    for arrival in data.draw(st.permutations([each for each in sent if each != lost])):
        arrived = arrived.with_more([arrival])
    assert arrived.upto == lost.after
    assert arrived.with_more([lost]) == Arrived(marks[-1])


def test_what_is_sent_again_from_an_earlier_mark_closes_every_gap():
    arrived = Arrived(Mark(3)).with_more([Arrival(Mark(5), Mark(6)), Arrival(Mark(8), Mark(9))])
    assert arrived.with_more([Arrival(Mark(2), Mark(8))]) == Arrived(Mark(9))


def test_nothing_counts_as_arrived_beyond_a_row_that_went_back():
    arrived = Arrived(Mark(7), (Arrival(Mark(8), Mark(9)),))
    assert arrived.back_at(4) == Arrived(Mark(4))
    assert Arrived(Mark(2)).back_at(4) == Arrived(Mark(2))


@given(mark=MARKS)
def test_a_mark_reads_as_it_is_written(mark):
    assert Mark.parsed(str(mark)) == mark


@pytest.mark.parametrize("text", ["", "-1", "1.", ".1", "1.2.3", "1e3", " 1", "٣", "1" * 19])
def test_other_text_is_no_mark(text):
    with pytest.raises(ValueError, match="no position"):
        Mark.parsed(text)


@given(
    positions=st.lists(st.tuples(st.integers(4, 30), st.sampled_from(list(Collection)[:2])), max_size=15),
    data=st.data(),
)
def test_commands_arrive_in_full_only_when_each_has_arrived(positions, data):
    changes = [
        Change(collection, _id(number), position, a_document(collection, number))
        for number, (position, collection) in enumerate(sorted(positions), start=1)
    ]
    commands = [
        parsed(each.subject, each.headers, each.payload)
        for each in outgoing(changes, sent=dict.fromkeys(Collection, 3))
    ]
    for collection in MIRRORED:
        its = [each.arrival for each in commands if each.collection is collection and each.arrival is not None]
        if not its:
            continue
        last = max(each.position for each in commands if each.collection is collection)
        assert Arrived(Mark(3)).with_more(data.draw(st.permutations(its))).upto == Mark(last)
        lost = data.draw(st.integers(0, len(its) - 1))
        assert Arrived(Mark(3)).with_more([*its[:lost], *its[lost + 1 :]]).upto < Mark(last)


def test_only_the_parts_of_a_position_say_so():
    changes = [
        Change(MODELS, _id(number), position, a_document(MODELS, number))
        for number, position in enumerate((5, 9, 9, 12), 1)
    ]
    told = [(each.headers.get(AFTER), each.headers.get(UPTO)) for each in outgoing(changes, sent={MODELS: 2})]
    assert told == [("2", None), ("5", "8.1"), ("8.1", None), ("9", None)]


def _id(number: int) -> UUID:
    return UUID(int=number)


def a_document(collection: Collection, number: int) -> dict[str, Any]:
    return a_model(_id(number)) if collection is MODELS else a_version(_id(number), _id(99))
