"""A file is read to its end once before anybody is sent a byte of it."""

import asyncio
import io
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest

from application.ports.artifacts import ArtifactUnavailable
from infrastructure.artifacts.local import LocalArtifacts
from interfaces.http.checked_files import CheckedFiles

CONTENT = b"age,city\n" + b"40,bern\n" * 1_000_000
SHA256 = sha256(CONTENT).hexdigest()


class CountedFile(io.FileIO):
    """A file that tells of all that is read of it."""

    def __init__(self, path: Path, reads: list[int]) -> None:
        super().__init__(path)
        self._reads = reads

    def read(self, size: int | None = -1) -> Any:
        found = super().read(size)
        self._reads.append(len(found or b""))
        return found


class CountedPath:
    """Opens such files."""

    def __init__(self, path: Path, reads: list[int]) -> None:
        self._path = path
        self._reads = reads

    def open(self, _mode: str) -> CountedFile:
        return CountedFile(self._path, self._reads)


class CountedArtifacts(LocalArtifacts):
    """A store that tells how many bytes of it were read."""

    def __init__(self, *, root: Path) -> None:
        super().__init__(root=root)
        self.reads: list[int] = []

    def path(self, sha256: str) -> Any:
        return CountedPath(super().path(sha256), self.reads)


@pytest.fixture
def a_store(tmp_path: Path) -> CountedArtifacts:
    store = CountedArtifacts(root=tmp_path)
    store.put(CONTENT)
    return store


async def opened(files: CheckedFiles, count: int = 1) -> None:
    """Open the file so many times at once, and close it again."""
    for file in await asyncio.gather(*(files.open(SHA256) for _ in range(count))):
        file.close()


def test_it_is_read_once_by_however_many_at_once_and_never_more_than_a_step_at_a_time(
    a_store: CountedArtifacts,
) -> None:
    async def open_twice() -> None:
        files = CheckedFiles(artifacts=a_store)
        await opened(files, count=5)
        await opened(files)

    asyncio.run(open_twice())
    assert sum(a_store.reads) == len(CONTENT)
    assert max(a_store.reads) < len(CONTENT)


def test_a_damaged_one_is_read_again_only_when_it_was_written_to(
    a_store: CountedArtifacts, caplog: pytest.LogCaptureFixture
) -> None:
    (place,) = a_store.root.rglob(SHA256)
    place.chmod(0o644)
    place.write_bytes(CONTENT[:-1])

    async def open_damaged_and_mended() -> None:
        files = CheckedFiles(artifacts=a_store)
        for _ in range(3):
            with pytest.raises(ArtifactUnavailable, match="are damaged"):
                await files.open(SHA256)
        assert sum(a_store.reads) == len(CONTENT) - 1
        a_store.put(CONTENT)
        await opened(files)

    asyncio.run(open_damaged_and_mended())
    assert [record.levelname for record in caplog.records] == ["ERROR"]


def test_what_was_checked_is_what_is_sent_whatever_is_put_in_its_place(a_store: CountedArtifacts) -> None:
    async def open_and_replace() -> bytes:
        with await CheckedFiles(artifacts=a_store).open(SHA256) as file:
            (place,) = a_store.root.rglob(SHA256)
            place.unlink()
            place.write_bytes(b"something else")
            file.seek(0)
            return file.read()

    assert asyncio.run(open_and_replace()) == CONTENT


def test_it_may_not_be_there(a_store: CountedArtifacts) -> None:
    with pytest.raises(ArtifactUnavailable, match="There are no bytes"):
        asyncio.run(CheckedFiles(artifacts=a_store).open("0" * 64))
