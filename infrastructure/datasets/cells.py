"""What the text of a CSV cell means: one set of rules for the schema and for the values.

Spaces and tabs around a missing value, a number or a boolean do not count; in any other text they do.

A column is numeric only if every value survives as a number. One that is written with leading zeros
(`007`, `00.5`; not `0`, `0.5`, `-0.1`), or in digits alone and beyond ±(2^53 - 1), is a code and no
quantity: the column is categorical, and its values come back as they were written. A column is of instants
only if every value is spelled as `instants` says, and there is such a day and hour.
"""

from enum import Enum

import pyarrow as pa
import pyarrow.compute as pc

from domain.datasets.values import ColumnType
from infrastructure.datasets.codes import are_exact, is_inexact_integer, may_have_leading_zeros
from infrastructure.datasets.instants import look_like_instants, read_instants
from infrastructure.datasets.refusals import infinite

MISSING = ("", "NA", "N/A", "n/a", "#N/A", "<NA>", "NaN", "NAN", "nan", "NULL", "Null", "null", "None")
"""The spellings of a value that is not there, quoted or not. All else, in any other case too, is a value."""

_MISSING = pa.array(MISSING)
_BOOLEANS = pa.array(["true", "false"])
_NUMBER = r"\A[+-]?(?:(?:0|[1-9][0-9]*)(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]+)?\z"
_INFINITE = r"(?i)\A[+-]?inf(?:inity)?\z"


class _Kind(Enum):
    NUMBER = "a finite number that is no code"
    INFINITE = "an infinite number"
    BOOLEAN = "true or false, in any case"
    INSTANT = "a date, or a date and a time of day"
    TEXT = "anything else"


class CellProfile:
    """What the cells of one column are, learned batch by batch.

    Attributes:
        name: The column's.
        missing: How many cells had no value.
    """

    def __init__(self, name: str) -> None:
        self.name = name
        self.missing = 0
        self._rows = 0
        self._kinds: set[_Kind] = set()
        self._first_infinite: int | None = None

    def add(self, cells: pa.Array) -> None:
        """Take in the next cells (text, null where missing)."""
        if self._is_text or not self._add_plain_numbers(cells):
            present = _present(cells)
            self.missing += present.null_count
            if not self._is_text:
                self._add_kinds(present)
        self._rows += len(cells)

    def type(self) -> ColumnType:
        """Return the type that fits every cell; numeric where all are missing.

        Raises:
            UnreadableDataset: All are numbers, but not all are finite.
        """
        if self._is_text:
            return ColumnType.CATEGORICAL
        if self._first_infinite is not None:
            raise infinite(self.name, self._first_infinite)
        if _Kind.INSTANT in self._kinds:
            return ColumnType.DATETIME
        return ColumnType.BOOLEAN if _Kind.BOOLEAN in self._kinds else ColumnType.NUMERIC

    @property
    def _is_text(self) -> bool:
        is_mixed = len(self._kinds) > 1 and not self._kinds.isdisjoint({_Kind.BOOLEAN, _Kind.INSTANT})
        return _Kind.TEXT in self._kinds or is_mixed

    def _add_plain_numbers(self, cells: pa.Array) -> bool:
        """Take the cells in if all are plain numbers: the common case, and one cast."""
        try:
            numbers = pc.cast(cells, pa.float64())
        except pa.ArrowInvalid:
            return False
        # The cast reads spellings of infinity and of NaN that are none of ours.
        if not are_exact(numbers) or may_have_leading_zeros(cells):
            return False
        self.missing += cells.null_count
        if cells.null_count < len(cells):
            self._kinds.add(_Kind.NUMBER)
        return True

    def _add_kinds(self, present: pa.Array) -> None:
        is_number = pc.match_substring_regex(present, _NUMBER)
        written = pc.cast(pc.if_else(is_number, present, None), pa.float64())
        values = pc.if_else(is_inexact_integer(present, written), None, written)
        is_finite = pc.fill_null(pc.is_finite(values), fill_value=False)
        is_beyond = pc.fill_null(pc.is_inf(values), fill_value=False)
        is_infinite = pc.or_(is_beyond, pc.match_substring_regex(present, _INFINITE))
        is_boolean = pc.is_in(pc.ascii_lower(present), value_set=_BOOLEANS)
        found = 0
        for kind, mask in (
            (_Kind.NUMBER, is_finite),
            (_Kind.INFINITE, is_infinite),
            (_Kind.BOOLEAN, is_boolean),
            (_Kind.INSTANT, _are_instants(present)),
        ):
            count = pc.sum(mask).as_py() or 0
            found += count
            if count:
                self._kinds.add(kind)
        if found < len(present) - present.null_count:
            self._kinds.add(_Kind.TEXT)
        if self._first_infinite is None and _Kind.INFINITE in self._kinds:
            self._first_infinite = self._rows + pc.index(is_infinite, True).as_py()


def _are_instants(present: pa.Array) -> pa.Array:
    """Return which cells are instants; where one only looks like it, none is, for the column is text then."""
    is_spelled = look_like_instants(present)
    if not pc.any(is_spelled).as_py():  # the common case of text
        return is_spelled
    try:
        read_instants(pc.if_else(is_spelled, present, None))
    except pa.ArrowInvalid:
        return pa.repeat(pa.scalar(False), len(present))  # noqa: FBT003 - a value
    return is_spelled


def to_values(cells: pa.Array, column_type: ColumnType) -> pa.Array:
    """Return the cells as float64, bool, string or instants; null where missing.

    Raises:
        pyarrow.ArrowInvalid: A cell is not of the type.
    """
    if column_type is ColumnType.NUMERIC:
        try:
            return pc.cast(cells, pa.float64())
        except pa.ArrowInvalid:
            return pc.cast(_present(cells), pa.float64())
    present = _present(cells)
    if column_type is ColumnType.DATETIME:
        return read_instants(present)
    if column_type is ColumnType.BOOLEAN:
        return pc.cast(pc.ascii_lower(present), pa.bool_())
    return pc.if_else(pc.is_valid(present), cells, None)


def _present(cells: pa.Array) -> pa.Array:
    """Return the cells without surrounding blanks, null where they are missing."""
    trimmed = pc.ascii_trim(cells, characters=" \t")
    return pc.if_else(pc.is_in(trimmed, value_set=_MISSING), None, trimmed)
