"""Answers are LightGBM's own, bit for bit."""

import math
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import cache

import lightgbm as lgb
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from application.ports.predictor import Predictor
from domain.inference.values import Label, Prediction
from infrastructure.learning.artifact import keep
from infrastructure.learning.predictors import LightGBMPredictorLoader
from infrastructure.learning.training import Training, train
from tests.support.data import EXAMPLES, labelled, measured
from tests.support.fakes.artifacts import InMemoryArtifacts


@cache
def trained(name: str) -> tuple[Predictor, lgb.Booster, tuple[Label, ...] | None]:
    table = EXAMPLES[name]()
    training = train(table.plan(num_iterations=30), table.table(), num_threads=1, on_iteration=lambda _: None)
    return loaded(training), lgb.Booster(model_str=training.body), training.manifest.labels


def loaded(training: Training) -> Predictor:
    artifacts = InMemoryArtifacts()
    return LightGBMPredictorLoader(artifacts=artifacts).load(keep(artifacts, training.manifest, training.body))


def plainly(
    booster: lgb.Booster, labels: tuple[Label, ...] | None, rows: Sequence[Sequence[float]]
) -> list[Prediction]:
    """Return what plain LightGBM says, put into words row by row."""
    matrix = np.array(rows, dtype=np.float64)
    scores = booster.predict(matrix)
    contributions = booster.predict(matrix, pred_contrib=True)
    return [_in_words(score, row, labels) for score, row in zip(scores, contributions, strict=True)]


def _in_words(score: np.ndarray, contributions: np.ndarray, labels: tuple[Label, ...] | None) -> Prediction:
    if labels is None:
        return Prediction(prediction=float(score), explanation=_named(contributions[:-1]))
    if len(labels) == 2:
        first, second = 1.0 - float(score), float(score)
        if second > first:
            return Prediction(prediction=labels[1], probability=second, explanation=_named(contributions[:-1]))
        return Prediction(prediction=labels[0], probability=first, explanation=_named(-contributions[:-1]))
    chosen = max(range(len(labels)), key=lambda code: score[code])
    of_chosen = np.split(contributions, len(labels))[chosen]
    return Prediction(
        prediction=labels[chosen], probability=float(score[chosen]), explanation=_named(of_chosen[:-1])
    )


def _named(contributions: np.ndarray) -> dict[str, float]:
    return {str(index): float(each) for index, each in enumerate(contributions)}


def _numbered(predictions: list[Prediction]) -> list[Prediction]:
    return [
        each.model_copy(update={"explanation": _named(np.array(list((each.explanation or {}).values())))})
        for each in predictions
    ]


@pytest.mark.parametrize("name", EXAMPLES)
def test_answers_equal_plain_lightgbm_on_every_row_of_every_example(name: str) -> None:
    predictor, booster, labels = trained(name)
    rows = predictor.schema.conform(EXAMPLES[name]().instances())

    assert _numbered(predictor.predict(rows, explain=True)) == plainly(booster, labels, rows)


@pytest.mark.parametrize("name", EXAMPLES)
@settings(max_examples=40, deadline=None)
@given(data=st.data())
def test_answers_equal_plain_lightgbm_on_any_row(name: str, data: st.DataObject) -> None:
    predictor, booster, labels = trained(name)
    number = st.floats() | st.sampled_from([math.nan, math.inf, -math.inf, 1.8e308, -0.0, 5e-324, 2.0**63, -1.0])
    width = len(predictor.schema.names)
    rows = data.draw(st.lists(st.lists(number, min_size=width, max_size=width), min_size=1, max_size=5))

    assert _numbered(predictor.predict(rows, explain=True)) == plainly(booster, labels, rows)


@pytest.mark.parametrize("name", ["breast_cancer", "wine", "rents"])
def test_contributions_and_bias_add_up_to_the_raw_score_of_the_answer(name: str) -> None:
    predictor, booster, labels = trained(name)
    rows = predictor.schema.conform(EXAMPLES[name]().instances())
    raw = booster.predict(np.array(rows), raw_score=True).reshape(len(rows), -1)
    bias = booster.predict(np.array(rows[:1]), pred_contrib=True).reshape(raw.shape[1], -1)[:, -1]

    for row, found in zip(raw, predictor.predict(rows, explain=True), strict=True):
        code = 0 if len(row) == 1 else (labels or ()).index(found.prediction)
        sign = -1.0 if labels is not None and len(labels) == 2 and found.prediction == labels[0] else 1.0
        total = sum((found.explanation or {}).values())
        assert sign * total + bias[code] == pytest.approx(row[code], abs=1e-9)


def test_threads_get_the_answers_of_their_own_rows() -> None:
    predictor, _, _ = trained("churn")
    rows = predictor.schema.conform(EXAMPLES["churn"]().instances())
    expected = predictor.predict(rows, explain=True)
    fresh = loaded(
        train(
            EXAMPLES["churn"]().plan(num_iterations=30),
            EXAMPLES["churn"]().table(),
            num_threads=1,
            on_iteration=lambda _: None,
        )
    )

    with ThreadPoolExecutor(8) as threads:
        found = list(threads.map(lambda row: fresh.predict([row], explain=True)[0], rows))

    assert found == expected


def test_of_two_equally_probable_labels_the_first_is_the_answer() -> None:
    table = labelled(["b", "a"] * 10, x=[1] * 20)
    training = train(table.plan(), table.table(), num_threads=1, on_iteration=lambda _: None)

    (found,) = loaded(training).predict([[1.0]], explain=True)

    assert (found.prediction, found.probability) == ("a", 0.5)
    assert found.explanation == {"x": 0.0}


def test_a_constant_model_answers_one_number_for_all() -> None:
    table = measured([1.0, 3.0] * 10, x=[0] * 20)
    training = train(table.plan(), table.table(), num_threads=1, on_iteration=lambda _: None)

    first, second = loaded(training).predict([[5.0], [-5.0]], explain=True)

    assert first == second
    assert first.explanation == {"x": 0.0}
    assert 1.0 < first.prediction < 3.0
