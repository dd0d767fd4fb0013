"""Training, wherever it runs."""

from collections.abc import Callable
from typing import Protocol

from domain.kernel import Immutable
from domain.training.values import TrainedModel, TrainingPlan


class Iteration(Immutable):
    """How far a training is.

    Attributes:
        iteration: Rounds done, from 1.
        total: Rounds asked for; early stopping may end before.
        metrics: On the validation rows after this round, by name.
        is_best: Whether no round before was better.
    """

    iteration: int
    total: int
    metrics: dict[str, float]
    is_best: bool


class Rival(Immutable):
    """The version in production when a training begins, with which its report compares what is trained.

    Attributes:
        version: Its number.
        artifact_url: An artifact of this service.
    """

    version: str
    artifact_url: str


class Trainer(Protocol):
    """Makes a model from a plan, in a process of its own."""

    def train(
        self,
        plan: TrainingPlan,
        *,
        is_reported: bool = True,
        rival: Rival | None = None,
        on_iteration: Callable[[Iteration], None],
        should_stop: Callable[[], bool],
    ) -> TrainedModel:
        """Train, calling back for each round in their order, and keep artifact and report before returning.

        Where it is not to be reported on, no report is made.

        A round may be told a little after it is done, with those that follow. `should_stop` is asked several
        times a second; when it says True the process is ended.
        An exception from a callback ends the process too and goes on to the caller.

        Raises:
            WorkFailed: The data cannot be learned (`training.constant-target`, …), or the process
                died (`training.process-died`), or took more memory than it may (`training.out-of-memory`).
            WorkStopped: `should_stop` said True.
        """
