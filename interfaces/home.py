"""The data directory of a running service: one service at a time, and a file that says how it is reached."""

import fcntl
import json
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from pydantic import SecretStr

from infrastructure.backup.restoring import is_unfinished
from infrastructure.system.periodic import Periodic
from interfaces.settings import Settings

_LOOK_EVERY_S = 1.0
_NATS_FILES = ("nats_credentials", "nats_tls_ca", "nats_tls_certificate", "nats_tls_key")


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


def require_log(settings: Settings) -> None:
    """Demand that there is a log to work with, from what made one; on PostgreSQL there always is.

    Raises:
        HomeUnusable: There is none in the data directory.
    """
    if settings.database_url is None and not settings.events_path.exists():
        message = f"there is no service at {settings.home}: start one, or give its --home or --database-url"
        raise HomeUnusable(message)


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
def announced(settings: Settings, url: str, *, nats_url: Callable[[], str | None]) -> Iterator[None]:
    """Say in the data directory how the service is reached, as long as it is; what changes is said anew.

    Args:
        settings: Which directory.
        url: Of its HTTP interface.
        nats_url: Returns that of NATS, with the token; None where there is none.
    """
    files = {name: str(path.absolute()) for name in _NATS_FILES if (path := getattr(settings, name)) is not None}
    said: str | None = None

    def say() -> None:
        nonlocal said
        content = json.dumps({"pid": os.getpid(), "url": url, "nats_url": nats_url(), **files})
        if content != said:
            _write(settings.service_file, content)
            said = content

    say()
    saying = Periodic(name="service-file", interval_s=_LOOK_EVERY_S, function=say)
    saying.start()
    try:
        yield
    finally:
        saying.stop()
        settings.service_file.unlink(missing_ok=True)


def with_nats_of_running(settings: Settings) -> Settings:
    """Return the settings with NATS where the service that runs on the data directory has it, if it says so."""
    with suppress(OSError, ValueError, TypeError, KeyError):
        said = json.loads(settings.service_file.read_text())
        if said["nats_url"] is None:
            return settings
        files = {name: Path(said[name]) if name in said else None for name in _NATS_FILES}
        return settings.model_copy(update={"nats_url": SecretStr(said["nats_url"]), **files})
    return settings


def _write(path: Path, content: str) -> None:
    """Write a file that nobody else may read, whole or not at all."""
    written = path.with_suffix(".new")
    written.unlink(missing_ok=True)
    descriptor = os.open(written, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w") as file:
        file.write(content)
    written.replace(path)


def _where(service_file: Path) -> str:
    with suppress(OSError, ValueError, KeyError):
        said = json.loads(service_file.read_text())
        return f" (process {said['pid']}, {said['url']})"
    return ""
