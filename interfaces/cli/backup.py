"""`ml-service backup` and `ml-service restore`: a copy of all that cannot be made again, and a service from it."""

from pathlib import Path
from typing import Annotated

import typer

from interfaces.cli.maintenance import Copied, DatabaseUrl, Home, OpenMaintenance, PublicKeys
from interfaces.cli.progress_bars import progress_bars
from interfaces.cli.verdicts import Finding, told

_MIB = 1024 * 1024

Artifacts = Annotated[
    str | None,
    typer.Option(help="Directory or URL (s3://…) of the service's models and datasets.", show_default="in --home"),
]


def add_backup_commands(app: typer.Typer, open_maintenance: OpenMaintenance) -> None:
    """Add the commands, which do their work with what the function gives them."""

    @app.command()
    def backup(
        *,
        directory: Annotated[
            Path, typer.Argument(help="Where to; empty, or not there yet, or left by a backup that was killed.")
        ],
        home: Home = None,
        database_url: DatabaseUrl = None,
        artifacts: Artifacts = None,
    ) -> None:
        """Copy the log, its checkpoints and all artifacts, while the service runs or not.

        Ends with 1 where an artifact that the log names is missing or damaged: the backup is whole but for that.
        """
        with told():
            with progress_bars() as on_step:
                maintenance = open_maintenance(home, database_url, artifacts=artifacts)
                copied = maintenance.back_up(directory, on_step=on_step)
            print(f"backed up: {_contents(copied)}")
            if copied.findings:
                raise Finding("\n".join(copied.findings))

    @app.command()
    def restore(
        *,
        directory: Annotated[Path, typer.Argument(help="The backup.")],
        public_key: PublicKeys = None,
        home: Home = None,
        database_url: DatabaseUrl = None,
        artifacts: Artifacts = None,
    ) -> None:
        """Verify a backup, and make an empty data directory, and database, into what it holds.

        Nothing that is there already is ever written over. The service makes its read models at its next start.
        Ends with 1 where the backup was made without an artifact that the log names: all else is restored.
        """
        with told():
            with progress_bars() as on_step:
                maintenance = open_maintenance(home, database_url, artifacts=artifacts)
                copied = maintenance.restore(directory, public_keys=public_key or (), on_step=on_step)
            print(f"restored: {_contents(copied)}")
            if copied.findings:
                raise Finding("\n".join(["not in the backup, when it was made:", *copied.findings]))


def _contents(copied: Copied) -> str:
    size = f"{copied.size_bytes / _MIB:,.1f} MiB"
    return f"{copied.events} events, head {copied.head}; {copied.artifacts} artifacts, {size}"
