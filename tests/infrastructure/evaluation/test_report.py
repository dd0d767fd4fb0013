"""Reports on models that were really trained."""

from dataclasses import replace
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from application.reports.views import Report
from domain.training.values import TrainingPlan
from infrastructure.evaluation.report import Rival, evaluated
from infrastructure.learning.loading import predictor_of
from infrastructure.learning.trained import HeldOut, Trained
from infrastructure.learning.training import train
from tests.support.data import ExampleTable, breast_cancer, churn, iris, rents


def learned(table: ExampleTable, **hyperparameters: Any) -> tuple[TrainingPlan, Trained]:
    plan = table.plan(**{"num_iterations": 15, "min_data_in_leaf": 5, **hyperparameters})
    return plan, train(plan, table.table(), num_threads=1, on_iteration=lambda _: None)


def report_on(plan: TrainingPlan, trained: Trained, rival: Trained | None = None) -> Report:
    against = None if rival is None else Rival("1.0.0", predictor_of(rival.manifest, rival.parts))
    return evaluated(plan, trained, predictor=predictor_of(trained.manifest, trained.parts), rival=against)


@pytest.fixture(scope="module")
def a_report() -> Report:
    return report_on(*learned(churn()))


@pytest.mark.parametrize("table", [churn(), iris(), rents()], ids=lambda table: table.name)
def test_the_metrics_are_the_versions_own_each_within_its_interval(table: ExampleTable) -> None:
    plan, trained = learned(table)

    report = report_on(plan, trained)

    assert {each.name: each.value for each in report.metrics} == trained.metrics
    for each in report.metrics:
        assert each.low is not None
        assert each.high is not None
        assert each.low <= each.value <= each.high
    assert report.baseline is not None
    assert report.baseline.metrics.keys() <= trained.metrics.keys()
    assert trained.held_out is not None
    assert (report.rows, report.sampled_rows) == (len(trained.held_out.truth),) * 2


def test_a_report_is_the_same_every_time(a_report: Report) -> None:
    assert report_on(*learned(churn())).model_dump_json() == a_report.model_dump_json()
    assert Report.model_validate_json(a_report.model_dump_json()) == a_report


def test_the_curves_of_two_labels_tell_of_the_second(a_report: Report) -> None:
    (roc,) = a_report.curves.roc
    (precision_recall,) = a_report.curves.precision_recall

    assert roc.label is precision_recall.label is True
    assert (roc.x[0], roc.y[0], roc.x[-1], roc.y[-1]) == (0.0, 0.0, 1.0, 1.0)
    area = np.trapezoid(roc.y, roc.x)
    assert area == pytest.approx(next(each.value for each in a_report.metrics if each.name == "auc"), abs=1e-9)
    assert precision_recall.x[-1] == 1.0
    calibration = a_report.curves.calibration
    assert calibration is not None
    assert sum(each.rows for each in calibration.bins) == a_report.rows


def test_the_confusion_counts_every_row_and_agrees_with_the_accuracy(a_report: Report) -> None:
    confusion = a_report.confusion
    assert confusion is not None
    counts = np.array(confusion.counts)
    accuracy = next(each.value for each in a_report.metrics if each.name == "accuracy")

    assert confusion.labels == [False, True]
    assert counts.sum() == a_report.rows
    assert np.trace(counts) / a_report.rows == pytest.approx(accuracy)


def test_labels_that_the_trainer_chose_otherwise_count_as_it_chose_them() -> None:
    plan, trained = learned(churn())
    assert trained.held_out is not None
    always = replace(trained.held_out, chosen=np.ones(len(trained.held_out.truth), dtype=np.intp))

    confusion = report_on(plan, replace(trained, held_out=always)).confusion

    assert confusion is not None
    assert [row[0] for row in confusion.counts] == [0, 0]


def test_numbers_have_residuals_instead_of_a_confusion() -> None:
    report = report_on(*learned(rents()))

    assert report.confusion is None
    assert report.residuals is not None
    assert report.residuals.quantiles == sorted(report.residuals.quantiles)
    assert report.curves.roc == []


def test_features_are_told_by_their_contributions_the_largest_first(a_report: Report) -> None:
    sizes = [each.shap for each in a_report.importance]
    gains = [each.gain for each in a_report.importance]

    assert {each.feature for each in a_report.importance} == {each.name for each in learned(churn())[0].features}
    assert sizes == sorted(sizes, reverse=True)
    assert sum(gain for gain in gains if gain is not None) == pytest.approx(1.0)


def test_slices_are_the_frequent_values_of_columns_of_few(a_report: Report) -> None:
    _, trained = learned(churn())
    assert trained.held_out is not None
    for each in a_report.slices:
        values = trained.held_out.table.column(each.feature).to_pylist()
        assert each.rows == values.count(each.value) >= 10
        assert {"accuracy", "log_loss"} <= each.metrics.keys()
    assert a_report.slices


def test_a_version_is_compared_with_the_one_in_production_on_the_same_rows() -> None:
    plan, trained = learned(churn(), num_iterations=60)
    _, before = learned(churn(), num_iterations=1, learning_rate=0.01)

    production = report_on(plan, trained, before).production

    assert production is not None
    assert production.version == "1.0.0"
    for each in production.metrics:
        assert each.low is not None
        assert each.high is not None
        assert each.difference == pytest.approx(each.value - each.production)
        assert each.low <= each.difference <= each.high
    log_loss = next(each for each in production.metrics if each.name == "log_loss")
    assert log_loss.high is not None
    assert log_loss.high < 0


def test_a_version_in_production_that_cannot_be_asked_for_the_rows_is_told_of() -> None:
    plan, trained = learned(churn())
    _, other = learned(breast_cancer())

    report = report_on(plan, trained, other)

    assert report.production is None
    assert any("Version 1.0.0, in production, was not compared with" in note for note in report.notes)


def test_of_many_rows_a_part_is_drawn_and_the_intervals_are_those_of_all() -> None:
    plan, trained = learned(churn())
    held_out = trained.held_out
    assert held_out is not None
    times = 24_000 // len(held_out.truth)
    many = HeldOut(
        table=pa.concat_tables([held_out.table] * times),
        truth=np.tile(held_out.truth, times),
        scores=np.tile(held_out.scores, (times, 1)),
        baseline=np.tile(held_out.baseline, (times, 1)),
        labels=held_out.labels,
    )

    report = report_on(plan, replace(trained, held_out=many))

    assert (report.rows, report.sampled_rows) == (len(many.truth), 10_000)
    accuracy = next(each for each in report.metrics if each.name == "accuracy")
    assert accuracy.low is not None
    assert accuracy.high is not None
    half = 1.96 * np.sqrt(accuracy.value * (1 - accuracy.value) / len(many.truth))
    assert (accuracy.high - accuracy.low) / 2 == pytest.approx(half, rel=0.2)


def test_a_model_without_truth_is_told_of_by_its_metrics_alone() -> None:
    plan, trained = learned(iris())

    report = report_on(plan, replace(trained, held_out=None, notes=("Nothing was held out.",)))

    assert (report.rows, report.baseline, report.slices) == (0, None, [])
    assert {each.name for each in report.metrics} == trained.metrics.keys()
    assert report.notes == ["Nothing was held out."]
