"""Servers on a core of their own, each started for one round and gone after it."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

import httpx

from tests.benchmarks.serving.cores import SERVER_CORE, on_core
from tests.benchmarks.serving.wrk import Requests
from tests.support.service import RunningService

_START_S = 90.0
_STOP_S = 10.0
_LOOK_EVERY_S = 0.1


class ServerFailed(Exception):
    """A server did not come to answer with success; the message says what it said last."""


@contextmanager
def production_service(home: Path) -> Iterator[RunningService]:
    """Yield the service as it is started in production, with every process that belongs to it, on one core.

    All of them have started: one that still imports its libraries takes the core from the one that is measured.

    Raises:
        ServerFailed: Not everything that the service works with is healthy within a minute and a half.
    """
    with on_core(SERVER_CORE):
        service = RunningService(home, ML_SERVICE_DATABASE_SERVICE="own")
    with service:
        _wait_until_healthy(service)
        yield service


@contextmanager
def hello(kind: str, requests: Requests, *, log: Path) -> Iterator[str]:
    """Yield the URL of a hello-world that reads what is sent to it."""
    port = free_port()
    command = [sys.executable, "-m", "tests.benchmarks.serving.hello", kind, str(port)]
    with server(command, port=port, requests=requests, log=log) as url:
        yield url


@contextmanager
def server(
    command: Sequence[str],
    *,
    port: int,
    requests: Requests,
    log: Path,
    directory: Path | None = None,
    environment: Mapping[str, str] | None = None,
) -> Iterator[str]:
    """Yield the URL of a server once it answers the first of the requests with success.

    Args:
        log: Where what it prints is kept.
        directory: Where it is started.
        environment: More environment variables.

    Raises:
        ServerFailed: It ends, or does not answer so within a minute and a half.
    """
    url = f"http://127.0.0.1:{port}"
    with log.open("wb") as output, on_core(SERVER_CORE):
        process = subprocess.Popen(
            command,
            stdout=output,
            stderr=subprocess.STDOUT,
            cwd=directory,
            env={**os.environ, **(environment or {})},
            start_new_session=True,
        )
    try:
        _wait_until_answering(process, url, requests, log=log)
        yield url
    finally:
        _stop(process)


def free_port() -> int:
    """Return a port that nothing listens on now."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port: int = listener.getsockname()[1]
        return port


def _wait_until_answering(process: subprocess.Popen[bytes], url: str, requests: Requests, *, log: Path) -> None:
    deadline = time.monotonic() + _START_S
    answered = "no answer"
    while process.poll() is None and time.monotonic() < deadline:
        try:
            response = requests.answered(url)
        except httpx.TransportError as error:
            answered = f"no answer ({type(error).__name__})"
        else:
            if response.is_success:
                return
            answered = f"{response.status_code} {response.text[:200]}"
        time.sleep(_LOOK_EVERY_S)
    raise ServerFailed(f"{answered}; exit status {process.poll()}; it said: {_said(log)}")


def _wait_until_healthy(service: RunningService) -> None:
    deadline = time.monotonic() + _START_S
    health = service.get("/health")
    while health["status"] != "healthy":
        if time.monotonic() > deadline:
            raise ServerFailed(f"{health['status']}: {health['error']}")
        time.sleep(_LOOK_EVERY_S)
        health = service.get("/health")


def _said(log: Path) -> str:
    """Return the last line that tells of an error, or else the last."""
    lines = ["nothing", *log.read_text(errors="replace").strip().splitlines()]
    return next((line for line in reversed(lines) if "Error" in line), lines[-1])


def _stop(process: subprocess.Popen[bytes]) -> None:
    """End it and all that it started: they are one process group."""
    for number, wait_s in ((signal.SIGTERM, _STOP_S), (signal.SIGKILL, _STOP_S)):
        try:
            os.killpg(process.pid, number)
        except ProcessLookupError:
            break
        try:
            process.wait(wait_s)
        except subprocess.TimeoutExpired:
            continue
