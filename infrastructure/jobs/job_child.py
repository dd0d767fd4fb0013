"""The inside of a process that works on a job: whatever happens, its starter is told how it ended."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO, Generic, NoReturn, TypeVar

from application.ports.artifacts import (
    ArtifactDamaged,
    ArtifactStore,
    ArtifactStoreUnreachable,
    ArtifactUnavailable,
    opened,
)
from application.ports.work import WorkFailed
from domain.datasets.errors import UnreadableDataset
from domain.jobs.job import Kind
from infrastructure.artifacts.opening import artifacts_at
from infrastructure.jobs.deaths import out_of_memory
from infrastructure.jobs.protocol import Failed, Finished, JobOrder, Progressed
from infrastructure.system.limits import limit_memory
from infrastructure.system.ordered_child import Tell, carry_out

Order = TypeVar("Order", bound=JobOrder)
TellProgress = Callable[[Any], None]
"""Tells the starter how far the work is."""


@dataclass(frozen=True, kw_only=True)
class Given(Generic[Order]):
    """What a process works with.

    Attributes:
        order: What it is to do.
        dataset: Where the dataset's bytes lie, which are those that were registered.
        artifacts: Where the result goes.
        tell: Tells the starter how far the work is.
    """

    order: Order
    dataset: Path
    artifacts: ArtifactStore
    tell: TellProgress


Work = Callable[[Given[Order]], Any]


def carry_out_job(expected: type[Order], work: Work[Order], *, kind: Kind) -> NoReturn:
    """Do the one order of this process and end it; the outcome is told before.

    Args:
        expected: The kind of order.
        work: Does it and returns what came of it; to fail it raises `WorkFailed`. Libraries are for it to import:
            what they take counts towards the memory that the order allows.
        kind: Of the job.
    """
    carry_out(expected, lambda order, tell: _outcome(order, tell, work, kind))


def _outcome(order: Order, tell: Tell, work: Work[Order], kind: Kind) -> Finished[Any] | Failed:
    if order.memory_max_bytes is not None:
        limit_memory(order.memory_max_bytes)
    try:
        artifacts = artifacts_at(order.artifacts)
        with _dataset(order, artifacts, kind) as dataset:
            given = Given(
                order=order,
                dataset=Path(dataset.name),
                artifacts=artifacts,
                tell=lambda progress: tell(Progressed(progress=progress)),
            )
            return Finished(result=work(given))
    except (WorkFailed, ArtifactUnavailable) as failure:
        return Failed(code=failure.code, message=failure.message)
    except UnreadableDataset as error:
        return Failed(code=f"{kind.code}.dataset-unreadable", message=error.message)
    except MemoryError as error:
        why = str(error) or "no more could be had"
        wanting = out_of_memory(why, kind=kind, memory_max_bytes=order.memory_max_bytes)
        return Failed(code=wanting.code, message=wanting.message)
    except OSError as error:
        message = (
            f"What the {kind.noun} gives cannot be written: {error.strerror or error}. "
            "See to the room where artifacts are kept, then have it done over."
        )
        return Failed(code=f"{kind.code}.not-written", message=message)


def _dataset(order: JobOrder, artifacts: ArtifactStore, kind: Kind) -> BinaryIO:
    """Return the dataset's bytes, which stay where they are as long as the file is open."""
    try:
        return opened(artifacts, order.sha256)
    except ArtifactDamaged as error:
        message = f"The dataset's bytes are not those that were registered: {error.message} Register it again."
        raise WorkFailed(message, code=f"{kind.code}.dataset-changed") from error
    except ArtifactStoreUnreachable:
        raise
    except ArtifactUnavailable as error:
        message = f"The dataset's bytes are gone: {error.message} Register it again."
        raise WorkFailed(message, code=f"{kind.code}.dataset-unavailable") from error
