"""The inside of an `OrderedProcess`: reads the order, says the outcome, ends when nobody waits for it."""

import os
from collections.abc import Callable
from typing import NoReturn, TypeVar

from pydantic import BaseModel

from infrastructure.system.lifeline import die_with_starter, require_starter, watch
from infrastructure.system.orders import ProcessOrder

_STDIN, _STDOUT, _STDERR = 0, 1, 2

Order = TypeVar("Order", bound=ProcessOrder)
Tell = Callable[[BaseModel], None]
"""Writes one line to the starter."""


def carry_out(expected: type[Order], work: Callable[[Order, Tell], BaseModel]) -> NoReturn:
    """Do the one order of this process and end it.

    Args:
        expected: The kind of order.
        work: Does it, telling how far it is if it wants to, and returns the outcome to be told last. What
            it raises goes to standard error and ends the process with status 1.
    """
    die_with_starter()
    tell = _line_to_starter()
    order = expected.model_validate_json(_first_line(_STDIN))
    require_starter(order.starter_pid)
    watch(_STDIN)
    tell(work(order, tell))
    # not through interpreter shutdown: everything is on disk, and a freeing of gigabytes would be waited for
    os._exit(0)


def _line_to_starter() -> Tell:
    """Keep standard output for ourselves; whatever libraries print goes to standard error instead."""
    descriptor = os.dup(_STDOUT)
    os.dup2(_STDERR, _STDOUT)

    def tell(message: BaseModel) -> None:
        line = memoryview(message.model_dump_json().encode() + b"\n")
        while line:
            line = line[os.write(descriptor, line) :]

    return tell


def _first_line(descriptor: int) -> bytes:
    """Read up to the first line's end from the bare descriptor, which the lifeline goes on with."""
    line = bytearray()
    while not line.endswith(b"\n"):
        chunk = os.read(descriptor, 1 << 16)
        if not chunk:
            os._exit(0)  # the starter ended before it had said anything
        line += chunk
    return bytes(line)
