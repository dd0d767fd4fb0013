"""Azure, and a client that is told wrong things of it."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from fsspec.asyn import sync

from application.ports.artifacts import ArtifactStoreUnreachable
from infrastructure.artifacts.place import ArtifactPlace, RemotePlaceInvalid
from infrastructure.artifacts.remote import RemoteArtifacts
from infrastructure.artifacts.remote_copies import copy_status
from infrastructure.artifacts.remote_files import RemoteFiles
from tests.support.azure import AzureServer

_CONNECTION = "AZURE_STORAGE_CONNECTION_STRING"


@pytest.fixture(scope="module")
def server() -> Iterator[AzureServer]:
    with AzureServer() as server:
        yield server


@pytest.fixture
def told(server: AzureServer, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Callable[[str], RemoteArtifacts]:
    """Opens a store that is there, with such words on how it is reached."""
    with server.fresh_bucket() as url:

        def open_store(connection: str) -> RemoteArtifacts:
            monkeypatch.setenv(_CONNECTION, connection)
            return RemoteArtifacts(ArtifactPlace(root=tmp_path, url=url))

        return open_store


@pytest.mark.parametrize("connection", ["", "nonsense"])
def test_a_client_that_is_not_told_who_it_is_says_what_to_set(
    told: Callable[[str], RemoteArtifacts], connection: str
) -> None:
    with pytest.raises(
        RemotePlaceInvalid, match=f"set what its client finds its credentials by, as {_CONNECTION}"
    ):
        told(connection)


def test_a_wrong_key_is_told_of(told: Callable[[str], RemoteArtifacts], server: AzureServer) -> None:
    artifacts = told(server.connection("Zm9yZ2VkIQ=="))
    for ask in (artifacts.check, artifacts.identity, lambda: artifacts.put(b"trees")):
        with pytest.raises(ArtifactStoreUnreachable, match="failed to authenticate the request"):
            ask()


def test_the_store_tells_when_a_copy_is_whole(server: AzureServer, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in server.environment.items():
        monkeypatch.setenv(name, value)
    with server.fresh_bucket() as url:
        files = RemoteFiles(url)
        files.write("written", b"trees")
        files.copy("written", "copied")
        bare = files._bare
        found = [sync(bare.loop, copy_status, bare, files._at(name)) for name in ("written", "copied")]
    assert found == [None, "success"]
