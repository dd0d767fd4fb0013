"""The training process: `python -m infrastructure.learning.child`, started by `SubprocessTrainer`."""

import hashlib
from collections.abc import Sequence
from pathlib import Path

from application.ports.trainer import Iteration, TrainingFailed
from domain.datasets.errors import UnreadableDataset
from infrastructure.learning.progress import Gathered
from infrastructure.learning.protocol import Failed, Finished, Order, Progressed
from infrastructure.system.ordered_child import Tell, carry_out

_CHUNK_BYTES = 1 << 20


def main() -> None:
    """Do one order and exit; the outcome is written before."""
    carry_out(Order, _outcome)


def _outcome(order: Order, tell: Tell) -> Finished | Failed:
    try:
        return _trained(order, tell)
    except TrainingFailed as failure:
        return Failed(code=failure.code, message=failure.message)
    except UnreadableDataset as error:
        return Failed(code="training.dataset-unreadable", message=error.message)
    except MemoryError as error:
        message = (
            f"The training ran out of memory ({str(error) or 'no more could be had'}): "
            "give it a machine with more, or fewer rows, columns or leaves."
        )
        return Failed(code="training.process-died", message=message)


def _trained(order: Order, tell: Tell) -> Finished:
    _require_unchanged(order.dataset, order.plan.contents.sha256)
    # imported here, because they take most of the start: an order that cannot be carried out fails before
    from infrastructure.artifacts.local import LocalArtifacts  # noqa: PLC0415 - see above
    from infrastructure.datasets.tables import read_table  # noqa: PLC0415 - see above
    from infrastructure.learning.artifact import keep  # noqa: PLC0415 - see above
    from infrastructure.learning.training import train  # noqa: PLC0415 - see above

    def send(iterations: Sequence[Iteration]) -> None:
        tell(Progressed(iterations=tuple(iterations)))

    plan = order.plan
    table = read_table(
        order.dataset, contents=plan.contents, columns=[plan.target.name, *(each.name for each in plan.features)]
    )
    progress = Gathered(send)
    training = train(plan, table, num_threads=order.num_threads, on_iteration=progress)
    progress.finish()
    manifest = training.manifest
    return Finished(
        artifact_url=keep(LocalArtifacts(root=order.artifacts), manifest, training.body),
        metrics=training.metrics,
        best_iteration=manifest.best_iteration,
        parameters=manifest.parameters,
        environment=manifest.environment,
    )


def _require_unchanged(dataset: Path, sha256: str) -> None:
    digest = hashlib.sha256()
    try:
        with dataset.open("rb") as file:
            while chunk := file.read(_CHUNK_BYTES):
                digest.update(chunk)
    except OSError as error:
        message = f"The dataset's bytes cannot be read any more: {error.strerror}. Register it again."
        raise TrainingFailed(message, code="training.dataset-unavailable") from error
    if digest.hexdigest() != sha256:
        message = (
            "The dataset's bytes are not those that were registered: "
            f"sha256 is {digest.hexdigest()} instead of {sha256}. Register it again."
        )
        raise TrainingFailed(message, code="training.dataset-changed")


if __name__ == "__main__":
    main()
