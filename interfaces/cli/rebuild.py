"""`ml-service rebuild`: what readers see, made anew from the log."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Protocol

import typer

from interfaces.cli.maintenance import DatabaseUrl, Home
from interfaces.cli.progress_bars import OnStep, progress_bars
from interfaces.cli.verdicts import Finding, told


@dataclass(frozen=True, kw_only=True)
class RebuiltReadModels:
    """Read models that were made from the log.

    Attributes:
        position: Of the last event in them.
        is_current: Whether readers see them now.
        is_compared: Whether there were others to hold them against.
        findings: Where the others differ, each as `position N: reason`.
    """

    position: int
    is_current: bool
    is_compared: bool
    findings: Sequence[str]


class Rebuild(Protocol):
    """Makes the read models anew; raises an `Ending` where it cannot."""

    def __call__(
        self, home: Path | None, database_url: str | None, *, accept_differences: bool, on_step: OnStep
    ) -> RebuiltReadModels:
        """Do so for a data directory and a database's URL; None for what the settings say."""


def add_rebuild_command(app: typer.Typer, rebuild_read_models: Rebuild) -> None:
    """Add the command, which does its work with the function."""

    @app.command()
    def rebuild(
        *,
        accept_differences: Annotated[
            bool,
            typer.Option(
                "--accept-differences", help="Let readers see the new ones even where the old ones say otherwise."
            ),
        ] = False,
        home: Home = None,
        database_url: DatabaseUrl = None,
    ) -> None:
        """Make the read models anew from the log, compare them with those that readers see, and switch.

        The service may run meanwhile: readers and writers notice nothing. Ends with 1 and every difference if
        there is one, as then the read models were damaged; they are replaced with --accept-differences only.
        """
        with told():
            with progress_bars() as on_step:
                rebuilt = rebuild_read_models(
                    home, database_url, accept_differences=accept_differences, on_step=on_step
                )
            print(_outcome(rebuilt))
            if rebuilt.findings:
                raise Finding("\n".join(rebuilt.findings))


def _outcome(rebuilt: RebuiltReadModels) -> str:
    if not rebuilt.is_current:
        return f"not replaced: the read models are not what the log says up to position {rebuilt.position}"
    if rebuilt.findings:
        held = "in place of others, which differed"
    elif rebuilt.is_compared:
        held = "the same as those before, row by row"
    else:
        held = "with none to compare them with"
    return f"rebuilt: position {rebuilt.position}, {held}"
