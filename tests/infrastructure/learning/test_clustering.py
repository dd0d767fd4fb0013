"""Clusters that are found, and how near rows are to them."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from sklearn.metrics import adjusted_rand_score
from threadpoolctl import threadpool_limits

from application.ports.predictor import Rows, rows_of
from application.ports.trainer import Iteration
from application.ports.work import WorkFailed
from domain.inference.values import Feature, FeatureType
from domain.models.values import ModelType
from infrastructure.learning.artifact import canonical_json
from infrastructure.learning.predictors.clustering import CENTROIDS, ClusteringPredictor, load
from infrastructure.learning.spaces import space_of, squared_distances
from infrastructure.learning.trained import Trained
from infrastructure.learning.training import train
from tests.support.data import ExampleTable, customers, flowers, iris
from tests.support.examples import examples

FEATURES = (
    Feature(name="x", type=FeatureType.NUMERIC),
    Feature(name="flag", type=FeatureType.BOOLEAN),
    Feature(name="kind", type=FeatureType.CATEGORICAL, categories=("a", "b", "c")),
)


def trained(table: ExampleTable, *, num_threads: int = 1, **hyperparameters: Any) -> Trained:
    plan = table.plan(**hyperparameters)
    return train(plan, table.table(), num_threads=num_threads, on_iteration=lambda _: None)


def grouped(**cells: Any) -> ExampleTable:
    return ExampleTable(name="grouped", model_type=ModelType.CLUSTERING, target=None, cells=cells)


def loaded(table: ExampleTable, found: Trained) -> Any:
    predictor = load(found.manifest, found.parts)
    return predictor, rows_of(predictor.schema, predictor.schema.conform(table.instances()))


@pytest.mark.parametrize("table", [flowers(), customers()], ids=lambda table: table.name)
def test_the_same_plan_gives_the_same_bytes_with_any_number_of_threads(table: ExampleTable) -> None:
    results = []
    for threads in (1, 2, 4):
        with threadpool_limits(limits=threads):
            results.append(trained(table, num_threads=threads, n_init=2))
    assert len({canonical_json(each.manifest.model_dump(mode="json")) for each in results}) == 1
    assert [each.metrics for each in results] == [results[0].metrics] * 3


def test_groups_that_lie_apart_are_found_and_numbered_by_their_size() -> None:
    sizes = [30, 20, 10]
    numbers = np.random.default_rng(1).normal(scale=0.1, size=sum(sizes)) + np.repeat([20.0, 0.0, 10.0], sizes)
    table = grouped(x=numbers.tolist(), y=(numbers**2).tolist())
    found = trained(table)
    predictor, rows = loaded(table, found)
    assert found.manifest.labels == (0, 1, 2)
    assert predictor.predict(rows).predictions == np.repeat([0, 1, 2], sizes).tolist()
    assert found.metrics["silhouette"] > 0.9
    assert found.held_out is None


def test_as_many_clusters_are_found_as_are_asked_for() -> None:
    found = trained(flowers(), n_clusters=3, random_state=4)
    predictor, rows = loaded(flowers(), found)
    assert found.manifest.labels == (0, 1, 2)
    assert adjusted_rand_score(iris().cells["species"], predictor.predict(rows).predictions) > 0.5


def test_each_number_of_clusters_and_each_beginning_is_told() -> None:
    told: list[Iteration] = []
    table = flowers()
    train(table.plan(n_init=3), table.table(), num_threads=1, on_iteration=told.append)
    assert [each.iteration for each in told] == list(range(1, 13))
    assert [next(iter(each.metrics)) for each in told] == ["silhouette"] * 9 + ["inertia"] * 3
    assert {each.total for each in told} == {12}


@pytest.mark.parametrize(
    ("table", "settings", "code"),
    [
        (grouped(x=[1.0] * 20), {}, "training.too-few-rows"),
        (grouped(x=[1.0, 2.0] * 10), {"k": 3}, "training.too-few-rows"),
        (grouped(x=[None] * 20), {}, "training.all-missing"),
        (grouped(x=[1e308, -1e308] * 10), {}, "training.feature-out-of-range"),
    ],
)
def test_rows_that_cannot_be_grouped_say_why(table: ExampleTable, settings: dict[str, Any], code: str) -> None:
    with pytest.raises(WorkFailed) as failure:
        trained(table, **settings)
    assert failure.value.code == code
    assert len(failure.value.message) > 40


def test_two_values_are_two_clusters() -> None:
    found = trained(grouped(x=[1.0, 2.0] * 10, y=[None] * 20))
    assert found.manifest.labels == (0, 1)


CELLS = st.floats(width=32) | st.sampled_from([np.nan, 0.0, 1.0, 2.0, 1e308, -1e308])
MATRICES = arrays.arrays(np.float64, st.tuples(st.integers(2, 40), st.just(3)), elements=CELLS)


@given(rows=MATRICES, clusters=st.integers(2, 9))
@settings(max_examples=examples(25))
def test_a_row_is_answered_the_same_alone_and_among_others_and_its_contributions_add_up(
    rows: np.ndarray, clusters: int
) -> None:
    try:
        space = space_of(FEATURES, rows)
    except OverflowError:
        return
    centroids = np.random.default_rng(clusters).normal(size=(clusters, space.axes[-1].stop))
    predictor = ClusteringPredictor(space=space, centroids=centroids, variance=0.3, labels=range(clusters))
    others = Rows(np.asfortranarray(rows))
    together = predictor.predict(others)
    explained = predictor.explain(others, together.chosen)
    assert np.isfinite(together.scores).all()
    for place, row in enumerate(rows):
        assert predictor.predict_row(row.tolist())[2] == together.scores[place].tolist()
        alone = predictor.explain(others[place : place + 1], together.chosen[place : place + 1])
        assert np.array_equal(alone[0], explained[place])
    raw = squared_distances(space.points(rows), centroids).min(axis=1) / -0.6
    assert np.allclose(explained.sum(axis=1), raw)
    assert (explained <= 0.0).all()


def test_a_loaded_clustering_is_what_its_manifest_says() -> None:
    found = trained(flowers(), k=3)
    for wrong in ({"labels": (0, 1)}, {"features": found.manifest.features[:2]}):
        with pytest.raises(ValueError, match="arrays of these shapes"):
            load(found.manifest.model_copy(update=wrong), found.parts)
    with pytest.raises(ValueError, match="reshape"):
        load(found.manifest, {**found.parts, CENTROIDS: found.parts[CENTROIDS][:-8]})
    nothing = np.full(12, np.nan).tobytes()
    with pytest.raises(ValueError, match="no number"):
        load(found.manifest, {**found.parts, CENTROIDS: nothing})
