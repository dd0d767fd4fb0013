"""A search: which documents, in which order, from where to where; then the documents themselves."""

from collections.abc import Iterable, Sequence

from sqlalchemy import Connection, Select, func, select

from application.ports.read_models import Query
from infrastructure.read_models.conditions import Source
from infrastructure.read_models.moments import Moment
from infrastructure.read_models.orders import sorted_ids
from infrastructure.read_models.predicates import within
from infrastructure.read_models.restrictions import EVERYTHING, Restricting
from infrastructure.read_models.tables import DOCUMENTS

Ids = Select[str]


class Search:
    """Searches inside of one transaction, which sees one state of the database.

    Args:
        connection: The transaction.
        moment: As of when.
        rare_rows: So many ids, found by one part of a filter, are few.
    """

    def __init__(self, connection: Connection, *, moment: Moment, rare_rows: int) -> None:
        self._connection = connection
        self._moment = moment
        self._rare_rows = rare_rows

    def documents(self, query: Query) -> list[str]:
        """Return the documents that the checked question asks for, as JSON."""
        source = Source(query.collection, DOCUMENTS[query.collection])
        restriction = EVERYTHING
        if query.where is not None:
            restricting = Restricting(self._moment, count_few=self._count_few, ask=self._ask)
            restriction = restricting.to(query.where, source)
        return self._texts(source, self._ids(query, sorted_ids(source, restriction, query.order_by, self._moment)))

    def _ids(self, query: Query, selections: Iterable[Ids]) -> list[str]:
        """Return the window of what the selections find, one after the other."""
        ids: list[str] = []
        skip = query.offset
        passed: Ids | None = None
        for selection in selections:
            if passed is not None:
                skip = max(0, skip - self._count(passed))
            found = self._ask(selection.limit(query.limit - len(ids)).offset(skip))
            ids += found
            if len(ids) >= query.limit:
                break
            skip = 0 if found else skip
            passed = selection if skip else None
        return ids

    def _texts(self, source: Source, ids: Sequence[str]) -> list[str]:
        if not ids:
            return []
        column = source.table.c
        theirs = select(column.id, column.document).where(within(column.id, ids), self._moment.of(source.table))
        texts = {row.id: row.document for row in self._connection.execute(theirs)}
        return [texts[id_] for id_ in ids]

    def _count_few(self, selection: Ids) -> int | None:
        count = self._count(selection.limit(self._rare_rows + 1))
        return count if count <= self._rare_rows else None

    def _count(self, selection: Ids) -> int:
        rows = selection.order_by(None).subquery()
        count: int = self._connection.execute(select(func.count()).select_from(rows)).scalar_one()
        return count

    def _ask(self, selection: Ids) -> Sequence[str]:
        return self._connection.scalars(selection).all()
