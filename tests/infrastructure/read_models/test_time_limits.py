"""A question ends in time, and what it held is given back."""

from collections.abc import Iterator
from pathlib import Path
from uuid import UUID

import pytest
from sqlalchemy import Connection, text

from application.ports.filters import Comparison, FieldPath, Not, Operator
from application.ports.read_models import Collection, Query, ReadTooLong
from infrastructure.read_models.dialects import for_reading, open_engine, sqlite_url
from infrastructure.read_models.sql import SqlReadModels
from infrastructure.read_models.time_limits import limited
from tests.support.documents import a_model

ENDLESS = {
    "sqlite": "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT count(*) FROM n",
    "postgresql": "SELECT pg_sleep(600)",
}
LIMIT_S = 0.5
ENOUGH_S = 60.0


@pytest.fixture(params=["SQLite", "PostgreSQL"])
def a_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    if request.param == "PostgreSQL":
        url: str = request.getfixturevalue("postgres_url")
        return url
    return sqlite_url(tmp_path / "r.db").render_as_string()


@pytest.fixture
def a_reader(a_url: str) -> Iterator[Connection]:
    engine = open_engine(a_url, read_timeout_s=LIMIT_S)
    with for_reading(engine).connect() as connection:
        yield connection
    engine.dispose()


def test_a_question_without_end_is_ended(a_reader):
    with pytest.raises(ReadTooLong, match=r"longer than 0\.5 s"), limited(a_reader, seconds=LIMIT_S):
        a_reader.execute(text(ENDLESS[a_reader.dialect.name]))


def test_after_it_the_same_connection_answers_again(a_reader):
    with pytest.raises(ReadTooLong), limited(a_reader, seconds=LIMIT_S):
        a_reader.execute(text(ENDLESS[a_reader.dialect.name]))
    a_reader.rollback()
    with limited(a_reader, seconds=ENOUGH_S):
        assert a_reader.scalar(text("SELECT 1")) == 1


def test_another_failure_is_not_taken_for_a_question_too_long(a_reader):
    with pytest.raises(Exception, match="no_such_table"), limited(a_reader, seconds=ENOUGH_S):
        a_reader.execute(text("SELECT * FROM no_such_table"))


def test_a_search_that_takes_longer_than_readers_are_given_says_so(a_url):
    read_models = SqlReadModels(url=a_url)
    ids = [UUID(int=number) for number in range(1, 8_001)]
    with read_models.page(after=0, upto=1) as rows:
        for id_ in ids:
            rows.put(Collection.MODELS, id_, a_model(id_, description="x" * 1_000), position=1)
    read_models.close()
    # every place of every text is compared for four hundred letters: two thousand million comparisons
    laborious = Comparison(field=FieldPath(root="description"), operator=Operator.ILIKE, literal=f"%{'x' * 400}y")
    hasty = SqlReadModels(url=a_url, read_timeout_s=LIMIT_S / 10)
    with pytest.raises(ReadTooLong):
        hasty.find(Query(collection=Collection.MODELS, where=Not(condition=Not(condition=laborious)), at=1))
    hasty.close()


def test_writers_take_the_time_that_they_need(postgres_url):
    read_models = SqlReadModels(url=postgres_url, read_timeout_s=LIMIT_S)
    with read_models.page(after=0, upto=1) as rows:
        rows._connection.execute(text("SELECT pg_sleep(0.8)"))
    assert read_models.position() == 1
    read_models.close()
