"""Training in a process of its own."""

import os
from collections.abc import Callable, Mapping
from types import MappingProxyType

from application.ports.trainer import Iteration, Rival
from domain.training.job import TRAINING
from domain.training.values import TrainedModel, TrainingPlan
from infrastructure.artifacts.place import PlacedArtifacts
from infrastructure.jobs.job_process import Program
from infrastructure.learning.protocol import MESSAGE, MODULE, Iterations, Order

ENVIRONMENT: Mapping[str, str] = MappingProxyType(
    {
        "OPENBLAS_NUM_THREADS": "1",
        "GOMP_SPINCOUNT": "1000",
        "ARROW_DEFAULT_MEMORY_POOL": "system",
    }
)
"""LightGBM brings threads of its own, linear algebra needs none. They wait for each other spinning, but not
for long: a thread that spins takes the core from the one it waits for as soon as anything else runs. Arrow's own
allocators keep what a table let go of, when LightGBM's is what needs it."""

_PROGRAM = Program(kind=TRAINING, module=MODULE, messages=MESSAGE, environment=ENVIRONMENT)


class SubprocessTrainer:
    """Starts a new interpreter for each training, by exec: a forked one would hang in OpenMP.

    `train` may be called from several threads at once. The thread that calls it must live until it
    returns, because the kernel ends the process with that thread.

    Args:
        artifacts: The store that holds the datasets and gets the models.
        num_threads: Of one training; None for as many as there are cores.
        memory_max_bytes: What one training may allocate, its libraries (about 200 MiB) included; None for as much
            as there is.
        time_max_s: How long one training may take; None for as long as it does.
        cluster: Address of a Dask scheduler, for trainings that ask for one; None where there is none.
    """

    def __init__(
        self,
        *,
        artifacts: PlacedArtifacts,
        num_threads: int | None = None,
        memory_max_bytes: int | None = None,
        time_max_s: int | None = None,
        cluster: str | None = None,
    ) -> None:
        self._artifacts = artifacts
        self._num_threads = num_threads or os.cpu_count() or 1
        self._memory_max_bytes = memory_max_bytes
        self._time_max_s = time_max_s
        self._cluster = cluster

    def train(
        self,
        plan: TrainingPlan,
        *,
        is_reported: bool = True,
        rival: Rival | None = None,
        on_iteration: Callable[[Iteration], None],
        should_stop: Callable[[], bool],
    ) -> TrainedModel:
        """Train, calling back for each round, and keep artifact and report before returning.

        Rounds come in gusts, about twenty a second. `should_stop` is asked at least every 100 ms; when it
        says True the process is killed. An exception from a callback does the same and goes on to the caller.

        Raises:
            WorkFailed: The data cannot be learned, or the process died (`training.process-died`), or took more
                memory than it may (`training.out-of-memory`), or longer (`training.out-of-time`).
            WorkStopped: `should_stop` said True.
        """

        def on_iterations(iterations: Iterations) -> None:
            for iteration in iterations:
                on_iteration(iteration)

        order = Order(
            plan=plan,
            sha256=plan.contents.sha256,
            artifacts=self._artifacts.place,
            memory_max_bytes=self._memory_max_bytes,
            time_max_s=self._time_max_s,
            num_threads=self._num_threads,
            is_reported=is_reported,
            rival=rival,
            cluster=self._cluster,
        )
        return _PROGRAM.result_of(order, on_progress=on_iterations, should_stop=should_stop)
