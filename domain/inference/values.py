"""The words of inference."""

from domain.datasets.values import ColumnType
from domain.kernel import Immutable

Value = float | int | str | bool | None
Label = str | int | float | bool


class Feature(Immutable):
    """One column that a model was trained on.

    Attributes:
        categories: For a categorical feature, its values in the order of their codes; else None.
    """

    name: str
    type: ColumnType
    categories: tuple[str, ...] | None = None
