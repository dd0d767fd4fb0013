"""`ml-service artifacts`: what is kept of models and datasets."""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Annotated, NamedTuple, Protocol

import typer

from interfaces.cli.backup import Artifacts
from interfaces.cli.maintenance import DatabaseUrl, Home
from interfaces.cli.progress_bars import OnStep, progress_bars
from interfaces.cli.verdicts import Misused, told

_MIB = 1024 * 1024
_UNITS = {"m": "minutes", "h": "hours", "d": "days"}
_YOUNGEST = timedelta(hours=1)


class CollectedArtifact(NamedTuple):
    """An artifact that nothing refers to.

    Attributes:
        kept_at: When somebody kept these bytes last.
    """

    name: str
    size_bytes: int
    kept_at: datetime


@dataclass(frozen=True, kw_only=True)
class CollectedArtifacts:
    """What a collection removed, or would remove.

    Attributes:
        removed: Those, by name.
        lying: So many artifacts there were before.
    """

    removed: Sequence[CollectedArtifact]
    lying: int


class CollectArtifacts(Protocol):
    """Removes the artifacts that nothing refers to; raises an `Ending` where it cannot."""

    def __call__(self, *, older_than: timedelta, is_dry_run: bool, on_step: OnStep) -> CollectedArtifacts:
        """Do so for those that were kept longer ago."""


OpenCollection = Callable[[Path | None, str | None, str | None], CollectArtifacts]
"""Returns it for a data directory, a database's URL and a place of artifacts; None for what the settings say."""


def artifact_commands(open_collection: OpenCollection) -> typer.Typer:
    """Return the commands, which do their work with what the function gives them."""
    commands = typer.Typer(help="Look after what is kept of models and datasets.", no_args_is_help=True)

    commands.callback()(lambda: None)  # with one command only, its name would go

    @commands.command()
    def collect(
        *,
        older_than: Annotated[
            str, typer.Option(help="Only what was kept so long ago: minutes, hours or days (90m, 12h, 7d).")
        ] = "7d",
        dry_run: Annotated[bool, typer.Option("--dry-run", help="Tell what would be removed.")] = False,
        home: Home = None,
        database_url: DatabaseUrl = None,
        artifacts: Artifacts = None,
    ) -> None:
        """Remove what nothing in the log refers to, while the service runs or not.

        Left by uploads that were refused and jobs that died at their end, for the most part. Nothing is removed
        while the log holds an event that this program cannot read.
        """
        with told():
            with progress_bars() as on_step:
                collected = open_collection(home, database_url, artifacts)(
                    older_than=_duration(older_than), is_dry_run=dry_run, on_step=on_step
                )
            for each in collected.removed if dry_run else ():
                print(f"artifact:{each.name}  {each.size_bytes} bytes, kept {each.kept_at:%Y-%m-%d %H:%M}")
            size = sum(each.size_bytes for each in collected.removed) / _MIB
            what = "would remove" if dry_run else "removed"
            print(f"{what} {len(collected.removed)} of {collected.lying} artifacts, {size:.1f} MiB")

    return commands


def _duration(text: str) -> timedelta:
    match = re.fullmatch(r"(\d{1,6})([mhd])", text)
    if match is None:
        msg = f"--older-than: {text!r} is no duration: give minutes, hours or days, such as 90m, 12h or 7d"
        raise Misused(msg)
    duration = timedelta(**{_UNITS[match[2]]: int(match[1])})
    if duration < _YOUNGEST:
        msg = (
            f"--older-than: {text} is too short: what was kept within the last hour may be about to be referred to"
        )
        raise Misused(msg)
    return duration
