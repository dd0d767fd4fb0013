"""Figures of clusterings, held against scikit-learn's, and influences against what varies from draw to draw."""

from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn import metrics

from infrastructure.evaluation.partitions import (
    Influenced,
    adjusted_rand,
    calinski_harabasz,
    inertia,
    overlap_of,
    parted,
)
from infrastructure.evaluation.silhouettes import Silhouettes, silhouettes_of

CENTERS = np.array([[0.0, 0.0], [3.0, 0.5], [1.0, 3.0]])


def drawn(rows: int, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Return points around three centers that overlap, and the nearest center of each."""
    draw = np.random.default_rng(seed)
    points = CENTERS[draw.integers(0, 3, rows)] + draw.normal(size=(rows, 2))
    return points, np.square(points[:, np.newaxis] - CENTERS).sum(axis=2).argmin(axis=1)


def told(points: np.ndarray, codes: np.ndarray) -> Silhouettes:
    (found,) = silhouettes_of(points, [codes])
    assert found is not None
    return found


@given(seed=st.integers(0, 2**31 - 1), rows=st.integers(8, 600))
def test_figures_are_those_of_scikit_learn_and_influences_add_up_to_nothing(seed: int, rows: int) -> None:
    points, codes = drawn(rows, seed)
    codes[:3] = [0, 1, 2]
    others = np.random.default_rng(seed).integers(0, 4, rows)

    silhouettes, found = told(points, codes), parted(points, codes)

    assert silhouettes.values == pytest.approx(metrics.silhouette_samples(points, codes), abs=1e-9)
    ratio, alike = calinski_harabasz(found), adjusted_rand(codes, others)
    assert ratio is not None
    assert alike is not None
    assert ratio.value == pytest.approx(metrics.calinski_harabasz_score(points, codes))
    assert alike.value == pytest.approx(metrics.adjusted_rand_score(codes, others))
    assert overlap_of(codes, others).sum() == rows
    for figure in (silhouettes.of_all(), silhouettes.of_cluster(1, codes), inertia(found), ratio, alike):
        scale = np.abs(figure.influences).sum() + 1.0
        assert figure.influences.sum() / scale == pytest.approx(0.0, abs=1e-9)


FIGURES: dict[str, Callable[[np.ndarray, np.ndarray], Influenced | None]] = {
    "silhouette": lambda points, codes: told(points, codes).of_all(),
    "silhouette of a cluster": lambda points, codes: told(points, codes).of_cluster(1, codes),
    "inertia": lambda points, codes: inertia(parted(points, codes)),
    "calinski_harabasz": lambda points, codes: calinski_harabasz(parted(points, codes)),
    "adjusted_rand": lambda points, codes: adjusted_rand(codes, (points[:, 0] > 1.0).astype(np.intp)),
}


@pytest.mark.parametrize("name", FIGURES)
def test_what_rows_do_to_a_figure_tells_how_it_varies_from_draw_to_draw(name: str) -> None:
    values, errors = [], []
    for seed in range(300):
        found = FIGURES[name](*drawn(200, seed))
        assert found is not None
        values.append(found.value)
        errors.append(np.sqrt(np.square(found.influences).sum()) / 200)

    assert np.mean(errors) == pytest.approx(np.std(values), rel=0.15)


@pytest.mark.parametrize("codes", [[0] * 12, list(range(12))], ids=["together", "alone"])
def test_rows_that_are_all_together_or_each_alone_are_told_nothing_of(codes: list[int]) -> None:
    points, clusters = drawn(12)[0], np.array(codes)

    assert silhouettes_of(points, [clusters]) == [None]
    assert calinski_harabasz(parted(points, clusters)) is None
    assert adjusted_rand(clusters, clusters) is None


def test_a_point_that_is_alone_in_its_cluster_lies_between_clusters() -> None:
    points, codes = drawn(40)
    codes[7] = 3

    assert told(points, codes).values[7] == 0.0
    assert np.array_equal(told(np.zeros((40, 2)), codes).values, np.zeros(40))
