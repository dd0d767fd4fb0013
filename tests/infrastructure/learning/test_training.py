"""What is learned from tables, and which tables cannot be learned from."""

import math
from dataclasses import replace
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from application.ports.predictor import Predictor, Rows
from application.ports.trainer import Iteration
from application.ports.work import WorkFailed
from domain.training.hyperparameters.classification import Classification
from infrastructure.learning.artifact import canonical_json, keep
from infrastructure.learning.boosting import Example, HeldAgainst, binned, grow
from infrastructure.learning.calibration import Calibration
from infrastructure.learning.encoding import encode_rows
from infrastructure.learning.loading import ArtifactPredictorLoader
from infrastructure.learning.manifest import TREES
from infrastructure.learning.objectives import objective_for, parameters_for
from infrastructure.learning.trained import Trained
from infrastructure.learning.trainers import tabular
from infrastructure.learning.training import train, trainer_of
from tests.support.data import (
    EXAMPLES,
    ExampleTable,
    breast_cancer,
    churn,
    diabetes,
    iris,
    labelled,
    measured,
    rents,
    wine,
)
from tests.support.fakes.artifacts import InMemoryArtifacts


def trained(table: ExampleTable, *, num_threads: int = 1, **hyperparameters: Any) -> Trained:
    settings = {"num_iterations": 20, **hyperparameters}
    return train(table.plan(**settings), table.table(), num_threads=num_threads, on_iteration=lambda _: None)


def loaded(training: Trained) -> Predictor:
    artifacts = InMemoryArtifacts()
    return ArtifactPredictorLoader(artifacts=artifacts).load(keep(artifacts, training.manifest, training.parts))


@pytest.mark.parametrize("name", EXAMPLES)
def test_the_same_plan_gives_the_same_bytes_with_any_number_of_threads(name: str) -> None:
    settings = {"num_iterations": 15, "feature_fraction": 0.8, "bagging_fraction": 0.8, "bagging_freq": 1}

    results = [trained(EXAMPLES[name](), num_threads=threads, **settings) for threads in (1, 2, 3, 1)]

    assert len({result.parts[TREES] for result in results}) == 1
    assert len({canonical_json(result.manifest.model_dump(mode="json")) for result in results}) == 1
    assert [result.metrics for result in results] == [results[0].metrics] * 4


def test_many_rows_are_summed_the_same_way_by_any_number_of_threads() -> None:
    table = measured([(index * 7919 % 10_007) ** 0.5 for index in range(30_000)])

    assert trained(table, num_threads=1).parts[TREES] == trained(table, num_threads=3).parts[TREES]


def test_another_seed_gives_another_model() -> None:
    assert trained(iris(), seed=1).parts[TREES] != trained(iris(), seed=2).parts[TREES]


@pytest.mark.parametrize(
    ("table", "labels"),
    [
        (breast_cancer(), ("benign", "malignant")),
        (wine(), (0, 1, 2)),
        (churn(), (False, True)),
        (labelled([0.5, 1.5] * 10), (0.5, 1.5)),
        (labelled([-1, 1] * 10), (-1, 1)),
        (labelled([1e300, 1.0] * 10), (1.0, 1e300)),
        (labelled([-0.0, 0.0, 1.0] * 10), (0, 1)),
        (labelled(["b", "a", "ä", "{"] * 5), ("a", "b", "{", "ä")),
        (labelled(["no", "yes", None] * 10), ("no", "yes")),
    ],
)
def test_labels_are_the_datas_own(table: ExampleTable, labels: tuple[Any, ...]) -> None:
    found = trained(table, num_iterations=1).manifest.labels

    assert found == labels
    assert [type(label) for label in found or ()] == [type(label) for label in labels]


@pytest.mark.parametrize("table", [breast_cancer(), iris()])
def test_a_classification_is_measured_by_four_figures(table: ExampleTable) -> None:
    metrics = trained(table).metrics

    assert set(metrics) == {"auc", "log_loss", "accuracy", "f1"}
    assert metrics["auc"] > 0.9


def test_a_regression_is_measured_by_three_figures() -> None:
    metrics = trained(diabetes(), num_iterations=100).metrics

    assert set(metrics) == {"rmse", "mae", "r2"}
    assert metrics["r2"] > 0.3


def test_auc_is_left_out_where_a_class_was_not_held_out() -> None:
    table = labelled(["common"] * 50 + ["rare"])

    result = trained(table, num_iterations=1)

    assert set(result.metrics) == {"log_loss", "accuracy", "f1"}
    assert "No row with the label 'rare' was held out: no figure says how well that is told." in result.notes


def test_weights_for_two_labels_are_said_to_change_nothing_for_three() -> None:
    same, weighed = (trained(iris(), is_unbalance=is_unbalance) for is_unbalance in (False, True))

    assert weighed.parts == same.parts
    assert set(weighed.notes) - set(same.notes) == {
        "is_unbalance changed nothing: it weighs two labels, class_weight weighs any number of them."
    }


def test_rows_without_a_target_are_left_out() -> None:
    table = rents()
    known = sum(rent is not None for rent in table.cells["rent"])

    dataset = trained(table).manifest.dataset

    assert dataset.training_rows + dataset.validation_rows == known < 250


def test_training_ends_early_and_keeps_the_rounds_up_to_the_best() -> None:
    rounds: list[Iteration] = []
    table = diabetes()

    result = train(
        table.plan(num_iterations=1_000, early_stopping_rounds=10),
        table.table(),
        num_threads=1,
        on_iteration=rounds.append,
    )

    best = result.manifest.best_iteration
    assert [each.iteration for each in rounds] == list(range(1, best + 11))
    assert min(rounds, key=lambda each: each.metrics["rmse"]).iteration == best
    assert [each.iteration for each in rounds if each.is_best][-1] == best
    assert result.metrics["rmse"] == pytest.approx(rounds[best - 1].metrics["rmse"])


def test_without_early_stopping_every_round_is_kept() -> None:
    assert trained(diabetes(), num_iterations=120, early_stopping_rounds=0).manifest.best_iteration == 120


def test_a_table_without_a_pattern_gives_a_constant_model() -> None:
    result = trained(measured([1.0, 2.0] * 6))

    assert result.manifest.best_iteration == 1


def test_categories_are_ordered_by_frequency_then_name_and_rare_ones_are_dropped() -> None:
    words = [f"w{index:04}" for index in range(1_500)] * 2 + ["often"] * 10 + ["als ob", '"}\n'] * 5
    table = measured(list(range(len(words))), word=words)

    (feature,) = trained(table, num_iterations=1, validation_fraction=0.01).manifest.features

    assert feature.categories is not None
    assert feature.categories[:3] == ("often", '"}\n', "als ob")
    assert len(feature.categories) == 1_000
    twice = list(feature.categories[3:])
    assert twice == sorted(twice)


@pytest.mark.parametrize("name", ['a"b', "a:b,[c]{d}", "größe 📏", "\\", " ", "f0", "\n", "x" * 5_000])
def test_a_feature_may_have_any_name(name: str) -> None:
    table = measured([float(index % 7) for index in range(60)], **{name: [index % 7 for index in range(60)]})

    assert trained(table, min_data_in_leaf=1).manifest.features[0].name == name


@pytest.mark.parametrize(
    ("table", "code"),
    [
        (measured([3.0] * 20), "training.constant-target"),
        (measured([3.0] * 199 + [4.0]), "training.constant-target"),
        (labelled(["yes"] * 20), "training.one-class"),
        (labelled([True] * 20), "training.one-class"),
        (labelled([1] * 20), "training.one-class"),
        (measured([None] * 20), "training.all-missing"),
        (labelled([None] * 20), "training.all-missing"),
        (labelled(["a", "b"] * 10, x=[None] * 20, y=[None] * 20), "training.all-missing"),
        (measured([1.0, 2.0] + [None] * 20), "training.too-few-rows"),
        (labelled([f"id {index}" for index in range(30)]), "training.too-few-rows"),
        (labelled([f"id {index}" for index in range(1_001)]), "training.too-many-classes"),
        (labelled([index / 10 for index in range(1_001)]), "training.too-many-classes"),
        (measured([1.0, float("inf")] * 10), "training.target-out-of-range"),
        (measured([1.0, -1e39] * 10), "training.target-out-of-range"),
        (labelled([1.0, float("-inf")] * 10), "training.target-out-of-range"),
        (measured([1e12 + index for index in range(20)]), "training.target-too-fine"),
        (measured([1e-300 * index for index in range(20)]), "training.target-too-fine"),
    ],
)
def test_what_cannot_be_learned_says_why(table: ExampleTable, code: str) -> None:
    seed = next(
        seed for seed in range(200) if code != "training.constant-target" or _holds_out_the_odd_one(table, seed)
    )

    with pytest.raises(WorkFailed) as failure:
        trained(table, seed=seed)

    assert failure.value.code == code
    assert len(failure.value.message) > 40


def _holds_out_the_odd_one(table: ExampleTable, seed: int) -> bool:
    try:
        trained(table, seed=seed, num_iterations=1)
    except WorkFailed:
        return True
    return False


def test_predictions_that_left_the_range_of_numbers_are_no_model() -> None:
    rows = Example(rows=np.ones((20, 1)), target=np.arange(20.0))
    objective = replace(objective_for(None), metric=lambda actual, predicted, weights: math.nan)

    parameters = parameters_for(objective, Classification())
    training = binned(rows, parameters=parameters, num_threads=1)
    validation = binned(rows, parameters=parameters, num_threads=1, like=training)
    pair = HeldAgainst(
        training=training, validation=validation, truth=rows.target, weights=None, told_by=np.arange(20)
    )

    with pytest.raises(WorkFailed) as failure:
        grow(
            pair,
            objective=objective,
            parameters=parameters,
            early_stopping_rounds=5,
            num_threads=1,
            on_iteration=lambda _: None,
        )

    assert failure.value.code == "training.diverged"


def test_what_is_told_of_rows_held_out_is_what_the_version_says_of_them() -> None:
    for table in (iris(), churn(), rents()):
        result = trained(table, num_iterations=60, early_stopping_rounds=5)
        assert result.held_out is not None
        rows = encode_rows(result.manifest.features, result.held_out.table)

        scores = loaded(result).predict(Rows(rows)).scores

        assert scores == pytest.approx(result.held_out.scores, rel=1e-12)


def test_of_many_rows_held_out_some_tell_when_to_stop_and_all_how_good_it_is(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(tabular, "TOLD_BY_MAX", 20)
    rounds: list[Iteration] = []

    result = train(
        diabetes().plan(num_iterations=30),
        diabetes().table(),
        num_threads=1,
        on_iteration=rounds.append,
    )

    assert result.manifest.dataset.validation_rows == 89
    best = rounds[result.manifest.best_iteration - 1]
    assert best.metrics["rmse"] == min(each.metrics["rmse"] for each in rounds)
    assert best.metrics["rmse"] != pytest.approx(result.metrics["rmse"])


def test_the_table_is_gone_when_the_trees_begin_to_grow() -> None:
    wide = measured(range(4_000), **{f"x{index}": [float(index)] * 4_000 for index in range(30)})
    tables = [wide.table()]
    table_bytes = tables[0].nbytes
    before = pa.total_allocated_bytes()
    held: list[int] = []

    trainer_of(wide.model_type)(
        wide.plan(num_iterations=1, validation_fraction=0.1),
        tables.pop(),
        num_threads=1,
        on_iteration=lambda _: held.append(pa.total_allocated_bytes() - before),
    )

    assert held[0] < -0.8 * table_bytes


def test_infinite_and_huge_features_are_learned_from() -> None:
    wild = [float("inf"), float("-inf"), 1e308, -1e308, 0.0, None] * 20
    table = measured([float(index % 6) for index in range(120)], x=wild)

    assert trained(table, min_data_in_leaf=1).metrics["rmse"] < 2.0


def test_a_class_of_one_row_is_learned_from() -> None:
    result = trained(labelled(["a"] * 20 + ["b"] * 20 + ["only"]))

    assert result.manifest.labels == ("a", "b", "only")


def rare(rows: int = 600) -> ExampleTable:
    """Return a table whose label `rare` is that of a tenth of the rows, and hard to tell."""
    chance = np.random.default_rng(3)
    x = chance.normal(size=rows)
    is_rare = chance.random(rows) < 1 / (1 + np.exp(-(1.5 * x - 3)))
    noise = chance.normal(size=rows).tolist()
    return labelled(["rare" if each else "common" for each in is_rare], x=x.tolist(), noise=noise)


def test_the_threshold_is_tuned_on_rows_held_out_and_kept() -> None:
    even = trained(rare(), threshold=0.5, num_iterations=40)
    tuned = trained(rare(), num_iterations=40)

    assert even.manifest.settings == {"threshold": 0.5}
    assert 0 < tuned.manifest.settings["threshold"] < 0.5
    assert tuned.metrics["f1"] > even.metrics["f1"]
    assert tuned.metrics["log_loss"] == even.metrics["log_loss"]
    assert any("above a probability" in note for note in tuned.notes)


@pytest.mark.parametrize("threshold", ["auto", 0.5, 0.3])
def test_the_second_label_is_predicted_above_the_threshold(threshold: Any) -> None:
    result = trained(rare(), threshold=threshold, num_iterations=40)
    predictor = loaded(result)
    rows = encode_rows(result.manifest.features, rare().table())

    found = predictor.predict(Rows(rows))

    second = found.scores[:, 1]
    expected = (second > result.manifest.settings["threshold"]).astype(int)
    assert found.predictions == [("common", "rare")[code] for code in expected]
    assert found.probabilities == found.scores[np.arange(len(rows)), expected].tolist()
    for row, prediction, probability in zip(
        rows.tolist(), found.predictions, found.probabilities or (), strict=True
    ):
        assert predictor.predict_row(row)[:2] == (prediction, probability)


def test_a_threshold_between_more_than_two_labels_is_refused() -> None:
    with pytest.raises(WorkFailed, match="between two labels, the target has 3") as failure:
        trained(iris(), threshold=0.3)

    assert failure.value.code == "training.needless-threshold"


@pytest.mark.parametrize("table", [churn(), iris()], ids=lambda table: table.name)
@pytest.mark.parametrize("kind", ["isotonic", "platt"])
def test_calibrated_probabilities_are_plain_numbers_that_are_served(table: ExampleTable, kind: str) -> None:
    plain = trained(table)
    result = trained(table, calibration=kind)
    rows = Rows(encode_rows(result.manifest.features, table.table()))

    calibrated, raw = loaded(result), loaded(plain)

    assert result.parts == plain.parts
    expected = Calibration.of(result.manifest.settings["calibration"])(raw.predict(rows).scores)
    found = calibrated.predict(rows)
    assert np.array_equal(found.scores, expected)
    assert [calibrated.predict_row(row)[2] for row in rows.numbers[:20].tolist()] == expected[:20].tolist()
    assert result.metrics["log_loss"] != plain.metrics["log_loss"]
    assert np.array_equal(calibrated.explain(rows, found.chosen), raw.explain(rows, found.chosen))


@pytest.mark.parametrize("table", [rare(), labelled(["a", "b", "c"] * 5 + ["a"] * 80)], ids=["two", "three"])
def test_balanced_labels_weigh_the_same_in_all(table: ExampleTable) -> None:
    plain, balanced = (
        trained(table, class_weight=weight, threshold="auto", learning_rate=1e-3, num_iterations=1)
        for weight in ("none", "balanced")
    )

    def mean_scores(result: Trained) -> list[float]:
        assert result.held_out is not None
        return result.held_out.scores.mean(axis=0).tolist()

    labels = len(balanced.manifest.labels or ())
    assert mean_scores(balanced) == pytest.approx([1 / labels] * labels, abs=0.02)
    assert max(mean_scores(plain)) > 0.8
