"""What is asked of a model of text."""

from typing import Literal

from pydantic import Field

from domain.training.hyperparameters.settings import ColumnName
from domain.training.hyperparameters.trees import Trees


class Nlp(Trees):
    """The settings of a model that tells a label or a number from text.

    Attributes:
        target: The column to learn, when not the dataset's own target; numbers make it a regression.
        text_columns: The columns to read; None for all columns of text but the target.
        validation_fraction: Share of the rows held out for metrics and for the choice between models.
        model: What learns from the terms: a linear model, trees, or whichever is better on held-out rows.
        max_features: So many terms are known at most, the most frequent ones.
        min_df: A term that stands in fewer texts is not known.
        ngram_max: So many words in a row may make a term.
    """

    target: ColumnName | None = None
    text_columns: list[ColumnName] | None = Field(default=None, min_length=1)
    validation_fraction: float = Field(default=0.2, ge=0.01, le=0.5)
    model: Literal["auto", "linear", "trees"] = "auto"
    max_features: int = Field(default=50_000, ge=1, le=1_000_000)
    min_df: int = Field(default=2, ge=1, lt=2**31)
    ngram_max: int = Field(default=2, ge=1, le=5)
