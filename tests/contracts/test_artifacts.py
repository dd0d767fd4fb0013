"""What every artifact store does."""

import hashlib
import re
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from application.ports.artifacts import ArtifactStore, ArtifactUnavailable, opened, sha256_of, url_of
from infrastructure.artifacts.opening import artifacts_at
from infrastructure.artifacts.place import ArtifactPlace
from tests.support.examples import examples
from tests.support.fakes.artifacts import InMemoryArtifacts


@pytest.fixture(params=["local", "an object store", "another one", "in-memory"])
def artifacts(request: pytest.FixtureRequest, tmp_path: Path) -> ArtifactStore:
    match request.param:
        case "local":
            return artifacts_at(ArtifactPlace(root=tmp_path))
        case "an object store":
            return artifacts_at(
                ArtifactPlace(root=tmp_path, url=f"{request.getfixturevalue('bucket_url')}/artifacts")
            )
        case "another one":
            return artifacts_at(ArtifactPlace(root=tmp_path, url=f"memory://{tmp_path.name}"))
        case _:
            return InMemoryArtifacts(directory=tmp_path)


@settings(max_examples=examples(8))
@given(content=st.binary(max_size=10_000))
def test_what_was_put_is_read_under_its_hash(artifacts: ArtifactStore, content: bytes) -> None:
    sha256 = artifacts.put(content)

    assert sha256 == hashlib.sha256(content).hexdigest()
    assert artifacts.read(sha256) == content
    with opened(artifacts, sha256) as file:
        assert file.read() == content
    artifacts.require(sha256)


def test_the_same_bytes_put_twice_are_one_artifact(artifacts: ArtifactStore) -> None:
    assert artifacts.put(b"trees") == artifacts.put(b"trees")


def test_an_adopted_file_is_the_stores_own(artifacts: ArtifactStore) -> None:
    incoming = artifacts.incoming()
    incoming.write_bytes(b"rows")
    sha256 = hashlib.sha256(b"rows").hexdigest()

    artifacts.adopt(incoming, sha256)

    assert artifacts.read(sha256) == b"rows"
    assert not incoming.exists()


def test_every_incoming_path_is_free(artifacts: ArtifactStore) -> None:
    first, second = artifacts.incoming(), artifacts.incoming()

    assert first != second
    assert not first.exists()


def test_what_was_never_put_is_unavailable(artifacts: ArtifactStore) -> None:
    sha256 = hashlib.sha256(b"never").hexdigest()

    with pytest.raises(ArtifactUnavailable, match=sha256):
        artifacts.read(sha256)
    with pytest.raises(ArtifactUnavailable, match=sha256):
        artifacts.require(sha256)
    with pytest.raises(ArtifactUnavailable, match=sha256):
        opened(artifacts, sha256)


@pytest.mark.parametrize("name", ["", "../../etc/passwd", "A" * 64, "a" * 63, "a" * 64 + "\n", "incoming"])
def test_a_name_that_is_no_hash_is_unavailable(artifacts: ArtifactStore, name: str) -> None:
    with pytest.raises(ArtifactUnavailable):
        artifacts.read(name)
    with pytest.raises(ArtifactUnavailable):
        artifacts.require(name)
    with pytest.raises(ArtifactUnavailable):
        opened(artifacts, name)


def test_a_url_names_the_hash_it_was_made_of() -> None:
    sha256 = hashlib.sha256(b"").hexdigest()

    assert sha256_of(url_of(sha256)) == sha256
    with pytest.raises(ArtifactUnavailable, match=re.escape("'file:///etc/passwd'")):
        sha256_of("file:///etc/passwd")
