"""The inside of a process that works on a job: whatever happens, its starter is told how it ended."""

import hashlib
from collections.abc import Callable
from typing import Any, NoReturn, TypeVar

from application.ports.artifacts import ArtifactUnavailable
from application.ports.work import WorkFailed
from domain.datasets.errors import UnreadableDataset
from domain.jobs.job import Kind
from infrastructure.jobs.deaths import out_of_memory
from infrastructure.jobs.protocol import Failed, Finished, JobOrder, Progressed
from infrastructure.system.limits import limit_memory
from infrastructure.system.ordered_child import Tell, carry_out

Order = TypeVar("Order", bound=JobOrder)
TellProgress = Callable[[Any], None]
"""Tells the starter how far the work is."""
Work = Callable[[Order, TellProgress], Any]


def carry_out_job(expected: type[Order], work: Work[Order], *, kind: Kind) -> NoReturn:
    """Do the one order of this process and end it; the outcome is told before.

    Args:
        expected: The kind of order.
        work: Does it and returns what came of it. It need not look whether the dataset's bytes are those that
            were registered; to fail it raises `WorkFailed`. Libraries are for it to import: what they take counts
            towards the memory that the order allows.
        kind: Of the job.
    """
    carry_out(expected, lambda order, tell: _outcome(order, tell, work, kind))


def _outcome(order: Order, tell: Tell, work: Work[Order], kind: Kind) -> Finished[Any] | Failed:
    if order.memory_max_bytes is not None:
        limit_memory(order.memory_max_bytes)
    try:
        _require_unchanged(order, kind)
        return Finished(result=work(order, lambda progress: tell(Progressed(progress=progress))))
    except (WorkFailed, ArtifactUnavailable) as failure:
        return Failed(code=failure.code, message=failure.message)
    except UnreadableDataset as error:
        return Failed(code=f"{kind.code}.dataset-unreadable", message=error.message)
    except MemoryError as error:
        why = str(error) or "no more could be had"
        wanting = out_of_memory(why, kind=kind, memory_max_bytes=order.memory_max_bytes)
        return Failed(code=wanting.code, message=wanting.message)
    except OSError as error:
        message = f"What the {kind.noun} gives cannot be written: {error.strerror or error}."
        return Failed(code=f"{kind.code}.not-written", message=message)


def _require_unchanged(order: JobOrder, kind: Kind) -> None:
    try:
        with order.dataset.open("rb") as file:
            sha256 = hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        message = f"The dataset's bytes cannot be read any more: {error.strerror}. Register it again."
        raise WorkFailed(message, code=f"{kind.code}.dataset-unavailable") from error
    if sha256 != order.sha256:
        message = (
            "The dataset's bytes are not those that were registered: "
            f"sha256 is {sha256} instead of {order.sha256}. Register it again."
        )
        raise WorkFailed(message, code=f"{kind.code}.dataset-changed")
