"""`ml-service mirror`: how much of what readers see here the Database Service has."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Protocol

import typer

from interfaces.cli.maintenance import DatabaseUrl, Home
from interfaces.cli.output import printable
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


@dataclass(frozen=True, kw_only=True)
class MirrorReport:
    """How far the Database Service is.

    Attributes:
        head: Of the log.
        sent: Everything up to this position was sent, as last noted.
        confirmed: Everything up to this position has arrived; None where nobody can be asked.
        problems: What is wrong, and what to do.
    """

    head: int
    sent: int
    confirmed: int | None
    problems: Sequence[str]


ReportMirror = Callable[[Path | None, str | None], MirrorReport]
"""Returns it for a data directory and a database's URL, None for what the settings say; raises an `Ending` where
it cannot."""


class VerifyMirror(Protocol):
    """Compares both sides, and repairs; raises an `Ending` where it cannot."""

    def __call__(
        self, home: Path | None, database_url: str | None, *, repairs: bool, on_step: OnStep
    ) -> VerifiedMirror:
        """Do so for a data directory and a database's URL; None for what the settings say."""


def mirror_commands(verify_mirror: VerifyMirror, report_mirror: ReportMirror) -> typer.Typer:
    """Return the commands, which do their work with the functions."""
    commands = typer.Typer(help="See and verify what the Database Service has.", no_args_is_help=True)

    @commands.command()
    def status(*, home: Home = None, database_url: DatabaseUrl = None) -> None:
        """Print how much of the log the Database Service has.

        Ends with 1 and the reasons where something is wrong: rows that may be of another past, several Database
        Services on one NATS, a stream of another log; with 3 when the Database Service does not answer.
        """
        with told():
            report = report_mirror(home, database_url)
            print(_progress(report))
            if report.problems:
                raise Finding("\n".join(printable(each) for each in report.problems))

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


def _progress(report: MirrorReport) -> str:
    if report.confirmed is None:
        sent = f"position {report.sent} of {report.head} is sent"
        return f"{sent}; NATS does not run, so nobody can say what has arrived"
    return f"position {report.confirmed} of {report.head} has arrived, {report.sent} is sent"


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
