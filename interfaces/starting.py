"""How a program of the service begins: with settings from flags and environment, or a line that says why not."""

import errno
import logging
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import typer
from pydantic import ValidationError

from domain.errors import suggestion
from interfaces.settings import Settings

_USAGE, _OUT_OF_REACH = 2, 3
_OF_CLIENTS = {"ML_SERVICE_URL"}


def settings_of(**flags: Any) -> Settings:
    """Return the settings, and let child processes inherit the flags as what they are: settings."""
    given = {name: value for name, value in flags.items() if value is not None}
    os.environ.update({f"ML_SERVICE_{name.upper()}": str(value) for name, value in given.items()})
    known = {f"ML_SERVICE_{name.upper()}" for name in Settings.model_fields} | _OF_CLIENTS
    for name in sorted(os.environ):
        if name.startswith("ML_SERVICE_") and name not in known:
            sys.stderr.write(f"ml-service: {name} is no setting and changes nothing.{suggestion(name, known)}\n")
    try:
        settings = Settings()
    except ValidationError as error:
        for each in error.errors():
            name = "_".join(map(str, each["loc"])).upper()
            wrong = each["msg"].removeprefix("Value error, ")
            sys.stderr.write(f"ML_SERVICE_{name}: {wrong}, not {each['input']!r}\n")
        raise typer.Exit(_USAGE) from None
    logging.basicConfig(level=settings.log_level.upper(), format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    return settings


@contextmanager
def told_why_not(settings: Settings) -> Iterator[None]:
    """Say in a line why what the block runs cannot run, and what to do."""
    from eventsourcing.persistence import PersistenceError  # noqa: PLC0415 - see above
    from psycopg import OperationalError as Unreachable  # noqa: PLC0415 - see above
    from sqlalchemy.exc import SQLAlchemyError  # noqa: PLC0415 - see above

    from application.ports.artifacts import ArtifactStoreUnreachable  # noqa: PLC0415 - see above
    from infrastructure.artifacts.belonging import ArtifactsElsewhere  # noqa: PLC0415 - see above
    from infrastructure.artifacts.place import RemotePlaceInvalid  # noqa: PLC0415 - see above
    from infrastructure.messaging.address import NatsAddressInvalid  # noqa: PLC0415 - see above
    from infrastructure.postgres_connection import DatabaseURLInvalid  # noqa: PLC0415 - see above
    from infrastructure.sources.allowed_urls import SourceUrlsInvalid  # noqa: PLC0415 - see above
    from interfaces.home import HomeUnusable  # noqa: PLC0415 - see above

    try:
        yield
    except (
        ArtifactsElsewhere,
        DatabaseURLInvalid,
        HomeUnusable,
        NatsAddressInvalid,
        RemotePlaceInvalid,
        SourceUrlsInvalid,
    ) as error:
        end(str(error))
    except ArtifactStoreUnreachable as error:
        end(error.message, status=_OUT_OF_REACH)
    except (Unreachable, PersistenceError, SQLAlchemyError) as error:
        end(
            f"the database cannot be used: {' '.join(str(error).partition('(Background')[0].split())}",
            status=_OUT_OF_REACH,
        )
    except OSError as error:
        hint = "; give another --port (0: any free one)" if error.errno == errno.EADDRINUSE else ""
        reason = (error.strerror or str(error)).partition(" (")[0]  # Python repeats the address in brackets
        end(f"cannot listen on {settings.host}:{settings.port}: {reason}{hint}")


def cores() -> int:
    """Return how many cores this process may use."""
    if hasattr(os, "sched_getaffinity"):  # which not every system has
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def bind(*, lifeline: bool) -> None:
    """Let this process end with the one that started it, where that one asks for it."""
    if lifeline:
        from infrastructure.system.lifeline import die_with_starter, watch  # noqa: PLC0415 - see above

        die_with_starter()
        watch(sys.stdin.fileno())


def end(message: str, *, status: int = _USAGE) -> None:
    """End the program with a message."""
    sys.stderr.write(f"ml-service: {message}\n")
    raise typer.Exit(status)
