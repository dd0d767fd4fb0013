"""How a file is refused: every reader speaks of the same field."""

from domain.datasets.errors import UnreadableDataset
from domain.errors import FieldProblem


def unreadable(message: str) -> UnreadableDataset:
    """Return the error that says of the file what is wrong, where, and what to do."""
    return UnreadableDataset([FieldProblem(field="file", message=message)])


def infinite(column: str, row: int) -> UnreadableDataset:
    """Return the error for a numeric column with an infinite value at the row (0 is the first one)."""
    return unreadable(
        f"holds a number that is infinite or beyond ±1.8e308 in column {column!r}, row {row + 1} of the data: "
        "leave the cell empty where the value is not known."
    )
