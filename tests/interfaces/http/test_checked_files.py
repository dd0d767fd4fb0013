"""A file is read to its end once before anybody is sent a byte of it."""

import asyncio
from collections.abc import Generator
from hashlib import sha256
from pathlib import Path
from typing import BinaryIO

import pytest

from application.ports.artifacts import ArtifactUnavailable
from infrastructure.artifacts import local
from infrastructure.artifacts.local import LocalArtifacts
from interfaces.http.checked_files import CheckedFiles

CONTENT = b"age,city\n" + b"40,bern\n" * 1_000_000
SHA256 = sha256(CONTENT).hexdigest()
STEPS = 2
"""In so many it is read."""


class CountedArtifacts(LocalArtifacts):
    """A store that tells in how many steps it was read."""

    def __init__(self, *, root: Path) -> None:
        super().__init__(root=root)
        self.steps = 0

    def opening(self, sha256: str) -> Generator[None, None, BinaryIO]:
        opening = super().opening(sha256)
        while True:
            try:
                next(opening)
            except StopIteration as at_end:
                file: BinaryIO = at_end.value
                return file
            self.steps += 1
            yield


@pytest.fixture
def a_store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> CountedArtifacts:
    monkeypatch.setattr(local, "_SETTLED_S", -3600.0)
    store = CountedArtifacts(root=tmp_path)
    store.put(CONTENT)
    return store


async def opened(files: CheckedFiles, count: int = 1) -> None:
    """Open the file so many times at once, and close it again."""
    for file in await asyncio.gather(*(files.open(SHA256) for _ in range(count))):
        file.close()


def test_it_is_read_once_by_however_many_at_once(a_store: CountedArtifacts) -> None:
    async def open_twice() -> None:
        files = CheckedFiles(artifacts=a_store)
        await opened(files, count=5)
        await opened(files)

    asyncio.run(open_twice())
    assert a_store.steps == STEPS


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
        assert a_store.steps == STEPS
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
