"""Reports on models that were really trained."""

import json
from dataclasses import replace
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from sklearn.metrics import average_precision_score, precision_recall_fscore_support, roc_auc_score

from application.reports.views import Report
from domain.training.values import TrainingPlan
from infrastructure.evaluation.acquaintance import has_learned_from
from infrastructure.evaluation.report import Rival, evaluated
from infrastructure.learning.artifact import canonical_json
from infrastructure.learning.loading import predictor_of
from infrastructure.learning.trained import HeldOut, Trained
from infrastructure.learning.training import train
from tests.support.data import ExampleTable, breast_cancer, churn, iris, measured, rents, reviews


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


def test_the_areas_below_curves_are_told(a_report: Report) -> None:
    _, trained = learned(churn())
    assert trained.held_out is not None
    is_positive, scores = trained.held_out.truth == 1.0, trained.held_out.scores[:, 1]

    (roc,) = a_report.curves.roc
    (precision_recall,) = a_report.curves.precision_recall

    assert roc.area == pytest.approx(roc_auc_score(is_positive, scores))
    assert precision_recall.area == pytest.approx(average_precision_score(is_positive, scores))
    assert precision_recall.base == pytest.approx(is_positive.mean())


@pytest.mark.parametrize("table", [churn(), iris()], ids=lambda table: table.name)
def test_each_label_is_told_by_its_precision_and_recall(table: ExampleTable) -> None:
    plan, trained = learned(table)
    held_out = trained.held_out
    assert held_out is not None
    chosen = held_out.scores.argmax(axis=1) if held_out.chosen is None else held_out.chosen
    expected = precision_recall_fscore_support(held_out.truth, chosen)

    labels = report_on(plan, trained).labels

    assert [each.label for each in labels] == list(held_out.labels or ())
    for name, values in zip(("precision", "recall", "f1", "rows"), expected, strict=True):
        assert [getattr(each, name) for each in labels] == pytest.approx(values.tolist())
    for each in labels:
        assert each.precision_low is not None
        assert each.precision is not None
        assert each.precision_high is not None
        assert each.precision_low <= each.precision <= each.precision_high
        assert each.precision_low < each.precision_high


def test_a_label_that_is_never_predicted_has_no_precision() -> None:
    plan, trained = learned(churn())
    assert trained.held_out is not None
    never = replace(trained.held_out, chosen=np.zeros(len(trained.held_out.truth), dtype=np.intp))

    last = report_on(plan, replace(trained, held_out=never)).labels[-1]

    assert (last.predicted, last.precision, last.precision_low, last.recall, last.f1) == (0, None, None, 0.0, 0.0)
    assert last.recall_high is not None
    assert last.recall_high > 0.0


@pytest.mark.parametrize("table", [churn(), rents()], ids=lambda table: table.name)
def test_what_is_observed_and_what_is_told_of_slices_lies_in_an_interval(table: ExampleTable) -> None:
    report = report_on(*learned(table))

    assert report.curves.calibration is not None
    assert report.curves.calibration.error is not None
    for each in report.curves.calibration.bins:
        assert each.low is not None
        assert each.high is not None
        assert each.low <= each.observed <= each.high
    for part in report.slices:
        assert part.intervals.keys() < part.metrics.keys()
        for name, (low, high) in part.intervals.items():
            assert low <= part.metrics[name] <= high


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


def test_terms_are_told_by_gain_where_trees_split_by_them_and_else_by_contribution() -> None:
    of_trees = report_on(*learned(reviews(), model="trees")).importance
    of_linear = report_on(*learned(reviews(), model="linear")).importance

    assert sum(each.gain for each in of_trees if each.gain is not None) == pytest.approx(1.0)
    assert all(each.gain is not None for each in of_trees)
    assert all(each.gain is None and each.shap for each in of_linear)


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


@pytest.mark.parametrize(
    ("before", "now", "has_seen"),
    [
        ({}, {}, False),
        ({}, {"num_iterations": 3}, False),
        ({"split": "stratified"}, {}, False),
        ({"split": "random"}, {}, True),
        ({"seed": 1}, {}, True),
        ({"folds": 2}, {}, True),
        ({}, {"folds": 2}, True),
    ],
)
def test_who_held_out_other_rows_of_the_same_dataset_has_learned_from_these(
    before: dict[str, Any], now: dict[str, Any], has_seen: bool
) -> None:
    _, rival = learned(churn(), **{"num_iterations": 2, **before})

    assert has_learned_from(rival.manifest, churn().plan(**now)) is has_seen
    assert has_learned_from(rival.manifest, breast_cancer().plan()) is None


@pytest.mark.parametrize(
    ("has_seen", "told"), [(True, "looks better"), (False, "found a threshold"), (None, "may have learned")]
)
def test_whether_the_version_in_production_knows_the_rows_is_told(has_seen: bool | None, told: str) -> None:
    plan, trained = learned(churn())
    predictor = predictor_of(trained.manifest, trained.parts)

    report = evaluated(plan, trained, predictor=predictor, rival=Rival("1.0.0", predictor, has_seen=has_seen))

    assert report.production is not None
    assert report.production.has_seen is has_seen
    assert sum(told in note for note in report.notes) == 1


def test_an_interval_without_width_is_told_not_to_be_certainty() -> None:
    plan, trained = learned(churn())
    held_out = trained.held_out
    assert held_out is not None
    right = np.eye(2)[held_out.truth.astype(np.intp)]
    flawless = replace(held_out, scores=right, chosen=None)

    report = report_on(plan, replace(trained, held_out=flawless, metrics={"accuracy": 1.0}))

    assert [(each.low, each.high) for each in report.metrics] == [(1.0, 1.0)]
    assert any("without width" in note for note in report.notes)


def test_of_few_rows_held_out_no_certainty_is_told() -> None:
    numbers = [float(place**2) for place in range(100)]

    report = report_on(*learned(measured(numbers), validation_fraction=0.01))

    assert report.rows == 1
    assert all(each.low is None and each.high is None for each in report.metrics)
    assert any(note.startswith("Rows held out: 1.") for note in report.notes)


@pytest.mark.parametrize("scale", [1e-30, 1e30])
def test_very_large_and_small_numbers_are_told_of(scale: float) -> None:
    numbers = [scale * place**2 for place in range(100)]

    plan, trained = learned(measured(numbers))
    report = report_on(plan, trained, trained)

    json.loads(report.model_dump_json(), parse_constant=pytest.fail)
    canonical_json(report.model_dump(mode="json"))
    assert report.importance[0].feature == "x"


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
