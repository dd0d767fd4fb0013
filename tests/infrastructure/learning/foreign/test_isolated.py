"""Models from elsewhere are looked at in a process of its own, within bounds."""

from pathlib import Path
from typing import Any

import pytest

from application.ports.artifacts import sha256_of
from application.ports.foreign_models import ForeignModel
from domain.errors import InvalidInput
from domain.models.errors import NotLoadable
from domain.models.values import ModelType
from infrastructure.artifacts.local import LocalArtifacts
from infrastructure.learning.artifact import load_manifest
from infrastructure.learning.foreign.isolated import IsolatedForeignModels
from tests.support.foreign import foreign_text

MIB = 1024 * 1024


@pytest.fixture
def artifacts(tmp_path: Path) -> LocalArtifacts:
    return LocalArtifacts(root=tmp_path / "artifacts")


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A directory with a sound model, something else, and what says of a few leaves that they are many."""
    directory = tmp_path_factory.mktemp("models")
    (directory / "model.txt").write_text(foreign_text())
    (directory / "model.pkl").write_bytes(b"\x80\x04\x95\xff")
    head = foreign_text().partition("leaf_value=")[0]
    (directory / "large.txt").write_text(f"{head}leaf_value={'10 ' * 10_000_000}\nend of trees\n")
    return directory


def keep(artifacts: LocalArtifacts, root: Path | None, url: str = "model.txt", **bounds: Any) -> str:
    foreign = IsolatedForeignModels(artifacts=artifacts, allowed_root=root, **bounds)
    kept = foreign.keep(
        ForeignModel(url=url, model_type=ModelType.CLASSIFICATION, hyperparameters={}, labels=None, features=None)
    )
    return kept.artifact_url


def test_a_sound_model_is_kept_as_an_artifact_of_our_own_and_the_same_whenever_it_is(
    artifacts: LocalArtifacts, root: Path
) -> None:
    url = keep(artifacts, root, (root / "model.txt").as_uri())

    assert load_manifest(artifacts, url).parts["trees"].size_bytes > 0
    assert artifacts.read(sha256_of(url))
    assert keep(artifacts, root) == url
    assert list((artifacts.root / "incoming").iterdir()) == []


@pytest.mark.parametrize(
    ("url", "bounds", "why"),
    [
        ("model.pkl", {}, "pickles, too, are never loaded"),
        ("model.txt", {"size_max_bytes": 1000}, "that a model may have"),
        ("large.txt", {"memory_max_bytes": 256 * MIB}, "takes more memory to read than the 256 MiB allowed"),
        ("model.txt", {"patience_s": 0.0}, "could not be read within 0 s"),
    ],
)
def test_a_model_beyond_the_bounds_is_refused_and_nothing_is_left_of_it(
    artifacts: LocalArtifacts, root: Path, url: str, bounds: dict[str, Any], why: str
) -> None:
    with pytest.raises(NotLoadable, match=why) as refused:
        keep(artifacts, root, url, **bounds)

    assert refused.value.code == "version.not-loadable"
    assert [each.field for each in refused.value.problems] == ["artifact_url"]
    assert [path for path in artifacts.root.rglob("*") if path.is_file()] == []


@pytest.mark.parametrize(
    "url", ["nothing.txt", "../artifacts", "https://example.org/model.txt", "file:///etc/passwd"]
)
def test_a_url_that_leads_elsewhere_is_refused_by_its_field(
    artifacts: LocalArtifacts, root: Path, url: str
) -> None:
    with pytest.raises(InvalidInput) as refused:
        keep(artifacts, root, url)
    assert [each.field for each in refused.value.problems] == ["artifact_url"]


@pytest.mark.parametrize("url", ["ftp://example.org/model.txt", "file:///a%00.txt", "."])
def test_nobody_is_told_to_send_a_model_as_only_datasets_are_sent(
    artifacts: LocalArtifacts, root: Path, url: str
) -> None:
    with pytest.raises(InvalidInput) as refused:
        keep(artifacts, root, url)
    assert not any(word in refused.value.message for word in ("upload", "dataset", "Parquet"))


def test_where_no_directory_is_allowed_no_url_is(artifacts: LocalArtifacts) -> None:
    with pytest.raises(InvalidInput, match="ML_SERVICE_DATASET_ROOT"):
        keep(artifacts, None)
