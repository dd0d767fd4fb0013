"""The command `ml-service`."""

import logging
import os
import signal
import sys
from pathlib import Path
from typing import Annotated, Any

import typer
from pydantic import ValidationError

from interfaces.cli.app import app
from interfaces.settings import Settings

_FINDING, _USAGE = 1, 2

Home = Annotated[Path | None, typer.Option(help="Data directory. [env: ML_SERVICE_HOME]")]
Lease = Annotated[
    float | None,
    typer.Option(help="Seconds without a sign of life after which a worker's job is given to another."),
]


@app.command()
def serve(
    *,
    host: Annotated[str | None, typer.Option(help="Address to listen on. [env: ML_SERVICE_HOST]")] = None,
    port: Annotated[int | None, typer.Option(help="Port; 0 for any free one. [env: ML_SERVICE_PORT]")] = None,
    home: Home = None,
    lease_s: Lease = None,
    dataset_root: Annotated[
        Path | None, typer.Option(help="Directory whose files may be registered by uri.")
    ] = None,
    log_level: Annotated[str | None, typer.Option(help="debug, info, warning or error.")] = None,
    demo: Annotated[bool, typer.Option("--demo", help="Train and promote models on example data.")] = False,
) -> None:
    """Run the whole service: API, read models and a worker."""
    settings = _settings(
        host=host, port=port, home=home, lease_s=lease_s, dataset_root=dataset_root, log_level=log_level
    )
    from interfaces.home import HomeTaken  # noqa: PLC0415 - the clients start without the service's imports
    from interfaces.serve import serve as run  # noqa: PLC0415 - the same

    try:
        run(settings, with_demo=demo)
    except HomeTaken as error:
        _end(str(error))
    except OSError as error:
        _end(f"cannot listen on {settings.host}:{settings.port}: {error.strerror}; give another --port (0: any)")


@app.command()
def worker(
    *,
    home: Home = None,
    lease_s: Lease = None,
    log_level: Annotated[str | None, typer.Option(help="debug, info, warning or error.")] = None,
    lifeline: Annotated[bool, typer.Option("--lifeline", hidden=True)] = False,
) -> None:
    """Run one more worker on the data directory of a service."""
    settings = _settings(home=home, lease_s=lease_s, log_level=log_level)
    from infrastructure.system.lifeline import die_with_starter, watch  # noqa: PLC0415 - see above
    from interfaces.bootstrap import ready_worker  # noqa: PLC0415 - see above

    if lifeline:
        die_with_starter()
        watch(sys.stdin.fileno())
    if not settings.events_path.parent.is_dir():
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
