"""Training in a process of its own, which can be ended at any moment and takes nothing down with it."""

import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from queue import Empty, SimpleQueue
from threading import Thread
from typing import IO, Self

from pydantic import ValidationError

import infrastructure
from application.ports.artifacts import ArtifactUnavailable
from application.ports.trainer import Iteration, TrainingFailed, TrainingStopped
from domain.training.values import TrainedModel, TrainingPlan
from infrastructure.artifacts.local import LocalArtifacts
from infrastructure.learning.protocol import MESSAGE, MODULE, Failed, Finished, Order, Progressed

_POLL_S = 0.05
_TAIL_BYTES = 2_000
_CODE_ROOT = Path(infrastructure.__file__).parents[1]

Line = bytes | None
"""What the process wrote; None when it will write no more."""


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
        """Train, calling back about twenty times a second, and keep the artifact before returning.

        The first, the last and the best round are always told. `should_stop` is asked at least every
        100 ms; when it says True the process is killed. An exception from a callback does the same and
        goes on to the caller.

        Raises:
            TrainingFailed: The data cannot be learned, or the process died (`training.process-died`).
            TrainingStopped: `should_stop` said True.
        """
        order = self._order(plan)
        started = time.monotonic()
        with tempfile.TemporaryFile() as stderr, _Process(order, stderr=stderr) as process:
            while True:
                if should_stop():
                    raise TrainingStopped
                try:
                    line = process.next_line(timeout_s=_POLL_S)
                except Empty:
                    continue
                if line is None:
                    raise _death(process.exit_status(), _tail(stderr))
                match _parse(line):
                    case Progressed(iteration=iteration):
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
        return Order(
            plan=plan,
            dataset=dataset,
            artifacts=self._artifacts.root,
            num_threads=self._num_threads,
            starter_pid=os.getpid(),
        )


class _Process:
    """A training process with its order; gone, and reaped, when the block is left in whatever way."""

    def __init__(self, order: Order, *, stderr: IO[bytes]) -> None:
        self._lines: SimpleQueue[Line] = SimpleQueue()
        python_path = os.pathsep.join(filter(None, [str(_CODE_ROOT), os.environ.get("PYTHONPATH")]))
        self._process = subprocess.Popen(  # noqa: S603 - our own interpreter and module, no shell
            # -P: the working directory's files are not ours to import
            [sys.executable, "-P", "-m", MODULE],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=stderr,
            # LightGBM brings threads of its own, linear algebra needs none
            env={**os.environ, "PYTHONPATH": python_path, "OPENBLAS_NUM_THREADS": "1"},
            start_new_session=True,  # Ctrl-C in a terminal is the starter's to hear
        )
        # threads, because a full pipe blocks its writer and an empty one its reader
        line = order.model_dump_json().encode() + b"\n"
        self._threads = (
            Thread(target=self._write, args=(line,), name="training-order", daemon=True),
            Thread(target=self._read, name="training-answers", daemon=True),
        )

    def __enter__(self) -> Self:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._process.kill()
        self._process.wait()
        for thread in self._threads:
            thread.join()
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdout.close()
        with suppress(BrokenPipeError):  # bytes of the order that nobody took
            self._process.stdin.close()

    def next_line(self, *, timeout_s: float) -> Line:
        """Return what the process writes next, None at its end; Empty when it is silent for so long."""
        return self._lines.get(timeout=timeout_s)

    def exit_status(self) -> int:
        """Wait for the end; negative is the number of the signal that brought it."""
        return self._process.wait()

    def _write(self, line: bytes) -> None:
        assert self._process.stdin is not None
        with suppress(BrokenPipeError):  # the process died: its silence tells
            self._process.stdin.write(line)
            self._process.stdin.flush()

    def _read(self) -> None:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            self._lines.put(line)
        self._lines.put(None)


def _parse(line: bytes) -> Progressed | Finished | Failed:
    try:
        return MESSAGE.validate_json(line)
    except ValidationError as error:
        message = f"The training process wrote what cannot be read: {line[:200]!r}."
        raise TrainingFailed(message, code="training.process-died") from error


def _tail(stderr: IO[bytes]) -> str:
    size = stderr.seek(0, os.SEEK_END)
    stderr.seek(max(0, size - _TAIL_BYTES))
    return stderr.read().decode(errors="replace").strip()


def _death(status: int, tail: str) -> TrainingFailed:
    if status < 0:
        how = f"was killed by {_signal_name(-status)}"
        if -status == signal.SIGKILL:
            how += "; when nobody did that, the machine ran out of memory: try fewer rows, columns or leaves"
    else:
        how = f"ended with exit status {status} before it was done"
    last_words = f" Its last words: {tail}" if tail else ""
    return TrainingFailed(f"The training process {how}.{last_words}", code="training.process-died")


def _signal_name(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"signal {number}"
