"""Reports on clusterings that were really trained."""

from typing import Any

import numpy as np
import pytest
from sklearn.metrics import adjusted_rand_score

from application.reports.clusters import Clusters
from application.reports.views import Report
from domain.models.values import ModelType
from domain.training.values import TrainingPlan
from infrastructure.evaluation.acquaintance import has_learned_from
from infrastructure.evaluation.report import Rival, evaluated
from infrastructure.learning.loading import predictor_of
from infrastructure.learning.trained import Trained
from infrastructure.learning.training import train
from tests.infrastructure.evaluation.test_report import report_on
from tests.support.data import ExampleTable, customers, flowers, rides

Learned = tuple[TrainingPlan, Trained]


def grouped(table: ExampleTable, **hyperparameters: Any) -> Learned:
    plan = table.plan(**hyperparameters)
    return plan, train(plan, table.table(), num_threads=1, on_iteration=lambda _: None)


def grouped_by(**columns: Any) -> Report:
    cells = {name: values.tolist() for name, values in columns.items()}
    table = ExampleTable(name="drawn", model_type=ModelType.CLUSTERING, target=None, cells=cells)
    return report_on(*grouped(table, k=2, n_init=2))


def clusters_of(report: Report) -> Clusters:
    assert report.clusters is not None
    return report.clusters


@pytest.fixture(scope="module")
def of_flowers() -> Learned:
    return grouped(flowers(), n_init=1)


@pytest.fixture(scope="module")
def of_customers() -> Learned:
    return grouped(customers(), k=4, n_init=1)


def test_the_metrics_are_the_versions_own_with_intervals_and_better_than_at_random(of_flowers: Learned) -> None:
    plan, trained = of_flowers

    report = report_on(plan, trained)

    assert report.model_dump_json() == report_on(*grouped(flowers(), n_init=1)).model_dump_json()
    assert {each.name: each.value for each in report.metrics} == trained.metrics
    for each in report.metrics:
        assert each.low is not None
        assert each.high is not None
        assert each.low < each.value < each.high
    assert report.baseline is not None
    assert report.baseline.metrics.keys() == trained.metrics.keys()
    assert report.baseline.metrics["silhouette"] < 0.1 < trained.metrics["silhouette"]
    assert report.baseline.metrics["inertia"] > trained.metrics["inertia"]
    assert report.notes == [
        "All rows were learned from, and the figures are of the same rows: rows that come later may lie otherwise."
    ]


def test_each_cluster_is_told_of_in_the_units_of_the_data(of_flowers: Learned) -> None:
    plan, trained = of_flowers
    cells = {name: np.array(values, dtype=np.float64) for name, values in flowers().cells.items()}
    assert trained.grouped is not None
    codes = trained.grouped.codes

    found = clusters_of(report_on(plan, trained))

    assert [each.cluster for each in found.clusters] == [0, 1]
    assert sum(each.rows for each in found.clusters) == found.rows == 150
    assert sum(each.share for each in found.clusters) == pytest.approx(1.0)
    for cluster in found.clusters:
        assert cluster.share_low < cluster.share < cluster.share_high
        assert cluster.silhouette is not None
        assert cluster.silhouette_low is not None
        assert cluster.silhouette_high is not None
        assert cluster.silhouette_low < cluster.silhouette < cluster.silhouette_high
        for each in cluster.typical:
            values = cells[each.feature]
            mean = values[codes == cluster.cluster].mean()
            assert each.mean == pytest.approx(mean)
            assert each.deviation == pytest.approx((mean - values.mean()) / values.std())
    assert {each.feature: each.mean for each in found.typical} == pytest.approx(
        {name: values.mean() for name, values in cells.items()}
    )


def test_the_numbers_that_were_tried_are_told_and_the_best_was_chosen(
    of_flowers: Learned, of_customers: Learned
) -> None:
    tried = clusters_of(report_on(*of_flowers)).tried

    assert [each.clusters for each in tried] == list(range(2, 11))
    assert [each.clusters for each in tried if each.is_chosen] == [2]
    assert tried[0].silhouette == max(each.silhouette for each in tried if each.silhouette is not None)
    for each in tried:
        assert each.low is not None
        assert each.silhouette is not None
        assert each.high is not None
        assert each.low < each.silhouette < each.high
    assert clusters_of(report_on(*of_customers)).tried == []


def test_what_is_found_where_features_do_not_go_together_is_told_beside() -> None:
    chance = np.random.default_rng(3)
    together, alone = chance.normal(size=200), chance.normal(size=(2, 200))
    ends = np.where(np.arange(200) % 2, 5.0, 0.0)
    tables = [
        grouped_by(x=together + ends, y=alone[0] + ends, z=alone[1] + ends),
        grouped_by(x=together, y=alone[0], z=alone[1]),
        grouped_by(x=together),
    ]

    (apart, one, only), figures = zip(
        *[(clusters_of(report).shuffled_silhouette, report.metrics[-1].value) for report in tables], strict=True
    )

    assert apart is not None
    assert apart < figures[0] - 0.2
    assert one == pytest.approx(figures[1], abs=0.05)
    assert only is None


def test_categories_booleans_and_instants_are_typical_in_their_own_way(of_customers: Learned) -> None:
    plan, trained = of_customers
    assert trained.grouped is not None

    report = report_on(plan, trained)

    first = {each.feature: each for each in clusters_of(report).clusters[0].typical}
    rows = [row for row, code in zip(customers().instances(), trained.grouped.codes, strict=True) if code == 0]
    plans = [row["plan"] for row in rows if row["plan"] is not None]
    assert first["plan"].value == max(set(plans), key=plans.count)
    assert first["plan"].share == pytest.approx(plans.count(first["plan"].value) / len(plans))
    assert first["plan"].missing == pytest.approx(1.0 - len(plans) / len(rows))
    assert first["churned"].mean == pytest.approx(np.mean([row["churned"] for row in rows]))
    begun = ExampleTable(name="begun", model_type=ModelType.CLUSTERING, target=None, cells=rides().cells)
    instants = {each.feature: each for each in clusters_of(report_on(*grouped(begun, k=2, n_init=1))).typical}
    assert instants["begun"].time is not None
    assert instants["begun"].time.startswith("2025-0")


def test_features_are_told_by_what_they_tell_clusters_apart(of_customers: Learned) -> None:
    importance = report_on(*of_customers).importance

    shares = [each.between for each in importance if each.between is not None]
    assert shares == sorted(shares, reverse=True)
    assert sum(shares) == pytest.approx(1.0)
    assert importance[0].feature == "months"
    assert all(each.explained is not None and 0.0 <= each.explained <= 1.0 for each in importance)
    assert all(each.gain is None and each.shap is None for each in importance)


def test_slices_tell_how_the_rows_with_a_value_are_spread_over_clusters(of_customers: Learned) -> None:
    plan, trained = of_customers
    assert trained.grouped is not None

    slices = report_on(plan, trained).slices

    assert {each.feature for each in slices} == {"plan", "paperless", "churned"}
    churned = next(each for each in slices if (each.feature, each.value) == ("churned", True))
    of_rows = trained.grouped.codes[np.array(customers().cells["churned"], dtype=np.bool_)]
    assert churned.rows == len(of_rows)
    assert churned.clusters == pytest.approx(np.bincount(of_rows, minlength=4) / len(of_rows))


def test_a_clustering_is_held_against_the_one_in_production_on_the_same_rows(of_flowers: Learned) -> None:
    plan, trained = of_flowers
    _, before = grouped(flowers(), k=5, n_init=1)

    production = report_on(plan, trained, before).production

    assert production is not None
    assert (production.version, production.rows) == ("1.0.0", 150)
    assert [each.name for each in production.metrics] == ["calinski_harabasz", "inertia", "silhouette"]
    silhouette = production.metrics[-1]
    assert silhouette.value == pytest.approx(trained.metrics["silhouette"])
    assert silhouette.production == pytest.approx(before.metrics["silhouette"])
    assert silhouette.low is not None
    assert 0.0 < silhouette.low < silhouette.difference
    assert trained.grouped is not None
    assert before.grouped is not None
    assert production.agreement is not None
    assert production.agreement.value == pytest.approx(
        adjusted_rand_score(trained.grouped.codes, before.grouped.codes)
    )
    assert np.array(production.overlap).sum(axis=1).tolist() == np.bincount(trained.grouped.codes).tolist()


def test_a_clustering_of_the_same_dataset_has_learned_from_the_same_rows(of_flowers: Learned) -> None:
    plan, trained = of_flowers
    predictor = predictor_of(trained.manifest, trained.parts)
    knows = has_learned_from(trained.manifest, plan)

    report = evaluated(plan, trained, predictor=predictor, rival=Rival("1.0.0", predictor, has_seen=knows))

    assert knows is True
    assert any("and so has the one in production" in note for note in report.notes)


def test_the_same_clustering_does_not_differ_from_itself(of_flowers: Learned) -> None:
    plan, trained = of_flowers

    production = report_on(plan, trained, trained).production

    assert production is not None
    assert {(each.low, each.difference, each.high) for each in production.metrics} == {(0.0, 0.0, 0.0)}
    assert production.agreement is not None
    assert production.agreement.value == 1.0


def test_a_clustering_that_asks_for_other_columns_is_told_of(of_flowers: Learned, of_customers: Learned) -> None:
    report = report_on(*of_flowers, of_customers[1])

    assert report.production is None
    assert any("was not compared with: it asks for 'months'" in note for note in report.notes)


def test_long_names_and_values_are_cut_and_many_clusters_told_of_by_fewer_features() -> None:
    chance = np.random.default_rng(0)
    cells: dict[str, Any] = {f"{place}{'x' * 10_000}": chance.normal(size=400).tolist() for place in range(60)}
    cells["kind"] = [f"{place % 2}{'y' * 10_000}" for place in range(400)]
    table = ExampleTable(name="wide", model_type=ModelType.CLUSTERING, target=None, cells=cells)

    report = report_on(*grouped(table, k=100, n_init=1))

    assert {len(each.typical) for each in clusters_of(report).clusters} == {20}
    assert {len(each.clusters or []) for each in report.slices} == {20}
    assert len(report.model_dump_json()) < 1_000_000


@pytest.mark.filterwarnings("ignore:Number of distinct clusters")  # which is what this is about
def test_rows_too_near_to_each_other_to_be_told_apart_are_reported_on() -> None:
    barely = ExampleTable(
        name="barely", model_type=ModelType.CLUSTERING, target=None, cells={"x": [0.0, 5e-324] * 10}
    )

    assert clusters_of(report_on(*grouped(barely, k=2))).explained == 0.0
