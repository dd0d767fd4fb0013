"""`ml-service dead-letters`: messages of neighbours that could not be handled, and what is to become of them."""

from collections.abc import Iterator, Mapping
from typing import Annotated, Any

import typer

from interfaces.cli.connection import Connection, connected
from interfaces.cli.options import AsJson, Url
from interfaces.cli.output import complain, console, is_for_people, print_json, printable

_PAGE = 100
_STILL_REFUSED = 1

LetterId = Annotated[int, typer.Argument(metavar="ID", help="As `list` shows it.", min=1)]

dead_letters = typer.Typer(help="See and decide on messages that could not be handled.", no_args_is_help=True)


@dead_letters.command("list")
def list_letters(*, url: Url = None, as_json: AsJson = False) -> None:
    """Print the messages that could not be handled, the oldest first, with the reason."""
    with connected(url) as connection:
        letters = _letters(connection)
        if not is_for_people(as_json=as_json):
            for letter in letters:
                print_json(letter)
            return
        _print_table(list(letters))


@dead_letters.command()
def show(letter_id: LetterId, *, url: Url = None) -> None:
    """Print a message as it came, and why it could not be handled, as JSON."""
    with connected(url) as connection:
        print_json(connection.get(f"/dead-letters/{letter_id}"))


@dead_letters.command()
def replay(letter_id: LetterId, *, url: Url = None) -> None:
    """Handle a message again, then those that wait behind it, in their order.

    Ends with 1 and the reason where one of them is refused again.
    """
    with connected(url) as connection:
        _tell(connection.post(f"/dead-letters/{letter_id}/replay", None))


@dead_letters.command()
def discard(letter_id: LetterId, *, url: Url = None) -> None:
    """Remove a message for good; those that wait behind it are handled then, in their order.

    Ends with 1 and the reason where one of these is refused.
    """
    with connected(url) as connection:
        resumed = connection.delete(f"/dead-letters/{letter_id}")
        print(f"discarded: {letter_id}")
        _tell(resumed)


def _letters(connection: Connection) -> Iterator[dict[str, Any]]:
    token: dict[str, str] = {}
    while True:
        page = connection.get("/dead-letters", page_size=_PAGE, **token)
        yield from page["items"]
        if page["next_page_token"] is None:
            return
        token = {"page_token": page["next_page_token"]}


def _tell(resumed: Mapping[str, Any]) -> None:
    for letter_id in resumed["handled"]:
        print(f"handled: {letter_id}")
    if (stopped_at := resumed["stopped_at"]) is not None:
        complain(f"{stopped_at['id']} is refused: {stopped_at['reason']} ({stopped_at['code']})")
        raise typer.Exit(_STILL_REFUSED)


def _print_table(letters: list[dict[str, Any]]) -> None:
    if not letters:
        print("No message waits to be decided on.")
        return
    from rich.table import Table  # noqa: PLC0415 - `--help` and `serve` need not wait for it

    table = Table("id", "since", "about", "event", "reason", box=None)
    for letter in letters:
        about, event = letter["aggregate"] or "", letter["event_type"] or letter["subject"]
        cells = (letter["id"], letter["at"], about, event, f"{letter['reason']} ({letter['code']})")
        table.add_row(*(printable(each) for each in cells))
    console().print(table)
