"""Statements are run as SQLAlchemy would run them, whichever way a driver takes its parameters."""

from collections.abc import Iterator

import pytest
from sqlalchemy import Connection, create_engine, insert, select
from sqlalchemy.dialects.postgresql.psycopg import PGDialect_psycopg

from application.ports.read_models import Collection
from infrastructure.read_models.statements import PageStatements, Prepared
from infrastructure.read_models.tables import ATTRIBUTES, OPEN, POSITION, TABLES


@pytest.fixture(params=["qmark", "named", "numeric"])
def a_connection(request: pytest.FixtureRequest) -> Iterator[Connection]:
    engine = create_engine("sqlite://", paramstyle=request.param)
    with engine.begin() as connection:
        TABLES.create_all(connection)
        yield connection
    engine.dispose()


def test_a_statement_is_run_once_for_each_row_of_parameters(a_connection):
    names = ["one", "two", "three"]
    add = Prepared(insert(POSITION), dialect=a_connection.dialect)
    add.run(a_connection, *({"position": number, "name": name} for number, name in enumerate(names)))
    found = a_connection.execute(select(POSITION.c.name).order_by(POSITION.c.position))
    assert found.scalars().all() == names


def test_the_position_moves_from_where_it_is_thought_to_be_only(a_connection):
    a_connection.execute(insert(POSITION), [{"name": "mine", "position": 3}, {"name": "other", "position": 3}])
    move = PageStatements(a_connection.dialect).move
    assert move.run(a_connection, {"of_name": "mine", "after": 2, "upto": 9}).rowcount == 0
    assert move.run(a_connection, {"of_name": "mine", "after": 3, "upto": 5}).rowcount == 1
    found = a_connection.execute(select(POSITION.c.name, POSITION.c.position).order_by(POSITION.c.name))
    assert [tuple(row) for row in found] == [("mine", 5), ("other", 3)]


def test_of_an_attribute_only_what_is_open_is_ended(a_connection):
    statements = PageStatements(a_connection.dialect)
    place = {"collection": "models", "root": "metadata", "id": "a"}
    value = {"number": 1.5, "text": None, "text_rest": "", "boolean": None, "is_least": True, "is_greatest": True}
    rows = [
        {**place, **value, "key": key, "ordinal": 0, "from_position": 1, "to_position": to}
        for key, to in [("k", OPEN), ("l", OPEN), ("m", 4)]
    ]
    statements.add_attribute.run(a_connection, *rows)
    ends = [{**{f"of_{name}": part for name, part in place.items()}, "of_key": key} for key in "km"]
    statements.close_attribute.run(a_connection, *({**end, "closed_at": 7} for end in ends))
    c = ATTRIBUTES.c
    found = a_connection.execute(select(c.key, c.to_position, c.number, c.is_least).order_by(c.key))
    assert [tuple(row) for row in found] == [("k", 7, 1.5, True), ("l", OPEN, 1.5, True), ("m", 4, 1.5, True)]


def test_the_statements_of_postgresql_take_their_parameters_by_name():
    statements = PageStatements(PGDialect_psycopg())
    for collection in Collection:
        assert "%(closed_at)s" in statements.close[collection]._text
        assert "%(sought_id)s" in statements.one[collection]._text
