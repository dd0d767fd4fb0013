"""What only the read models in SQL have: files, several connections, rows, and plans."""

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from uuid import UUID

import pytest
from sqlalchemy import event, select

from application.ports.filters import And, Comparison, FieldPath, Operator, Order
from application.ports.read_models import Collection, PositionTaken, Query
from infrastructure.read_models.dialects import sqlite_url
from infrastructure.read_models.sql import SqlReadModels
from infrastructure.read_models.tables import ATTRIBUTES, DOCUMENTS, OPEN, TABLES
from tests.support.documents import a_model, a_version

MODELS, VERSIONS = Collection.MODELS, Collection.VERSIONS
A = UUID(int=1)


@pytest.fixture
def a_file(tmp_path: Path) -> Path:
    return tmp_path / "read models.db"


@pytest.fixture
def empty_read_models(a_file: Path) -> Iterator[SqlReadModels]:
    models = SqlReadModels(url=sqlite_url(a_file))
    yield models
    models.close()


def put(models: SqlReadModels, *documents: dict) -> None:
    after = models.position()
    with models.page(after=after, upto=after + len(documents)) as rows:
        for position, document in enumerate(documents, start=after + 1):
            rows.put(MODELS, UUID(document["id"]), document, position=position)


def all_rows(models: SqlReadModels, table) -> list[tuple]:
    with models._engine.connect() as connection:
        return [tuple(row) for row in connection.execute(select(table).order_by(*table.primary_key))]


def test_what_was_applied_is_there_after_a_restart(a_file, empty_read_models):
    put(empty_read_models, a_model(A, name="kept"))
    empty_read_models.close()
    again = SqlReadModels(url=sqlite_url(a_file))
    assert again.position() == 1
    assert again.get(MODELS, A)["name"] == "kept"
    again.close()


def test_many_may_open_a_new_file_at_once(a_file):
    with ThreadPoolExecutor(8) as pool:
        opened = list(pool.map(lambda _: SqlReadModels(url=sqlite_url(a_file)), range(8)))
    assert {models.position() for models in opened} == {0}
    for models in opened:
        models.close()


def test_readers_see_the_last_commit_while_a_page_is_written(empty_read_models):
    put(empty_read_models, a_model(A, name="before"))
    with empty_read_models.page(after=1, upto=2) as rows:
        rows.put(MODELS, A, a_model(A, name="after"), position=2)
        with ThreadPoolExecutor(1) as pool:
            seen = pool.submit(empty_read_models.get, MODELS, A).result(timeout=30)
            position = pool.submit(empty_read_models.position).result(timeout=30)
    assert (seen["name"], position) == ("before", 1)
    assert empty_read_models.get(MODELS, A)["name"] == "after"


def test_of_two_processes_at_one_page_one_applies_it(a_file, empty_read_models):
    other = SqlReadModels(url=sqlite_url(a_file))
    start = threading.Barrier(2)

    def apply(models: SqlReadModels, name: str) -> str | None:
        start.wait()
        try:
            with models.page(after=0, upto=1) as rows:
                rows.put(MODELS, A, a_model(A, name=name), position=1)
        except PositionTaken:
            return None
        return name

    with ThreadPoolExecutor(2) as pool:
        names = [
            each.result() for each in [pool.submit(apply, empty_read_models, "x"), pool.submit(apply, other, "y")]
        ]
    other.close()
    winners = [name for name in names if name is not None]
    assert winners == [empty_read_models.get(MODELS, A)["name"]]


def test_what_another_process_has_put_is_seen_by_the_next_page(a_file, empty_read_models):
    put(empty_read_models, a_model(A, metadata={"mine": 1}))
    other = SqlReadModels(url=sqlite_url(a_file))
    put(other, a_model(A, metadata={"yours": 1}))
    other.close()
    with empty_read_models.page(after=2, upto=3) as rows:
        assert rows.get(MODELS, A)["metadata"] == {"yours": 1}
        rows.put(MODELS, A, a_model(A), position=3)
    c = ATTRIBUTES.c
    with empty_read_models._engine.connect() as connection:
        spans = connection.execute(select(c.key, c.from_position, c.to_position).order_by(c.from_position)).all()
    assert [tuple(span) for span in spans] == [("mine", 1, 2), ("yours", 2, 3)]


def test_what_a_failed_page_has_put_is_not_remembered(empty_read_models):
    put(empty_read_models, a_model(A, name="before"))

    def fail_after_writing() -> None:
        with empty_read_models.page(after=1, upto=2) as rows:
            rows.put(MODELS, A, a_model(A, name="lost"), position=2)
            rows.write()
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail_after_writing()
    with empty_read_models.page(after=1, upto=2) as rows:
        assert rows.get(MODELS, A)["name"] == "before"
        rows.put(MODELS, A, a_model(A, name="kept"), position=2)
    assert [empty_read_models.get(MODELS, A, at=at)["name"] for at in (1, 2)] == ["before", "kept"]


def test_a_document_that_was_just_put_is_not_read_again(empty_read_models):
    put(empty_read_models, a_model(A))
    asked: list[str] = []
    event.listen(empty_read_models._engine, "before_cursor_execute", lambda *args: asked.append(args[2]))
    with empty_read_models.page(after=1, upto=2) as rows:
        rows.put(MODELS, A, {**rows.get(MODELS, A), "name": "new"}, position=2)
    assert [statement.split(" ", 2)[0] for statement in asked] == ["BEGIN", "UPDATE", "UPDATE", "INSERT"]


def test_an_equal_document_writes_nothing(empty_read_models):
    document = a_model(A, metadata={"a": 1, "b": [True]})
    put(empty_read_models, document)
    before = all_rows(empty_read_models, DOCUMENTS[MODELS]), all_rows(empty_read_models, ATTRIBUTES)
    put(empty_read_models, dict(reversed(document.items())), document)
    assert (all_rows(empty_read_models, DOCUMENTS[MODELS]), all_rows(empty_read_models, ATTRIBUTES)) == before


def test_a_detour_within_one_position_leaves_no_row(empty_read_models):
    put(empty_read_models, a_model(A))
    before = all_rows(empty_read_models, DOCUMENTS[MODELS])
    with empty_read_models.page(after=1, upto=2) as rows:
        rows.put(MODELS, A, a_model(A, name="no"), position=2)
        rows.put(MODELS, A, a_model(A), position=2)
    assert all_rows(empty_read_models, DOCUMENTS[MODELS]) == before


def test_the_states_of_a_document_follow_each_other_without_gap(empty_read_models):
    put(empty_read_models, *(a_model(A, aggregate_version=number) for number in (1, 2, 3)))
    put(empty_read_models, a_model(A, aggregate_version=4))
    table = DOCUMENTS[MODELS]
    with empty_read_models._engine.connect() as connection:
        spans = connection.execute(
            select(table.c.from_position, table.c.to_position).order_by("from_position")
        ).all()
    assert [tuple(span) for span in spans] == [(1, 2), (2, 3), (3, 4), (4, OPEN)]


def test_attributes_are_written_only_where_they_change(empty_read_models):
    put(
        empty_read_models,
        a_model(A, metadata={"kept": "x", "moved": 1}),
        a_model(A, metadata={"kept": "x", "moved": 2}),
    )
    put(empty_read_models, a_model(A, name="new", metadata={"kept": "x", "moved": 2}))
    put(empty_read_models, a_model(A, name="new", metadata={"kept": "x"}))
    c = ATTRIBUTES.c
    with empty_read_models._engine.connect() as connection:
        spans = connection.execute(
            select(c.key, c.from_position, c.to_position).order_by(c.key, c.from_position)
        ).all()
    assert [tuple(span) for span in spans] == [("kept", 1, OPEN), ("moved", 1, 2), ("moved", 2, 4)]


def test_the_same_events_in_other_pages_make_the_same_rows(tmp_path):
    documents = [a_model(UUID(int=1 + n % 3), name=f"n{n // 4}", metadata={"k": [n // 2, "x"]}) for n in range(30)]
    stored = []
    for page_size in (1, 7, 30):
        models = SqlReadModels(url=sqlite_url(tmp_path / f"{page_size}.db"))
        for start in range(0, 30, page_size):
            put(models, *documents[start : start + page_size])
        stored.append((all_rows(models, DOCUMENTS[MODELS]), all_rows(models, ATTRIBUTES)))
        models.close()
    assert stored[0] == stored[1] == stored[2]


@pytest.mark.parametrize(
    ("name", "value"),
    [("aggregate_version", "1"), ("aggregate_version", True), ("name", 7), ("created_at", "now")],
)
def test_a_document_whose_fields_hold_other_kinds_is_a_bug_of_its_projection(empty_read_models, name, value):
    with pytest.raises(ValueError, match=r"holds a|RFC 3339"):
        put(empty_read_models, a_model(A, **{name: value}))
    assert empty_read_models.position() == 0


def is_(root: str, operator: str, literal: str | float, key: str | None = None) -> Comparison:
    return Comparison(field=FieldPath(root=root, key=key), operator=Operator(operator), literal=literal)


QUESTIONS = {
    "a metric and a status": (
        And(conditions=(is_("metrics", ">", 0.9, "auc"), is_("status", "=", "production"))),
        (),
    ),
    "a metric": (is_("metrics", ">", 0.9, "auc"), ()),
    "a team by name": (is_("metadata", "=", "x", "team"), (Order(field=FieldPath(root="name")),)),
    "a name": (is_("name", "=", "x"), ()),
    "all by age": (None, (Order(field=FieldPath(root="created_at"), descending=True),)),
}


@pytest.mark.parametrize("rare_rows", [0, 4_000])
@pytest.mark.parametrize("at", [1, 2])
@pytest.mark.parametrize("question", QUESTIONS)
def test_no_question_reads_a_whole_table(a_file, question, at, rare_rows):
    models = SqlReadModels(url=sqlite_url(a_file), rare_rows=rare_rows)
    put(models, a_model(A), a_model(A, name="x", metadata={"team": "x"}))
    with models.page(after=2, upto=3) as rows:
        rows.put(VERSIONS, A, a_version(A, A, metrics={"auc": 0.95}, status="production"), position=3)
    asked: list[tuple] = []
    event.listen(models._engine, "before_cursor_execute", lambda *args: asked.append(args[2:4]))
    where, order_by = QUESTIONS[question]
    models.find(Query(collection=MODELS, where=where, order_by=order_by, at=at))
    with models._engine.connect() as connection:
        plans = [
            row[3]
            for statement, parameters in list(asked)
            if statement.startswith("SELECT")
            for row in connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", parameters)
        ]
    models.close()
    assert plans
    scans = [step.removeprefix("SCAN ") for step in plans if step.startswith("SCAN ") and "INDEX" not in step]
    assert [scan for scan in scans if scan.startswith(tuple(TABLES.tables))] == []
