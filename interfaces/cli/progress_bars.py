"""Progress of long work, for people who watch."""

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

OnStep = Callable[[str, int, int | None], None]
"""Told what is being done, how much of it is done, and of how much; None where that is not known."""

_EVERY_S = 0.1


@contextmanager
def progress_bars() -> Iterator[OnStep]:
    """Yield what shows a bar for each kind of work, with rate and time left; nothing where nobody watches."""
    if not sys.stderr.isatty():
        yield lambda _what, _done, _of: None
        return
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn  # noqa: PLC0415 - `--help` and `serve` need not wait for it

    from interfaces.cli.output import console  # noqa: PLC0415 - the same

    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("{task.fields[rate]}"),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=console(stderr=True), transient=True) as bars:
        tasks = {}
        begun: dict[str, float] = {}
        shown: dict[str, float] = {}

        def on_step(what: str, done: int, of: int | None) -> None:
            now = time.monotonic()
            if what not in tasks:
                tasks[what] = bars.add_task(what, total=of, rate="")
                begun[what] = now
            elif now - shown[what] < _EVERY_S and done != of:
                return
            shown[what] = now
            seconds = now - begun[what]
            rate = f"{done / seconds:,.0f}/s" if seconds > 0 else ""
            bars.update(tasks[what], completed=done, total=of, rate=rate)

        yield on_step
