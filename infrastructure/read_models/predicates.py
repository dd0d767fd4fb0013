"""What the WHERE of a search says in words of its own on each database."""

import json
from collections.abc import Callable, Collection, Iterable
from functools import partial
from typing import Any

from sqlalchemy import ARRAY, Boolean, ColumnElement, Dialect, Text, and_, false, literal, or_, true
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


class Within(_Predicate):
    """Holds where an id is one of `Ids`."""

    inherit_cache = True


def within(column: ColumnElement[str], ids: Collection[str]) -> ColumnElement[bool]:
    """Return whether the column holds one of the ids, of which there may be thousands."""
    return Within(column, literal(ids, Ids()))


@compiles(Within)
def _any(element: Within, compiler: SQLCompiler, **kw: Any) -> str:
    column, ids = element.clauses
    # as rows, not as an array: so each is looked up by id, and no other index is gone through for all of them
    return f"({compiler.process(column, **kw)} IN (SELECT unnest({compiler.process(ids, **kw)})))"


@compiles(Within, "sqlite")
def _json_each(element: Within, compiler: SQLCompiler, **kw: Any) -> str:
    column, ids = element.clauses
    rows = f"SELECT value FROM json_each({compiler.process(ids, **kw)})"  # noqa: S608 - the parameter's name only
    return f"({compiler.process(column, **kw)} IN ({rows}))"


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
