"""How fast artifacts are kept, looked at and opened, against copying the file and computing its hash alone."""

import hashlib
import os
import shutil
import time
from collections.abc import Callable
from functools import partial
from itertools import count
from pathlib import Path
from typing import TypeVar

from application.ports.artifacts import opened
from infrastructure.artifacts.local import LocalArtifacts
from tests.benchmarks.measure import Figure, interleaved, median_ratio, scratch, spread

SMALL, SMALL_BYTES = 500, 20_000
LARGE_BYTES = 200_000_000
MB = 1e6

T = TypeVar("T")


def run() -> list[Figure]:
    """Measure with many small artifacts, then with a large one."""
    with scratch() as directory:
        return _small(directory) + _large(directory)


def _small(directory: Path) -> list[Figure]:
    numbers = count()
    artifacts = LocalArtifacts(root=directory / "small")

    def contents() -> list[bytes]:
        return [next(numbers).to_bytes(8, "big") + bytes(SMALL_BYTES - 8) for _ in range(SMALL)]

    def written() -> float:
        def write(content: bytes) -> None:
            path = directory / hashlib.sha256(content).hexdigest()
            with path.open("wb") as file:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())

        return _per_s(write, contents())

    def kept() -> float:
        return _per_s(artifacts.put, contents())

    def looked_at() -> float:
        names = [artifacts.put(content) for content in contents()]
        return _per_s(lambda name: opened(artifacts, name).close(), names)

    plain, keeping, looking = interleaved(written, kept, looked_at)
    what = f"of {SMALL_BYTES // 1000} kB each"
    return [
        Figure(f"hash and file, on disk, {what}", spread(plain, "/s")),
        Figure(f"kept, {what}", spread(keeping, "/s")),
        Figure("ratio, kept : hash and file", f"{median_ratio(keeping, plain):.2f}"),
        Figure(f"opened for the first time, {what}", spread(looking, "/s")),
    ]


def _large(directory: Path) -> list[Figure]:
    source = directory / "source"
    source.write_bytes(os.urandom(LARGE_BYTES))
    artifacts = LocalArtifacts(root=directory / "large")
    name = artifacts.put(source.read_bytes())

    def copied() -> float:
        def copy() -> None:
            target = directory / "copy"
            shutil.copyfile(source, target)
            _hash(target)
            with target.open("rb") as file:
                os.fsync(file.fileno())

        return _mb_per_s(copy)

    def kept() -> float:
        def keep() -> None:
            path = artifacts.incoming()
            shutil.copyfile(source, path)
            artifacts.adopt(path, _hash(path))

        return _mb_per_s(keep)

    def opened_by_another() -> float:
        # another process knows nothing of what this one has looked at
        return _mb_per_s(lambda: opened(LocalArtifacts(root=artifacts.root), name).close())

    plain, keeping, hashing, looking = interleaved(
        copied, kept, lambda: _mb_per_s(partial(_hash, source)), opened_by_another
    )
    what = f"of {LARGE_BYTES / MB:,.0f} MB"
    return [
        Figure(f"file copied, and its hash, {what}", spread(plain, "MB/s")),
        Figure(f"kept, {what}", spread(keeping, "MB/s")),
        Figure("ratio, kept : copied", f"{median_ratio(keeping, plain):.2f}"),
        Figure(f"hash of the file alone, {what}", spread(hashing, "MB/s")),
        Figure(f"opened for the first time, {what}", spread(looking, "MB/s")),
        Figure("ratio, opened : hash alone", f"{median_ratio(looking, hashing):.2f}"),
    ]


def _hash(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _per_s(do: Callable[[T], object], things: list[T]) -> float:
    begin = time.perf_counter()
    for each in things:
        do(each)
    return len(things) / (time.perf_counter() - begin)


def _mb_per_s(do: Callable[[], object]) -> float:
    begin = time.perf_counter()
    do()
    return LARGE_BYTES / MB / (time.perf_counter() - begin)
