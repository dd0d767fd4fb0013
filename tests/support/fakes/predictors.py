"""Predictors that answer with sums, and a loader that says when and whether they load."""

import math
import threading
from collections import Counter
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from application.ports.artifacts import ArtifactUnavailable
from application.ports.predictor import Floats, Predicted, Row, Rows
from domain.errors import FieldProblem
from domain.inference.conformance import Schema
from domain.inference.errors import NonConformingInstance
from domain.inference.values import AnswerKind, Feature, FeatureType, ForecastStep

SCHEMA = Schema(
    [
        Feature(name="age", type=FeatureType.NUMERIC),
        Feature(name="city", type=FeatureType.CATEGORICAL, categories=("Bern", "Basel")),
    ]
)


class FakePredictor:
    """Adds up what is known of a row; explains each feature with its own value."""

    answers = AnswerKind.NUMBERS
    labels = None
    explained = SCHEMA.names
    platform = "fake"

    def __init__(
        self,
        *,
        size_bytes: int = 1_000,
        row_cost_s: float = 0.0,
        before_answer: Callable[[], None] = lambda: None,
    ) -> None:
        self.schema = SCHEMA
        self.size_bytes = size_bytes
        self.row_cost_s = row_cost_s
        self.threads: list[int] = []
        self._before_answer = before_answer

    def predict_row(self, row: Row) -> tuple[float, float, list[float]]:
        self._work()
        total = sum(0.0 if value is None or math.isnan(value) else value for value in row)
        return total, 0.5, [total]

    def predict(self, rows: Rows) -> Predicted:
        self._work()
        sums = np.nan_to_num(rows.numbers).sum(axis=1)
        return Predicted(
            predictions=sums.tolist(), probabilities=[0.5] * len(rows), scores=sums[:, np.newaxis], chosen=None
        )

    def explain(self, rows: Rows, chosen: object) -> Floats:
        return np.column_stack([np.nan_to_num(rows.numbers), np.zeros(len(rows))])

    def _work(self) -> None:
        self.threads.append(threading.get_ident())
        self._before_answer()


HORIZON_MAX = 100


class FakeForecaster:
    """Answers with as many steps as are asked for, 100 at most: the step's number, and all that is known besides.

    That is the length of the series' name, the days since 1970, and the price of the step. What has added to the
    first step explains it.
    """

    answers = AnswerKind.FORECASTS
    labels = None
    explained = None
    platform = "fake"
    size_bytes = 1_000
    schema = Schema(
        [
            Feature(name="series", type=FeatureType.TEXT, is_optional=True),
            Feature(name="horizon", type=FeatureType.NUMERIC),
            Feature(name="since", type=FeatureType.DATETIME, is_optional=True),
            Feature(name="exogenous", type=FeatureType.NESTED, is_optional=True),
        ]
    )

    def __init__(self, *, row_cost_s: float = 0.0) -> None:
        self.row_cost_s = row_cost_s

    def predict_row(self, row: Row) -> tuple[list[ForecastStep], None, list[float]]:
        parts = self._parts(row)
        added = sum(value for name, value in parts.items() if name != "price")
        exogenous = row[3] or []
        if (row[1] or 0) > HORIZON_MAX:
            problem = FieldProblem(
                field="features.horizon", message=f"must be {HORIZON_MAX} at most.", value=row[1]
            )
            raise NonConformingInstance([problem])
        steps = []
        for step in range(1, int(row[1] or 0) + 1):
            price = (exogenous[step - 1]["price"] or 0.0) if step <= len(exogenous) else 0.0
            value = step + added + price
            steps.append(ForecastStep(time=f"day {step}", value=value, lower=value - step, upper=value + step))
        return steps, None, []

    def predict(self, rows: Rows) -> Predicted:
        predictions = [self.predict_row(row)[0] for row in self._in_order(rows)]
        return Predicted(predictions=predictions, probabilities=None, scores=np.empty((len(rows), 0)), chosen=None)

    def explain(self, rows: Rows, chosen: object) -> list[Mapping[str, float]]:
        return [self._parts(row) for row in self._in_order(rows)]

    def _in_order(self, rows: Rows) -> list[Row]:
        columns = [
            rows.objects[place] if place in self.schema.objects else rows.numbers[:, place].tolist()
            for place in range(len(self.schema.names))
        ]
        return list(zip(*columns, strict=True))

    def _parts(self, row: Row) -> dict[str, float]:
        series, _, since, exogenous = row
        parts = {"price": (exogenous[0]["price"] or 0.0) if exogenous else 0.0}
        if since is not None and not math.isnan(since):
            parts["days"] = since / 86_400
        if series is not None:
            parts["series"] = float(len(series))
        return parts


class FakePredictorLoader:
    """Loads what it was given, and counts how often.

    Attributes:
        before_load: Called with the artifact's URL before each load; may wait or raise.
    """

    def __init__(self, **predictors: Any) -> None:
        self.predictors = {f"artifact:{name}": predictor for name, predictor in predictors.items()}
        self.loads: Counter[str] = Counter()
        self.before_load: Callable[[str], None] = lambda _: None
        self._lock = threading.Lock()

    def load(self, artifact_url: str) -> Any:
        with self._lock:
            self.loads[artifact_url] += 1
        self.before_load(artifact_url)
        if artifact_url not in self.predictors:
            message = f"There are no bytes under {artifact_url}."
            raise ArtifactUnavailable(message)
        return self.predictors[artifact_url]

    def verify(self, artifact_url: str) -> None:
        if artifact_url not in self.predictors:
            message = f"There are no bytes under {artifact_url}."
            raise ArtifactUnavailable(message)
