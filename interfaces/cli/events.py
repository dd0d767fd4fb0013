"""`ml-service events`: what has happened, in order."""

import time
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from typing import Annotated, Any

import typer

from interfaces.cli.connection import ClientError, Connection, Refused, Unreachable, connected
from interfaces.cli.options import AsJson, Url
from interfaces.cli.output import complain, console, is_for_people, print_json, printable

_PAGE = 1_000
_LOOK_EVERY_S = 0.5
_PAUSE_MAX_S = 10.0
_AWAY = frozenset({502, 503, 504})
_INTERRUPTED = 130


def events(
    *,
    after: Annotated[int, typer.Option(help="Begin after this position.", min=0)] = 0,
    topic: Annotated[
        str | None, typer.Option("--type", help="Only of this type, such as model.registered.v1.")
    ] = None,
    follow: Annotated[
        bool,
        typer.Option("--follow", help="Go on with what happens from now on, even when the service restarts."),
    ] = False,
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
    read: Callable[..., Any] = connection.get
    while True:
        page = read("/events", after=after, limit=_PAGE, **wanted)
        yield from page["items"]
        if follow:
            read = partial(_get_patiently, connection)  # only a service that was there can come back
        if page["next_after"] > after:
            after = page["next_after"]
        elif follow:
            time.sleep(_LOOK_EVERY_S)
        else:
            return


def _get_patiently(connection: Connection, path: str, **parameters: Any) -> Any:
    """Return the document, however long the service is away.

    Raises:
        Refused: The service is there and says no.
    """
    pause_s = _LOOK_EVERY_S
    is_away = False
    while True:
        try:
            page = connection.get(path, **parameters)
        except ClientError as error:
            if not _is_passing(error):
                raise
            if not is_away:
                complain(f"{error} Asking again until it is back.")
            is_away = True
            time.sleep(pause_s)
            pause_s = min(2 * pause_s, _PAUSE_MAX_S)
        else:
            if is_away:
                complain(f"{connection.url} is back.")
            return page


def _is_passing(error: ClientError) -> bool:
    return isinstance(error, Unreachable) or (isinstance(error, Refused) and error.status in _AWAY)


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
