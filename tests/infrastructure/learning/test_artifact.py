"""What a version on disk may look like, and what is refused when it is loaded."""

import json
import re
from collections.abc import Callable
from functools import cache
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from application.ports.artifacts import ArtifactUnavailable, sha256_of, url_of
from infrastructure.learning.artifact import canonical_json, keep, load
from infrastructure.learning.loading import ArtifactPredictorLoader
from infrastructure.learning.manifest import TREES, Manifest
from infrastructure.learning.trained import Trained
from infrastructure.learning.training import train
from tests.support.data import churn, wine
from tests.support.fakes.artifacts import InMemoryArtifacts


@cache
def a_training() -> Trained:
    table = churn()
    return train(table.plan(num_iterations=3), table.table(), num_threads=1, on_iteration=lambda _: None)


@pytest.fixture
def artifacts() -> InMemoryArtifacts:
    return InMemoryArtifacts()


@pytest.fixture
def document() -> dict[str, Any]:
    found: dict[str, Any] = json.loads(canonical_json(a_training().manifest.model_dump(mode="json")))
    return found


def test_what_was_kept_is_loaded(artifacts: InMemoryArtifacts) -> None:
    training = a_training()

    assert load(artifacts, keep(artifacts, training.manifest, training.parts)) == (
        training.manifest,
        training.parts,
    )


def test_a_manifest_holds_all_that_is_needed_to_train_again(document: dict[str, Any]) -> None:
    assert document["hyperparameters"] == churn().plan(num_iterations=3).hyperparameters.model_dump(mode="json")
    assert document["dataset"]["sha256"] == churn().contents().sha256
    assert {"lightgbm", "numpy", "python"} <= set(document["environment"])
    assert "num_threads" not in document["parameters"]
    assert document["features"][1]["categories"][0] == "basic"


@given(labels=st.lists(st.text() | st.integers(-(2**53), 2**53), min_size=2, unique=True))
def test_labels_survive_in_their_own_type(labels: list[Any]) -> None:
    for kind in (str, int):
        distinct = tuple(label for label in labels if type(label) is kind)
        if len(distinct) > 1:
            _assert_survives(distinct)


@given(labels=st.lists(st.floats(allow_nan=False, allow_infinity=False), min_size=2, unique=True))
def test_labels_that_are_floats_stay_floats(labels: list[float]) -> None:
    _assert_survives(tuple(labels))


def test_labels_that_are_booleans_stay_booleans() -> None:
    _assert_survives((False, True))


def _assert_survives(labels: tuple[Any, ...]) -> None:
    manifest = a_training().manifest.model_copy(update={"labels": labels})

    found = Manifest.model_validate_json(canonical_json(manifest.model_dump(mode="json"))).labels

    assert found == labels
    assert [type(each) for each in found or ()] == [type(each) for each in labels]


def test_a_manifest_is_kept_with_its_own_body_only(artifacts: InMemoryArtifacts) -> None:
    with pytest.raises(ValueError, match="other parts"):
        keep(artifacts, a_training().manifest, {TREES: b"tree"})


def _second_feature_named_as_first(document: dict[str, Any]) -> None:
    document["features"][1]["name"] = document["features"][0]["name"]


def _trees(document: dict[str, Any]) -> Any:
    return document["parts"][TREES]


DAMAGES: dict[str, tuple[Callable[[dict[str, Any]], Any], str]] = {
    "another format": (lambda each: each.update(format_version=3), "format_version"),
    "an unknown field": (lambda each: each.update(__class__="os.system"), "__class__"),
    "a missing field": (lambda each: each.pop("labels"), "labels"),
    "a type not served": (lambda each: each.update(model_type="sorting"), "model_type"),
    "no features": (lambda each: each.update(features=[]), "features"),
    "one name twice": (_second_feature_named_as_first, "two features have one name"),
    "one category twice": (lambda each: each["features"][1].update(categories=["a", "a"]), "twice"),
    "categories of a number": (lambda each: each["features"][0].update(categories=["a"]), "categorical"),
    "a column of no use": (lambda each: each["features"][0].update(type="other"), "features.0.type"),
    "one label": (lambda each: each.update(labels=[True]), "two labels"),
    "labels of two types": (lambda each: each.update(labels=[1, True]), "one type"),
    "no labels": (lambda each: each.update(labels=None), "two labels"),
    "labels of a regression": (lambda each: each.update(model_type="regression"), "no labels"),
    "too many labels": (lambda each: each.update(labels=["a", "b", "c"]), "3 scores per round"),
    "a feature too few": (lambda each: each["features"].pop(), "3 features"),
    "other rounds": (lambda each: each.update(best_iteration=99), "99 rounds"),
    "a body elsewhere": (
        lambda each: _trees(each).update(sha256="../../../etc/passwd"),
        "parts.trees.sha256",
    ),
    "a body that is gone": (lambda each: _trees(each).update(sha256="0" * 64), "no bytes"),
    "a body of another size": (lambda each: _trees(each).update(size_bytes=1), "bytes where it says 1"),
}


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_manifest_that_cannot_be_trusted_is_refused(
    artifacts: InMemoryArtifacts, document: dict[str, Any], damage: str
) -> None:
    keep(artifacts, a_training().manifest, a_training().parts)
    change, reason = DAMAGES[damage]
    change(document)
    url = url_of(artifacts.put(canonical_json(document)))

    with pytest.raises(ArtifactUnavailable, match=re.escape(reason)):
        ArtifactPredictorLoader(artifacts=artifacts).load(url)


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b"null", b"\xff\xfe", b"\x80\x04K\x01.", b"[" * 100_000])
def test_bytes_that_are_no_manifest_are_refused(artifacts: InMemoryArtifacts, content: bytes) -> None:
    with pytest.raises(ArtifactUnavailable, match="no model that can be loaded"):
        load(artifacts, url_of(artifacts.put(content)))


@pytest.mark.parametrize("body", [b"", b"tree\n", b"\xff", b"version=v4\nnum_class=1\n"])
def test_a_body_that_is_no_model_is_refused(
    artifacts: InMemoryArtifacts, document: dict[str, Any], body: bytes
) -> None:
    document["parts"]["trees"] = {"sha256": artifacts.put(body), "size_bytes": len(body) or 1}
    url = url_of(artifacts.put(canonical_json(document)))

    with pytest.raises(ArtifactUnavailable, match="no model that can be loaded"):
        ArtifactPredictorLoader(artifacts=artifacts).load(url)


def test_the_body_of_another_version_is_refused(artifacts: InMemoryArtifacts, document: dict[str, Any]) -> None:
    other = train(wine().plan(num_iterations=3), wine().table(), num_threads=1, on_iteration=lambda _: None)
    keep(artifacts, other.manifest, other.parts)
    document["parts"] = {TREES: other.manifest.parts[TREES].model_dump()}
    url = url_of(artifacts.put(canonical_json(document)))

    with pytest.raises(ArtifactUnavailable, match="4 features, its body has 13"):
        ArtifactPredictorLoader(artifacts=artifacts).load(url)


def test_a_manifest_of_the_first_shape_is_read_as_one_of_today(
    artifacts: InMemoryArtifacts, document: dict[str, Any]
) -> None:
    without_settings = a_training().manifest.model_copy(update={"settings": {}})
    today = keep(artifacts, without_settings, a_training().parts)
    first = {key: value for key, value in document.items() if key not in ("parts", "settings")}
    part = {key: value for key, value in document["parts"][TREES].items() if key != "shape"}
    url = url_of(artifacts.put(canonical_json({**first, "format_version": 1, "body": part})))

    assert load(artifacts, url) == load(artifacts, today)


def test_the_hash_of_a_manifest_is_its_address(artifacts: InMemoryArtifacts) -> None:
    url = keep(artifacts, a_training().manifest, a_training().parts)

    assert artifacts.read(sha256_of(url)) == canonical_json(a_training().manifest.model_dump(mode="json"))
