"""Metrics of weighted rows, held against scikit-learn's."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn import metrics

from infrastructure.evaluation.closed_forms import share_interval
from infrastructure.evaluation.intervals import spreads
from infrastructure.evaluation.judged import Judged
from infrastructure.evaluation.ranking import areas_of_many
from infrastructure.evaluation.weighing import metrics_of, metrics_of_all
from infrastructure.learning.metrics import roc_auc

ROWS = 80


def judged(*, labels: int | None, seed: int = 0, rows: int = ROWS) -> Judged:
    """Return random predictions, many of them equal."""
    draw = np.random.default_rng(seed)
    if labels is None:
        truth = draw.normal(size=rows)
        return Judged(truth=truth, scores=(truth + draw.normal(size=rows))[:, np.newaxis].round(1), chosen=None)
    scores = draw.integers(1, 6, (rows, labels)).astype(np.float64)
    scores /= scores.sum(axis=1, keepdims=True)
    truth = np.concatenate([np.arange(labels), draw.integers(0, labels, rows - labels)]).astype(np.float64)
    return Judged(truth=truth, scores=scores, chosen=scores.argmax(axis=1))


@pytest.mark.parametrize("labels", [2, 3])
def test_metrics_of_labels_are_those_of_scikit_learn_for_any_weights(labels: int) -> None:
    said = judged(labels=labels)
    weights = np.random.default_rng(1).integers(0, 4, (5, ROWS)).astype(np.float64)
    weights[:, :labels] = 1.0

    found = metrics_of(said, weights)

    for place, each in enumerate(weights):
        given_weights = {"sample_weight": each}
        assert found["accuracy"][place] == pytest.approx(
            metrics.accuracy_score(said.truth, said.chosen, **given_weights)
        )
        assert found["f1"][place] == pytest.approx(
            metrics.f1_score(said.truth, said.chosen, average="macro", **given_weights)
        )
        assert found["log_loss"][place] == pytest.approx(
            metrics.log_loss(said.truth, said.scores, **given_weights)
        )
        areas = [
            metrics.roc_auc_score(said.truth == label, said.scores[:, label], **given_weights)
            for label in ([1] if labels == 2 else range(labels))
        ]
        assert found["auc"][place] == pytest.approx(np.mean(areas))


def test_metrics_of_numbers_are_those_of_scikit_learn_for_any_weights() -> None:
    said = judged(labels=None)
    weights = np.random.default_rng(1).integers(0, 4, (5, ROWS)).astype(np.float64)

    found = metrics_of(said, weights)

    for place, each in enumerate(weights):
        for name, metric in {
            "rmse": metrics.root_mean_squared_error,
            "mae": metrics.mean_absolute_error,
            "r2": metrics.r2_score,
        }.items():
            expected = metric(said.truth, said.scores[:, 0], sample_weight=each)
            assert found[name][place] == pytest.approx(expected)


def test_what_says_nothing_is_left_out() -> None:
    one_label = Judged(truth=np.zeros(4), scores=np.tile([0.7, 0.3], (4, 1)), chosen=np.zeros(4, dtype=np.intp))
    one_number = Judged(truth=np.ones(4), scores=np.full((4, 1), 2.0), chosen=None)

    assert set(metrics_of_all(one_label)) == {"log_loss", "accuracy", "f1"}
    assert set(metrics_of_all(one_number)) == {"rmse", "mae"}


def test_an_interval_is_as_wide_as_the_closed_form_says() -> None:
    rows = 2_000
    is_right = np.arange(rows) % 5 > 0
    scores = np.where(is_right[:, np.newaxis], [0.9, 0.1], [0.1, 0.9])
    said = Judged(truth=np.zeros(rows), scores=scores, chosen=scores.argmax(axis=1))

    found = spreads(said, seed=0, rows=rows)["accuracy"]
    of_four_times_as_many = spreads(said, seed=0, rows=4 * rows)["accuracy"]

    half = 1.96 * np.sqrt(0.8 * 0.2 / rows)
    assert -found.below == pytest.approx(half, rel=0.2)
    assert found.above == pytest.approx(half, rel=0.2)
    assert of_four_times_as_many.above == found.above / 2


def test_the_area_of_many_labels_varies_as_its_influences_say() -> None:
    found, errors = [], []
    for seed in range(200):
        said = judged(labels=12, seed=seed, rows=120)
        influences = areas_of_many(said)
        assert influences is not None
        assert influences.sum() == pytest.approx(0.0, abs=1e-6)
        of_labels = [roc_auc(said.truth == label, said.scores[:, label]) for label in range(12)]
        found.append(np.mean(of_labels))
        errors.append(np.sqrt(np.square(influences).sum()) / 120)

    assert np.mean(errors) == pytest.approx(np.std(found), rel=0.2)
    assert areas_of_many(judged(labels=3)) is None
    assert areas_of_many(judged(labels=None)) is None


def test_the_area_of_many_labels_has_an_interval() -> None:
    assert "auc" in spreads(judged(labels=12), seed=0, rows=ROWS)


@pytest.mark.parametrize(("hits", "low", "high"), [(0, 0.0, 0.0370), (100, 0.9630, 1.0), (30, 0.2189, 0.3958)])
def test_a_share_of_few_rows_is_never_certain(hits: int, low: float, high: float) -> None:
    assert share_interval(hits, 100) == (pytest.approx(low, abs=1e-4), pytest.approx(high, abs=1e-4))


@given(seed=st.integers(0, 2**31 - 1), labels=st.sampled_from([None, 2, 4]))
def test_a_model_does_not_differ_from_itself(seed: int, labels: int | None) -> None:
    said = judged(labels=labels, seed=seed, rows=20)

    assert set(spreads(said, against=said, seed=seed, rows=20).values()) <= {(0.0, 0.0)}
