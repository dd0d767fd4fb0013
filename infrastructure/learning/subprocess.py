"""Training in a process of its own."""

import os
import signal
import time
from collections.abc import Callable
from queue import Empty

from pydantic import ValidationError

from application.ports.artifacts import ArtifactUnavailable
from application.ports.stopping import WorkStopped
from application.ports.trainer import Iteration, TrainingFailed
from domain.training.values import TrainedModel, TrainingPlan
from infrastructure.artifacts.local import LocalArtifacts
from infrastructure.learning.protocol import MESSAGE, MODULE, Failed, Finished, Order, Progressed
from infrastructure.system.ordered_process import Death, OrderedProcess

_POLL_S = 0.05
_ENVIRONMENT = {"OPENBLAS_NUM_THREADS": "1", "GOMP_SPINCOUNT": "1000"}
"""LightGBM brings threads of its own, linear algebra needs none. They wait for each other spinning, but not
for long: a thread that spins takes the core from the one it waits for as soon as anything else runs."""


class SubprocessTrainer:
    """Starts a new interpreter for each training, by exec: a forked one would hang in OpenMP.

    `train` may be called from several threads at once. The thread that calls it must live until it
    returns, because the kernel ends the process with that thread.
    """

    def __init__(self, *, artifacts: LocalArtifacts, num_threads: int | None = None) -> None:
        """Take the store that holds the datasets and gets the models, and the threads of one training."""
        self._artifacts = artifacts
        self._num_threads = num_threads or os.cpu_count() or 1

    def train(
        self,
        plan: TrainingPlan,
        *,
        on_iteration: Callable[[Iteration], None],
        should_stop: Callable[[], bool],
    ) -> TrainedModel:
        """Train, calling back for each round, and keep the artifact before returning.

        Rounds come in gusts, about twenty a second. `should_stop` is asked at least every 100 ms; when it
        says True the process is killed. An exception from a callback does the same and goes on to the caller.

        Raises:
            TrainingFailed: The data cannot be learned, or the process died (`training.process-died`).
            WorkStopped: `should_stop` said True.
        """
        order = self._order(plan)
        started = time.monotonic()
        with OrderedProcess(module=MODULE, order=order, environment=_ENVIRONMENT) as process:
            while True:
                if should_stop():
                    raise WorkStopped
                try:
                    line = process.next_line(timeout_s=_POLL_S)
                except Empty:
                    continue
                if line is None:
                    raise _failure(process.death())
                match _parse(line):
                    case Progressed(iterations=iterations):
                        for iteration in iterations:
                            on_iteration(iteration)
                    case Failed(code=code, message=message):
                        raise TrainingFailed(message, code=code)
                    case Finished() as finished:
                        return TrainedModel(
                            **finished.model_dump(exclude={"kind"}), duration_s=time.monotonic() - started
                        )

    def _order(self, plan: TrainingPlan) -> Order:
        try:
            dataset = self._artifacts.path(plan.contents.sha256)
        except ArtifactUnavailable as error:
            message = f"The dataset's bytes are gone: {error.message} Register it again."
            raise TrainingFailed(message, code="training.dataset-unavailable") from error
        return Order(plan=plan, dataset=dataset, artifacts=self._artifacts.root, num_threads=self._num_threads)


def _parse(line: bytes) -> Progressed | Finished | Failed:
    try:
        return MESSAGE.validate_json(line)
    except ValidationError as error:
        message = f"The training process wrote what cannot be read: {line[:200]!r}."
        raise TrainingFailed(message, code="training.process-died") from error


def _failure(death: Death) -> TrainingFailed:
    how = str(death)
    if death.status == -signal.SIGKILL:
        how += "; when nobody did that, the machine ran out of memory: try fewer rows, columns or leaves"
    last_words = f" Its last words: {death.last_words}" if death.last_words else ""
    return TrainingFailed(f"The training process {how}.{last_words}", code="training.process-died")
