"""Answers are LightGBM's own, bit for bit."""

import math
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cache

import lightgbm as lgb
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from application.ports.predictor import Predictor, Rows
from domain.inference.values import Label
from infrastructure.learning.artifact import keep
from infrastructure.learning.loading import ArtifactPredictorLoader
from infrastructure.learning.manifest import THRESHOLD, TREES, Manifest
from infrastructure.learning.trained import Trained
from infrastructure.learning.training import train
from tests.support.data import EXAMPLES, labelled, measured
from tests.support.examples import examples
from tests.support.fakes.artifacts import InMemoryArtifacts


@cache
def trained(name: str) -> tuple[Predictor, lgb.Booster, Trained]:
    table = EXAMPLES[name]()
    training = train(table.plan(num_iterations=30), table.table(), num_threads=1, on_iteration=lambda _: None)
    return loaded(training), lgb.Booster(model_str=training.parts[TREES].decode()), training


def loaded(training: Trained) -> Predictor:
    artifacts = InMemoryArtifacts()
    return ArtifactPredictorLoader(artifacts=artifacts).load(keep(artifacts, training.manifest, training.parts))


@dataclass(frozen=True)
class Answer:
    """What is said of one row; the explanation ends with the bias."""

    prediction: Label
    probability: float | None
    explanation: list[float]


def plainly(booster: lgb.Booster, training: Trained, rows: Sequence[Sequence[float]]) -> list[Answer]:
    """Return what plain LightGBM says, put into words row by row."""
    matrix = np.array(rows, dtype=np.float64)
    scores = booster.predict(matrix)
    contributions = booster.predict(matrix, pred_contrib=True)
    return [_in_words(score, row, training.manifest) for score, row in zip(scores, contributions, strict=True)]


def _in_words(score: np.ndarray, contributions: np.ndarray, manifest: Manifest) -> Answer:
    labels = manifest.labels
    if labels is None:
        return Answer(float(score), None, contributions.tolist())
    if len(labels) == 2:
        first, second = 1.0 - float(score), float(score)
        if second > manifest.settings[THRESHOLD]:
            return Answer(labels[1], second, contributions.tolist())
        return Answer(labels[0], first, (-contributions).tolist())
    chosen = max(range(len(labels)), key=lambda code: score[code])
    return Answer(labels[chosen], float(score[chosen]), np.split(contributions, len(labels))[chosen].tolist())


def all_at_once(predictor: Predictor, rows: Sequence[Sequence[float]]) -> list[Answer]:
    matrix = np.array(rows, dtype=np.float64)
    predicted = predictor.predict(Rows(matrix))
    explanations = np.asarray(predictor.explain(Rows(matrix), predicted.chosen)).tolist()
    probabilities = predicted.probabilities or [None] * len(rows)
    return list(map(Answer, predicted.predictions, probabilities, explanations))


def one_by_one(predictor: Predictor, rows: Sequence[Sequence[float]]) -> list[tuple[Label, float | None]]:
    return [predictor.predict_row(row)[:2] for row in rows]


def without_explanations(answers: Sequence[Answer]) -> list[tuple[Label, float | None]]:
    return [(each.prediction, each.probability) for each in answers]


@pytest.mark.parametrize("name", EXAMPLES)
def test_answers_equal_plain_lightgbm_on_every_row_of_every_example(name: str) -> None:
    predictor, booster, training = trained(name)
    rows = predictor.schema.conform(EXAMPLES[name]().instances())

    expected = plainly(booster, training, rows)
    assert all_at_once(predictor, rows) == expected
    assert one_by_one(predictor, rows) == without_explanations(expected)


@pytest.mark.parametrize("name", EXAMPLES)
@settings(max_examples=examples(10))
@given(data=st.data())
def test_answers_equal_plain_lightgbm_on_any_row(name: str, data: st.DataObject) -> None:
    predictor, booster, training = trained(name)
    number = st.floats() | st.sampled_from([math.nan, math.inf, -math.inf, 1.8e308, -0.0, 5e-324, 2.0**63, -1.0])
    width = len(predictor.schema.names)
    rows = data.draw(st.lists(st.lists(number, min_size=width, max_size=width), min_size=1, max_size=5))

    expected = plainly(booster, training, rows)
    assert all_at_once(predictor, rows) == expected
    assert one_by_one(predictor, rows) == without_explanations(expected)


@pytest.mark.parametrize("name", ["breast_cancer", "wine", "rents"])
def test_contributions_and_bias_add_up_to_the_raw_score_of_the_answer(name: str) -> None:
    predictor, booster, training = trained(name)
    labels = training.manifest.labels
    rows = predictor.schema.conform(EXAMPLES[name]().instances())
    raw = booster.predict(np.array(rows), raw_score=True).reshape(len(rows), -1)

    for row, found in zip(raw, all_at_once(predictor, rows), strict=True):
        code = 0 if len(row) == 1 else (labels or ()).index(found.prediction)
        sign = -1.0 if labels is not None and len(labels) == 2 and found.prediction == labels[0] else 1.0
        assert sum(found.explanation) == pytest.approx(sign * row[code], abs=1e-9)


def test_threads_get_the_answers_of_their_own_rows() -> None:
    predictor, _, _ = trained("churn")
    rows = predictor.schema.conform(EXAMPLES["churn"]().instances())
    expected = all_at_once(predictor, rows)
    fresh = loaded(
        train(
            EXAMPLES["churn"]().plan(num_iterations=30),
            EXAMPLES["churn"]().table(),
            num_threads=1,
            on_iteration=lambda _: None,
        )
    )

    with ThreadPoolExecutor(8) as threads:
        found = list(threads.map(lambda row: all_at_once(fresh, [row])[0], rows))
        alone = list(threads.map(lambda row: fresh.predict_row(row)[:2], rows))

    assert found == expected
    assert alone == without_explanations(expected)


def test_of_two_equally_probable_labels_the_first_is_the_answer() -> None:
    table = labelled(["b", "a"] * 10, x=[1] * 20)
    training = train(table.plan(), table.table(), num_threads=1, on_iteration=lambda _: None)

    predictor = loaded(training)

    (found,) = all_at_once(predictor, [[1.0]])
    assert found == Answer("a", 0.5, [0.0, 0.0])
    assert predictor.predict_row([1.0]) == ("a", 0.5, [0.5, 0.5])


def test_a_constant_model_answers_one_number_for_all() -> None:
    table = measured([1.0, 3.0] * 10, x=[0] * 20)
    training = train(table.plan(), table.table(), num_threads=1, on_iteration=lambda _: None)

    first, second = all_at_once(loaded(training), [[5.0], [-5.0]])

    assert first == second
    assert first.explanation[0] == 0.0
    assert 1.0 < first.prediction < 3.0
