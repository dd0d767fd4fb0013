"""What is asked of a regression."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Annotated, Any, ClassVar, Literal

from pydantic import BeforeValidator, Field

from domain.training.hyperparameters.tabular import Tabular
from domain.training.hyperparameters.trees import Trees

_OTHER_NAMES: Mapping[str, str] = MappingProxyType(
    {
        "l2": "regression",
        "l2_root": "regression",
        "mean_squared_error": "regression",
        "mse": "regression",
        "regression_l2": "regression",
        "rmse": "regression",
        "root_mean_squared_error": "regression",
        "squared_error": "regression",
        "absolute_error": "regression_l1",
        "l1": "regression_l1",
        "mae": "regression_l1",
        "mean_absolute_error": "regression_l1",
    }
)
"""Names that LightGBM and scikit-learn have for the same."""

_TWEEDIE_VARIANCE_POWER = 1.5


def _by_its_own_name(given: Any) -> Any:
    return _OTHER_NAMES.get(given, given) if isinstance(given, str) else given


ObjectiveName = Annotated[
    Literal["regression", "regression_l1", "huber", "quantile", "poisson", "gamma", "tweedie"],
    BeforeValidator(_by_its_own_name),
]


class Regression(Tabular):
    """The settings of a regression.

    Attributes:
        objective: What is predicted: the mean, by the squared error (`regression`); the median, by the absolute
            error (`regression_l1`); a mean that outliers say less of (`huber`); a quantile (`quantile`); the mean
            of counts (`poisson`), of positive amounts (`gamma`), of amounts of which many are 0 (`tweedie`). Other
            names that LightGBM and scikit-learn have for these are taken, too.
        alpha: For `quantile`, which one, below 1; None for 0.9. For `huber`, errors beyond it, in the unit of the
            target, count by their size and no more by their square; None for what the data suggest.
        tweedie_variance_power: For `tweedie`, the power of the mean that the variance grows with: near 1 as that
            of counts, near 2 as that of positive amounts.
        split: Which rows are held out: drawn at random, whole groups at a time (`group`), or the last ones in time
            (`time`). `auto` is `group` or `time` where such a column is named, else `random`.
    """

    ALIASES: ClassVar[Mapping[str, str]] = {
        **Trees.ALIASES,
        "objective_type": "objective",
        "app": "objective",
        "application": "objective",
        "loss": "objective",
    }

    split: Literal["auto", "random", "group", "time"] = "auto"
    # left out of what is stored where nobody asked: so plans are alike that were made before they were there
    objective: ObjectiveName = Field(default="regression", exclude_if=lambda name: name == "regression")
    alpha: Annotated[float, Field(gt=0)] | None = Field(default=None, exclude_if=lambda alpha: alpha is None)
    tweedie_variance_power: float = Field(
        default=_TWEEDIE_VARIANCE_POWER, gt=1, lt=2, exclude_if=lambda power: power == _TWEEDIE_VARIANCE_POWER
    )
