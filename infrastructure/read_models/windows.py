"""Windows of a sorted list: found by sorting all of it while that is little, else by walking along an index.

A walk goes by the first order alone. The documents that share a value there are a run: those inside of the
window are few and sorted on the spot; one that goes on beyond its end may be long, as when a quarter of all
documents have the same value, and is a list of its own: restricted to the value, sorted by the other orders.
"""

from collections.abc import Iterable, Sequence
from functools import cached_property
from itertools import groupby
from operator import itemgetter
from typing import Any, NamedTuple

from sqlalchemy import Row

from application.ports.filters import Order
from infrastructure.read_models.asking import Asking
from infrastructure.read_models.conditions import Source
from infrastructure.read_models.moments import Moment
from infrastructure.read_models.orders import Stretch, no_value, sorted_ids, stretches
from infrastructure.read_models.restrictions import EVERYTHING, Demand, Restriction, few_of_all, only, such_that

_QUICKER_BY_HASH, _QUICKER_TO_PASS = 1 / 8, 1 / 16
"""So much of the time that it takes to look a document up takes it to tell by hash that it is one of the few,
and to pass by what an index says is not of the moment."""

_value_of = itemgetter(slice(1, None))


class Window(NamedTuple):
    """Of a list, so many documents after so many."""

    skip: int
    take: int

    @property
    def end(self) -> int:
        """Where it ends, counted from the beginning of the list."""
        return self.skip + self.take


class Windows:
    """Finds windows of the documents of a source.

    Args:
        source: The documents.
        moment: As of when.
        head: The position of now.
        asking: The database.
    """

    def __init__(self, source: Source, moment: Moment, *, head: int, asking: Asking) -> None:
        self._source = source
        self._moment = moment
        self._head = head
        self._asking = asking
        # so few documents are sorted sooner than any walk comes to its end
        self._sorted_soon = asking.rare_rows // 4
        # a window that ends further off is left to the database: what lies before it would have to be fetched
        self._walked_max = asking.rare_rows // 2

    def ids(self, restriction: Restriction, orders: Sequence[Order], window: Window) -> list[str]:
        """Return the ids in the window of what the restriction leaves, in order."""
        if not window.take:
            return []
        if self._moment.position is not None:
            restriction = self._in_the_past(restriction, orders)
        if self._is_walked(restriction, orders, window):
            return self._walked(restriction, orders, window)
        return self._sorted(restriction, orders, window)

    @cached_property
    def _few_of_all(self) -> Restriction | None:
        return few_of_all(self._source, self._moment, asking=self._asking)

    def _in_the_past(self, restriction: Restriction, orders: Sequence[Order]) -> Restriction:
        """Return the same restriction, said so that what was not there yet at the moment is left out.

        Most of an index may be just that; nothing is of what there was, where that is found as few documents.
        But if something is looked up for each, the database does well to begin with the first in order.
        """
        few = self._few_of_all
        is_by_key = any(order.field.key is not None for order in orders)
        if few is not None and (is_by_key or not restriction.rest.looks_up or few.number <= self._sorted_soon):
            return restriction.and_also(few)
        if restriction.few is None and orders and orders[0].field.root == "created_at":
            return restriction.and_also(self._created_by_then)
        return restriction

    @cached_property
    def _created_by_then(self) -> Restriction:
        latest = self._asking.latest_instant(upto=self._reached)
        if latest is None:
            return EVERYTHING
        return such_that(Demand(lambda documents: documents.table.c.created_at <= latest, reads_documents=True))

    @property
    def _reached(self) -> int:
        return self._head if self._moment.position is None else self._moment.position

    def _is_walked(self, restriction: Restriction, orders: Sequence[Order], window: Window) -> bool:
        """Tell whether an index has the order, and its walk ends sooner than the few documents are sorted.

        The walk is longer than the window as often as all documents are more than the few, and there are no
        more documents than events. It passes by all that are younger than the moment, too.
        """
        if not orders or all(order.field.key is None for order in orders):
            return False
        if restriction.few is None:
            return True
        if restriction.number <= self._sorted_soon:
            return False
        of_all = self._reached if self._few_of_all is None else self._few_of_all.number
        looked_up = window.end * of_all / restriction.number
        passed_by = looked_up * self._head / self._reached
        if self._asking.keeps_hashes and not restriction.whole.reads_documents:
            looked_up *= _QUICKER_BY_HASH
        return looked_up + passed_by * _QUICKER_TO_PASS <= restriction.number

    def _sorted(self, restriction: Restriction, orders: Sequence[Order], window: Window) -> list[str]:
        selection = sorted_ids(self._source, restriction, orders, self._moment)
        return self._asking.ids(selection.limit(window.take).offset(window.skip))

    def _walked(self, restriction: Restriction, orders: Sequence[Order], window: Window) -> list[str]:
        first, others = orders[0], orders[1:]
        ids: list[str] = []
        for stretch in stretches(self._source, first, self._moment):
            if window.end > self._walked_max:
                found, length = self._far_off(stretch, restriction, others, window)
            else:
                found, length = self._run_by_run(stretch, restriction, others, window)
            ids += found
            if len(found) == window.take:
                return ids
            window = Window(max(0, window.skip - length), window.take - len(found))
        last = restriction.and_also(such_that(no_value(self._source, first, self._moment)))
        return ids + self.ids(last, others, window)

    def _far_off(
        self, stretch: Stretch, restriction: Restriction, others: Sequence[Order], window: Window
    ) -> tuple[list[str], int]:
        """Return what is in the window, and, if that does not fill it, at least as many as were skipped."""
        selection = stretch.ids(restriction, others)
        found = self._asking.ids(selection.limit(window.take).offset(window.skip))
        return found, window.skip if found else self._asking.count(selection)

    def _run_by_run(
        self, stretch: Stretch, restriction: Restriction, others: Sequence[Order], window: Window
    ) -> tuple[list[str], int]:
        """Return what is in the window, and how many there are up to its end."""
        rows = self._asking.rows(stretch.values(restriction).limit(window.end + 1))
        within, beyond = rows[: window.end], rows[window.end :]
        goes_on = [row for row in within if beyond and _value_of(row) == _value_of(beyond[0])]
        ended = within[: len(within) - len(goes_on)]
        ids = self._of_runs(ended, (stretch.order, *others), skip=window.skip)
        if goes_on:
            rest = Window(max(0, window.skip - len(ended)), window.take - len(ids))
            run = restriction.and_also(self._run(stretch, goes_on[0]))
            ids += self.ids(run, others, rest)
        return ids, len(within)

    def _of_runs(self, rows: Iterable[Row[Any]], orders: Sequence[Order], *, skip: int) -> list[str]:
        """Return the ids in whole runs, given in their order: sorted within each, and without the first ones."""
        runs = [[row.id for row in run] for _, run in groupby(rows, key=_value_of)]
        while runs and len(runs[0]) <= skip:
            skip -= len(runs.pop(0))
        ids = [id_ for run in runs for id_ in sorted(run)]
        if len(orders) > 1 and len(ids) > len(runs):
            return self._sorted(only(frozenset(ids)), orders, Window(skip, len(ids)))
        return ids[skip:]

    def _run(self, stretch: Stretch, row: Row[Any]) -> Restriction:
        values = _value_of(row)
        by_index = stretch.ids_of(values)
        if by_index is None or self._asking.count_rare(by_index) is None:
            return such_that(stretch.have(values))
        return only(frozenset(self._asking.ids(by_index)))
