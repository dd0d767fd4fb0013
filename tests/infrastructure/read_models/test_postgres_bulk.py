"""A new schema of PostgreSQL is, once filled, no different from one that was made empty."""

from collections.abc import Iterator
from contextlib import closing

import psycopg
import pytest

from infrastructure.read_models.building import build
from infrastructure.read_models.schema_generations import SchemaGenerations
from infrastructure.read_models.sql import SqlReadModels
from tests.infrastructure.read_models.stores import Told, a_log, a_source
from tests.support.events import model_described, model_registered

_KEYS_AND_INDEXES = """
SELECT tablename, indexname, replace(indexdef, schemaname, '') FROM pg_indexes WHERE schemaname = %s ORDER BY 1, 2
"""


@pytest.fixture
def a_filled_schema(postgres_url: str) -> Iterator[psycopg.Connection]:
    """Generation 1, beside a schema `made_empty`."""
    with closing(SchemaGenerations(postgres_url)) as generations:
        log = a_log(model_registered(metadata={"team": "growth"}), model_described(description="new", metadata={}))
        build(generations, a_source(log), Told())
    SqlReadModels(url=postgres_url, schema="made_empty").close()
    with psycopg.connect(postgres_url) as connection:
        yield connection


def test_a_filled_schema_has_the_keys_and_indexes_of_an_empty_one(a_filled_schema):
    filled, empty = (
        a_filled_schema.execute(_KEYS_AND_INDEXES, (schema,)).fetchall()
        for schema in ("ml_read_models_1", "made_empty")
    )
    assert filled == empty
    assert sum(name.endswith("_pkey") for _, name, _ in filled) == len({table for table, _, _ in filled})
