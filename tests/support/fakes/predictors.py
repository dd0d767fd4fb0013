"""Predictors that answer with the sum of a row, and a loader that says when and whether they load."""

import math
import threading
from collections import Counter
from collections.abc import Callable, Sequence

from application.ports.artifacts import ArtifactUnavailable
from domain.datasets.values import ColumnType
from domain.inference.conformance import Schema
from domain.inference.values import Feature, Prediction

SCHEMA = Schema(
    [
        Feature(name="age", type=ColumnType.NUMERIC),
        Feature(name="city", type=ColumnType.CATEGORICAL, categories=("Bern", "Basel")),
    ]
)


class FakePredictor:
    """Adds up what is known of a row; explains each feature with its own value."""

    def __init__(self, *, size_bytes: int = 1_000, before_answer: Callable[[], None] = lambda: None) -> None:
        self.schema = SCHEMA
        self.size_bytes = size_bytes
        self.threads: list[int] = []
        self._before_answer = before_answer

    def predict(self, rows: Sequence[Sequence[float]], *, explain: bool) -> list[Prediction]:
        self.threads.append(threading.get_ident())
        self._before_answer()
        predictions = []
        for row in rows:
            known = {
                name: 0.0 if math.isnan(value) else value for name, value in zip(SCHEMA.names, row, strict=True)
            }
            predictions.append(
                Prediction(prediction=sum(known.values()), probability=0.5, explanation=known if explain else None)
            )
        return predictions


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
