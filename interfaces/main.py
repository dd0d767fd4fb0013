"""The command `ml-service`."""

import errno
import logging
import os
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from pydantic import ValidationError

from domain.errors import suggestion
from interfaces.cli.app import app
from interfaces.cli.audit import audit_commands
from interfaces.cli.backup import add_backup_commands
from interfaces.cli.mirror import VerifiedMirror, mirror_commands
from interfaces.cli.progress_bars import OnStep
from interfaces.cli.rebuild import RebuiltReadModels, add_rebuild_command
from interfaces.cli.relay import RelayOperation, relay_commands
from interfaces.settings import Settings

if TYPE_CHECKING:
    from interfaces.maintenance import ServiceMaintenance

_USAGE, _OUT_OF_REACH = 2, 3
_OF_CLIENTS = {"ML_SERVICE_URL"}

Home = Annotated[Path | None, typer.Option(help="Data directory.", show_default=".ml-service")]
LeaseS = Annotated[
    float | None,
    typer.Option(help="Seconds of silence after which a worker's job is given to another.", show_default="15"),
]
Threads = Annotated[
    int | None,
    typer.Option(help="Threads of one training; they never change its result.", show_default="all cores"),
]
DatabaseUrl = Annotated[
    str | None,
    typer.Option(
        help="PostgreSQL for events and read models (postgresql://…).", show_default="SQLite in the data directory"
    ),
]
Artifacts = Annotated[
    Path | None,
    typer.Option(
        help="Directory of models and datasets, shared by all that use one database.", show_default="in --home"
    ),
]
NatsUrl = Annotated[
    str | None,
    typer.Option(help="NATS to work with (nats://token@host:4222).", show_default="a server of the service's own"),
]
LogLevel = Annotated[str | None, typer.Option(help="debug, info, warning or error.", show_default="warning")]


@app.command()
def serve(
    *,
    host: Annotated[str | None, typer.Option(help="Address to listen on.", show_default="127.0.0.1")] = None,
    port: Annotated[int | None, typer.Option(help="Port; 0 for any free one.", show_default="8000")] = None,
    home: Home = None,
    database_url: DatabaseUrl = None,
    artifacts: Artifacts = None,
    nats_url: NatsUrl = None,
    lease_s: LeaseS = None,
    dataset_root: Annotated[
        Path | None, typer.Option(help="Directory whose files may be registered by uri.", show_default="none")
    ] = None,
    upload_max_bytes: Annotated[
        int | None, typer.Option(help="Larger uploads are refused.", show_default="10 GiB")
    ] = None,
    predictor_memory_bytes: Annotated[
        int | None, typer.Option(help="Memory for loaded models.", show_default="512 MiB")
    ] = None,
    training_threads: Threads = None,
    log_level: LogLevel = None,
    demo: Annotated[bool, typer.Option("--demo", help="Train and promote models on example data.")] = False,
) -> None:
    """Run the whole service: API, read models and a worker.

    Every option is also an environment variable: ML_SERVICE_HOST, ML_SERVICE_PORT and so on.
    """
    settings = _settings(
        host=host,
        port=port,
        home=home,
        database_url=database_url,
        artifacts=artifacts,
        nats_url=nats_url,
        lease_s=lease_s,
        dataset_root=dataset_root,
        upload_max_bytes=upload_max_bytes,
        predictor_memory_bytes=predictor_memory_bytes,
        training_threads=training_threads,
        log_level=log_level,
    )
    from interfaces.serve import serve as run  # noqa: PLC0415 - the clients start without the service's imports

    with _told_why_not(settings):
        run(settings, with_demo=demo)


@app.command()
def worker(
    *,
    home: Home = None,
    database_url: DatabaseUrl = None,
    artifacts: Artifacts = None,
    nats_url: NatsUrl = None,
    lease_s: LeaseS = None,
    training_threads: Threads = None,
    log_level: LogLevel = None,
    lifeline: Annotated[bool, typer.Option("--lifeline", hidden=True)] = False,
) -> None:
    """Run one more worker on the data directory of a service."""
    settings = _settings(
        home=home,
        database_url=database_url,
        artifacts=artifacts,
        nats_url=nats_url,
        lease_s=lease_s,
        training_threads=training_threads,
        log_level=log_level,
    )
    from interfaces.bootstrap import ready_worker  # noqa: PLC0415 - see above
    from interfaces.neighbours import nats_address  # noqa: PLC0415 - see above

    _bind(lifeline=lifeline)
    if not settings.home.is_dir():
        _end(f"there is no service at {settings.home}: start one, or give its --home")
    with _told_why_not(settings), ready_worker(settings, nats=nats_address(settings)) as ready:
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, lambda *_: ready.stop())
        ready.run()


@app.command()
def engine(
    *,
    home: Home = None,
    database_url: DatabaseUrl = None,
    artifacts: Artifacts = None,
    nats_url: NatsUrl = None,
    lease_s: LeaseS = None,
    log_level: LogLevel = None,
) -> None:
    """Run one more engine, which takes over what keeps read models and jobs going when the first one is gone."""
    settings = _settings(
        home=home,
        database_url=database_url,
        artifacts=artifacts,
        nats_url=nats_url,
        lease_s=lease_s,
        log_level=log_level,
    )
    from interfaces.standby import run_engine  # noqa: PLC0415 - see above

    with _told_why_not(settings):
        run_engine(settings)


@app.command()
def database(
    *,
    home: Home = None,
    database_service_url: Annotated[
        str | None,
        typer.Option(
            help="PostgreSQL for what it keeps (postgresql://…).", show_default="SQLite in the data directory"
        ),
    ] = None,
    nats_url: NatsUrl = None,
    log_level: LogLevel = None,
    lifeline: Annotated[bool, typer.Option("--lifeline", hidden=True)] = False,
) -> None:
    """Run a Database Service, which keeps what readers see for the rest of a platform."""
    settings = _settings(
        home=home, database_service_url=database_service_url, nats_url=nats_url, log_level=log_level
    )
    from interfaces.database import run_database  # noqa: PLC0415 - see above
    from interfaces.neighbours import nats_address  # noqa: PLC0415 - see above

    _bind(lifeline=lifeline)
    with _told_why_not(settings):
        run_database(settings, address=nats_address(settings))


def main() -> None:
    """Run the command line."""
    app()


def _maintenance(home: Path | None, database_url: str | None) -> "ServiceMaintenance":
    settings = _settings(home=home, database_url=database_url)
    from interfaces.maintenance import ServiceMaintenance  # noqa: PLC0415 - see above

    return ServiceMaintenance(settings)


def _rebuild(
    home: Path | None, database_url: str | None, *, accept_differences: bool, on_step: OnStep
) -> RebuiltReadModels:
    settings = _settings(home=home, database_url=database_url)
    from interfaces.rebuilding import rebuild_read_models  # noqa: PLC0415 - see above

    return rebuild_read_models(settings, accept_differences=accept_differences, on_step=on_step)


def _relay(home: Path | None, database_url: str | None) -> RelayOperation:
    settings = _settings(home=home, database_url=database_url)
    from interfaces.relaying import ServiceRelay  # noqa: PLC0415 - see above

    return ServiceRelay(settings)


def _verify_mirror(
    home: Path | None, database_url: str | None, *, repairs: bool, on_step: OnStep
) -> VerifiedMirror:
    settings = _settings(home=home, database_url=database_url)
    from interfaces.mirror_verification import verify_mirror  # noqa: PLC0415 - see above

    return verify_mirror(settings, repairs=repairs, on_step=on_step)


app.add_typer(audit_commands(_maintenance), name="audit")
app.add_typer(relay_commands(_relay), name="relay")
app.add_typer(mirror_commands(_verify_mirror), name="mirror")
add_backup_commands(app, _maintenance)
add_rebuild_command(app, _rebuild)


def _settings(**flags: Any) -> Settings:
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
            sys.stderr.write(f"ML_SERVICE_{name}: {each['msg']}, not {each['input']!r}\n")
        raise typer.Exit(_USAGE) from None
    logging.basicConfig(level=settings.log_level.upper(), format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    return settings


@contextmanager
def _told_why_not(settings: Settings) -> Iterator[None]:
    """Say in a line why what the block runs cannot run, and what to do."""
    from eventsourcing.persistence import PersistenceError  # noqa: PLC0415 - see above
    from psycopg import OperationalError as Unreachable  # noqa: PLC0415 - see above
    from sqlalchemy.exc import SQLAlchemyError  # noqa: PLC0415 - see above

    from infrastructure.artifacts.belonging import ArtifactsElsewhere  # noqa: PLC0415 - see above
    from infrastructure.messaging.address import NatsAddressInvalid  # noqa: PLC0415 - see above
    from infrastructure.postgres_connection import DatabaseURLInvalid  # noqa: PLC0415 - see above
    from interfaces.home import HomeUnusable  # noqa: PLC0415 - see above

    try:
        yield
    except (ArtifactsElsewhere, DatabaseURLInvalid, HomeUnusable, NatsAddressInvalid) as error:
        _end(str(error))
    except (Unreachable, PersistenceError, SQLAlchemyError) as error:
        _end(
            f"the database cannot be used: {' '.join(str(error).partition('(Background')[0].split())}",
            status=_OUT_OF_REACH,
        )
    except OSError as error:
        hint = "; give another --port (0: any free one)" if error.errno == errno.EADDRINUSE else ""
        reason = (error.strerror or str(error)).partition(" (")[0]  # Python repeats the address in brackets
        _end(f"cannot listen on {settings.host}:{settings.port}: {reason}{hint}")


def _bind(*, lifeline: bool) -> None:
    """Let this process end with the one that started it, where that one asks for it."""
    if lifeline:
        from infrastructure.system.lifeline import die_with_starter, watch  # noqa: PLC0415 - see above

        die_with_starter()
        watch(sys.stdin.fileno())


def _end(message: str, *, status: int = _USAGE) -> None:
    sys.stderr.write(f"ml-service: {message}\n")
    raise typer.Exit(status)


if __name__ == "__main__":
    main()
