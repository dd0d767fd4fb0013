"""What is asked of a model of text."""

from typing import Annotated, Literal

from pydantic import Field

from domain.training.hyperparameters.settings import ColumnName
from domain.training.hyperparameters.trees import Trees

_EVEN = 0.5


class Nlp(Trees):
    """The settings of a model that tells a label or a number from text.

    Attributes:
        target: The column to learn, when not the dataset's own target.
        task: What is told of a text: a label (`classification`) or a number (`regression`); `auto` is a number
            where the target is of numbers.
        class_weight: `balanced` lets every label weigh the same in all, however rare it is.
        calibration: How probabilities are made to say how often a label is right, on held-out rows.
        threshold: Of two labels, the second is predicted above this probability; `auto` takes the one with
            the best macro F1 on held-out rows.
        text_columns: The columns to read; None for all columns of text but the target.
        validation_fraction: Share of the rows held out for metrics and for the choice between models.
        model: What learns from the terms: a linear model, trees, or whichever is better on held-out rows.
        max_features: So many terms are known at most, the most frequent ones.
        min_df: A term that stands in fewer texts is not known.
        ngram_max: So many words in a row may make a term.
    """

    target: ColumnName | None = None
    # left out of what is stored where nobody asked: so plans are alike that were made before these were there
    task: Literal["auto", "classification", "regression"] = Field(
        default="auto", exclude_if=lambda task: task == "auto"
    )
    class_weight: Literal["none", "balanced"] = Field(default="none", exclude_if=lambda weight: weight == "none")
    calibration: Literal["none", "isotonic", "platt"] = Field(
        default="none", exclude_if=lambda kind: kind == "none"
    )
    threshold: Literal["auto"] | Annotated[float, Field(ge=0, le=1)] = Field(
        default=_EVEN, exclude_if=lambda threshold: threshold == _EVEN
    )
    text_columns: list[ColumnName] | None = Field(default=None, min_length=1)
    validation_fraction: float = Field(default=0.2, ge=0.01, le=0.5)
    model: Literal["auto", "linear", "trees"] = "auto"
    max_features: int = Field(default=50_000, ge=1, le=1_000_000)
    min_df: int = Field(default=2, ge=1, lt=2**31)
    ngram_max: int = Field(default=2, ge=1, le=5)
