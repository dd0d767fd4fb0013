"""The words of inference."""

from enum import StrEnum
from typing import TypedDict

from domain.kernel import Immutable

Value = float | int | str | bool | None
Label = str | int | float | bool


class FeatureType(StrEnum):
    """What the value of a feature is, whatever transport it comes by.

    `numeric`: a number. `boolean`: true or false. `categorical`: text, one of a few. `datetime`: an instant, a
    number of seconds to the model. `text`: any text. `nested`: a list or an object.
    """

    NUMERIC = "numeric"
    BOOLEAN = "boolean"
    CATEGORICAL = "categorical"
    DATETIME = "datetime"
    TEXT = "text"
    NESTED = "nested"


OBJECTS = frozenset({FeatureType.TEXT, FeatureType.NESTED})
"""What no number stands for."""


class AnswerKind(StrEnum):
    """What a version answers with: one of its labels, a number, or the values of steps to come."""

    LABELS = "labels"
    NUMBERS = "numbers"
    FORECASTS = "forecasts"


class ForecastStep(TypedDict):
    """What a series will be at one step.

    `time` is in ISO 8601. `lower` and `upper` hold the share of values between them that the version was asked to
    bound.
    """

    time: str
    value: float
    lower: float
    upper: float


class Feature(Immutable):
    """One thing that a version asks of an instance, most often a column that it was trained on.

    Attributes:
        categories: For a categorical feature, its values in the order of their codes; else None.
        is_optional: Whether an instance without it means one with null.
    """

    name: str
    type: FeatureType
    categories: tuple[str, ...] | None = None
    is_optional: bool = False
