"""Real tables to learn from, and small ones with everything that real tables have."""

import csv
import hashlib
import io
import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import pyarrow as pa
from sklearn import datasets as sklearn_datasets

from domain.datasets.values import Column, ColumnType, Contents, DatasetFormat
from domain.models.values import ModelType
from domain.training.hyperparameters.parsing import parse
from domain.training.values import TrainingPlan

Cell = float | int | str | bool | datetime | None
_ARROW_TYPES = {
    ColumnType.NUMERIC: pa.float64(),
    ColumnType.BOOLEAN: pa.bool_(),
    ColumnType.CATEGORICAL: pa.string(),
    ColumnType.DATETIME: pa.timestamp("us", "UTC"),
}
_QUICKLY: Mapping[ModelType, Mapping[str, Any]] = {
    ModelType.CLASSIFICATION: {"num_iterations": 25, "min_data_in_leaf": 5},
    ModelType.REGRESSION: {"num_iterations": 25, "min_data_in_leaf": 5},
    ModelType.CLUSTERING: {"k": 4, "n_init": 1},
    ModelType.NLP: {"num_iterations": 10, "min_data_in_leaf": 5},
}


@dataclass(frozen=True, kw_only=True)
class ExampleTable:
    """A table, its task, and all that is derived from it."""

    name: str
    model_type: ModelType
    target: str | None
    cells: Mapping[str, Sequence[Cell]]

    def csv(self) -> bytes:
        text = io.StringIO()
        writer = csv.writer(text, lineterminator="\n")
        writer.writerow(self.cells)
        writer.writerows(
            zip(*([_spelled(cell) for cell in column] for column in self.cells.values()), strict=True)
        )
        return text.getvalue().encode()

    def write(self, directory: Path) -> Path:
        path = directory / f"{self.name}.csv"
        path.write_bytes(self.csv())
        return path

    def columns(self) -> tuple[Column, ...]:
        return tuple(
            Column(name=name, type=_type_of(cells), missing=sum(cell is None for cell in cells))
            for name, cells in self.cells.items()
        )

    def contents(self) -> Contents:
        content = self.csv()
        return Contents(
            format=DatasetFormat.CSV,
            sha256=hashlib.sha256(content).hexdigest(),
            size_bytes=len(content),
            rows=len(next(iter(self.cells.values()))),
            columns=self.columns(),
        )

    def plan(self, **hyperparameters: Any) -> TrainingPlan:
        columns = self.columns()
        return TrainingPlan(
            model_type=self.model_type,
            dataset_id=UUID(int=1),
            contents=self.contents(),
            target=next((column for column in columns if column.name == self.target), None),
            features=tuple(column for column in columns if column.name != self.target),
            hyperparameters=parse(self.model_type, hyperparameters),
        )

    @property
    def quickly(self) -> Mapping[str, Any]:
        """Hyperparameters with which training takes little time."""
        return _QUICKLY[self.model_type]

    def quick_plan(self) -> TrainingPlan:
        return self.plan(**self.quickly)

    def table(self) -> pa.Table:
        """Return what reading the CSV gives."""
        types = {column.name: _ARROW_TYPES[column.type] for column in self.columns()}
        return pa.table({name: pa.array(cells, types[name]) for name, cells in self.cells.items()})

    def instances(self) -> list[dict[str, Cell]]:
        """Return the rows as a client would send them to be predicted."""
        features = {name: list(map(_sent, cells)) for name, cells in self.cells.items() if name != self.target}
        return [dict(zip(features, row, strict=True)) for row in zip(*features.values(), strict=True)]


def breast_cancer() -> ExampleTable:
    """569 tumours, two labels of text."""
    return _of_sklearn("breast_cancer", sklearn_datasets.load_breast_cancer(), "diagnosis", named=True)


def iris() -> ExampleTable:
    """150 flowers, three labels of text."""
    return _of_sklearn("iris", sklearn_datasets.load_iris(), "species", named=True)


def wine() -> ExampleTable:
    """178 wines, three labels that are whole numbers."""
    return _of_sklearn("wine", sklearn_datasets.load_wine(), "cultivar", named=False)


def diabetes() -> ExampleTable:
    """442 patients, a number to predict."""
    bunch = sklearn_datasets.load_diabetes()
    cells: dict[str, list[Cell]] = _features(bunch)
    return ExampleTable(
        name="diabetes",
        model_type=ModelType.REGRESSION,
        target="progression",
        cells={**cells, "progression": bunch.target.tolist()},
    )


def churn() -> ExampleTable:
    """300 customers with text, booleans and missing values; the label is a boolean."""
    chance = random.Random(7)
    months = [chance.randint(1, 60) for _ in range(300)]
    plans: list[Cell] = [chance.choice(["basic", "basic", "plus", 'größer, "pro"', None]) for _ in months]
    calls: list[Cell] = [chance.choice([None, *range(10)]) for _ in months]
    paperless: list[Cell] = [chance.choice([True, False, None]) for _ in months]
    return ExampleTable(
        name="churn",
        model_type=ModelType.CLASSIFICATION,
        target="churned",
        cells={
            "months": months,
            "plan": plans,
            "calls": calls,
            "paperless": paperless,
            "churned": [
                length + 20 * (plan == "plus") + chance.random() * 20 < 35
                for length, plan in zip(months, plans, strict=True)
            ],
        },
    )


def rents() -> ExampleTable:
    """250 flats with text and missing values; a number to predict, not known of all."""
    chance = random.Random(11)
    areas: list[Cell] = [chance.choice([None, chance.uniform(20, 150)]) for _ in range(250)]
    quarters: list[Cell] = [chance.choice(["North", "South", "Harbour", None]) for _ in areas]
    rents: list[Cell] = [
        chance.choice([None] + 19 * [(area or 70) * (14 if quarter == "Harbour" else 9) + chance.uniform(0, 50)])
        for area, quarter in zip(areas, quarters, strict=True)
    ]
    return ExampleTable(
        name="rents",
        model_type=ModelType.REGRESSION,
        target="rent",
        cells={"area": areas, "quarter": quarters, "rent": rents},
    )


def endless() -> tuple[ExampleTable, dict[str, Any]]:
    """Return a table and hyperparameters whose training takes minutes."""
    chance = random.Random(13)
    rows = [[chance.random() for _ in range(20)] for _ in range(2_000)]
    cells: dict[str, list[Cell]] = {
        f"x{index}": list(column) for index, column in enumerate(zip(*rows, strict=True))
    }
    cells["y"] = [row[0] * row[1] + row[2] ** 2 + chance.random() for row in rows]
    table = ExampleTable(name="endless", model_type=ModelType.REGRESSION, target="y", cells=cells)
    return table, {"num_iterations": 100_000, "learning_rate": 1e-6, "early_stopping_rounds": 0}


def labelled(labels: Sequence[Cell], **features: Sequence[Cell]) -> ExampleTable:
    """Return a table whose label is to be told; without features, of the row's number."""
    return ExampleTable(
        name="labelled",
        model_type=ModelType.CLASSIFICATION,
        target="label",
        cells={**(features or {"x": range(len(labels))}), "label": labels},
    )


def measured(numbers: Sequence[Cell], **features: Sequence[Cell]) -> ExampleTable:
    """Return a table whose number is to be told; without features, of the row's number."""
    return ExampleTable(
        name="measured",
        model_type=ModelType.REGRESSION,
        target="number",
        cells={**(features or {"x": range(len(numbers))}), "number": numbers},
    )


EXAMPLES: Mapping[str, Callable[[], ExampleTable]] = {
    "breast_cancer": breast_cancer,
    "iris": iris,
    "wine": wine,
    "diabetes": diabetes,
    "churn": churn,
    "rents": rents,
}


def flowers() -> ExampleTable:
    """The 150 flowers without their names: numbers only."""
    cells = {name: cells for name, cells in iris().cells.items() if name != "species"}
    return ExampleTable(name="flowers", model_type=ModelType.CLUSTERING, target=None, cells=cells)


def customers() -> ExampleTable:
    """The 300 customers, whether they stayed or not being one thing among others to group them by."""
    return ExampleTable(name="customers", model_type=ModelType.CLUSTERING, target=None, cells=churn().cells)


def rides() -> ExampleTable:
    """300 rides by bicycle, begun at some instant, most of which are known; the minutes are to be told."""
    chance = random.Random(19)
    noon = datetime(2025, 3, 1, 12, tzinfo=UTC)
    begun: list[Cell] = []
    minutes: list[Cell] = []
    for _ in range(300):
        instant = noon + timedelta(seconds=chance.randrange(60 * 24 * 3_600), microseconds=chance.randrange(10**6))
        begun.append(chance.choice([None] + 19 * [instant]))
        minutes.append(10.0 + 20.0 * (instant.weekday() >= 5) + instant.hour + chance.random())
    distances: list[Cell] = [chance.uniform(1.0, 9.0) for _ in begun]
    return ExampleTable(
        name="rides",
        model_type=ModelType.REGRESSION,
        target="minutes",
        cells={"begun": begun, "km": distances, "minutes": minutes},
    )


def reviews() -> ExampleTable:
    """240 opinions on meals, in two columns; whether somebody liked it is to be told."""
    chance = random.Random(17)
    dishes = ["soup", "fish", "rice", "tart", "Käse"]
    good = ["was great", "tasted wonderful", "made us happy", "we will come again"]
    bad = ["was cold", "tasted awful", "we will not come again", "made us ill"]
    titles: list[Cell] = []
    texts: list[Cell] = []
    liked: list[Cell] = []
    for _ in range(240):
        is_good = chance.random() < 0.6
        parts = [f"The {chance.choice(dishes)} {chance.choice(good if is_good else bad)}" for _ in range(3)]
        texts.append(chance.choice([None] + 19 * [". ".join(parts)]))
        titles.append(chance.choice([None, "Dinner", "Lunch!", "A fine place" if is_good else "Never again"]))
        liked.append(chance.choice([None] + 19 * ["yes" if is_good else "no"]))
    return ExampleTable(
        name="reviews",
        model_type=ModelType.NLP,
        target="liked",
        cells={"title": titles, "text": texts, "liked": liked},
    )


def stars() -> ExampleTable:
    """The opinions by their number of words: a number to predict."""
    texts = [each or "" for each in reviews().cells["text"]]
    numbers: list[Cell] = [float(len(str(each).split())) for each in texts]
    return ExampleTable(
        name="stars", model_type=ModelType.NLP, target="words", cells={"text": texts, "words": numbers}
    )


OF_EVERY_TYPE: Mapping[str, Callable[[], ExampleTable]] = {
    **EXAMPLES,
    "rides": rides,
    "flowers": flowers,
    "customers": customers,
    "reviews": reviews,
    "stars": stars,
}


def _of_sklearn(name: str, bunch: Any, target: str, *, named: bool) -> ExampleTable:
    codes = bunch.target.tolist()
    labels = [str(bunch.target_names[code]) for code in codes] if named else codes
    return ExampleTable(
        name=name,
        model_type=ModelType.CLASSIFICATION,
        target=target,
        cells={**_features(bunch), target: labels},
    )


def _features(bunch: Any) -> dict[str, list[Cell]]:
    return {str(name): bunch.data[:, index].tolist() for index, name in enumerate(bunch.feature_names)}


def _sent(cell: Cell) -> Cell:
    """Return a cell as JSON has it."""
    return cell.isoformat() if isinstance(cell, datetime) else cell


def _type_of(cells: Sequence[Cell]) -> ColumnType:
    kinds = {type(cell) for cell in cells if cell is not None}
    if kinds == {datetime}:
        return ColumnType.DATETIME
    if kinds <= {int, float}:
        return ColumnType.NUMERIC
    return ColumnType.BOOLEAN if kinds == {bool} else ColumnType.CATEGORICAL


def _spelled(cell: Cell) -> str:
    if cell is None:
        return ""
    if isinstance(cell, bool):
        return "true" if cell else "false"
    cell = _sent(cell)
    return cell if isinstance(cell, str) else repr(cell)
