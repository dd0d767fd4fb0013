"""What commands print: tables for people, JSON lines for programs, complaints on standard error."""

import sys
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from rich.console import Console


def is_for_people(*, as_json: bool) -> bool:
    """Tell whether a person reads standard output."""
    return sys.stdout.isatty() and not as_json


def print_json(document: Any) -> None:
    """Print a document as one line of JSON in UTF-8, at once."""
    import orjson  # noqa: PLC0415 - `--help` and `serve` need not wait for it

    sys.stdout.flush()
    sys.stdout.buffer.write(orjson.dumps(document) + b"\n")
    sys.stdout.buffer.flush()


def complain(message: str) -> None:
    """Say on standard error what is wrong."""
    for line in message.split("\n"):
        sys.stderr.write(f"ml-service: {printable(line)}\n")


def console(*, stderr: bool = False) -> "Console":
    """Return a console that takes no text for markup."""
    from rich.console import Console  # noqa: PLC0415 - `--help` and `serve` need not wait for it

    return Console(stderr=stderr, markup=False, highlight=False, emoji=False)


def printable(text: Any) -> str:
    """Return text that a terminal shows and never obeys: control characters are escaped."""
    return "".join(
        char if char.isprintable() else char.encode("unicode_escape").decode("ascii") for char in str(text)
    )


def number(value: float) -> str:
    """Return a number short enough for a table."""
    return f"{value:.6g}"
