"""Predictors that answer with the sum of a row, and a loader that says when and whether they load."""

import math
import threading
from collections import Counter
from collections.abc import Callable

import numpy as np

from application.ports.artifacts import ArtifactUnavailable
from application.ports.predictor import Floats, Predicted, Row
from domain.inference.conformance import Schema
from domain.inference.values import Feature, FeatureType

SCHEMA = Schema(
    [
        Feature(name="age", type=FeatureType.NUMERIC),
        Feature(name="city", type=FeatureType.CATEGORICAL, categories=("Bern", "Basel")),
    ]
)


class FakePredictor:
    """Adds up what is known of a row; explains each feature with its own value."""

    labels = None

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

    def predict(self, rows: Floats) -> Predicted:
        self._work()
        sums = np.nan_to_num(rows).sum(axis=1)
        return Predicted(
            predictions=sums.tolist(), probabilities=[0.5] * len(rows), scores=sums[:, np.newaxis], chosen=None
        )

    def explain(self, rows: Floats, chosen: object) -> Floats:
        return np.column_stack([np.nan_to_num(rows), np.zeros(len(rows))])

    def _work(self) -> None:
        self.threads.append(threading.get_ident())
        self._before_answer()


class FakePredictorLoader:
    """Loads what it was given, and counts how often.

    Attributes:
        before_load: Called with the artifact's URL before each load; may wait or raise.
    """

    def __init__(self, **predictors: FakePredictor) -> None:
        self.predictors = {f"artifact:{name}": predictor for name, predictor in predictors.items()}
        self.loads: Counter[str] = Counter()
        self.before_load: Callable[[str], None] = lambda _: None
        self._lock = threading.Lock()

    def load(self, artifact_url: str) -> FakePredictor:
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
