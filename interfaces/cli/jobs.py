"""Following a training job to its end."""

import time
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import typer

from interfaces.cli.connection import Connection
from interfaces.cli.output import complain, console, number, printable

SHOWN_EVERY_S = 1
ASKED_EVERY_S = 20
_ENDED = frozenset({"completed", "failed", "cancelled"})
_PAUSE_S = 0.2
_INTERRUPTED = 130


def ended_or_left(connection: Connection, job_id: str, *, is_shown: bool) -> dict[str, Any]:
    """Return the job as it ended; Ctrl-C ends the command and leaves the job to itself.

    Raises:
        Refused, Unreachable: The service does not tell; the job goes on without us.
    """
    try:
        return ended_job(connection, job_id, is_shown=is_shown)
    except KeyboardInterrupt:
        complain(f"The job goes on: {connection.url}/api/v1/training-jobs/{job_id}")
        raise typer.Exit(_INTERRUPTED) from None


def ended_job(connection: Connection, job_id: str, *, is_shown: bool) -> dict[str, Any]:
    """Return the job as it ended, with a progress bar on standard error until then where one is seen.

    Raises:
        Refused, Unreachable: The service does not tell; the job goes on without us.
    """
    states = _states(connection, job_id, wait_s=SHOWN_EVERY_S if is_shown else ASKED_EVERY_S)
    *_, last = _with_progress(states) if is_shown else states
    return last


def metrics_text(metrics: Mapping[str, float]) -> str:
    """Return the figures on one line."""
    return "  ".join(f"{printable(name)} {number(value)}" for name, value in metrics.items())


def _states(connection: Connection, job_id: str, *, wait_s: int) -> Iterator[dict[str, Any]]:
    prefer = None
    while True:
        asked = time.monotonic()
        job = connection.get(f"/training-jobs/{job_id}", prefer=prefer)
        yield job
        if job["status"] in _ENDED:
            return
        prefer = f"wait={wait_s}"
        # a service that does not wait must not be asked without a pause
        time.sleep(max(0.0, _PAUSE_S - (time.monotonic() - asked)))


def _with_progress(states: Iterable[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    from rich.progress import (  # noqa: PLC0415 - `--help` and `serve` need not wait for it
        BarColumn,
        Progress,
        TaskProgressColumn,
        TextColumn,
        TimeElapsedColumn,
    )

    columns = (
        TextColumn("{task.description}", markup=False),
        BarColumn(),
        TaskProgressColumn(),
        TimeElapsedColumn(),
        TextColumn("{task.fields[metrics]}", markup=False),
    )
    with Progress(*columns, console=console(stderr=True), transient=True) as progress:
        task = progress.add_task("pending", total=100, metrics="")
        for job in states:
            metrics = metrics_text(job["metrics"])
            progress.update(task, description=job["status"], completed=job["progress"], metrics=metrics)
            yield job
