"""Clusterings: k-means over rows of mixed features.

Source:
    scikit-learn, `sklearn.cluster.KMeans` and the figures in `sklearn.metrics`.
"""

from collections.abc import Sequence
from functools import partial
from typing import NamedTuple

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray
from sklearn import metrics as sklearn_metrics
from sklearn.cluster import KMeans
from threadpoolctl import threadpool_limits

from application.ports.trainer import Iteration
from application.ports.work import WorkFailed
from domain.inference.values import Feature
from domain.training.hyperparameters.clustering import Clustering
from domain.training.values import TrainingPlan
from infrastructure.learning.arrays import array_part
from infrastructure.learning.encoding import encode_features, encode_rows
from infrastructure.learning.environment import environment
from infrastructure.learning.manifest import Manifest, Source
from infrastructure.learning.predictors.clustering import CENTROIDS, SCALED, VARIANCE
from infrastructure.learning.spaces import CATEGORIES_MAX, Space, space_of, squared_distances
from infrastructure.learning.trained import Grouped, OnIteration, Trained

CLUSTERS_MIN, CLUSTERS_MAX = 2, 10
"""Numbers of clusters that are tried where none is asked for."""
SAMPLE_ROWS = 2_000
"""The number of clusters is chosen by so many rows: silhouettes take time that grows with the square."""

OF_ALL_ROWS = (
    "All rows were learned from, and the figures are of the same rows: rows that come later may lie otherwise."
)

Floats = NDArray[np.float64]
Codes = NDArray[np.intp]


class _Start(NamedTuple):
    """Where one beginning has led."""

    inertia: float
    steps: int
    centroids: Floats


def train(plan: TrainingPlan, table: pa.Table, *, num_threads: int, on_iteration: OnIteration) -> Trained:
    """Train as planned, on one thread: with more, the last bits of centroids depend on their number.

    Clusters are numbered by their size, the largest first.

    Raises:
        WorkFailed: `training.all-missing`, `training.too-few-rows` or `training.feature-out-of-range`.
        MemoryError: There was not enough.
    """
    hyperparameters = plan.hyperparameters
    assert isinstance(hyperparameters, Clustering), "the plan chooses by its type"
    rows = np.arange(table.num_rows)
    features = _features(plan, table, rows)
    encoded = encode_rows(features, table, rows=rows)
    space = _space(features, encoded)
    points = space.points(encoded)
    with threadpool_limits(limits=1):
        learner = _Learner(hyperparameters, points, on_iteration)
        best = learner.learned()
        centroids, codes = _by_size(points, best.centroids)
        metrics = learner.metrics(centroids, codes)
    clusters, axes = centroids.shape
    arrays = {name: array_part(values) for name, values in ((CENTROIDS, centroids), (SCALED, space.scales))}
    manifest = Manifest(
        model_type=plan.model_type,
        target=None,
        features=features,
        labels=tuple(range(clusters)),
        best_iteration=max(1, best.steps),
        hyperparameters=hyperparameters.model_dump(mode="json"),
        parameters={**learner.parameters, "n_clusters": clusters, "n_init": hyperparameters.n_init},
        settings={VARIANCE: metrics["inertia"] / (len(points) * axes)},
        environment=environment("scipy", "threadpoolctl"),
        dataset=Source(sha256=plan.contents.sha256, training_rows=table.num_rows, validation_rows=0),
        parts={name: part for name, (_, part) in arrays.items()},
    )
    parts = {name: content for name, (content, _) in arrays.items()}
    return Trained(
        manifest=manifest,
        parts=parts,
        metrics=metrics,
        held_out=None,
        notes=(OF_ALL_ROWS,),
        grouped=Grouped(
            table=table,
            points=points,
            axes=space.axes,
            codes=codes,
            clusters=clusters,
            sampled=learner.sampled,
            tried=learner.tried,
            regroup=partial(learner.regrouped, clusters=clusters),
        ),
    )


def _features(plan: TrainingPlan, table: pa.Table, rows: NDArray[np.int64]) -> tuple[Feature, ...]:
    return tuple(
        each.model_copy(
            update={"categories": None if each.categories is None else each.categories[:CATEGORIES_MAX]}
        )
        for each in encode_features(plan.features, table, rows=rows)
    )


def _space(features: Sequence[Feature], rows: Floats) -> Space:
    try:
        return space_of(features, rows)
    except OverflowError as error:
        message = (
            f"The numbers of column {str(error)!r} are too large to be compared: scale it down or leave it out."
        )
        raise WorkFailed(message, code="training.feature-out-of-range") from None


class _Learner:
    """Learns centroids of points, telling of each beginning that was tried.

    Attributes:
        sampled: Places of the points by which the number of clusters is chosen.
        tried: Number of clusters → the cluster of each of these points.
    """

    def __init__(self, hyperparameters: Clustering, points: Floats, on_iteration: OnIteration) -> None:
        self.parameters: dict[str, str | int | float | bool] = {
            "init": "k-means++",
            "algorithm": "lloyd",
            "max_iter": hyperparameters.max_iter,
            "random_state": hyperparameters.seed,
        }
        self._asked = hyperparameters
        self._points = points
        self._on_iteration = on_iteration
        order = np.random.default_rng(hyperparameters.seed).permutation(len(points))
        self.sampled = np.sort(order[:SAMPLE_ROWS])
        self.tried: dict[int, Codes] = {}

    def learned(self) -> _Start:
        """Return the best of the beginnings, with as many clusters as are asked for or fit best.

        Raises:
            WorkFailed: `training.too-few-rows`: there are not as many different rows as clusters.
        """
        asked = self._asked.k
        wanted = CLUSTERS_MIN if asked == "auto" else asked
        different = _different(self._points, at_least=wanted)
        if different < wanted:
            message = f"{wanted} clusters take {wanted} different rows at least; these columns have {different}."
            raise WorkFailed(message, code="training.too-few-rows")
        candidates = self._candidates() if asked == "auto" else range(0)
        total = len(candidates) + self._asked.n_init
        clusters = self._best_number(candidates, total) if asked == "auto" else asked
        best: _Start | None = None
        for number in range(self._asked.n_init):
            start = self._start(self._points, clusters, number)
            is_best = best is None or start.inertia < best.inertia
            best = start if best is None or is_best else best
            done = len(candidates) + number + 1
            metrics = {"inertia": start.inertia}
            self._on_iteration(Iteration(iteration=done, total=total, metrics=metrics, is_best=is_best))
        assert best is not None, "one beginning is tried at least"
        return best

    def metrics(self, centroids: Floats, codes: Codes) -> dict[str, float]:
        """Return how good the clusters are: `inertia`, and what can be told of more than one cluster.

        `silhouette` is that of at most 2,000 rows, `calinski_harabasz` of all.
        """
        found = {"inertia": float(np.square(self._points - centroids[codes]).sum())}
        if _are_comparable(codes):
            found["calinski_harabasz"] = float(sklearn_metrics.calinski_harabasz_score(self._points, codes))
        return found | _silhouette(self._points[self.sampled], codes[self.sampled])

    def regrouped(self, points: Floats, *, clusters: int) -> Codes | None:
        """Return the clusters of other points, found as these were; None where too few of them differ."""
        if _different(points, clusters) < clusters:
            return None
        with threadpool_limits(limits=1):
            return self._grouped(points, clusters)

    def _candidates(self) -> range:
        sample = self._points[self.sampled]
        return range(CLUSTERS_MIN, min(CLUSTERS_MAX, _different(sample, CLUSTERS_MAX), len(sample) - 1) + 1)

    def _best_number(self, candidates: range, total: int) -> int:
        """Return the number of clusters with the best silhouette, or the least where none can be told."""
        sample = self._points[self.sampled]
        best, best_number = -np.inf, CLUSTERS_MIN
        for done, clusters in enumerate(candidates, 1):
            codes = self.tried[clusters] = self._grouped(sample, clusters)
            metrics = _silhouette(sample, codes)
            is_best = metrics.get("silhouette", -np.inf) > best
            if is_best:
                best, best_number = metrics["silhouette"], clusters
            self._on_iteration(Iteration(iteration=done, total=total, metrics=metrics, is_best=is_best))
        return best_number

    def _grouped(self, points: Floats, clusters: int) -> Codes:
        starts = [self._start(points, clusters, number) for number in range(self._asked.n_init)]
        best = min(starts, key=lambda each: each.inertia)
        codes: Codes = squared_distances(points, best.centroids).argmin(axis=1)
        return codes

    def _start(self, points: Floats, clusters: int, number: int) -> _Start:
        given = {**self.parameters, "random_state": self._asked.seed + number}
        found = KMeans(n_clusters=clusters, n_init=1, **given).fit(points)
        return _Start(float(found.inertia_), int(found.n_iter_), found.cluster_centers_)


def _silhouette(points: Floats, codes: Codes) -> dict[str, float]:
    if not _are_comparable(codes):
        return {}
    return {"silhouette": float(sklearn_metrics.silhouette_score(points, codes))}


def _are_comparable(codes: Codes) -> bool:
    return 1 < len(np.unique(codes)) < len(codes)


def _different(points: Floats, at_least: int) -> int:
    """Return how many points are different; where they are more than are asked for, perhaps fewer than all."""
    first = len(np.unique(points[:SAMPLE_ROWS], axis=0))
    return first if first >= at_least or len(points) <= SAMPLE_ROWS else len(np.unique(points, axis=0))


def _by_size(points: Floats, centroids: Floats) -> tuple[Floats, Codes]:
    """Return the centroids in the order of their clusters' sizes, and the cluster of each point."""
    sizes = np.bincount(squared_distances(points, centroids).argmin(axis=1), minlength=len(centroids))
    ordered = centroids[np.lexsort((*centroids.T[::-1], -sizes))]
    return ordered, squared_distances(points, ordered).argmin(axis=1)
