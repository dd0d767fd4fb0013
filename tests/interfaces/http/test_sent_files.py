"""A file that is being sent goes to its end, and its reader's leaving is the only thing that ends it earlier."""

import asyncio
from pathlib import Path
from typing import Any

import pytest
from starlette.types import Message, Receive, Scope, Send

from interfaces.http.exchange import Exchange
from interfaces.http.sent_files import SentFile
from interfaces.http.stopping import Stopping

CONTENT = bytes(range(256)) * 4 * 1024
SCOPE: dict[str, Any] = {"type": "http", "method": "GET", "path": "/", "query_string": b"", "headers": []}


@pytest.fixture
def a_path(tmp_path: Path) -> Path:
    path = tmp_path / "file"
    path.write_bytes(CONTENT)
    return path


def sent(path: Path, *, is_stopping: bool, has_left: bool) -> bytes:
    """Return what is sent of a file when something happens after its first piece; the file is closed then."""
    stopping, begun, pieces = Stopping(), asyncio.Event(), list[bytes]()

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        with path.open("rb") as file:
            await SentFile(file, part=range(len(CONTENT)), status=200, headers={})(scope, receive, send)
            assert file.closed

    async def receive() -> Message:
        await begun.wait()
        return {"type": "http.disconnect"}

    async def send(message: Message) -> None:
        pieces.append(message.get("body", b""))
        if is_stopping and pieces[-1]:
            stopping.begin()
        if has_left and pieces[-1]:
            begun.set()
        await asyncio.sleep(0)

    asyncio.run(Exchange(app, stopping=stopping)(SCOPE, receive, send))
    return b"".join(pieces)


def test_it_is_sent_to_its_end_even_where_the_service_is_about_to_end(a_path: Path) -> None:
    for is_stopping in (False, True):
        assert sent(a_path, is_stopping=is_stopping, has_left=False) == CONTENT


def test_no_more_of_it_is_read_for_who_has_left(a_path: Path) -> None:
    found = sent(a_path, is_stopping=False, has_left=True)
    assert 0 < len(found) < len(CONTENT)
    assert CONTENT.startswith(found)
