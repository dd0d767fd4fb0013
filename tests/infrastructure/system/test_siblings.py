"""Processes behind one port ask each other, and wait for nobody who cannot answer."""

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path

from infrastructure.system.siblings import SocketSiblings


def siblings(directory: Path, *, count: int) -> list[SocketSiblings]:
    return [SocketSiblings(directory, number=number, count=count) for number in range(count)]


def telling(text: bytes) -> Callable[[], Awaitable[bytes]]:
    async def tell() -> bytes:
        return text

    return tell


def test_each_is_told_what_the_others_tell_and_who_is_not_there_is_left_out(tmp_path: Path) -> None:
    async def ask() -> None:
        first, second, third = siblings(tmp_path, count=3)
        async with first.answering(telling(b"first")), third.answering(telling(b"third" * 100_000)):
            assert await second.ask() == [b"first", b"third" * 100_000]
            assert await first.ask() == [b"third" * 100_000]

    asyncio.run(ask())


def test_who_takes_the_place_of_one_that_died_answers_for_it(tmp_path: Path) -> None:
    async def ask() -> None:
        first, second = siblings(tmp_path, count=2)
        async with first.answering(telling(b"before")):
            (tmp_path / "0.sock").rename(tmp_path / "dead.sock")
        (tmp_path / "dead.sock").rename(tmp_path / "0.sock")
        assert await second.ask() == []
        async with first.answering(telling(b"after")):
            assert await second.ask() == [b"after"]

    asyncio.run(ask())


def test_one_that_cannot_tell_does_not_keep_the_others_from_it(tmp_path: Path) -> None:
    async def fail() -> bytes:
        raise ConnectionResetError

    async def ask() -> None:
        first, second, third = siblings(tmp_path, count=3)
        async with first.answering(fail), second.answering(telling(b"second")):
            assert await third.ask() == [b"second"]

    asyncio.run(ask())
