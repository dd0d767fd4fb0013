"""What the names of a table's columns may be."""

import unicodedata
from collections.abc import Sequence

from domain.datasets.errors import UnreadableDataset
from infrastructure.datasets.refusals import unreadable

COLUMNS_MAX = 10_000
NAMES_MAX_BYTES = 256 * 1024
"""The schema travels in one event, which must fit one message."""


def require_names(names: Sequence[str]) -> None:
    """Accept names that tell columns apart and can be written in an answer.

    Raises:
        UnreadableDataset: Too many columns, or a name that is empty, taken twice, holds a control
            character (a line break too), or all of them together are too long.
    """
    if not names:
        raise unreadable("has no columns: write at least one.")
    if len(names) > COLUMNS_MAX:
        raise unreadable(f"has {len(names):,} columns, at most {COLUMNS_MAX:,} are read: leave some out.")
    if sum(len(name.encode("utf-8", "surrogatepass")) for name in names) > NAMES_MAX_BYTES:
        message = f"has column names of more than {NAMES_MAX_BYTES // 1024} KiB together: shorten them."
        raise unreadable(message)
    first: dict[str, int] = {}
    for number, name in enumerate(names, start=1):
        problem = _problem(name, number, first.setdefault(name, number))
        if problem is not None:
            raise problem


def _problem(name: str, number: int, first: int) -> UnreadableDataset | None:
    if not name.strip():
        return unreadable(f"has no name for column {number}: give every column one.")
    if any(unicodedata.category(char) in {"Cc", "Cs"} for char in name):
        return unreadable(f"names column {number} {name!r}, with a control character in it: rename it.")
    if first != number:
        return unreadable(f"names columns {first} and {number} both {name!r}: rename one of them.")
    return None
