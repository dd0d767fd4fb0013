"""URLs of PostgreSQL are taken as they are, and sessions are told what to keep to."""

from contextlib import suppress

import pytest
from psycopg.errors import QueryCanceled
from sqlalchemy import make_url, text

from infrastructure.read_models.dialects import for_writing, open_engine
from infrastructure.read_models.postgres_sessions import connect, for_libpq

SETTINGS = "SELECT current_setting('statement_timeout'), current_setting('lock_timeout')"


def test_a_url_of_libpq_is_taken_as_it_is():
    url = "postgresql://me:p%40ss@h1:5432,h2:5433/db?host=/run/pg&application_name=x"
    assert for_libpq(url) == url


def test_the_driver_that_sqlalchemy_names_is_left_out():
    assert for_libpq("postgresql+psycopg://me@/db?host=/run/pg") == "postgresql://me@/db?host=/run/pg"


@pytest.mark.parametrize("form", ["libpq", "SQLAlchemy text", "SQLAlchemy URL"])
def test_each_form_of_the_url_leads_to_the_same_database(postgres_url, form):
    for_sqlalchemy = postgres_url.replace("postgresql://", "postgresql+psycopg://")
    urls = {"libpq": postgres_url, "SQLAlchemy text": for_sqlalchemy, "SQLAlchemy URL": make_url(for_sqlalchemy)}
    engine = open_engine(urls[form], read_timeout_s=30)
    with engine.connect() as connection:
        assert f"/{connection.scalar(text('SELECT current_database()'))}?" in postgres_url
    engine.dispose()


def test_readers_have_limits_and_writers_only_wait_for_locks_in_vain_so_long(postgres_url):
    engine = open_engine(postgres_url, read_timeout_s=2.5)
    settings = text(SETTINGS)
    with engine.connect() as connection:
        assert connection.execute(settings).one() == ("2500ms", "10s")
    with for_writing(engine).connect() as connection:
        assert connection.execute(settings).one() == ("0", "10s")
    engine.dispose()


def test_what_the_url_says_of_the_connection_is_not_overruled(postgres_url):
    connection = connect(f"{postgres_url}&connect_timeout=7", lock_timeout_s=0, statement_timeout_s=0.0001)
    assert connection.info.get_parameters()["connect_timeout"] == "7"
    found = None
    while found is None:
        with suppress(QueryCanceled), connection.transaction():  # a millisecond is not always enough for it
            found = connection.execute(SETTINGS).fetchone()
    assert found == ("1ms", "0")
    connection.close()
