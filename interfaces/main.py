"""The command `ml-service`."""

import errno
import logging
import os
import signal
import sys
from pathlib import Path
from typing import Annotated, Any

import typer
from pydantic import ValidationError

from domain.errors import suggestion
from interfaces.cli.app import app
from interfaces.settings import Settings

_FINDING, _USAGE = 1, 2
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
LogLevel = Annotated[str | None, typer.Option(help="debug, info, warning or error.", show_default="warning")]


@app.command()
def serve(
    *,
    host: Annotated[str | None, typer.Option(help="Address to listen on.", show_default="127.0.0.1")] = None,
    port: Annotated[int | None, typer.Option(help="Port; 0 for any free one.", show_default="8000")] = None,
    home: Home = None,
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
        lease_s=lease_s,
        dataset_root=dataset_root,
        upload_max_bytes=upload_max_bytes,
        predictor_memory_bytes=predictor_memory_bytes,
        training_threads=training_threads,
        log_level=log_level,
    )
    from interfaces.home import HomeUnusable  # noqa: PLC0415 - the clients start without the service's imports
    from interfaces.serve import serve as run  # noqa: PLC0415 - the same

    try:
        run(settings, with_demo=demo)
    except HomeUnusable as error:
        _end(str(error))
    except OSError as error:
        hint = "; give another --port (0: any free one)" if error.errno == errno.EADDRINUSE else ""
        reason = (error.strerror or str(error)).partition(" (")[0]  # Python repeats the address in brackets
        _end(f"cannot listen on {settings.host}:{settings.port}: {reason}{hint}")


@app.command()
def worker(
    *,
    home: Home = None,
    lease_s: LeaseS = None,
    training_threads: Threads = None,
    log_level: LogLevel = None,
    lifeline: Annotated[bool, typer.Option("--lifeline", hidden=True)] = False,
) -> None:
    """Run one more worker on the data directory of a service."""
    settings = _settings(home=home, lease_s=lease_s, training_threads=training_threads, log_level=log_level)
    from infrastructure.system.lifeline import die_with_starter, watch  # noqa: PLC0415 - see above
    from interfaces.bootstrap import ready_worker  # noqa: PLC0415 - see above

    if lifeline:
        die_with_starter()
        watch(sys.stdin.fileno())
    if not settings.home.is_dir():
        _end(f"there is no service at {settings.home}: start one, or give its --home")
    with ready_worker(settings) as ready:
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, lambda *_: ready.stop())
        ready.run()


def main() -> None:
    """Run the command line."""
    app()


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


def _end(message: str) -> None:
    sys.stderr.write(f"ml-service: {message}\n")
    raise typer.Exit(_FINDING)


if __name__ == "__main__":
    main()
