"""Restrictions: what documents must fulfil, and, where these are known, the few that can."""

from collections.abc import Callable, Set
from typing import NamedTuple

from sqlalchemy import ColumnElement, and_, literal_column, select, true

from application.ports.read_models import FIELDS, FieldKind
from infrastructure.read_models.asking import Asking, Ids
from infrastructure.read_models.conditions import Source
from infrastructure.read_models.moments import Moment
from infrastructure.read_models.predicates import among, rows_of, within

COLUMNS = {
    collection: frozenset(name for name, kind in fields.items() if kind is not FieldKind.KEYED) - {"id"}
    for collection, fields in FIELDS.items()
}
"""The fields of each collection that are columns of its table, beside the id."""


class Demand(NamedTuple):
    """What documents must fulfil.

    Attributes:
        of: Says it, in SQL, of the documents whose rows or ids are in a source.
        reads_documents: Ids are not enough to tell: it takes the columns of documents.
        looks_up: Neither are columns: something is looked up for each document.
    """

    of: Callable[[Source], ColumnElement[bool]]
    reads_documents: bool = False
    looks_up: bool = False

    def and_also(self, other: "Demand") -> "Demand":
        """Return the demand for both."""
        if self is NOTHING or other is NOTHING:
            return other if self is NOTHING else self
        return Demand(
            lambda source: and_(self.of(source), other.of(source)),
            reads_documents=self.reads_documents or other.reads_documents,
            looks_up=self.looks_up or other.looks_up,
        )


NOTHING = Demand(lambda _: true())
"""What every document fulfils."""


class Few(NamedTuple):
    """Documents that are few.

    Attributes:
        number: At most so many.
        ids: Theirs; None where `selection` finds them.
        selection: Finds them, each once, as ids of a source's rows; None where `ids` are known.
    """

    number: int
    ids: frozenset[str] | None = None
    selection: Ids | None = None

    def rows(self, source: Source, columns: Set[str], moment: Moment) -> Source:
        """Return a source of nothing but these documents of the source, with the columns beside their ids.

        The offset keeps PostgreSQL from finding them in its own way, such as by reading all documents in
        their order until it has met enough of the few.
        """
        table = source.table
        if self.selection is not None:
            statement = self.selection
        elif columns:
            statement = select(table.c.id).where(moment.of(table), within(table.c.id, self.ids or ()))
        else:
            return source._replace(table=rows_of(self.ids or ()))
        statement = statement.add_columns(*(table.c[name] for name in sorted(columns)))
        return source._replace(table=statement.offset(literal_column("0")).subquery("few"))


class Restriction(NamedTuple):
    """Which documents are asked for.

    Attributes:
        few: The only ones that can be; None when they are many.
        rest: What these must fulfil.
        whole: What any document must fulfil.
    """

    few: Few | None
    rest: Demand
    whole: Demand

    @property
    def number(self) -> float:
        """At most so many can be."""
        return float("inf") if self.few is None else self.few.number

    def and_also(self, other: "Restriction") -> "Restriction":
        """Return the restriction to what fulfils both."""
        narrow, wide = (other, self) if other.number < self.number else (self, other)
        few, left = narrow.few, wide.whole
        if few is not None and few.ids is not None and wide.few is not None and wide.few.ids is not None:
            ids = few.ids & wide.few.ids
            few, left = Few(len(ids), ids), wide.rest
        return Restriction(few, rest=narrow.rest.and_also(left), whole=narrow.whole.and_also(wide.whole))


def such_that(demand: Demand) -> Restriction:
    """Return the restriction to what fulfils the demand, which many may."""
    return Restriction(None, rest=demand, whole=demand)


def only(ids: frozenset[str]) -> Restriction:
    """Return the restriction to the documents with these ids."""
    is_one = Demand(lambda documents: among(documents.table.c.id, ids))
    return Restriction(Few(len(ids), ids), rest=NOTHING, whole=is_one)


def few_of_all(source: Source, moment: Moment, *, asking: Asking) -> Restriction | None:
    """Return the restriction to what there is at the moment, which is none; None when that is not few."""
    everything = moment.ids(source.table)
    number = asking.count_rare(everything)
    return None if number is None else Restriction(Few(number, selection=everything), rest=NOTHING, whole=NOTHING)


EVERYTHING = such_that(NOTHING)
