"""What every predictor does, whichever table it was trained on."""

import json
import math
from collections.abc import Callable
from pathlib import Path

import pytest

from application.ports.artifacts import ArtifactUnavailable, url_of
from application.ports.predictor import Predictor, PredictorLoader
from domain.inference.values import Prediction
from domain.models.values import ModelType
from infrastructure.artifacts.local import LocalArtifacts
from infrastructure.learning.artifact import keep
from infrastructure.learning.predictors import LightGBMPredictorLoader
from infrastructure.learning.training import train
from tests.support.data import EXAMPLES, ExampleTable


@pytest.fixture
def artifacts(tmp_path: Path) -> LocalArtifacts:
    return LocalArtifacts(root=tmp_path)


@pytest.fixture(params=[LightGBMPredictorLoader])
def loader(request: pytest.FixtureRequest, artifacts: LocalArtifacts) -> PredictorLoader:
    make: Callable[..., PredictorLoader] = request.param
    return make(artifacts=artifacts)


@pytest.fixture(params=EXAMPLES)
def table(request: pytest.FixtureRequest) -> ExampleTable:
    return EXAMPLES[request.param]()


@pytest.fixture
def predictor(loader: PredictorLoader, artifacts: LocalArtifacts, table: ExampleTable) -> Predictor:
    training = train(table.plan(num_iterations=25), table.table(), num_threads=1, on_iteration=lambda _: None)
    return loader.load(keep(artifacts, training.manifest, training.body))


def predictions(predictor: Predictor, table: ExampleTable, *, explain: bool = False) -> list[Prediction]:
    return predictor.predict(predictor.schema.conform(table.instances()), explain=explain)


def test_the_answer_is_one_of_the_datas_own_labels_with_its_probability(
    predictor: Predictor, table: ExampleTable
) -> None:
    found = predictions(predictor, table)

    assert len(found) == len(table.instances())
    if table.model_type is ModelType.REGRESSION:
        assert all(type(each.prediction) is float and each.probability is None for each in found)
        return
    labels = set(table.cells[table.target])
    kinds = {type(label) for label in labels}
    for each in found:
        assert each.prediction in labels
        assert type(each.prediction) in kinds
        assert type(each.probability) is float
        assert 1 / len(labels) <= each.probability <= 1
    right = sum(each.prediction == actual for each, actual in zip(found, table.cells[table.target], strict=True))
    assert right > 0.85 * len(found)


def test_a_batch_answers_as_its_rows_one_by_one(predictor: Predictor, table: ExampleTable) -> None:
    rows = predictor.schema.conform(table.instances())[:40]

    together = predictor.predict(rows, explain=True)

    assert together == [predictor.predict([row], explain=True)[0] for row in rows]


def test_an_explanation_has_every_feature_and_is_given_only_on_request(
    predictor: Predictor, table: ExampleTable
) -> None:
    assert all(each.explanation is None for each in predictions(predictor, table))
    for each in predictions(predictor, table, explain=True):
        assert each.explanation is not None
        assert tuple(each.explanation) == predictor.schema.names
        assert all(type(value) is float and math.isfinite(value) for value in each.explanation.values())


def test_nothing_known_of_an_instance_is_answered_too(predictor: Predictor) -> None:
    row = predictor.schema.conform([dict.fromkeys(predictor.schema.names)])

    (found,) = predictor.predict(row, explain=True)

    assert found.prediction is not None


def test_no_rows_have_no_predictions(predictor: Predictor) -> None:
    assert predictor.predict([], explain=True) == []


def test_answers_are_plain_json(predictor: Predictor, table: ExampleTable) -> None:
    for each in predictions(predictor, table, explain=True)[:5]:
        document = {
            "prediction": each.prediction,
            "probability": each.probability,
            "why": dict(each.explanation or {}),
        }
        assert json.loads(json.dumps(document)) == document


def test_a_predictor_knows_about_how_much_memory_it_takes(predictor: Predictor) -> None:
    assert 1_000 < predictor.size_bytes < 10_000_000


@pytest.mark.parametrize("url", ["", "file:///etc/passwd", "artifact:", "artifact:../../x", url_of("0" * 64)])
def test_what_is_not_there_cannot_be_loaded(loader: PredictorLoader, url: str) -> None:
    with pytest.raises(ArtifactUnavailable):
        loader.load(url)
