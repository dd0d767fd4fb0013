"""What every predictor does, whichever table it was trained on."""

import json
import math
from collections.abc import Callable, Mapping
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from application.ports.artifacts import ArtifactUnavailable, sha256_of, url_of
from application.ports.predictor import Predictor, PredictorLoader, Row, Rows, rows_of
from domain.inference.values import AnswerKind
from domain.models.values import ModelType
from infrastructure.artifacts.local import LocalArtifacts
from infrastructure.learning.artifact import keep
from infrastructure.learning.loading import ArtifactPredictorLoader
from infrastructure.learning.manifest import TREES
from infrastructure.learning.trained import Trained
from infrastructure.learning.training import train
from tests.support.data import EXAMPLES, OF_EVERY_TYPE, ExampleTable
from tests.support.series import one_shop

TABLES = {**OF_EVERY_TYPE, "one_shop": one_shop}
LEARNING_LABELS = [name for name, example in EXAMPLES.items() if example().model_type is ModelType.CLASSIFICATION]


@pytest.fixture
def artifacts(tmp_path: Path) -> LocalArtifacts:
    return LocalArtifacts(root=tmp_path)


@pytest.fixture(params=[ArtifactPredictorLoader])
def loader(request: pytest.FixtureRequest, artifacts: LocalArtifacts) -> PredictorLoader:
    make: Callable[..., PredictorLoader] = request.param
    return make(artifacts=artifacts)


@pytest.fixture(params=TABLES)
def table(request: pytest.FixtureRequest) -> ExampleTable:
    return TABLES[request.param]()


@cache
def trained(name: str) -> Trained:
    table = TABLES[name]()
    return train(table.quick_plan(), table.table(), num_threads=1, on_iteration=lambda _: None)


@pytest.fixture
def predictor(loader: PredictorLoader, artifacts: LocalArtifacts, table: ExampleTable) -> Predictor:
    training = trained(table.name)
    return loader.load(keep(artifacts, training.manifest, training.parts))


@pytest.fixture
def rows(predictor: Predictor, table: ExampleTable) -> Rows:
    return rows_of(predictor.schema, predictor.schema.conform(table.instances()))


def alone(row: Row, predictor: Predictor) -> Rows:
    return rows_of(predictor.schema, [row])


def contributions_of(predictor: Predictor, rows: Rows, chosen: Any) -> list[Mapping[str, float]]:
    """Return the contributions to each prediction by name, whichever way they are told."""
    found = predictor.explain(rows, chosen)
    if not isinstance(found, np.ndarray):
        assert predictor.explained is None
        return list(found)
    assert predictor.explained is not None
    assert found.shape == (len(rows), len(predictor.explained) + 1)
    return [dict(zip((*predictor.explained, ""), row, strict=True)) for row in found.tolist()]


def test_the_answer_is_a_label_with_its_probability_a_number_or_a_forecast(
    predictor: Predictor, rows: Rows
) -> None:
    found = predictor.predict(rows)

    assert len(found.predictions) == len(rows)
    if predictor.answers is AnswerKind.FORECASTS:
        assert (predictor.labels, found.probabilities, found.chosen) == (None, None, None)
        assert found.scores.shape == (len(rows), 0)
        assert all(
            step.keys() == {"time", "value", "lower", "upper"} for each in found.predictions for step in each
        )
        return
    if predictor.labels is None:
        assert (found.probabilities, found.chosen) == (None, None)
        assert all(type(each) is float for each in found.predictions)
        assert found.scores.tolist() == [[each] for each in found.predictions]
        return
    assert found.probabilities is not None
    assert found.chosen is not None
    kinds = {type(label) for label in predictor.labels}
    assert found.scores.shape == (len(rows), len(predictor.labels))
    assert np.allclose(found.scores.sum(axis=1), 1.0)
    answers = zip(found.predictions, found.probabilities, found.chosen, found.scores, strict=True)
    for prediction, probability, code, scores in answers:
        assert predictor.labels[code] == prediction
        assert type(prediction) in kinds
        assert type(probability) is float
        assert probability == scores[code]
        # of two, the second is predicted above a threshold of its own
        assert len(scores) == 2 or probability == scores.max()


@pytest.mark.parametrize("table", LEARNING_LABELS, indirect=True)
def test_the_labels_are_the_datas_own_and_most_are_told(
    predictor: Predictor, rows: Rows, table: ExampleTable
) -> None:
    assert table.target is not None
    found = predictor.predict(rows)

    assert set(predictor.labels or ()) == set(table.cells[table.target])
    right = sum(each == actual for each, actual in zip(found.predictions, table.cells[table.target], strict=True))
    assert right > 0.85 * len(rows)


def test_a_batch_answers_as_its_rows_one_by_one(predictor: Predictor, rows: Rows, table: ExampleTable) -> None:
    together = predictor.predict(rows[:40])
    explained = contributions_of(predictor, rows[:40], together.chosen)

    probabilities = together.probabilities or [None] * 40
    for place, cells in enumerate(predictor.schema.conform(table.instances()[:40])):
        row = alone(cells, predictor)
        found = predictor.predict(row)
        assert (found.predictions[0], (found.probabilities or [None])[0]) == (
            together.predictions[place],
            probabilities[place],
        )
        assert predictor.predict_row(cells) == (
            together.predictions[place],
            probabilities[place],
            together.scores[place].tolist(),
        )
        assert contributions_of(predictor, row, found.chosen) == [explained[place]]


def test_the_order_of_a_matrix_in_memory_changes_nothing(predictor: Predictor, rows: Rows) -> None:
    expected = predictor.predict(rows)
    for same in (np.asfortranarray(rows.numbers), np.repeat(rows.numbers, 2, axis=0)[::2]):
        found = predictor.predict(Rows(same, rows.objects))
        assert np.array_equal(found.scores, expected.scores)
        assert list(found.predictions) == list(expected.predictions)


def test_some_of_the_rows_are_answered_as_they_are_among_all(predictor: Predictor, rows: Rows) -> None:
    expected = predictor.predict(rows)
    for places in (slice(3, 9), np.array([7, 1, 1])):
        found = predictor.predict(rows[places])
        assert np.array_equal(found.scores, expected.scores[places])


def test_every_row_is_explained_by_numbers(predictor: Predictor, rows: Rows) -> None:
    explained = contributions_of(predictor, rows, predictor.predict(rows).chosen)

    assert len(explained) == len(rows)
    assert all(math.isfinite(value) for each in explained for value in each.values())


def test_nothing_known_of_an_instance_is_answered_too(predictor: Predictor) -> None:
    (row,) = predictor.schema.conform([dict.fromkeys(predictor.schema.names)])

    assert predictor.predict_row(row)[0] is not None


def test_no_rows_have_no_predictions(predictor: Predictor, rows: Rows) -> None:
    nothing = predictor.predict(rows[:0])

    assert len(nothing.predictions) == len(nothing.scores) == 0
    assert contributions_of(predictor, rows[:0], nothing.chosen) == []


def test_answers_are_plain_json(predictor: Predictor, rows: Rows) -> None:
    found = predictor.predict(rows[:5])
    document = {"predictions": list(found.predictions), "probabilities": found.probabilities}

    assert json.loads(json.dumps(document)) == document


def test_a_predictor_knows_about_how_long_a_row_takes(predictor: Predictor) -> None:
    assert 0 < predictor.row_cost_s < 0.1


def test_a_predictor_knows_about_how_much_memory_it_takes(predictor: Predictor) -> None:
    assert 1_000 < predictor.size_bytes < 10_000_000


@pytest.mark.parametrize("url", ["", "file:///etc/passwd", "artifact:", "artifact:../../x", url_of("0" * 64)])
def test_what_is_not_there_cannot_be_loaded(loader: PredictorLoader, url: str) -> None:
    with pytest.raises(ArtifactUnavailable):
        loader.load(url)
    with pytest.raises(ArtifactUnavailable):
        loader.verify(url)


@pytest.mark.parametrize("part", ["manifest", "body"])
def test_what_is_damaged_or_gone_is_neither_verified_nor_loaded_until_it_is_back(
    loader: PredictorLoader, artifacts: LocalArtifacts, part: str
) -> None:
    table = EXAMPLES["iris"]()
    training = train(table.plan(num_iterations=2), table.table(), num_threads=1, on_iteration=lambda _: None)
    url = keep(artifacts, training.manifest, training.parts)
    sha256 = {"manifest": sha256_of(url), "body": training.manifest.parts[TREES].sha256}[part]
    path = artifacts.path(sha256)
    content = path.read_bytes()
    loader.verify(url)
    path.unlink()
    for wrong in (None, b"", content[:-1] + b"?"):
        if wrong is not None:
            path.write_bytes(wrong)
        for ask in (loader.verify, loader.load):
            with pytest.raises(ArtifactUnavailable, match=sha256):
                ask(url)
    artifacts.put(content)
    loader.verify(url)
    loader.load(url)
