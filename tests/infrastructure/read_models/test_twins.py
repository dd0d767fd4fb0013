"""Whatever is put and asked, SQL answers as the twin in memory does."""

import tempfile
from contextlib import ExitStack
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)
from sqlalchemy import URL

from application.ports.filters import And, Comparison, FieldPath, IsNull, Not, OneOf, Operator, Or, Order
from application.ports.read_models import Collection, Query
from infrastructure.read_models import sql
from infrastructure.read_models.dialects import sqlite_url
from tests.support.documents import a_model, a_version
from tests.support.examples import examples
from tests.support.fakes.read_models import InMemoryReadModels
from tests.support.postgres import PostgresServer

IDS = [UUID(int=number) for number in range(1, 6)]
TEXTS = st.sampled_from(
    ["", "a", "A", "ab", "b%", "a_b", "\u00e4", "\u00c4", "*[x]?", "\\", "x" * 205, "x" * 204 + "y", "\0"]
)
SCALARS = st.one_of(
    st.none(), st.booleans(), st.integers(-2, 2), st.sampled_from([0.5, -1.5, 2.0, 1e300, 2**53 + 1]), TEXTS
)
KEYS = st.sampled_from(["k", "l", "k.l", "x" * 201])
VALUES = st.recursive(
    SCALARS, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=2), max_leaves=4
)
KEYED = st.dictionaries(KEYS, VALUES, max_size=3)
INSTANTS = st.sampled_from(["2026-01-01T00:00:00Z", "2026-01-01T01:00:00.5+01:00", "2026-01-01T00:00:00.500001Z"])

MODELS = st.builds(
    a_model,
    st.sampled_from(IDS),
    name=TEXTS,
    description=st.none() | TEXTS,
    aggregate_version=st.none() | st.integers(0, 3),
    created_at=INSTANTS,
    retired_at=st.none() | INSTANTS,
    metadata=KEYED,
)
VERSIONS = st.builds(
    a_version,
    st.sampled_from(IDS),
    st.sampled_from(IDS),
    status=st.sampled_from(["staging", "production", None]),
    metrics=KEYED,
    hyperparameters=KEYED,
)

FIELDS_OF_MODELS = st.sampled_from(
    ["name", "description", "aggregate_version", "created_at", "retired_at", "metadata"]
)
FIELDS_OF_VERSIONS = st.sampled_from(["status", "metrics", "hyperparameters"])
KEYED_ROOTS = {"metadata", "metrics", "hyperparameters"}
KEY_PATHS = st.sampled_from(["k", "l", "k.l", "k.k", "l.k.l", "x" * 201])
COMPARED = st.sampled_from([each for each in Operator if each not in {Operator.LIKE, Operator.ILIKE}])
PATTERNS = st.text(st.sampled_from("aAbx\u00e4%_*[]?"), max_size=4) | st.sampled_from(
    ["\\%", "%\\_%", "\\\\", "\\a%", "b\\%"]
)


@st.composite
def comparisons(draw: st.DrawFn, roots: st.SearchStrategy[str]) -> Any:
    root = draw(roots)
    if root in KEYED_ROOTS:
        field = FieldPath(root=root, key=draw(KEY_PATHS))
        literals = draw(
            st.sampled_from([TEXTS, st.booleans(), st.integers(-2, 2) | st.sampled_from([0.5, 1e300, 2.0**53])])
        )
    else:
        field = FieldPath(root=root)
        literals = TEXTS
        if root == "aggregate_version":
            literals = st.sampled_from([0, 1, 1.5, 2])
        if root.endswith("_at"):
            literals = INSTANTS
    literal = draw(literals)
    shape = draw(st.sampled_from(["comparison", "comparison", "one of", "null", "pattern"]))
    if shape == "null":
        return IsNull(field=field)
    if shape == "one of":
        return OneOf(field=field, literals=tuple(draw(st.lists(literals, max_size=3))))
    if shape == "pattern" and isinstance(literal, str) and not root.endswith("_at"):
        operator = draw(st.sampled_from([Operator.LIKE, Operator.ILIKE]))
        return Comparison(field=field, operator=operator, literal=draw(PATTERNS))
    operator = draw(st.sampled_from([Operator.EQ, Operator.NE]) if isinstance(literal, bool) else COMPARED)
    return Comparison(field=field, operator=operator, literal=literal)


def conditions(roots: st.SearchStrategy[str]) -> st.SearchStrategy[Any]:
    return st.recursive(
        comparisons(roots),
        lambda inner: st.one_of(
            st.builds(Not, condition=inner),
            st.builds(And, conditions=st.lists(inner, max_size=3).map(tuple)),
            st.builds(Or, conditions=st.lists(inner, max_size=3).map(tuple)),
        ),
        max_leaves=5,
    )


@st.composite
def orders(draw: st.DrawFn, roots: st.SearchStrategy[str]) -> tuple[Order, ...]:
    fields = draw(st.lists(roots, max_size=3))
    return tuple(
        Order(
            field=FieldPath(root=root, key=draw(KEY_PATHS) if root in KEYED_ROOTS else None),
            descending=draw(st.booleans()),
        )
        for root in fields
    )


class Twins(RuleBasedStateMachine):
    """Puts the same into both and asks both the same.

    Args:
        server: Where the read models in SQL lie; None for SQLite.
        rare_rows: With none, every selection is taken for a common one, so that the other plans are asked, too;
            with some, each plan is for a few documents.
    """

    def __init__(self, server: PostgresServer | None, rare_rows: int) -> None:
        super().__init__()
        self.opened = ExitStack()
        url: str | URL
        if server is None:
            url = sqlite_url(Path(self.opened.enter_context(tempfile.TemporaryDirectory())) / "read_models.db")
        else:
            url = self.opened.enter_context(server.fresh_database())
        self.sql = sql.SqlReadModels(url=url, rare_rows=rare_rows)
        self.opened.callback(self.sql.close)
        self.twin = InMemoryReadModels()
        self.models: set[str] = set()

    def teardown(self) -> None:
        self.opened.close()

    @rule(puts=st.lists(st.tuples(st.integers(0, 2), MODELS | VERSIONS), max_size=8), rest=st.integers(0, 2))
    def apply_a_page(self, puts, rest):
        after = self.twin.position()
        puts = [(step, document) for step, document in puts if self._belongs_to_something(document)]
        steps = [step for step, _ in puts]
        upto = after + 1 + sum(steps) + rest
        for read_models in (self.sql, self.twin):
            position = after + 1
            with read_models.page(after=after, upto=upto) as rows:
                for step, document in puts:
                    position += step
                    collection = Collection.VERSIONS if "model_id" in document else Collection.MODELS
                    rows.put(collection, UUID(document["id"]), document, position=position)

    def _belongs_to_something(self, document):
        """Tell whether the document's model is there, if it is a version: without one it never is."""
        if "model_id" in document:
            return document["model_id"] in self.models
        self.models.add(document["id"])
        return True

    @precondition(lambda self: self.twin.position() > 0)
    @rule(data=st.data(), collection=st.sampled_from([Collection.MODELS, Collection.VERSIONS]))
    def ask(self, data, collection):
        roots = FIELDS_OF_MODELS if collection is Collection.MODELS else FIELDS_OF_VERSIONS
        filterable = FIELDS_OF_MODELS | FIELDS_OF_VERSIONS if collection is Collection.MODELS else roots
        query = Query(
            collection=collection,
            where=data.draw(st.none() | conditions(filterable)),
            order_by=data.draw(orders(roots)),
            limit=data.draw(st.integers(0, 5)),
            offset=data.draw(st.integers(0, 3)),
            at=data.draw(st.integers(0, self.twin.position())),
        )
        assert self.sql.find(query) == self.twin.find(query)

    @rule(id_=st.sampled_from(IDS), at=st.none() | st.integers(0, 50), collection=st.sampled_from(Collection))
    def look_up(self, id_, at, collection):
        assert self.sql.get(collection, id_, at=at) == self.twin.get(collection, id_, at=at)

    @invariant()
    def both_are_at_one_position(self):
        assert self.sql.position() == self.twin.position()


@pytest.mark.hypothesis
@pytest.mark.parametrize(("rare_rows", "count"), [(4_000, 5), (4, 8), (0, 4)])
def test_sqlite_answers_as_the_twin_does(rare_rows, count):
    _compare(None, rare_rows, count)


@pytest.mark.hypothesis
@pytest.mark.parametrize(("rare_rows", "count"), [(4_000, 2), (4, 3), (0, 2)])
def test_postgresql_answers_as_the_twin_does(postgres_server, rare_rows, count):
    _compare(postgres_server, rare_rows, count)


def _compare(server: PostgresServer | None, rare_rows: int, count: int) -> None:
    run_state_machine_as_test(
        lambda: Twins(server, rare_rows),
        settings=settings(max_examples=examples(count), stateful_step_count=15),
    )
