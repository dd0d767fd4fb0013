"""What is asked of a clustering."""

from collections.abc import Mapping
from typing import Annotated, ClassVar, Literal

from pydantic import Field

from domain.training.hyperparameters.settings import ColumnName, Hyperparameters


class Clustering(Hyperparameters):
    """The settings of a k-means clustering.

    Attributes:
        features: The columns by which rows are near or far; None for all that can be learned from,
            but the dataset's target where it names one.
        k: So many clusters; `auto` for the number with the best silhouette, from 2 to 10.
        n_init: So many beginnings are tried, and the best kept.
        max_iter: Steps at most from each of them.
    """

    ALIASES: ClassVar[Mapping[str, str]] = {**Hyperparameters.ALIASES, "n_clusters": "k", "num_clusters": "k"}

    features: list[ColumnName] | None = Field(default=None, min_length=1)
    k: Literal["auto"] | Annotated[int, Field(ge=2, le=100)] = "auto"
    n_init: int = Field(default=10, ge=1, le=100)
    max_iter: int = Field(default=300, ge=1, le=10_000)
