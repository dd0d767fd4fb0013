"""The server tells of what happens to it, and leaves to others what they tell better."""

import gc
import logging
import socket
import threading
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from starlette.types import Receive, Scope, Send

from application.ports.artifacts import ArtifactUnavailable
from interfaces.http.exchange import Exchange
from interfaces.http.stopping import Stopping
from interfaces.server import Server
from interfaces.settings import Settings

ENOUGH_S = 60.0


@pytest.fixture(autouse=True)
def _garbage_is_collected_as_before() -> Iterator[None]:
    """A server changes that for its whole process."""
    thresholds = gc.get_threshold()
    yield
    gc.set_threshold(*thresholds)
    gc.unfreeze()


async def break_off(scope: Scope, receive: Receive, send: Send) -> None:
    """Answer a request with less than was promised."""
    if scope["type"] == "lifespan":
        for what in ("startup", "shutdown"):
            await receive()
            await send({"type": f"lifespan.{what}.complete"})
        return
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"10")]})
    await send({"type": "http.response.body", "body": b"12345", "more_body": True})
    if scope["path"] == "/known":
        message = "The file is gone."
        raise ArtifactUnavailable(message)
    raise ZeroDivisionError


@pytest.mark.parametrize(("path", "has_traceback"), [("/known", False), ("/unknown", True)])
def test_an_answer_that_is_broken_off_is_told_of_once_with_its_request(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, path: str, has_traceback: bool
) -> None:
    is_listening = threading.Event()

    async def when_started() -> None:
        is_listening.set()

    app = Exchange(break_off, stopping=Stopping())
    settings = Settings(home=tmp_path)
    server = Server(app, settings, when_started=when_started, when_stopping=lambda: None)
    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
        thread.start()
        assert is_listening.wait(ENOUGH_S)
        url = f"http://127.0.0.1:{listener.getsockname()[1]}{path}"
        with pytest.raises(httpx.RemoteProtocolError):
            httpx.get(url, headers={"X-Request-ID": "mine"}, trust_env=False, timeout=ENOUGH_S)
        server.stop()
        thread.join()
    (told,) = [record for record in caplog.records if record.levelno >= logging.WARNING]
    assert told.getMessage().startswith("request mine: its answer is broken off")
    assert (told.exc_info is not None) is has_traceback
