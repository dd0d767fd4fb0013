"""Clusterings in memory: which of some centroids is the nearest, with arithmetic of our own."""

from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from application.ports.predictor import Predicted, Predictor, Row, Rows
from domain.inference.conformance import Schema
from domain.inference.values import AnswerKind, Label
from infrastructure.learning.arrays import array_of
from infrastructure.learning.artifact import Parts
from infrastructure.learning.manifest import Manifest
from infrastructure.learning.row_costs import MEASURED_ROWS, measured_cost_s
from infrastructure.learning.spaces import SCALES, Space, squared_distances

CENTROIDS, SCALED = "centroids", "scales"
"""The parts: of shape (clusters, axes), and of shape (features, 3)."""
VARIANCE = "variance"
"""The setting: of the points of a cluster around its centroid, on each axis."""

PLATFORM = "scikit_learn_numbers"

_CELLS_MAX = 1024 * 1024
_VARIANCE_MIN = 1e-12
_OVERHEAD_BYTES = 4_096

Floats = NDArray[np.float64]
Codes = NDArray[np.intp]


def load(manifest: Manifest, parts: Parts) -> Predictor:
    """Return what answers with centroids.

    Raises:
        ValueError: They are not what the manifest says.
    """
    space = Space(manifest.features, array_of(manifest, parts, SCALED))
    centroids = array_of(manifest, parts, CENTROIDS)
    labels = manifest.labels or ()
    if space.scales.shape != (len(manifest.features), SCALES) or centroids.shape != (
        len(labels),
        space.axes[-1].stop,
    ):
        msg = f"{len(manifest.features)} features and {len(labels)} clusters do not have arrays of these shapes"
        raise ValueError(msg)
    if not (space.scales[:, 2] > 0).all():
        msg = "a unit of its features is not above 0"
        raise ValueError(msg)
    return ClusteringPredictor(
        space=space, centroids=centroids, variance=float(manifest.settings[VARIANCE]), labels=labels
    )


class ClusteringPredictor:
    """Answers with the nearest centroid; of equally near ones, with the first.

    The raw score of a cluster is the squared distance to its centroid, divided by twice the variance within
    clusters, with a minus: as if the points of each cluster were normally distributed around its centroid, all
    with that variance. Probabilities are the shares of the exponentials of the raw scores.

    Args:
        space: Turns rows into points.
        centroids: Of shape (clusters, axes).
        variance: Of the points of a cluster around its centroid, on each axis.
        labels: The clusters, in the order of their centroids.
    """

    answers = AnswerKind.LABELS
    platform = PLATFORM

    def __init__(self, *, space: Space, centroids: Floats, variance: float, labels: Sequence[Label]) -> None:
        self.schema = Schema(space.features)
        self.explained = self.schema.names
        self.labels = tuple(labels)
        self.size_bytes = centroids.nbytes + space.scales.nbytes + _OVERHEAD_BYTES
        self._space = space
        self._centroids = centroids
        self._unit = 2.0 * max(variance, _VARIANCE_MIN)
        probes = np.random.default_rng(0).normal(size=(MEASURED_ROWS, len(space.features)))
        self.row_cost_s = measured_cost_s(self.predict_row, probes.tolist())

    def predict_row(self, row: Row) -> tuple[Label, float | None, Sequence[float]]:
        """Return the cluster of one row, its probability, and those of all clusters."""
        found = self.predict(Rows(np.array([row], dtype=np.float64)))
        assert found.probabilities is not None, "a cluster has one"
        scores: list[float] = found.scores[0].tolist()
        return found.predictions[0], found.probabilities[0], scores

    def predict(self, rows: Rows) -> Predicted:
        """Return the clusters of rows, and their probabilities."""
        raw = np.empty((len(rows), len(self.labels)))
        for piece in self._pieces(rows):
            raw[piece] = squared_distances(self._space.points(rows.numbers[piece]), self._centroids) / -self._unit
        chosen = raw.argmax(axis=1)
        weights = np.exp(raw - raw.max(axis=1, keepdims=True, initial=-np.inf))
        scores = weights / weights.sum(axis=1, keepdims=True)
        return Predicted(
            predictions=[self.labels[code] for code in chosen.tolist()],
            probabilities=scores[np.arange(len(rows)), chosen].tolist(),
            scores=scores,
            chosen=chosen,
        )

    def explain(self, rows: Rows, chosen: Codes | None) -> Floats:
        """Return the share of each feature in the raw scores of the clusters chosen; the bias is 0."""
        assert chosen is not None, "a clustering chooses"
        contributions = np.zeros((len(rows), len(self._space.features) + 1))
        for piece in self._pieces(rows):
            squares = np.square(self._space.points(rows.numbers[piece]) - self._centroids[chosen[piece]])
            for feature, axes in enumerate(self._space.axes):
                contributions[piece, feature] -= squares[:, axes].sum(axis=1) / self._unit
        return contributions

    def _pieces(self, rows: Rows) -> Iterator[slice]:
        """Yield parts of the rows whose points take little memory."""
        size = max(1, _CELLS_MAX // self._centroids.shape[1])
        return (slice(start, start + size) for start in range(0, len(rows), size))
