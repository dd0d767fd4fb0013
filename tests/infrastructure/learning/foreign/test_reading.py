"""A model that was trained elsewhere answers here as it does there."""

from pathlib import Path
from typing import Any

import lightgbm as lgb
import numpy as np
import pytest

from application.ports.foreign_models import ForeignModel
from application.ports.predictor import Rows
from domain.inference.values import Feature, FeatureType
from domain.models.values import ModelType
from infrastructure.learning.foreign.interface import Unfit
from infrastructure.learning.foreign.outline import UnreadableModel
from infrastructure.learning.foreign.reading import read_foreign
from infrastructure.learning.loading import predictor_of
from infrastructure.learning.manifest import TREES, Manifest
from tests.support.foreign import foreign_model, foreign_text, rows

CLASSIFICATION, REGRESSION = ModelType.CLASSIFICATION, ModelType.REGRESSION
NUMERIC, CATEGORICAL = FeatureType.NUMERIC, FeatureType.CATEGORICAL
YEARS = Feature(name="years", type=NUMERIC)
FOREST = {"boosting": "rf", "bagging_freq": 1, "bagging_fraction": 0.5}
BINARY, MULTICLASS = foreign_text(), foreign_text("multiclass", num_class=3)


def read(directory: Path, text: str, model_type: ModelType, **said: Any) -> tuple[Manifest, bytes]:
    path = directory / "model.txt"
    path.write_text(text, encoding="utf-8")
    given = {"labels": None, "features": None, "hyperparameters": {}, **said}
    return read_foreign(path, ForeignModel(url="model.txt", model_type=model_type, **given))


@pytest.mark.parametrize(
    ("objective", "parameters", "model_type"),
    [
        ("binary", {}, CLASSIFICATION),
        ("multiclass", {"num_class": 3}, CLASSIFICATION),
        ("regression", {}, REGRESSION),
        ("regression", {"reg_sqrt": True}, REGRESSION),
        ("poisson", {}, REGRESSION),
        ("quantile", {"alpha": 0.9}, REGRESSION),
        ("regression", FOREST, REGRESSION),
        ("binary", {"boosting": "dart"}, CLASSIFICATION),
    ],
)
def test_a_model_answers_as_it_does_where_it_was_trained(
    tmp_path: Path, objective: str, parameters: dict[str, Any], model_type: ModelType
) -> None:
    model = foreign_model(objective, **parameters)
    manifest, trees = read(tmp_path, model.model_to_string(), model_type)

    scores = predictor_of(manifest, {TREES: trees}).predict(Rows(rows())).scores
    expected = np.asarray(model.predict(rows())).reshape(len(scores), -1)
    assert np.array_equal(scores[:, -expected.shape[1] :], expected)
    assert manifest.best_iteration == 4


@pytest.mark.parametrize(
    ("objective", "parameters", "model_type"),
    [
        ("regression", {}, REGRESSION),
        ("regression", FOREST, REGRESSION),
        ("binary", FOREST, CLASSIFICATION),
        ("multiclass", {"num_class": 3, **FOREST}, CLASSIFICATION),
    ],
)
def test_contributions_add_up_to_the_raw_score_that_the_answer_is_made_of(
    tmp_path: Path, objective: str, parameters: dict[str, Any], model_type: ModelType
) -> None:
    manifest, trees = read(tmp_path, foreign_model(objective, **parameters).model_to_string(), model_type)
    predictor = predictor_of(manifest, {TREES: trees})
    answered = predictor.predict(Rows(rows()))
    explained = np.asarray(predictor.explain(Rows(rows()), answered.chosen)).sum(axis=1)

    if answered.chosen is None:
        assert explained == pytest.approx(answered.scores[:, 0])
    elif answered.scores.shape[1] == 2:
        assert 1.0 / (1.0 + np.exp(-explained)) == pytest.approx(np.array(answered.probabilities))
    else:
        labels = range(answered.scores.shape[1])
        raw = np.array([predictor.explain(Rows(rows()), np.full(len(rows()), each)) for each in labels]).sum(
            axis=2
        )
        assert answered.scores == pytest.approx((np.exp(raw) / np.exp(raw).sum(axis=0)).T)


def test_categories_of_a_table_of_pandas_and_the_codes_of_labels_are_told_by_the_model(tmp_path: Path) -> None:
    manifest, trees = read(tmp_path, BINARY, CLASSIFICATION)
    assert manifest.features == (
        Feature(name="age", type=NUMERIC),
        Feature(name="city", type=CATEGORICAL, categories=("basel", "bern", "chur")),
    )
    assert (manifest.labels, manifest.target, manifest.dataset) == ((0, 1), None, None)
    assert lgb.Booster(model_str=trees.decode()).num_trees() == 4


def test_what_is_said_of_features_and_labels_counts(tmp_path: Path) -> None:
    features = (YEARS, Feature(name="place", type=NUMERIC))
    said = {"features": features, "labels": ("stays", "leaves"), "hyperparameters": {"rounds": 4}}
    manifest, _ = read(tmp_path, BINARY, CLASSIFICATION, **said)
    assert (manifest.features, manifest.labels) == (features, ("stays", "leaves"))
    assert manifest.hyperparameters == {"rounds": 4}


@pytest.mark.parametrize(
    ("said", "field"),
    [
        ({"labels": ("a", "b", "c")}, "labels"),
        ({"features": (YEARS,)}, "features"),
        (
            {"features": (YEARS, Feature(name="b", type=FeatureType.TEXT))},
            "features[1].type",
        ),
    ],
)
def test_what_does_not_fit_the_model_is_told_by_its_field(
    tmp_path: Path, said: dict[str, Any], field: str
) -> None:
    with pytest.raises(Unfit) as unfit:
        read(tmp_path, BINARY, CLASSIFICATION, **said)
    assert unfit.value.field == field


@pytest.mark.parametrize("categories", ["[]", '[["a"], ["b"]]', '[["a", 1.5]]'])
def test_of_categories_that_the_model_does_not_tell_apart_it_is_asked(tmp_path: Path, categories: str) -> None:
    text = foreign_model().model_to_string() + f"\npandas_categorical:{categories}\n"
    if categories == "[]":
        manifest, _ = read(tmp_path, text, CLASSIFICATION)
        assert [each.type for each in manifest.features] == [NUMERIC, NUMERIC]
        return
    with pytest.raises(Unfit):
        read(tmp_path, text, CLASSIFICATION)


@pytest.mark.parametrize(
    ("text", "model_type", "why"),
    [
        (BINARY, REGRESSION, "objective"),
        (foreign_text("regression"), CLASSIFICATION, "objective"),
        (BINARY, ModelType.CLUSTERING, "objective"),
        (BINARY.replace("binary sigmoid:1", "xentropy", 1), CLASSIFICATION, "objective"),
        (BINARY.replace("binary sigmoid:1", "multiclass num_class:3", 1), CLASSIFICATION, "scores"),
        (
            MULTICLASS.replace("num_class:3", "num_class:999"),
            CLASSIFICATION,
            "scores",
        ),
        (BINARY.replace("feature_names=age city", "feature_names=age age"), CLASSIFICATION, "one name"),
        (BINARY.replace("num_class=1", "num_class=0", 1), CLASSIFICATION, "num_class"),
        (BINARY.replace("num_class=1", "num_class=2", 1), CLASSIFICATION, "scores"),
    ],
)
def test_a_model_that_is_not_what_it_is_said_to_be_is_refused(
    tmp_path: Path, text: str, model_type: ModelType, why: str
) -> None:
    with pytest.raises(UnreadableModel, match=why):
        read(tmp_path, text, model_type)


def test_bytes_that_are_no_text_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "model.pkl"
    path.write_bytes(b"\x80\x04\x95\xff\xfe")
    with pytest.raises(UnreadableModel, match="never loaded"):
        read_foreign(
            path,
            ForeignModel(url="x", model_type=CLASSIFICATION, hyperparameters={}, labels=None, features=None),
        )
