"""`ml-service relay`: how far others are told of what happened, and what to do where that has stopped."""

from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Protocol

import typer

from application.ports.relay import Choice, RelayReport
from interfaces.cli.maintenance import DatabaseUrl, Home
from interfaces.cli.output import printable
from interfaces.cli.verdicts import Finding, Misused, told


class RelayOperation(Protocol):
    """What can be done with the relay of a service, whether it runs or not.

    Every method raises an `Ending` where it cannot be done.
    """

    def report(self) -> RelayReport:
        """Return how far the relay is, as it last took note."""

    def choose(self, choice: Choice) -> None:
        """Let the relay go on so, as soon as it runs."""


OpenRelay = Callable[[Path | None, str | None], RelayOperation]
"""Returns it for a data directory and a database's URL; None for what the settings say."""


def relay_commands(open_relay: OpenRelay) -> typer.Typer:
    """Return the commands, which do their work with what the function gives them."""
    commands = typer.Typer(help="See and decide how neighbours are told of events.", no_args_is_help=True)

    @commands.command()
    def status(*, home: Home = None, database_url: DatabaseUrl = None) -> None:
        """Print how far the relay was when it last took note, which it does every second while it runs.

        Ends with 1 and the reason where it has stopped and waits for a choice, or fails for another reason.
        """
        with told():
            report = open_relay(home, database_url).report()
            print(_progress(report))
            if report.halt is not None:
                raise Finding(_reason(report))
            if report.error is not None:
                raise Finding(printable(f"not publishing: {report.error}"))

    @commands.command("continue")
    def go_on(
        *,
        from_last: Annotated[
            bool,
            typer.Option(
                "--from-last", help="Publish what follows the last event in the stream, behind what others wrote."
            ),
        ] = False,
        from_beginning: Annotated[
            bool, typer.Option("--from-beginning", help="Publish all events, behind what the stream has.")
        ] = False,
        from_now: Annotated[
            bool, typer.Option("--from-now", help="Publish what happens from now on, and nothing before.")
        ] = False,
        skip: Annotated[bool, typer.Option("--skip", help="Leave out the event that it stopped at.")] = False,
        home: Home = None,
        database_url: DatabaseUrl = None,
    ) -> None:
        """Let the relay go on where it has stopped; the service may run meanwhile, or be started later."""
        given = {
            Choice.FROM_LAST: from_last,
            Choice.FROM_BEGINNING: from_beginning,
            Choice.FROM_NOW: from_now,
            Choice.SKIP: skip,
        }
        chosen = [choice for choice, is_given in given.items() if is_given]
        with told():
            if len(chosen) != 1:
                message = "choose one: --from-last, --from-beginning, --from-now or --skip"
                raise Misused(message)
            open_relay(home, database_url).choose(chosen[0])
            print("chosen: the relay goes on within seconds where the service runs, else when it is started")

    return commands


def _progress(report: RelayReport) -> str:
    if report.position is None:
        return f"nothing is published yet, of {report.head} events"
    behind = report.head - report.position
    return f"position {report.position}, {'up to date' if behind <= 0 else f'{behind} behind'}"


def _reason(report: RelayReport) -> str:
    assert report.halt is not None
    where = f"position {report.halt.position}: " if report.halt.position else ""
    return printable(f"{where}{report.halt.message}")
