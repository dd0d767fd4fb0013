"""Series to forecast: two shops with a price that is known beforehand, or one with nothing but its past."""

import math
import random
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import pyarrow as pa

from domain.datasets.values import Column, ColumnType
from domain.models.values import ModelType
from domain.training.hyperparameters.parsing import parse
from domain.training.values import TrainingPlan
from tests.support.data import Cell, ExampleTable

MONTHS = 72
"""Of each series, from January 2015 on."""


@dataclass(frozen=True, kw_only=True)
class SeriesTable(ExampleTable):
    """A table of series.

    Attributes:
        series: The column that tells them apart; None where there is one.
        exogenous: Columns whose future is known.
        asked: Instances as a client would send them.
    """

    series: str | None
    exogenous: tuple[str, ...]
    asked: Sequence[dict[str, Any]]

    @property
    def quickly(self) -> dict[str, Any]:
        return {"num_iterations": 15, "horizon": 6, "folds": 2, "min_data_in_leaf": 3}

    def columns(self) -> tuple[Column, ...]:
        return tuple(
            column.model_copy(update={"type": ColumnType.DATETIME}) if column.name == "month" else column
            for column in super().columns()
        )

    def plan(self, **hyperparameters: Any) -> TrainingPlan:
        columns = {column.name: column for column in self.columns()}
        return TrainingPlan(
            model_type=self.model_type,
            dataset_id=UUID(int=1),
            contents=self.contents(),
            target=columns["sold"],
            features=tuple(columns[name] for name in self.exogenous),
            time=columns["month"],
            series=None if self.series is None else columns[self.series],
            hyperparameters=parse(self.model_type, hyperparameters),
        )

    def table(self) -> pa.Table:
        types = {ColumnType.DATETIME: pa.timestamp("us", tz="UTC"), ColumnType.NUMERIC: pa.float64()}
        columns = {}
        for column in self.columns():
            cells: Sequence[Any] = self.cells[column.name]
            if column.type is ColumnType.DATETIME:
                cells = [datetime.fromisoformat(str(each)).replace(tzinfo=UTC) for each in cells]
            columns[column.name] = pa.array(cells, types.get(column.type, pa.string()))
        return pa.table(columns)

    def instances(self) -> list[dict[str, Any]]:
        return list(self.asked)


def sales() -> SeriesTable:
    """Two shops over six years, with a season, growth, and a price that matters; a month of each is missing."""
    chance = random.Random(3)
    cells: dict[str, list[Cell]] = {"month": [], "shop": [], "price": [], "sold": []}
    for shop, size in (("north", 40.0), ("south", 90.0)):
        for month in range(MONTHS):
            price = chance.choice([1.0, 1.5, 2.0])
            season = 1.0 + 0.3 * math.sin(month / 12 * 2 * math.pi)
            sold = size * (1.0 + month / 100) * season - 8.0 * price + chance.gauss(0, 1)
            cells["month"].append(f"{2015 + month // 12}-{month % 12 + 1:02}-01")
            cells["shop"].append(shop)
            cells["price"].append(price)
            cells["sold"].append(None if (shop, month) in {("north", 20), ("south", 41)} else round(sold, 3))
    prices = [{"price": 1.0}, {"price": 2.0}, {"price": None}, {"price": 1.5}, {"price": 1.0}, {"price": 2}]
    asked = [
        {"horizon": 6, "series": "north", "exogenous": prices},
        {"horizon": 2, "series": "south", "exogenous": prices},
        {"series": "south", "exogenous": prices},
        {"horizon": 1, "series": "north", "exogenous": prices[1:2]},
    ]
    return SeriesTable(
        name="sales",
        model_type=ModelType.TIME_SERIES,
        target="sold",
        cells=cells,
        series="shop",
        exogenous=("price",),
        asked=asked,
    )


def one_shop() -> SeriesTable:
    """The shop in the north, with nothing known but its past."""
    table = sales()
    cells = {name: table.cells[name][:MONTHS] for name in ("month", "sold")}
    return SeriesTable(
        name="one_shop",
        model_type=ModelType.TIME_SERIES,
        target="sold",
        cells=cells,
        series=None,
        exogenous=(),
        asked=[{"horizon": 6}, {"horizon": 3}, {}, {"horizon": 1}] * 3,
    )
