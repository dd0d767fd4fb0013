"""The data directory of a running service: one service at a time, and a file that says how it is reached."""

import fcntl
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from infrastructure.backup.restoring import is_unfinished
from interfaces.settings import Settings


class HomeUnusable(Exception):
    """The data directory cannot be had; the message says why and what to do.

    HomeUnusable
    ├── HomeTaken        another service runs on it
    └── HomeUnfinished   a restore into it did not end
    """


class HomeTaken(HomeUnusable):
    """Another service runs on this data directory."""


class HomeUnfinished(HomeUnusable):
    """A restore into the data directory was ended half-way."""


def require_finished(settings: Settings) -> None:
    """Demand that no restore is under way, or was ended half-way: what is there is not what was backed up.

    Raises:
        HomeUnfinished: One is.
    """
    if is_unfinished(settings.home):
        message = f"a restore into {settings.home} has not ended: run `ml-service restore` again, to its end"
        raise HomeUnfinished(message)


@contextmanager
def locked_home(settings: Settings) -> Iterator[None]:
    """Hold the data directory, made where it is missing; whatever happens to this process lets go of it.

    Raises:
        HomeUnusable: It cannot be made or written.
        HomeTaken: Another service holds it.
    """
    home = settings.home
    try:
        home.mkdir(mode=0o700, parents=True, exist_ok=True)
        descriptor = os.open(home / "service.lock", os.O_RDWR | os.O_CREAT, 0o600)
    except OSError as error:
        message = f"cannot use {home} as the data directory: {error.strerror}; give another --home"
        raise HomeUnusable(message) from None
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            where = _where(settings.service_file)
            message = f"another service runs on {home}{where}: stop it, or give another --home"
            raise HomeTaken(message) from None
        yield
    finally:
        os.close(descriptor)


@contextmanager
def announced(settings: Settings, url: str, *, nats_url: str | None) -> Iterator[None]:
    """Say in the data directory how the service is reached, as long as it is.

    Args:
        settings: Which directory.
        url: Of its HTTP interface.
        nats_url: Of NATS, with the token; None where there is none.
    """
    path = settings.service_file
    content = json.dumps({"pid": os.getpid(), "url": url, "nats_url": nats_url})
    written = path.with_suffix(".new")
    written.unlink(missing_ok=True)
    descriptor = os.open(written, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w") as file:
        file.write(content)
    written.replace(path)
    try:
        yield
    finally:
        path.unlink(missing_ok=True)


def _where(service_file: Path) -> str:
    with suppress(OSError, ValueError, KeyError):
        said = json.loads(service_file.read_text())
        return f" (process {said['pid']}, {said['url']})"
    return ""
