"""`key=value` on a command line."""

from collections.abc import Sequence
from typing import Any

import typer


def parse_assignments(words: Sequence[str]) -> dict[str, Any]:
    """Return key → value: numbers, true, false, null, lists and objects are read as JSON, all else is text.

    Quotes force text: `zip='"8001"'`. Nothing behind the `=` is a missing value, as in a CSV file, and None.

    Raises:
        typer.BadParameter: A word has no `=` or no key, or a key comes twice.
    """
    import orjson  # noqa: PLC0415 - `--help` and `serve` need not wait for it

    found: dict[str, Any] = {}
    for word in words:
        key, equals, text = word.partition("=")
        if not equals or not key:
            message = f"{word!r} is no key=value."
            raise typer.BadParameter(message)
        if key in found:
            message = f"{key!r} is given twice."
            raise typer.BadParameter(message)
        try:
            found[key] = orjson.loads(text) if text else None
        except orjson.JSONDecodeError:
            found[key] = text
    return found
