"""Generations of read models: each is built whole beside the one that readers see, then takes its place.

At most two are kept: the current one, and the one before it for readers who have not noticed yet.
"""

from collections.abc import Iterable
from contextlib import AbstractContextManager
from typing import Protocol

from sqlalchemy import Connection

from infrastructure.read_models.bulk_tables import BulkTables
from infrastructure.read_models.sql import SqlReadModels


class Generations(Protocol):
    """All generations on one store, shared by all of its processes. Their numbers only rise."""

    def current(self) -> int | None:
        """Return the number of the current generation; None before the first."""

    def glance(self) -> int | None:
        """Return the same at next to no cost, perhaps as it was some milliseconds ago."""

    def fingerprint(self, number: int) -> str | None:
        """Return the fingerprint of the program that made the generation; None where it cannot be told."""

    def open(self, number: int) -> SqlReadModels:
        """Return a generation that is whole."""

    def building(self) -> AbstractContextManager[None]:
        """Be the only one, of all processes, that builds a generation: others wait here."""

    def begin(self) -> tuple[int, AbstractContextManager[BulkTables]]:
        """Return a new number and what makes its empty tables; what an unfinished building left is removed.

        To be called while `building`. Tables that are not finished are gone at the end of their block.
        """

    def make_current(self, number: int, *, within: Connection | None) -> None:
        """Let the generation be the current one.

        Args:
            number: Of a generation that is whole.
            within: The transaction that stops the current one; None when there is none.
        """

    def clear_away(self) -> None:
        """Remove all but the current generation and the one before it, as far as nobody keeps us from it."""

    def close(self) -> None:
        """Close all connections."""


def kept_of(numbers: Iterable[int], *, current: int | None) -> set[int]:
    """Return the numbers of the current generation and of the one before it."""
    whole = sorted(number for number in numbers if current is not None and number <= current)
    return set(whole[-2:])
