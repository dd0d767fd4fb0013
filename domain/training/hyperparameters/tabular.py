"""What is asked of a training that learns one column of a table from others."""

from typing import Annotated, Literal

from pydantic import Field

from domain.training.hyperparameters.settings import ColumnName
from domain.training.hyperparameters.trees import Trees


class Tabular(Trees):
    """The settings of classifications and regressions.

    Attributes:
        target: The column to learn, when not the dataset's own target.
        features: The columns to learn from; None for all that can be learned from.
        validation_fraction: Share of the rows held out for metrics and early stopping.
        split: Which rows those are: drawn at random, with the same share of each label (`stratified`), whole
            groups at a time (`group`), or the last ones in time (`time`). `auto` is `group` or `time` where such
            a column is named, else `stratified` for a classification, `random` for a regression.
        group_column: Rows with the same value in it stay together. It is learned from only where `features`
            name it.
        time_column: Tells the order of the rows, by numbers or dates; rows without one are left out.
        folds: So many times another part of the rows is held out, and the model learns from all of them
            in the end; 0 holds out `validation_fraction` once. In time, each part is told by those before it.
        executor: Where trees are grown: in a process of this worker, or on a Dask cluster (`dask`), from Parquet
            and without `folds`, groups and time; all rounds are done there, then cut at the best one.
    """

    target: ColumnName | None = None
    features: list[ColumnName] | None = Field(default=None, min_length=1)
    validation_fraction: float = Field(default=0.2, ge=0.01, le=0.5)
    split: Literal["auto", "random", "stratified", "group", "time"] = "auto"
    group_column: ColumnName | None = None
    time_column: ColumnName | None = None
    folds: Literal[0] | Annotated[int, Field(ge=2, le=10)] = 0
    executor: Literal["local", "dask"] = "local"
