"""A condition over the fields of a document, as a tree. How it is written is the interfaces' business."""

import typing
from enum import StrEnum

from domain.kernel import Immutable

Literal = str | float | int | bool


class FieldPath(Immutable):
    """A field (`status`), or a key inside a free-form one (`metrics`, `auc`).

    Attributes:
        root: The document's field.
        key: Dotted path inside it; None for the field itself.
    """

    root: str
    key: str | None = None


class Operator(StrEnum):
    """How a field is compared. Text compares by code point, numbers as 64-bit floats, booleans by = and != only.

    LIKE: `%` any text, `_` any character, a backslash before a character that means itself; case matters.
    ILIKE: the same, but `A` to `Z` match `a` to `z`.
    """

    EQ = "="
    NE = "!="
    LT = "<"
    LE = "<="
    GT = ">"
    GE = ">="
    LIKE = "LIKE"
    ILIKE = "ILIKE"


class Comparison(Immutable):
    """Holds where the field has a value of the literal's kind (number, text, boolean) that compares so.

    A field that is missing, null or of another kind compares with nothing, not even by `!=`. A list compares
    so when one of its elements does, also by `!=`; objects in a list lend it their keys.
    """

    field: FieldPath
    operator: Operator
    literal: Literal


class OneOf(Immutable):
    """Holds where the field equals one of the literals."""

    field: FieldPath
    literals: tuple[Literal, ...]


class IsNull(Immutable):
    """Holds where the field is missing or null; an object or list, even an empty one, is neither."""

    field: FieldPath


class Not(Immutable):
    """Holds where the condition does not."""

    condition: "Condition"


class And(Immutable):
    """Holds where all conditions do."""

    kind: typing.Literal["and"] = "and"
    conditions: tuple["Condition", ...]


class Or(Immutable):
    """Holds where one condition does."""

    kind: typing.Literal["or"] = "or"
    conditions: tuple["Condition", ...]


Condition = Comparison | OneOf | IsNull | Not | And | Or

for _class in (Not, And, Or):
    _class.model_rebuild()


class Order(Immutable):
    """One key to sort by; missing values come last either way.

    A key of a free-form field sorts numbers before texts before booleans, either way; a list by its least
    value, or by its greatest in descending order.
    """

    field: FieldPath
    descending: bool = False
