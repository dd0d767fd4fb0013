"""How a command ends that looks after a service's data.

Ending
├── Finding       1  something is not what was written
├── Misused       2  what was asked for cannot be
└── OutOfReach    3  what it needs cannot be read or written
"""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import ClassVar

import typer

from interfaces.cli.output import complain, printable

_INTERRUPTED = 130


class Ending(Exception):
    """A command ends with other than success.

    Attributes:
        status: The exit status.
    """

    status: ClassVar[int]


class Finding(Ending):
    """Something is not what was written; printed as `position N: reason` where it has a position."""

    status = 1


class Misused(Ending):
    """What was asked for cannot be."""

    status = 2


class OutOfReach(Ending):
    """What the command needs cannot be read or written."""

    status = 3


@contextmanager
def told() -> Iterator[None]:
    """Print how the block ends, findings on standard output, and leave with the status that belongs to it."""
    try:
        yield
    except Finding as finding:
        for line in str(finding).split("\n"):
            print(printable(line), flush=True)
        raise typer.Exit(finding.status) from None
    except Ending as ending:
        complain(str(ending))
        raise typer.Exit(ending.status) from None
    except BrokenPipeError:
        sys.stderr.close()  # whoever read has left; Python would complain of it once more at its end
        raise typer.Exit(OutOfReach.status) from None
    except KeyboardInterrupt:
        raise typer.Exit(_INTERRUPTED) from None
