"""Server-sent events as their readers take them."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import httpx
import orjson


@dataclass(frozen=True)
class Told:
    """One event of a stream.

    Attributes:
        type: Its `event` field.
        id: None where it has none.
        data: What its JSON says.
    """

    type: str
    id: str | None
    data: Any


def told(response: httpx.Response) -> Iterator[Told]:
    """Yield the events of a stream as they come, until it ends; comments are passed over."""
    fields: dict[str, str] = {}
    for line in response.iter_lines():
        name, _, value = line.partition(":")
        if line and name:
            fields[name] = value.removeprefix(" ")
        elif not line and "data" in fields:
            yield Told(type=fields["event"], id=fields.get("id"), data=orjson.loads(fields["data"]))
            fields = {}
