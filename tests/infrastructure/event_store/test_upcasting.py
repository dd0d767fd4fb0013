"""Programs of three ages share a store: the newest reads what all wrote, an older one says what it cannot."""

from typing import Any, ClassVar
from uuid import UUID

import pytest
from eventsourcing.persistence import JSONTranscoder, StoredEvent

from domain.errors import UnreadableHistory
from domain.kernel import DomainEvent, UnknownEvent, envelope, fold
from infrastructure.event_store.mapper import EventMapper
from infrastructure.event_store.upcasters import Fields, Upcasters
from tests.infrastructure.event_store.stores import Place, an_open_recorder
from tests.support.given import provenance

STREAM = UUID(int=5)
TOPIC = "test.counted.v1"


class CountedInWords(DomainEvent):
    """When something was counted, and the number was noted as text."""

    TOPIC: ClassVar[str] = TOPIC
    SCHEMA_VERSION: ClassVar[int] = 1

    amount: str


class Counted(DomainEvent):
    """When something was counted."""

    TOPIC: ClassVar[str] = TOPIC
    SCHEMA_VERSION: ClassVar[int] = 2

    amount: int


class Measured(DomainEvent):
    """When something was counted or measured, in a unit."""

    TOPIC: ClassVar[str] = TOPIC
    SCHEMA_VERSION: ClassVar[int] = 3

    quantity: int
    unit: str


def as_number(fields: Fields) -> Fields:
    return {**fields, "amount": int(fields["amount"])}


def in_pieces(fields: Fields) -> Fields:
    return {"unit": "pieces", "quantity": fields.pop("amount"), **fields}


def a_program(event_class: type[DomainEvent], upcasters: Upcasters | None = None) -> EventMapper:
    return EventMapper(JSONTranscoder(), topics={TOPIC: event_class}, upcasters=upcasters or {})


FIRST = a_program(CountedInWords)
SECOND = a_program(Counted, {(TOPIC, 1): as_number})
THIRD = a_program(Measured, {(TOPIC, 1): as_number, (TOPIC, 2): in_pieces})


def write(place: Place, program: EventMapper, event_class: type[DomainEvent], **payload: Any) -> None:
    with an_open_recorder(place) as recorder:
        version = len(recorder.select_events(STREAM)) + 1
        event = event_class(**envelope(provenance(version), STREAM, version), **payload)
        recorder.insert_events([program.to_stored_event(event)])


def rows(place: Place) -> list[StoredEvent]:
    with an_open_recorder(place) as recorder:
        return list(recorder.select_events(STREAM))


@pytest.fixture
def a_store_of_three_ages(place: Place) -> Place:
    write(place, FIRST, CountedInWords, amount="3")
    write(place, SECOND, Counted, amount=4)
    write(place, THIRD, Measured, quantity=5, unit="kg")
    write(place, FIRST, CountedInWords, amount="6")
    return place


def test_the_newest_program_reads_every_age_as_its_own(a_store_of_three_ages: Place) -> None:
    read = [THIRD.to_domain_event(row) for row in rows(a_store_of_three_ages)]
    assert [(type(each), each.quantity, each.unit) for each in read if isinstance(each, Measured)] == [
        (Measured, 3, "pieces"),
        (Measured, 4, "pieces"),
        (Measured, 5, "kg"),
        (Measured, 6, "pieces"),
    ]
    assert [each.event_id for each in read] == [
        envelope(provenance(version), STREAM, version)["event_id"] for version in range(1, 5)
    ]


def test_reading_leaves_the_rows_as_they_were_written(a_store_of_three_ages: Place) -> None:
    before = rows(a_store_of_three_ages)
    assert [THIRD.to_domain_event(row) for row in before] == [THIRD.to_domain_event(row) for row in before]
    assert rows(a_store_of_three_ages) == before
    assert [b'"schema":' in row.state for row in before] == [False, True, True, False]


@pytest.mark.parametrize(("program", "readable"), [(FIRST, "y..y"), (SECOND, "yy.y"), (THIRD, "yyyy")])
def test_an_older_program_reads_on_past_what_it_cannot_read(
    a_store_of_three_ages: Place, program: EventMapper, readable: str
) -> None:
    read = [program.to_domain_event(row) for row in rows(a_store_of_three_ages)]
    assert "".join(".y"[not isinstance(each, UnknownEvent)] for each in read) == readable
    for each in read:
        if isinstance(each, UnknownEvent):
            assert f"stored in schema version {each.originator_version}" in each.error
            assert each.provenance == provenance(each.originator_version)


def test_the_newest_program_folds_all_and_an_older_one_refuses(a_store_of_three_ages: Place) -> None:
    stored = rows(a_store_of_three_ages)
    last: Any = fold(lambda _, event: event, [THIRD.to_domain_event(row) for row in stored])
    assert (last.originator_version, last.quantity) == (4, 6)
    with pytest.raises(UnreadableHistory, match="at version 2"):
        fold(lambda _, event: event, [FIRST.to_domain_event(row) for row in stored])
