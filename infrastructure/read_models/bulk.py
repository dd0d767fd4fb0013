"""Rows made in bulk: documents change in memory, and each state is written once, when it is known when it ends."""

from collections import OrderedDict, defaultdict
from collections.abc import Mapping
from datetime import datetime
from operator import itemgetter
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import Table

from application.ports.read_models import Collection, Document, ParkedEvent
from infrastructure.read_models.attributes import Value, flatten
from infrastructure.read_models.bulk_tables import BulkTables, Row
from infrastructure.read_models.contents import KEYED, decoded, encoded, says_the_same
from infrastructure.read_models.fields import column_values, values_after
from infrastructure.read_models.open_documents import Place
from infrastructure.read_models.page import parked_row
from infrastructure.read_models.tables import ATTRIBUTES, DOCUMENTS, INSTANTS, OPEN, PARKED
from infrastructure.read_models.timeline import microseconds

DOCUMENTS_MAX = 120_000
CHARS_MAX = 128 * 1024 * 1024
"""So much is kept of open documents, as JSON; in memory they take about four times that."""

ROWS_MAX = 20_000
"""So many rows wait to be written together."""

_SPILLED_AT_ONCE = 8
_SORTED_BY = {**{table: itemgetter(0) for table in DOCUMENTS.values()}, ATTRIBUTES: itemgetter(0, 1, 2, 3)}


_Held = tuple[tuple[Value, ...], int | None]
"""Values at a key, and since when they are the same; None when their rows are written."""

_Values = dict[str, _Held]
"""Key → values, of one free-form field."""


class _Field(NamedTuple):
    """A free-form field of a document."""

    place: Place
    root: str


class _Open:
    """A document as it is now.

    Attributes:
        columns: What its row holds beside the document.
        since: Its position; None when its row is written, before its end was known.
        began: Where its free-form fields began to be what they are; None when their rows are written.
        values: Of each free-form field; None while all of them are what they were in the beginning: most
            stay so for ever, and are flattened once.
    """

    __slots__ = ("began", "columns", "document", "since", "text", "values")

    def __init__(self, document: Document, text: str, columns: list[Any], since: int | None) -> None:
        self.document = document
        self.text = text
        self.columns = columns
        self.since = since
        self.began = since
        self.values: list[_Values] | None = None


def _is_same(known: _Open, state: _Open) -> bool:
    # columns first: where they differ, which is quick to see, the documents do
    return known.columns == state.columns and says_the_same(known.text, state.text)


class BulkRows:
    """The rows of a whole history, applied event by event from the beginning.

    Documents are handed out as they are, not copied: who gets one must not change it.

    Args:
        tables: Where rows go to.
    """

    def __init__(self, tables: BulkTables) -> None:
        self._tables = tables
        self._open: OrderedDict[Place, _Open] = OrderedDict()
        self._chars = 0
        self._has_spilled = False
        self._put: dict[Place, _Open] = {}
        self._last_id: tuple[UUID | None, str] = (None, "")
        self._position = 0
        self._before = 0
        self._latest: datetime | None = None
        self._rows: dict[Table, list[Row]] = defaultdict(list)
        self._waiting = 0
        self._ended: dict[Collection, list[Mapping[str, Any]]] = defaultdict(list)
        self._ended_attributes: list[Mapping[str, Any]] = []

    @property
    def position(self) -> int:
        """The position of the last event that happened."""
        return self._before

    def happened(self, instant: datetime, *, position: int) -> None:
        """Note the timestamp of the next event."""
        if self._latest is None or instant > self._latest:
            self._rows[INSTANTS].append((position, self._before, microseconds(instant)))
            self._waiting += 1
            self._latest = instant
        self._before = position

    def park(self, event: ParkedEvent) -> None:
        """Note an event that no projection can read."""
        self._rows[PARKED].append(tuple(parked_row(event).values()))

    def get(self, collection: Collection, id: UUID) -> Document | None:  # noqa: A002 - the field's name
        """Return the document; None when there is none."""
        place = (collection, self._text_of(id))
        known = self._put.get(place) or self._known(place)
        return None if known is None else known.document

    def put(self, collection: Collection, id: UUID, document: Document, *, position: int) -> None:  # noqa: A002
        """Let the document be this from the position on; a second one at the same position replaces it.

        Raises:
            ValueError: The position goes back, or the document is not what it says.
        """
        if position != self._position:
            self.settle()
            if position < self._position:
                msg = f"{id} was put at {position}, after position {self._position}"
                raise ValueError(msg)
            self._position = position
        id_text = self._text_of(id)
        place = (collection, id_text)
        known = self._known(place)
        if known is None or document.get("id") != id_text:
            columns = column_values(collection, id_text, document)
        else:
            columns = values_after(known.columns, collection, before=known.document, document=document)
        self._put[place] = _Open(document, encoded(document), columns, position)

    def discard(self) -> None:
        """Forget what was put at the last position."""
        self._put.clear()

    def settle(self) -> None:
        """Take in what was put at the last position: nothing else will be put there."""
        for place, state in self._put.items():
            known = self._open.get(place)  # if there is one, it was looked up to be changed
            if known is None:
                self._open[place] = state
                self._chars += len(state.text)
            elif not _is_same(known, state):
                self._go_on(place, known, state)
        self._put.clear()
        if self._waiting >= ROWS_MAX:
            self._spill()
            self._write()

    def finish(self) -> None:
        """Write everything."""
        self.settle()
        while self._open:
            self._store(*self._open.popitem(last=False))
            if self._waiting >= ROWS_MAX:
                self._write()
        self._write()

    def _text_of(self, id: UUID) -> str:  # noqa: A002 - the field's name
        if id is not self._last_id[0]:  # an event speaks of one id several times
            self._last_id = (id, str(id))
        return self._last_id[1]

    def _go_on(self, place: Place, known: _Open, state: _Open) -> None:
        roots = KEYED[place[0]]
        for index, root in enumerate(roots):
            content, before = state.document.get(root), known.document.get(root)
            if content is not before and encoded(content) != encoded(before):
                if known.values is None:
                    known.values = [_values(each, known.document.get(each), known.began) for each in roots]
                self._change(_Field(place, root), known.values[index], content, self._position)
        self._end(place, known, self._position)
        state.began, state.values = known.began, known.values
        self._open[place] = state
        self._open.move_to_end(place)
        self._chars += len(state.text) - len(known.text)

    def _known(self, place: Place) -> _Open | None:
        known = self._open.get(place)
        if known is not None or not self._has_spilled:
            return known
        text = self._tables.open_text(*place)
        if text is None:
            return None
        document = decoded(text)
        known = self._open[place] = _Open(document, text, column_values(*place, document), None)
        self._chars += len(text)
        return known

    def _change(self, field: _Field, held: _Values, content: Any, position: int) -> None:
        """Let the values of a free-form field be those of the content."""
        current = _values(field.root, content, position)
        for key, (values, _) in list(held.items()):
            now = current.pop(key, None)
            if now is not None and now[0] == values:
                continue
            self._end_values(field, key, held.pop(key), position)
            if now is not None:
                held[key] = now
        held.update(current)

    def _end(self, place: Place, known: _Open, position: int) -> None:
        collection, id_ = place
        if known.since is None:
            self._ended[collection].append({"closed_id": id_, "closed_at": position})
        else:
            self._rows[DOCUMENTS[collection]].append((*known.columns, known.text, position, known.since))
        self._waiting += 1

    def _end_values(self, field: _Field, key: str, held: _Held, position: int) -> None:
        (collection, id_), root = field
        values, since = held
        if since is None:
            ended = {"of_collection": collection.value, "of_id": id_, "of_root": root, "of_key": key}
            self._ended_attributes.append({**ended, "closed_at": position})
        else:
            place = (collection.value, root, key, id_, position, since)
            self._rows[ATTRIBUTES].extend((*place, ordinal, *value) for ordinal, value in enumerate(values))
        self._waiting += len(values)

    def _spill(self) -> None:
        """Write the documents that changed longest ago, when there are too many to keep."""
        while len(self._open) > DOCUMENTS_MAX or self._chars > CHARS_MAX:
            self._has_spilled = True
            for _ in range(max(1, len(self._open) // _SPILLED_AT_ONCE)):
                place, known = self._open.popitem(last=False)
                self._chars -= len(known.text)
                self._store(place, known)

    def _store(self, place: Place, known: _Open) -> None:
        if known.since is not None:
            self._end(place, known, OPEN)
        if known.values is None:
            if known.began is not None:
                self._store_values(place, known.document, known.began)
            return
        for root, held in zip(KEYED[place[0]], known.values, strict=True):
            for key, each in held.items():
                if each[1] is not None:
                    self._end_values(_Field(place, root), key, each, OPEN)

    def _store_values(self, place: Place, document: Document, since: int) -> None:
        """Write the values of a document whose free-form fields never changed."""
        collection, id_ = place
        name = collection.value
        rows = self._rows[ATTRIBUTES]
        before = len(rows)
        for root in KEYED[collection]:
            for (_, key), values in flatten(root, document.get(root)).items():
                for ordinal, value in enumerate(values):
                    rows.append((name, root, key, id_, OPEN, since, ordinal, *value))
        self._waiting += len(rows) - before

    def _write(self) -> None:
        """Write what waits: first ends, which are of rows written before, then rows."""
        for collection, documents in self._ended.items():
            self._tables.end(collection, documents)
        if self._ended_attributes:
            self._tables.end_attributes(self._ended_attributes)
        for table, rows in self._rows.items():
            if table in _SORTED_BY:
                rows.sort(key=_SORTED_BY[table])  # neighbours in the key go to the same page of the file
            self._tables.add(table, rows)
        self._ended.clear()
        self._ended_attributes.clear()
        self._rows.clear()
        self._waiting = 0


def _values(root: str, content: Any, since: int | None) -> _Values:
    return {key: (values, since) for (_, key), values in flatten(root, content).items()}
