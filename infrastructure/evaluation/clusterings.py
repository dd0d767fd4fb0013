"""What a report says of a clustering: no truth is there, only the rows that it has learned from."""

import math
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from application.reports.clusters import Cluster, Clusters, Tried
from application.reports.views import Baseline, Figure, Importance
from domain.datasets.values import Column
from domain.training.values import TrainingPlan
from infrastructure.evaluation.closed_forms import share_interval
from infrastructure.evaluation.importance import FEATURES_MAX
from infrastructure.evaluation.intervals import RESAMPLES, spreads_of_means
from infrastructure.evaluation.partitions import Influenced, Parted, calinski_harabasz, inertia, parted
from infrastructure.evaluation.profiles import typical_of
from infrastructure.evaluation.shortening import shortened
from infrastructure.evaluation.silhouettes import Silhouettes, silhouettes_of
from infrastructure.evaluation.slices import shares_of_clusters
from infrastructure.learning.trained import Grouped

Floats = NDArray[np.float64]
Codes = NDArray[np.intp]

_BASELINE = "Clusters of the same sizes, with each row put into one of them at random."
_VALUES_MAX = 2_000
"""So many values are told to be typical, of all clusters together."""


def sections_of_clustering(plan: TrainingPlan, grouped: Grouped, metrics: Mapping[str, float]) -> dict[str, Any]:
    """Return the sections of the report that speak of clusters.

    Args:
        plan: What was trained by.
        grouped: The rows.
        metrics: Of the version.
    """
    seed = plan.hyperparameters.seed
    at_random = np.random.default_rng(seed).permutation(grouped.codes)
    clusterings = [grouped.codes[grouped.sampled], at_random[grouped.sampled], *grouped.tried.values()]
    here, random, *tried = silhouettes_of(grouped.points[grouped.sampled], clusterings)
    found = parted(grouped.points, grouped.codes)
    columns = _by_importance(plan.features, grouped, found)
    return {
        "resamples": RESAMPLES,
        "metrics": _metrics(metrics, grouped, found, here, seed=seed),
        "baseline": Baseline(
            summary=_BASELINE,
            metrics={
                name: each.value for name, each in figures_of(parted(grouped.points, at_random), random).items()
            },
        ),
        "importance": [told for _, told in columns],
        "slices": shares_of_clusters(grouped.codes, grouped.table, plan.features),
        "clusters": _clusters([column for column, _ in columns], grouped, found, here, tried, seed=seed),
    }


def figure_of(name: str, figure: Influenced | None, *, seed: int) -> Figure | None:
    """Return a figure with its interval; None for none."""
    if figure is None:
        return None
    (around,) = spreads_of_means(figure.influences[np.newaxis], seed=seed)
    return Figure(name=name, value=figure.value, low=figure.value + around.below, high=figure.value + around.above)


def figures_of(found: Parted, silhouettes: Silhouettes | None) -> dict[str, Influenced]:
    """Return what can be told of rows in any clusters, by the names of the metrics."""
    figures = {
        "inertia": inertia(found),
        "calinski_harabasz": calinski_harabasz(found),
        "silhouette": None if silhouettes is None else silhouettes.of_all(),
    }
    return {name: figure for name, figure in figures.items() if figure is not None}


def _metrics(
    metrics: Mapping[str, float], grouped: Grouped, found: Parted, here: Silhouettes | None, *, seed: int
) -> list[Figure]:
    """Return the metrics of the version with their intervals; those of all rows are found by the rows sampled."""
    rows, sampled = len(grouped.codes), grouped.sampled
    told = figures_of(found, here)
    figures = []
    for name, value in metrics.items():
        influences = told[name].influences if name in told else np.zeros(rows)
        if len(influences) > len(sampled):
            influences = influences[sampled] * math.sqrt(len(sampled) / rows)
        figure = figure_of(name, Influenced(value, influences - influences.mean()), seed=seed)
        figures += [] if figure is None else [figure]
    return figures


def _by_importance(
    features: tuple[Column, ...], grouped: Grouped, found: Parted
) -> list[tuple[Column, Importance]]:
    """Return the features that tell clusters apart best, that one first."""
    within, total = found.within.sum(axis=0), found.total.sum(axis=0)
    apart = total - within
    everything = float(apart.sum()) or 1.0
    told = []
    for column, axes in zip(features, grouped.axes, strict=True):
        between, of_all = max(0.0, float(apart[axes].sum())), float(total[axes].sum())
        told.append(
            Importance(
                feature=shortened(column.name),
                gain=None,
                shap=None,
                between=between / everything,
                explained=between / of_all if of_all > 0.0 else None,
            )
        )
    both = zip(features, told, strict=True)
    return sorted(both, key=lambda each: (-(each[1].between or 0.0), each[0].name))[:FEATURES_MAX]


def _clusters(
    columns: list[Column],
    grouped: Grouped,
    found: Parted,
    here: Silhouettes | None,
    tried: list[Silhouettes | None],
    *,
    seed: int,
) -> Clusters:
    sizes = np.bincount(grouped.codes, minlength=grouped.clusters).tolist()
    rows, sampled = len(grouped.codes), grouped.codes[grouped.sampled]
    points = grouped.points[grouped.sampled]
    *typical, of_all = typical_of(
        columns[: _VALUES_MAX // len(sizes)], grouped.table, grouped.codes, clusters=len(sizes)
    )
    clusters = []
    for cluster, size in enumerate(sizes):
        low, high = share_interval(size, rows)
        is_told = here is not None and (sampled == cluster).sum() > 1
        silhouette = figure_of("", here.of_cluster(cluster, sampled), seed=seed) if here and is_told else None
        clusters.append(
            Cluster(
                cluster=cluster,
                rows=size,
                share=size / rows,
                share_low=low,
                share_high=high,
                silhouette=None if silhouette is None else silhouette.value,
                silhouette_low=None if silhouette is None else silhouette.low,
                silhouette_high=None if silhouette is None else silhouette.high,
                typical=typical[cluster],
            )
        )
    return Clusters(
        rows=rows,
        sampled_rows=len(sampled),
        shuffled_silhouette=_shuffled_silhouette(grouped, points, seed=seed),
        explained=1.0 - float(found.within.sum() / total) if (total := found.total.sum()) > 0.0 else 0.0,
        clusters=clusters,
        typical=of_all,
        tried=[
            _tried(
                number, figures_of(parted(points, codes), silhouettes), is_chosen=number == len(sizes), seed=seed
            )
            for (number, codes), silhouettes in zip(grouped.tried.items(), tried, strict=True)
        ],
    )


def _shuffled_silhouette(grouped: Grouped, points: Floats, *, seed: int) -> float | None:
    if len(grouped.axes) == 1:
        return None
    draw = np.random.default_rng(seed)
    shuffled = np.concatenate([draw.permutation(points[:, axes]) for axes in grouped.axes], axis=1)
    codes = grouped.regroup(shuffled)
    (found,) = [None] if codes is None else silhouettes_of(shuffled, [codes])
    return None if found is None else found.of_all().value


def _tried(number: int, told: Mapping[str, Influenced], *, is_chosen: bool, seed: int) -> Tried:
    silhouette = figure_of("silhouette", told.get("silhouette"), seed=seed)
    return Tried(
        clusters=number,
        silhouette=None if silhouette is None else silhouette.value,
        low=None if silhouette is None else silhouette.low,
        high=None if silhouette is None else silhouette.high,
        inertia=told["inertia"].value,
        is_chosen=is_chosen,
    )
