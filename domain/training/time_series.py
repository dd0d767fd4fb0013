"""What a forecast reads of a dataset."""

from domain.datasets.dataset import Dataset, require_column
from domain.datasets.values import Column, ColumnType
from domain.errors import InvalidInput
from domain.models.values import ModelType
from domain.training.columns import Columns, chosen_columns, target_column
from domain.training.hyperparameters.time_series import TimeSeries

_TIME_FIELD = "hyperparameters.time_column"
_SERIES_FIELD = "hyperparameters.series_column"
_SERIES_TYPES = frozenset({ColumnType.CATEGORICAL, ColumnType.NUMERIC})
_EXOGENOUS_TYPES = frozenset({ColumnType.NUMERIC, ColumnType.BOOLEAN, ColumnType.CATEGORICAL})


def time_series_columns(model_type: ModelType, dataset: Dataset, hyperparameters: TimeSeries) -> Columns:
    """Return the target, its time, what tells series apart, and what is known of the future.

    Raises:
        InvalidInput: A column does not exist (with the nearest), cannot be what it is named for, or is named for
            two things; or there is not one column of dates, and none is named.
    """
    target = target_column(model_type, dataset, asked=hyperparameters.target, allowed={ColumnType.NUMERIC})
    time = _time(dataset, hyperparameters.time_column)
    series = _series(dataset, hyperparameters.series_column, target)
    exogenous = chosen_columns(
        dataset, hyperparameters.exogenous or (), setting="exogenous", target=target, allowed=_EXOGENOUS_TYPES
    )
    if series is not None and series in exogenous:
        message = f"{series.name!r} tells the series apart: leave it out here."
        raise InvalidInput.of("hyperparameters.exogenous", message, series.name)
    return Columns(target=target, features=exogenous, time=time, series=series)


def _time(dataset: Dataset, asked: str | None) -> Column:
    columns = dataset.contents.columns
    if asked is not None:
        column = require_column(columns, asked, field=_TIME_FIELD)
        if column.type is not ColumnType.DATETIME:
            message = (
                f"Column {asked!r} is {column.type}: time is told by dates or instants, in CSV as ISO 8601 has "
                "them (2026-03-01, 2026-03-01T12:00:00Z) in every row."
            )
            raise InvalidInput.of(_TIME_FIELD, message, asked)
        return column
    found = [column for column in columns if column.type is ColumnType.DATETIME]
    if len(found) == 1:
        return found[0]
    if not found:
        message = (
            f"Dataset {dataset.name!r} has no column of dates or instants, by which a forecast is made: in CSV, "
            "write them as ISO 8601 has them (2026-03-01, 2026-03-01T12:00:00Z), in every row."
        )
        raise InvalidInput.of("dataset_id", message, str(dataset.id))
    names = ", ".join(repr(column.name) for column in found[:10])
    message = f"Dataset {dataset.name!r} has several columns of dates: name one of {names} here."
    raise InvalidInput.of(_TIME_FIELD, message)


def _series(dataset: Dataset, asked: str | None, target: Column) -> Column | None:
    if asked is None:
        return None
    column = require_column(dataset.contents.columns, asked, field=_SERIES_FIELD)
    if column == target:
        message = f"{asked!r} is the target: name the column that tells the series apart."
        raise InvalidInput.of(_SERIES_FIELD, message, asked)
    if column.type not in _SERIES_TYPES:
        message = f"Column {asked!r} is {column.type}: series are told apart by text or numbers."
        raise InvalidInput.of(_SERIES_FIELD, message, asked)
    return column
