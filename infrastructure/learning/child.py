"""The training process: `python -m infrastructure.learning.child`, started by `SubprocessTrainer`."""

import hashlib
import os
from pathlib import Path

from application.ports.trainer import Iteration, TrainingFailed
from domain.datasets.errors import UnreadableDataset
from infrastructure.learning.progress import Thinned
from infrastructure.learning.protocol import Failed, Finished, Message, Order, Progressed
from infrastructure.system.lifeline import die_with_starter, require_starter, watch

_STDIN, _STDOUT, _STDERR = 0, 1, 2
_CHUNK_BYTES = 1 << 20


class Channel:
    """The process's own line to its starter; whatever libraries print goes to standard error instead."""

    def __init__(self) -> None:
        self._descriptor = os.dup(_STDOUT)
        os.dup2(_STDERR, _STDOUT)

    def send(self, message: Message) -> None:
        """Write one line."""
        line = memoryview(message.model_dump_json().encode() + b"\n")
        while line:
            line = line[os.write(self._descriptor, line) :]


def main() -> None:
    """Do one order and exit; the outcome is written before."""
    die_with_starter()
    channel = Channel()
    order = Order.model_validate_json(_first_line(_STDIN))
    require_starter(order.starter_pid)
    watch(_STDIN)
    try:
        outcome: Message = _carry_out(order, channel)
    except TrainingFailed as failure:
        outcome = Failed(code=failure.code, message=failure.message)
    except UnreadableDataset as error:
        outcome = Failed(code="training.dataset-unreadable", message=error.message)
    except MemoryError as error:
        message = (
            f"The training ran out of memory ({str(error) or 'no more could be had'}): "
            "give it a machine with more, or fewer rows, columns or leaves."
        )
        outcome = Failed(code="training.process-died", message=message)
    channel.send(outcome)
    # not through interpreter shutdown: everything is on disk, and a freeing of gigabytes would be waited for
    os._exit(0)


def _carry_out(order: Order, channel: Channel) -> Finished:
    _require_unchanged(order.dataset, order.plan.contents.sha256)
    # imported here, because they take most of the start: an order that cannot be carried out fails before
    from infrastructure.artifacts.local import LocalArtifacts  # noqa: PLC0415 - see above
    from infrastructure.datasets.tables import read_table  # noqa: PLC0415 - see above
    from infrastructure.learning.artifact import keep  # noqa: PLC0415 - see above
    from infrastructure.learning.training import train  # noqa: PLC0415 - see above

    def send(iteration: Iteration) -> None:
        channel.send(Progressed(iteration=iteration))

    plan = order.plan
    table = read_table(
        order.dataset, contents=plan.contents, columns=[plan.target.name, *(each.name for each in plan.features)]
    )
    progress = Thinned(send)
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


def _first_line(descriptor: int) -> bytes:
    """Read up to the first line's end from the bare descriptor, which the lifeline goes on with."""
    line = bytearray()
    while not line.endswith(b"\n"):
        chunk = os.read(descriptor, 1 << 16)
        if not chunk:
            os._exit(0)  # the starter ended before it had said anything
        line += chunk
    return bytes(line)


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
