"""A trainer that does what a test says instead of learning."""

from collections.abc import Callable, Sequence

from application.ports.trainer import Iteration, Rival
from application.ports.work import WorkStopped
from domain.models.values import Difference, Reproduction
from domain.training.values import TrainedModel, TrainingPlan
from tests.support.events import TRAINED


class ScriptedTrainer:
    """Calls each step of its script in order, then gives a trained model.

    Args:
        script: What happens while it trains; a step that raises ends the training so.
        rounds: How many iterations it then reports.

    Attributes:
        rivals: What each training was to be compared with.
        reported: Whether each was to be reported on.
    """

    def __init__(self, *script: Callable[[], None], rounds: int = 3) -> None:
        self._script: Sequence[Callable[[], None]] = script
        self._rounds = rounds
        self.rivals: list[Rival | None] = []
        self.reported: list[bool] = []

    def train(
        self,
        plan: TrainingPlan,
        *,
        is_reported: bool = True,
        rival: Rival | None = None,
        on_iteration: Callable[[Iteration], None],
        should_stop: Callable[[], bool],
    ) -> TrainedModel:
        self.rivals.append(rival)
        self.reported.append(is_reported)
        for step in self._script:
            step()
        for iteration in range(1, self._rounds + 1):
            if should_stop():
                raise WorkStopped
            on_iteration(
                Iteration(iteration=iteration, total=self._rounds, metrics={"auc": 0.5}, is_best=iteration == 1)
            )
        return TRAINED


def compared_by_url(expected: str, actual: str) -> Reproduction:
    """Hold two artifacts against each other whose URLs say all that there is of them."""
    if expected == actual:
        return Reproduction(reproduced=True, differences=())
    return Reproduction(
        reproduced=False, differences=(Difference(what="manifest", expected=expected, actual=actual),)
    )
