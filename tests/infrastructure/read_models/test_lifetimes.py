"""Rows are found by how long they hold."""

from collections.abc import Iterator

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import BigInteger, Column, Engine, MetaData, Table, Text, create_engine, insert, text

from infrastructure.read_models.lifetimes import ids_at, ids_now
from infrastructure.read_models.tables import OPEN
from tests.support.examples import examples
from tests.support.postgres import PostgresServer

ROWS = Table(
    "rows",
    MetaData(),
    Column("id", Text),
    Column("from_position", BigInteger),
    Column("to_position", BigInteger),
)
POSITIONS = st.integers(1, 30) | st.integers(1, 10**7) | st.integers(1, 10**18)
LIFETIMES = st.integers(1, 12) | st.sampled_from([each for n in range(1, 18) for each in (10**n - 1, 10**n)])
SPANS = st.tuples(POSITIONS, LIFETIMES | st.none())


@pytest.fixture(params=["SQLite", "PostgreSQL"])
def a_database(request: pytest.FixtureRequest) -> Iterator[Engine]:
    url = "sqlite://"
    if request.param == "PostgreSQL":
        server: PostgresServer = request.getfixturevalue("postgres_server")
        url = "postgresql+psycopg" + server.url.removeprefix("postgresql")
    engine = create_engine(url)
    yield engine
    engine.dispose()


@given(spans=st.lists(SPANS, max_size=12), at=POSITIONS, nearby=st.integers(-1, 1))
@settings(max_examples=examples(15))
def test_those_are_found_that_hold_at_a_position_whenever_they_began_and_end(a_database, spans, at, nearby):
    rows = [
        {"id": str(number), "from_position": since, "to_position": OPEN if lifetime is None else since + lifetime}
        for number, (since, lifetime) in enumerate(spans)
    ]
    positions = {at, *(max(0, row[edge] + nearby) for row in rows for edge in ("from_position", "to_position"))}
    with a_database.connect() as connection:
        connection.execute(text("CREATE TEMPORARY TABLE rows (id TEXT, from_position BIGINT, to_position BIGINT)"))
        if rows:
            connection.execute(insert(ROWS), rows)
        for position in positions - {OPEN, OPEN + 1, OPEN - 1}:
            found = sorted(connection.scalars(ids_at(position, ROWS)))
            assert found == sorted(
                row["id"] for row in rows if row["from_position"] <= position < row["to_position"]
            )
        assert sorted(connection.scalars(ids_now(ROWS))) == sorted(
            row["id"] for row in rows if row["to_position"] == OPEN
        )
        connection.rollback()
        connection.execute(text("DROP TABLE IF EXISTS rows"))
