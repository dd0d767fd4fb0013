"""`ml-service events`: what has happened, in order."""

import time
from collections.abc import Iterator, Mapping
from typing import Annotated, Any

import typer

from interfaces.cli.connection import Connection, connected
from interfaces.cli.options import AsJson, Url
from interfaces.cli.output import console, is_for_people, print_json, printable

_PAGE = 1_000
_LOOK_EVERY_S = 0.5
_INTERRUPTED = 130


def events(
    *,
    after: Annotated[int, typer.Option(help="Begin after this position.", min=0)] = 0,
    topic: Annotated[
        str | None, typer.Option("--type", help="Only of this type, such as model.registered.v1.")
    ] = None,
    follow: Annotated[bool, typer.Option("--follow", help="Go on with what happens from now on.")] = False,
    url: Url = None,
    as_json: AsJson = False,
) -> None:
    """Print the log of all that has happened.

    A program that reads gets one event a line, as JSON.
    """
    show = _shower() if is_for_people(as_json=as_json) else print_json
    with connected(url) as connection:
        try:
            for event in _events(connection, after=after, topic=topic, follow=follow):
                show(event)
        except KeyboardInterrupt:
            raise typer.Exit(_INTERRUPTED) from None


def _events(connection: Connection, *, after: int, topic: str | None, follow: bool) -> Iterator[dict[str, Any]]:
    wanted = {} if topic is None else {"type": topic}
    while True:
        page = connection.get("/events", after=after, limit=_PAGE, **wanted)
        yield from page["items"]
        if page["next_after"] > after:
            after = page["next_after"]
        elif follow:
            time.sleep(_LOOK_EVERY_S)
        else:
            return


def _shower() -> Any:
    from rich.text import Text  # noqa: PLC0415 - `--help` and `serve` need not wait for it

    out = console()

    def show(event: Mapping[str, Any]) -> None:
        line = Text.assemble(
            (f"{event['position']:>8} ", "bold"),
            (f"{printable(event['timestamp'])} ", "dim"),
            (f"{printable(event['type'])} ", "cyan"),
            f"{printable(event['aggregate_id'])} ",
            (f"by {printable(event['actor'])}", "green"),
            f": {printable(event['reason'])}" if event["reason"] else "",
        )
        out.print(line, soft_wrap=True)

    return show
