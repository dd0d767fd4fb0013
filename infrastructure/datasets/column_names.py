"""What the names of a table's columns may be."""

import json
import unicodedata
from collections.abc import Sequence

from domain.datasets.errors import UnreadableDataset
from domain.datasets.values import COLUMNS_MAX, names_max_bytes
from domain.naming import normal_form
from infrastructure.datasets.refusals import unreadable


def require_names(names: Sequence[str]) -> None:
    """Accept names that tell columns apart and can be written in an answer.

    Raises:
        UnreadableDataset: Too many columns, or a name that is empty, taken twice, holds a control
            character (a line break too), or all of them together are too long. Spellings of one
            name that differ in Unicode's composition alone are the same name.
    """
    if not names:
        raise unreadable("has no columns: write at least one.")
    if len(names) > COLUMNS_MAX:
        raise unreadable(
            f"has {len(names):,} columns, at most {COLUMNS_MAX:,} are read, with names of up to "
            f"{names_max_bytes(COLUMNS_MAX):,} bytes together: leave some out."
        )
    size, size_max = sum(map(_size_bytes, names)), names_max_bytes(len(names))
    if size > size_max:
        columns = "1 column" if len(names) == 1 else f"{len(names):,} columns"
        raise unreadable(
            f"has {columns} with names of {size:,} bytes together, names of so many may take {size_max:,}: "
            "shorten them or leave columns out."
        )
    first: dict[str, int] = {}
    for number, name in enumerate(names, start=1):
        problem = _problem(name, number, first.setdefault(normal_form(name), number))
        if problem is not None:
            raise problem


def _size_bytes(name: str) -> int:
    return len(json.dumps(name, ensure_ascii=False).encode("utf-8", "surrogatepass")) - len('""')


def _problem(name: str, number: int, first: int) -> UnreadableDataset | None:
    if not name.strip():
        return unreadable(f"has no name for column {number}: give every column one.")
    if any(unicodedata.category(char) in {"Cc", "Cs"} for char in name):
        return unreadable(f"names column {number} {name!r}, with a control character in it: rename it.")
    if first != number:
        return unreadable(f"names columns {first} and {number} both {normal_form(name)!r}: rename one of them.")
    return None
