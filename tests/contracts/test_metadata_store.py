"""What the reference server's store answers, on each database."""

from collections.abc import Iterator, Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import delete, insert, literal, select, update

from application.ports.filters import Comparison, FieldPath, Operator, Order
from application.ports.read_models import Collection
from domain.errors import InvalidInput
from infrastructure.database_service import opening
from infrastructure.database_service.arrivals import Arrival, Mark
from infrastructure.database_service.commands import Command
from infrastructure.database_service.store import SCHEMA, SqlMetadataStore, StoredRow
from infrastructure.database_service.tables import TABLES
from infrastructure.read_models.contents import Content, decoded
from infrastructure.read_models.dialects import sqlite_url
from tests.support.documents import a_model, a_version
from tests.support.examples import examples

MODELS, VERSIONS = Collection.MODELS, Collection.VERSIONS
A, B, C, D = (UUID(int=number) for number in range(1, 5))
NAME = FieldPath(root="name")


@pytest.fixture(params=["SQLite", "PostgreSQL"])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> dict[str, Any]:
    if request.param == "SQLite":
        return {"url": sqlite_url(tmp_path / "database_service.db")}
    return {"url": request.getfixturevalue("postgres_url"), "schema": SCHEMA}


@pytest.fixture
def empty_store(place: dict[str, Any]) -> Iterator[SqlMetadataStore]:
    store = SqlMetadataStore(**place)
    yield store
    store.close()


def upsert(document: dict[str, Any], position: int, *, after: int | None = None, **fields: Any) -> Command:
    collection = VERSIONS if "model_id" in document else MODELS
    arrival = Arrival(Mark(position - 1 if after is None else after), Mark(position))
    command = Command(
        collection, UUID(document["id"]), position, Content.of(collection, document), arrival=arrival
    )
    return command._replace(**fields)


def removal(id_: UUID, position: int, **fields: Any) -> Command:
    return Command(MODELS, id_, position, None, Arrival(Mark(position - 1), Mark(position)))._replace(**fields)


def found(store: SqlMetadataStore, collection: Collection = MODELS, **question: Any) -> list[UUID]:
    return [UUID(decoded(text)["id"]) for text in store.find(collection, **question).documents]


def name_of(store: SqlMetadataStore, id_: UUID) -> str | None:
    text = store.get(MODELS, id_).document
    return None if text is None else decoded(text)["name"]


def position_of(store: SqlMetadataStore) -> int:
    return store.find(MODELS, limit=0).position


def test_a_row_is_the_document_that_was_sent_last(empty_store):
    empty_store.apply([upsert(a_model(A, name="one"), 1)])
    empty_store.apply([upsert(a_model(A, name="two"), 2), upsert(a_model(B), 3)])
    assert name_of(empty_store, A) == "two"
    assert empty_store.get(MODELS, A).position == 2
    assert found(empty_store) == [A, B]
    assert position_of(empty_store) == 3


def test_what_is_older_than_its_row_changes_nothing(empty_store):
    empty_store.apply([upsert(a_model(A, name="new"), 5)])
    empty_store.apply([upsert(a_model(A, name="old"), 4)])
    assert name_of(empty_store, A) == "new"
    empty_store.apply([upsert(a_model(A, name="again"), 5)])
    assert name_of(empty_store, A) == "again"


def test_a_deleted_row_comes_back_by_what_is_newer_only(empty_store):
    empty_store.apply([upsert(a_model(A), 1), removal(A, 3)])
    assert empty_store.get(MODELS, A) == StoredRow(3, None)
    empty_store.apply([upsert(a_model(A), 2)])
    assert found(empty_store) == []
    empty_store.apply([upsert(a_model(A, name="back"), 4)])
    assert found(empty_store) == [A]
    assert name_of(empty_store, A) == "back"


def test_a_row_that_never_was_stands_at_zero(empty_store):
    assert empty_store.get(MODELS, A) == StoredRow(0, None)
    empty_store.apply([removal(A, 7)])
    assert empty_store.get(MODELS, A) == StoredRow(7, None)


def test_what_mends_replaces_a_later_row_that_stands_where_it_says(empty_store):
    empty_store.apply([upsert(a_model(A, name="ahead"), 500, after=0)])
    mended = upsert(a_model(A, name="true"), 3, arrival=None, replaces=500)
    empty_store.apply([mended])
    assert name_of(empty_store, A) == "true"
    assert position_of(empty_store) == 3
    empty_store.apply([upsert(a_model(A, name="newer"), 4, after=3)])
    empty_store.apply([mended])
    assert name_of(empty_store, A) == "newer"
    assert position_of(empty_store) == 4


def test_what_mends_moves_no_position_on(empty_store):
    empty_store.apply([upsert(a_model(A), 1, after=0)])
    empty_store.apply([upsert(a_model(B), 9, arrival=None, replaces=0)])
    assert found(empty_store) == [A, B]
    assert position_of(empty_store) == 1


def test_a_gap_holds_the_position_until_it_is_filled(empty_store):
    empty_store.apply([upsert(a_model(A), 1, after=0), upsert(a_model(C), 7, after=4)])
    assert position_of(empty_store) == 1
    assert found(empty_store) == [A, C]
    empty_store.apply([upsert(a_model(B), 4, after=1)])
    assert position_of(empty_store) == 7


def test_a_position_is_reached_with_its_last_part_only(empty_store):
    part = Arrival(Mark(1), Mark(4, 1))
    rest = Arrival(Mark(4, 1), Mark(5))
    empty_store.apply([upsert(a_model(A), 1, after=0), upsert(a_model(B), 5, arrival=rest)])
    assert position_of(empty_store) == 1
    empty_store.apply([upsert(a_model(C), 5, arrival=part)])
    assert position_of(empty_store) == 5


def test_the_collections_have_positions_of_their_own(empty_store):
    empty_store.apply([upsert(a_model(A), 3, after=0)])
    assert empty_store.find(VERSIONS, limit=0).position == 0


def test_what_is_asked_for_is_found_as_in_the_read_models(empty_store):
    models = [a_model(A, name="one", metadata={"team": "red"}), a_model(B, name="two", metadata={"team": "blue"})]
    version = a_version(C, B, metrics={"auc": 0.9})
    empty_store.apply([upsert(each, number) for number, each in enumerate((*models, version), start=1)])
    of_team = Comparison(field=FieldPath(root="metadata", key="team"), operator=Operator.EQ, literal="red")
    by_version = Comparison(field=FieldPath(root="metrics", key="auc"), operator=Operator.GT, literal=0.5)
    assert found(empty_store, where=of_team) == [A]
    assert found(empty_store, where=by_version) == [B]
    assert found(empty_store, order_by=(Order(field=NAME, descending=True),)) == [B, A]
    empty_store.apply([upsert(a_model(A, name="one", metadata={"team": "blue"}), 9), removal(B, 10)])
    assert found(empty_store, where=of_team) == []


def test_a_field_that_is_not_there_is_refused(empty_store):
    unknown = Comparison(field=FieldPath(root="colour"), operator=Operator.EQ, literal="red")
    with pytest.raises(InvalidInput, match="colour"):
        empty_store.find(MODELS, where=unknown)
    with pytest.raises(InvalidInput, match="after"):
        empty_store.find(MODELS, order_by=(Order(field=NAME),), after="somewhere")


@pytest.mark.parametrize("order_by", [(), (Order(field=NAME, descending=True),)])
def test_pages_follow_each_other(empty_store, order_by):
    ids = [UUID(int=number) for number in range(1, 8)]
    empty_store.apply([upsert(a_model(id_), number) for number, id_ in enumerate(ids, start=1)])
    pages, after = [], None
    while True:
        page = empty_store.find(MODELS, order_by=order_by, limit=3, after=after)
        pages.append([UUID(decoded(text)["id"]) for text in page.documents])
        if (after := page.next_after) is None:
            break
    assert [len(page) for page in pages] == [3, 3, 1]
    assert [id_ for page in pages for id_ in page] == (ids[::-1] if order_by else ids)


def test_a_page_is_no_larger_than_a_message_but_never_empty(place):
    store = SqlMetadataStore(**place, page_max_bytes=3_000)
    store.apply([upsert(a_model(id_, description="x" * 2_000), id_.int) for id_ in (A, B)])
    store.apply([upsert(a_model(C, description="x" * 5_000), 3)])
    sizes, after = [], None
    while True:
        page = store.find(MODELS, after=after)
        sizes.append(len(page.documents))
        if (after := page.next_after) is None:
            break
    assert sizes == [1, 1, 1]
    store.close()


def behind_its_back(store: SqlMetadataStore, statement: Any) -> None:
    with store._writing.begin() as connection:
        connection.execute(statement)


MODEL_ROWS = TABLES.tables[MODELS.value]


@pytest.mark.parametrize("mends", [False, True])
def test_a_row_that_was_removed_behind_its_back_comes_back_with_nothing_left_over(empty_store, mends):
    empty_store.apply([upsert(a_model(A, metadata={"team": "red", "size": 1}), 1)])
    behind_its_back(empty_store, delete(MODEL_ROWS))
    how = {"arrival": None, "replaces": 0} if mends else {}
    empty_store.apply([upsert(a_model(A, metadata={"team": "blue", "size": 1}), 2, **how)])
    for team, expected in (("red", []), ("blue", [A])):
        of_team = Comparison(field=FieldPath(root="metadata", key="team"), operator=Operator.EQ, literal=team)
        assert found(empty_store, where=of_team) == expected


@pytest.mark.parametrize(
    ("values", "damage"),
    [
        ({"document": "{no JSON"}, "its document is no JSON"),
        ({"document": "[]"}, "its document is no JSON object"),
        ({"document": "{}"}, "its document says that it has another id"),
        ({"id": "nobody"}, "its id is no UUID"),
    ],
)
def test_a_damaged_row_is_left_out_with_the_reason_until_it_is_mended(empty_store, values, damage):
    empty_store.apply([upsert(a_model(A, metadata={"team": "red"}), 1), upsert(a_model(B), 2)])
    behind_its_back(empty_store, update(MODEL_ROWS).where(MODEL_ROWS.c.id == str(A)).values(**values))
    id_ = values.get("id", str(A))
    page = empty_store.find(MODELS)
    assert found(empty_store) == [B]
    assert [(each.id, each.position, each.damage) for each in page.rows if each.damage] == [(id_, 1, damage)]
    assert empty_store.get(MODELS, id_) == StoredRow(1, None, damage)
    gone = Command(MODELS, id_, 1, None, None, replaces=1)
    empty_store.apply([gone])
    assert empty_store.get(MODELS, id_) == StoredRow(1, None)
    empty_store.apply([upsert(a_model(A, metadata={"team": "red"}), 3)])
    assert found(empty_store) == [A, B]


def test_a_damaged_row_gives_way_to_the_next_command(empty_store):
    empty_store.apply([upsert(a_model(A, metadata={"team": "red"}), 1)])
    behind_its_back(empty_store, update(MODEL_ROWS).values(document="{no JSON"))
    empty_store.apply([upsert(a_model(A, name="two", metadata={"team": "red"}), 2)])
    assert name_of(empty_store, A) == "two"


def test_a_row_that_is_there_twice_is_damaged_until_the_next_command(empty_store):
    empty_store.apply([upsert(a_model(A), 1)])
    columns = [each for each in MODEL_ROWS.c if each.name != "from_position"]
    again = select(*columns, literal(2)).select_from(MODEL_ROWS)
    names = [*(each.name for each in columns), "from_position"]
    behind_its_back(empty_store, insert(MODEL_ROWS).from_select(names, again))
    assert empty_store.get(MODELS, A) == StoredRow(2, None, "it is there more than once")
    assert found(empty_store) == []
    empty_store.apply([upsert(a_model(A), 3)])
    assert found(empty_store) == [A]


def test_a_collection_goes_back_with_a_row_that_was_said_to_be_ahead(empty_store):
    empty_store.apply([upsert(a_model(A), 1), removal(B, 500, arrival=Arrival(Mark(0), Mark(500)))])
    assert position_of(empty_store) == 500
    empty_store.apply([removal(C, 1, arrival=None, replaces=500)])
    assert position_of(empty_store) == 1


def test_a_batch_that_fails_leaves_nothing_behind(empty_store):
    broken = upsert(a_model(B), 2)._replace(id=C)
    with pytest.raises(ValueError, match="says that its id is"):
        empty_store.apply([upsert(a_model(A), 1), broken])
    assert found(empty_store) == []
    assert position_of(empty_store) == 0


def test_the_rows_outlive_their_server(place):
    first = SqlMetadataStore(**place)
    first.apply([upsert(a_model(A), 1)])
    first.close()
    second = SqlMetadataStore(**place)
    assert found(second) == [A]
    assert second.identity == first.identity
    second.close()


def test_tables_of_another_program_are_emptied(place, monkeypatch):
    first = SqlMetadataStore(**place)
    first.apply([upsert(a_model(A), 1)])
    first.close()
    monkeypatch.setattr(opening, "own_fingerprint", lambda: "of a newer program")
    second = SqlMetadataStore(**place)
    assert found(second) == []
    assert position_of(second) == 0
    assert second.identity != first.identity
    second.close()


def _sent(changes: Sequence[tuple[UUID, str | None]]) -> list[Command]:
    """Return commands for changes of rows, one position each: a name, or None for a deletion."""
    commands = []
    for (before, _), (position, (id_, name)) in pairwise(enumerate([(A, None), *changes])):
        arrival = Arrival(Mark(before), Mark(position))
        content = None if name is None else Content.of(MODELS, a_model(id_, name=name, metadata={"of": name}))
        commands.append(Command(MODELS, id_, position, content, arrival))
    return commands


_CHANGES = st.lists(st.tuples(st.sampled_from([A, B, C, D]), st.none() | st.sampled_from("xyz")), max_size=12)


@given(changes=_CHANGES, data=st.data())
@settings(max_examples=examples(8))
def test_any_order_of_any_duplicates_in_any_batches_gives_the_same_rows(tmp_path_factory, changes, data):
    commands = _sent(changes)
    delivered = data.draw(st.permutations([*commands, *commands, *data.draw(st.permutations(commands))[:3]]))
    store = SqlMetadataStore(url=sqlite_url(tmp_path_factory.mktemp("any") / "rows.db"))
    while delivered:
        size = data.draw(st.integers(1, len(delivered)))
        store.apply(delivered[:size])
        delivered = delivered[size:]
    last = {command.id: command for command in commands}
    for id_, command in last.items():
        text = None if command.content is None else command.content.text
        assert store.get(MODELS, id_) == StoredRow(command.position, text)
    there = {id_ for id_, command in last.items() if command.content is not None}
    assert set(found(store)) == there
    for name in "xyz":
        of_name = Comparison(field=FieldPath(root="metadata", key="of"), operator=Operator.EQ, literal=name)
        assert set(found(store, where=of_name)) == {id_ for id_ in there if name_of(store, id_) == name}
    assert position_of(store) == len(commands)
    store.close()
