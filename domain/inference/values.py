"""The words of inference."""

from collections.abc import Mapping

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


class Prediction(Immutable):
    """What a model says of one instance.

    Attributes:
        prediction: A label of the data, or a number.
        probability: Of that label; None for a number.
        explanation: Feature → contribution to the raw score of the predicted label, without bias; None
            when not asked for.
    """

    prediction: Label
    probability: float | None = None
    explanation: Mapping[str, float] | None = None
