"""A search: which documents, in which order, from where to where; then the documents themselves."""

from collections.abc import Sequence

from sqlalchemy import select

from application.ports.read_models import Query
from infrastructure.read_models.asking import Asking
from infrastructure.read_models.conditions import Source
from infrastructure.read_models.moments import Moment
from infrastructure.read_models.predicates import within
from infrastructure.read_models.restricting import Restricting
from infrastructure.read_models.restrictions import EVERYTHING
from infrastructure.read_models.tables import DOCUMENTS
from infrastructure.read_models.windows import Window, Windows


class Search:
    """Searches inside of one transaction, which sees one state of the database.

    Args:
        asking: In the transaction.
        moment: As of when.
        head: The position of now.
    """

    def __init__(self, asking: Asking, *, moment: Moment, head: int) -> None:
        self._asking = asking
        self._moment = moment
        self._head = head

    def documents(self, query: Query) -> list[str]:
        """Return the documents that the checked question asks for, as JSON."""
        return self._texts(Source(query.collection, DOCUMENTS[query.collection]), self.ids(query))

    def ids(self, query: Query) -> list[str]:
        """Return the ids of the documents that the checked question asks for."""
        source = Source(query.collection, DOCUMENTS[query.collection])
        windows = Windows(source, self._moment, head=self._head, asking=self._asking)
        restriction = EVERYTHING
        if query.where is not None:
            restriction = Restricting(self._moment, asking=self._asking).to(query.where, source)
        window = Window(query.offset, query.limit)
        return windows.ids(restriction, query.order_by, window)

    def _texts(self, source: Source, ids: Sequence[str]) -> list[str]:
        if not ids:
            return []
        column = source.table.c
        theirs = select(column.id, column.document).where(within(column.id, ids), self._moment.of(source.table))
        texts = {row.id: row.document for row in self._asking.rows(theirs)}
        return [texts[id_] for id_ in ids]
