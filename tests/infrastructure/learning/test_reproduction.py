"""Two trainings of one plan are held against each other."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from application.ports.artifacts import ArtifactUnavailable, url_of
from domain.models.values import Reproduction
from infrastructure.artifacts.local import LocalArtifacts
from infrastructure.learning.artifact import keep
from infrastructure.learning.reproduction import compare
from infrastructure.learning.trained import Trained
from infrastructure.learning.training import train
from tests.support.data import churn


@pytest.fixture(scope="module")
def trained() -> Trained:
    return train(churn().plan(num_iterations=3), churn().table(), num_threads=1, on_iteration=lambda _: None)


@pytest.fixture
def artifacts(tmp_path: Path) -> LocalArtifacts:
    return LocalArtifacts(root=tmp_path)


def compared(artifacts: LocalArtifacts, one: Trained, other: Trained) -> Reproduction:
    expected, actual = (keep(artifacts, each.manifest, each.parts) for each in (one, other))
    return compare(artifacts, expected, actual)


def with_manifest(trained: Trained, **changes: Any) -> Trained:
    return replace(trained, manifest=trained.manifest.model_copy(update=changes))


def test_what_came_out_the_same_is_reproduced_without_a_difference(
    artifacts: LocalArtifacts, trained: Trained
) -> None:
    again = train(churn().plan(num_iterations=3), churn().table(), num_threads=2, on_iteration=lambda _: None)
    assert compared(artifacts, trained, again) == Reproduction(reproduced=True, differences=())


def test_other_libraries_are_told_and_deny_nothing_where_the_bytes_are_the_same(
    artifacts: LocalArtifacts, trained: Trained
) -> None:
    environment = {**trained.manifest.environment, "lightgbm": "9.9.9", "dask": "1"}
    found = compared(artifacts, trained, with_manifest(trained, environment=environment))

    assert found.reproduced
    told = {each.what: (each.expected, each.actual) for each in found.differences}
    assert told.pop("environment.lightgbm") == (trained.manifest.environment["lightgbm"], "9.9.9")
    assert told.pop("environment.dask") == (None, "1")
    assert set(told) == {"manifest"}


def test_other_bytes_are_named_by_their_part_and_hashes(artifacts: LocalArtifacts, trained: Trained) -> None:
    other = train(
        churn().plan(num_iterations=3, seed=5), churn().table(), num_threads=1, on_iteration=lambda _: None
    )
    found = compared(artifacts, trained, other)

    assert not found.reproduced
    (trees,) = (each for each in found.differences if each.what == "parts.trees")
    assert (trees.expected, trees.actual) == tuple(
        each.manifest.parts["trees"].sha256 for each in (trained, other)
    )


@pytest.mark.parametrize(
    ("changes", "what"),
    [
        ({"settings": {"threshold": 0.4}}, "settings.threshold"),
        ({"labels": (True, False)}, "labels"),
    ],
)
def test_other_numbers_that_predictions_are_made_with_are_no_reproduction(
    artifacts: LocalArtifacts, trained: Trained, changes: dict[str, Any], what: str
) -> None:
    found = compared(artifacts, trained, with_manifest(trained, **changes))

    assert not found.reproduced
    assert what in {each.what for each in found.differences}


def test_features_with_other_categories_are_told_by_their_place_and_what_is_long_by_its_hash(
    artifacts: LocalArtifacts, trained: Trained
) -> None:
    features = list(trained.manifest.features)
    place = next(index for index, each in enumerate(features) if each.categories is not None)
    many = tuple(f"plan {number}" for number in range(100))
    features[place] = features[place].model_copy(update={"categories": many})
    found = compared(artifacts, trained, with_manifest(trained, features=tuple(features)))

    assert not found.reproduced
    (difference,) = (each for each in found.differences if each.what == f"features.{place}")
    assert difference.actual is not None
    assert difference.actual.startswith("sha256 ")


def test_a_version_that_is_gone_can_be_compared_only_with_itself(
    artifacts: LocalArtifacts, trained: Trained
) -> None:
    kept, gone = keep(artifacts, trained.manifest, trained.parts), url_of("ab" * 32)

    assert compare(artifacts, gone, gone).reproduced
    with pytest.raises(ArtifactUnavailable):
        compare(artifacts, gone, kept)
