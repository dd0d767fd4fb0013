"""`ml-service mirror`: whether the Database Service has what readers see here."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Protocol

import typer

from interfaces.cli.maintenance import DatabaseUrl, Home
from interfaces.cli.progress_bars import OnStep, progress_bars
from interfaces.cli.verdicts import Finding, told


@dataclass(frozen=True, kw_only=True)
class VerifiedMirror:
    """Both sides, compared.

    Attributes:
        position: At which.
        rows: So many.
        findings: Which of them differed, each as `position N: reason`.
        unrepaired: So many of these still do; None where nothing was repaired.
        where: Which Database Service it was, and where.
    """

    position: int
    rows: int
    findings: Sequence[str]
    unrepaired: int | None
    where: str


class VerifyMirror(Protocol):
    """Compares both sides, and repairs; raises an `Ending` where it cannot."""

    def __call__(
        self, home: Path | None, database_url: str | None, *, repairs: bool, on_step: OnStep
    ) -> VerifiedMirror:
        """Do so for a data directory and a database's URL; None for what the settings say."""


def mirror_commands(verify_mirror: VerifyMirror) -> typer.Typer:
    """Return the commands, which do their work with the function."""
    commands = typer.Typer(help="Verify what the Database Service has.", no_args_is_help=True)

    @commands.callback()
    def group() -> None:  # a group of one command is none without it
        """Verify what the Database Service has."""

    @commands.command()
    def verify(
        *,
        repair: Annotated[bool, typer.Option(help="Have rows that differ sent again, or deleted.")] = True,
        home: Home = None,
        database_url: DatabaseUrl = None,
    ) -> None:
        """Compare the Database Service with what readers see here, row by row at one position, and repair it.

        The service may run meanwhile, and is found by its data directory; or not: then its own NATS and Database
        Service are started for that while, unless the settings name others. Ends with 1 and every row that
        differed, if there is one; with 3 when the Database Service does not answer, or when nothing may be
        repaired because the relay has stopped before another log's stream.
        """
        with told():
            with progress_bars() as on_step:
                verified = verify_mirror(home, database_url, repairs=repair, on_step=on_step)
            print(_outcome(verified))
            print(f"against {verified.where}")
            if verified.findings:
                raise Finding("\n".join(verified.findings))

    return commands


def _outcome(verified: VerifiedMirror) -> str:
    compared = f"verified: position {verified.position}, {verified.rows} rows"
    if not verified.findings:
        return f"{compared}, the same on both sides"
    count = len(verified.findings)
    if verified.unrepaired is None:
        return f"{compared}, {count} of them not the same on both sides"
    repaired = f"{compared}, {count} of them were not the same on both sides and are repaired"
    if not verified.unrepaired:
        return repaired
    return (
        f"{repaired}, but for {verified.unrepaired}, whose repair it does not take: "
        "empty the Database Service, and all of it is sent again"
    )
