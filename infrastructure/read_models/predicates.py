"""What the WHERE of a search says in words of its own on each database."""

import json
from collections.abc import Callable, Collection, Iterable
from functools import partial
from typing import Any

from sqlalchemy import (
    ARRAY,
    Boolean,
    ColumnElement,
    Dialect,
    FromClause,
    Select,
    Text,
    and_,
    false,
    literal,
    or_,
    true,
)
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.functions import FunctionElement
from sqlalchemy.types import TypeDecorator

from infrastructure.read_models.patterns import glob


class Pattern(TypeDecorator[str]):
    """A pattern of LIKE, as the database at hand wants it."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: str | None, dialect: Any) -> str | None:
        """Return the pattern for GLOB on SQLite, whose LIKE does not tell `a` from `A`."""
        return glob(value) if value is not None and dialect.name == "sqlite" else value


_GROUP = 50


class Ids(TypeDecorator[Collection[str]]):
    """Many ids as one parameter, as the database at hand wants them."""

    impl = Text
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> Any:
        """Return the type of the parameter."""
        return dialect.type_descriptor(ARRAY(Text) if dialect.name == "postgresql" else Text())

    def process_bind_param(self, value: Collection[str] | None, dialect: Dialect) -> Any:
        """Return the parameter: in one order, so that equal questions look equal."""
        ids = sorted(value or ())
        return ids if dialect.name == "postgresql" else json.dumps(ids)


class _Predicate(FunctionElement[bool]):
    """A function of a WHERE, in brackets of its own."""

    type = Boolean()
    inherit_cache = True

    def self_group(self, against: Any = None) -> Any:
        """Return it as it is: compared with 1, as SQLAlchemy would for SQLite, it could use no index."""
        return self


class _Rows(FunctionElement[str]):
    """`Ids` as rows."""

    inherit_cache = True


def rows_of(ids: Collection[str]) -> FromClause:
    """Return a table with the ids, of which there may be thousands, in its column `id`."""
    return _Rows(literal(ids, Ids())).table_valued("id", name="ids")


@compiles(_Rows)
def _unnest(element: _Rows, compiler: SQLCompiler, **kw: Any) -> str:
    (ids,) = element.clauses
    # as rows, not as an array: so each is looked up by id, and no other index is gone through for all of them
    return f"(SELECT unnest({compiler.process(ids, **kw)}) AS id)"


@compiles(_Rows, "sqlite")
def _json_each(element: _Rows, compiler: SQLCompiler, **kw: Any) -> str:
    (ids,) = element.clauses
    return f"(SELECT value AS id FROM json_each({compiler.process(ids, **kw)}))"  # noqa: S608 - the parameter's name only


class Within(_Predicate):
    """Holds where an id is one of some rows."""

    inherit_cache = True


def within(column: ColumnElement[str], ids: Collection[str]) -> ColumnElement[bool]:
    """Return whether the column holds one of the ids, each of which is looked up."""
    return Within(column, _Rows(literal(ids, Ids())))


@compiles(Within)
def _in_rows(element: "Within | Among", compiler: SQLCompiler, **kw: Any) -> str:
    column, rows = element.clauses
    return f"({compiler.process(column, **kw)} IN {compiler.process(rows, **kw)})"


class Among(_Predicate):
    """Holds where an id is one of some rows, and is found without them."""

    inherit_cache = True


def among(column: ColumnElement[str], ids: Collection[str]) -> ColumnElement[bool]:
    """Return whether the column holds one of the ids, none of which is looked up."""
    return Among(column, _Rows(literal(ids, Ids())))


@compiles(Among)
def _in_hashes(element: Among, compiler: SQLCompiler, **kw: Any) -> str:
    # of what is true of IN the planner makes no join: it keeps the ids in a table of hashes and asks that
    return f"({_in_rows(element, compiler, **kw)} IS TRUE)"


@compiles(Among, "sqlite")
def _in_list(element: Among, compiler: SQLCompiler, **kw: Any) -> str:
    column, rows = element.clauses
    return f"(+{compiler.process(column, **kw)} IN {compiler.process(rows, **kw)})"  # what has a sign has no index


class Found(_Predicate):
    """Holds where a lookup finds something for an id, which is the same as that a selection finds the id.

    The selection is of some thousand ids. PostgreSQL keeps them in a table of hashes, which tells in a tenth
    of the time of a lookup; SQLite would sort them, which takes as long as thousands of lookups.
    """

    inherit_cache = True


def found(
    column: ColumnElement[str], *, lookup: ColumnElement[bool], selection: Select[str]
) -> ColumnElement[bool]:
    """Return the lookup, or whether the selection finds what is in the column."""
    return Found(column, lookup, selection.correlate(None).scalar_subquery())


@compiles(Found)
def _hashed(element: Found, compiler: SQLCompiler, **kw: Any) -> str:
    column, _, selection = element.clauses
    return f"(({compiler.process(column, **kw)} IN {compiler.process(selection, **kw)}) IS TRUE)"


@compiles(Found, "sqlite")
def _looked_up(element: Found, compiler: SQLCompiler, **kw: Any) -> str:
    _, lookup, _ = element.clauses
    return f"({compiler.process(lookup, **kw)})"


class Bracketed(_Predicate):
    """Holds where the condition inside does, which stays together: SQLAlchemy dissolves an OR inside an OR."""

    inherit_cache = True


@compiles(Bracketed)
def _bracketed(element: Bracketed, compiler: SQLCompiler, **kw: Any) -> str:
    (condition,) = element.clauses
    return f"({compiler.process(condition, **kw)})"


def all_of(conditions: Iterable[ColumnElement[bool]]) -> ColumnElement[bool]:
    """Return whether all hold; true of none."""
    return _in_groups(partial(and_, true()), conditions)


def any_of(conditions: Iterable[ColumnElement[bool]]) -> ColumnElement[bool]:
    """Return whether one holds; false of none."""
    return _in_groups(partial(or_, false()), conditions)


def _in_groups(
    joined: Callable[..., ColumnElement[bool]], conditions: Iterable[ColumnElement[bool]]
) -> ColumnElement[bool]:
    """Return the conditions joined in brackets: SQLite reads a chain as nested, and no deeper than a thousand."""
    waiting = list(conditions)
    if len(waiting) <= _GROUP:
        return joined(*waiting)
    groups = (waiting[start : start + _GROUP] for start in range(0, len(waiting), _GROUP))
    return joined(*(Bracketed(joined(*group)) for group in groups))


class Matches(_Predicate):
    """Holds where a text matches a `Pattern` as a whole, with case."""

    inherit_cache = True


@compiles(Matches)
def _like(element: Matches, compiler: SQLCompiler, **kw: Any) -> str:
    text, pattern = element.clauses
    # without ESCAPE, as the backslash is what PostgreSQL takes anyway: told so, it finds no beginning to look up
    return f"({compiler.process(text, **kw)} LIKE {compiler.process(pattern, **kw)})"


@compiles(Matches, "sqlite")
def _glob(element: Matches, compiler: SQLCompiler, **kw: Any) -> str:
    text, pattern = element.clauses
    return f"({compiler.process(text, **kw)} GLOB {compiler.process(pattern, **kw)})"
