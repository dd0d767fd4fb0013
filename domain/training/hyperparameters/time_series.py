"""What is asked of a forecast."""

from typing import Annotated

from pydantic import Field

from domain.training.hyperparameters.settings import ColumnName
from domain.training.hyperparameters.trees import Trees


class TimeSeries(Trees):
    """The settings of a model of time series.

    Attributes:
        target: The column to forecast, when not the dataset's own target.
        time_column: Tells when a value was; None for the one column of dates.
        series_column: Tells the series apart that a dataset has; None for one series.
        exogenous: The columns whose future values are known when a forecast is asked for; None for none.
        horizon: So many steps ahead a forecast may be asked for; None for one season, 12 where there is none.
        season: Steps after which the series repeats itself; None for what the distance of the steps suggests.
        folds: Backtests, each a horizon earlier than the one before; None for a fifth of the longest series, 3 to
            20 of them.
        interval: Share of the values that are to lie between `lower` and `upper`.
    """

    target: ColumnName | None = None
    time_column: ColumnName | None = None
    series_column: ColumnName | None = None
    exogenous: list[ColumnName] | None = Field(default=None, min_length=1)
    horizon: Annotated[int, Field(ge=1, le=1_000)] | None = None
    season: Annotated[int, Field(ge=1, le=10_000)] | None = None
    folds: Annotated[int, Field(ge=1, le=20)] | None = None
    interval: float = Field(default=0.9, gt=0, lt=1)
