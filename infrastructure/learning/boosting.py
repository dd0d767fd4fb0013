"""Growing trees with LightGBM, the same ones in every run."""

import math
import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
from numpy.typing import NDArray

from application.ports.trainer import Iteration
from application.ports.work import WorkFailed
from infrastructure.learning.bare_lightgbm import lightgbm as lgb
from infrastructure.learning.objectives import Objective, Parameters, draws_at_random

Floats = NDArray[np.float64]
OnIteration = Callable[[Iteration], None]

DIVERGED = "The predictions left the range of numbers: lower the learning rate or scale the target down."

_PARAMETERS = "\nparameters:\n"
_PLACE_IN_ITS_SOURCE = re.compile(r" at \S+, line \d+ \.\s*$")
_THREADS_LINE = re.compile(r"^\[num_threads: -?\d+\]$", re.MULTILINE)


@dataclass(frozen=True, kw_only=True)
class Example:
    """Rows with their answers.

    Attributes:
        rows: Of shape (rows, features), NaN where a value is missing.
        target: Of shape (rows,).
        weights: Of shape (rows,); None where all weigh the same.
        categorical: The features whose numbers are codes.
    """

    rows: Floats
    target: Floats
    weights: Floats | None = None
    categorical: Sequence[int] = ()


@dataclass(frozen=True, kw_only=True)
class HeldAgainst:
    """Rows to learn from, and rows that tell after each round how good that is.

    Attributes:
        training: Binned.
        validation: Binned as these are.
        truth: The target of the rows of validation.
        weights: Their weights; None where all weigh the same.
        told_by: The places among them that the figure of a round is of.
    """

    training: lgb.Dataset
    validation: lgb.Dataset
    truth: Floats
    weights: Floats | None
    told_by: NDArray[np.int64]


@dataclass(frozen=True, kw_only=True)
class Grown:
    """Trees.

    Attributes:
        body: LightGBM's text, the same for any number of threads.
        rounds: In it.
        predicted: What they say of the rows of validation: of shape (rows,), or (rows, classes). It is what the
            body says of them, but for the last digits.
    """

    body: str
    rounds: int
    predicted: Floats


def binned(
    example: Example, *, parameters: Parameters, num_threads: int, like: lgb.Dataset | None = None
) -> lgb.Dataset:
    """Return the rows as LightGBM takes them: an eighth of their size, and without them.

    Args:
        example: The rows; only as many bytes of them are needed afterwards as their target has.
        parameters: What LightGBM is given.
        num_threads: They change nothing but the time.
        like: Rows whose bins are to be had; None for bins of their own.

    Raises:
        WorkFailed: LightGBM refuses them: `training.refused`.
        MemoryError: LightGBM got no memory.
    """
    with _told():
        return lgb.Dataset(
            example.rows,
            example.target,
            reference=like,
            weight=example.weights,
            # LightGBM refuses some characters in names, so the body knows columns by number only
            feature_name=[f"f{index}" for index in range(example.rows.shape[1])],
            categorical_feature=list(example.categorical),
            params={**parameters, "num_threads": num_threads},
        ).construct()


def part_of_dataset(whole: lgb.Dataset, rows: NDArray[np.int64]) -> lgb.Dataset:
    """Return some of the rows, with the bins of the whole.

    Raises:
        MemoryError: LightGBM got no memory.
    """
    with _told():
        return whole.subset(rows.tolist()).construct()


def grow(
    pair: HeldAgainst,
    *,
    objective: Objective,
    parameters: Parameters,
    early_stopping_rounds: int,
    num_threads: int,
    on_iteration: OnIteration,
) -> Grown:
    """Boost round by round until all are done or, for `early_stopping_rounds` rounds, none was better.

    The rounds up to the best one are kept; with `early_stopping_rounds` 0, all of them.

    Raises:
        WorkFailed: `training.diverged`, or LightGBM refuses: `training.refused`.
        MemoryError: LightGBM got no memory.
    """
    with _told():
        growing = _Growing(pair, objective=objective, parameters=parameters, num_threads=num_threads)
        _boost([growing], objective, parameters, early_stopping_rounds, on_iteration)
        return Grown(body=growing.body(), rounds=growing.kept_rounds, predicted=growing.predicted())


def grow_in_folds(
    pairs: Sequence[HeldAgainst],
    whole: lgb.Dataset,
    *,
    objective: Objective,
    parameters: Parameters,
    early_stopping_rounds: int,
    num_threads: int,
    on_iteration: OnIteration,
) -> Grown:
    """Boost all folds side by side by the mean of their figures, as `grow` does, then the whole as many rounds.

    What is predicted of the rows held out, fold after fold, is by the trees that have not seen them; the rounds of
    the whole are not told.

    Raises:
        WorkFailed: `training.diverged`, or LightGBM refuses: `training.refused`.
        MemoryError: LightGBM got no memory.
    """
    with _told():
        growing = [
            _Growing(pair, objective=objective, parameters=parameters, num_threads=num_threads) for pair in pairs
        ]
        rounds = _boost(growing, objective, parameters, early_stopping_rounds, on_iteration)
        predicted = np.concatenate([each.predicted() for each in growing])
        del growing
        booster = lgb.Booster({**parameters, "num_threads": num_threads}, whole)
        for _ in range(rounds):
            if booster.update() and not draws_at_random(parameters):
                break
        return Grown(body=_body(booster, -1), rounds=booster.current_iteration(), predicted=predicted)


def _boost(
    growing: "Sequence[_Growing]",
    objective: Objective,
    parameters: Parameters,
    early_stopping_rounds: int,
    on_iteration: OnIteration,
) -> int:
    """Do the rounds, and return how many are to be kept."""
    total = int(parameters["num_iterations"])
    has_chance = draws_at_random(parameters)
    best_round, best_value, done = 0, math.inf, 0
    for done in range(1, total + 1):
        is_barren = all([each.grow() for each in growing])  # noqa: C419 - each of them is to grow
        value = math.fsum(each.value() for each in growing) / len(growing)
        is_best = value < best_value
        if is_best:
            best_round, best_value = done, value
        if is_best or not early_stopping_rounds:
            for each in growing:
                each.keep()
        metrics = {objective.metric_name: value} if math.isfinite(value) else {}
        on_iteration(Iteration(iteration=done, total=total, metrics=metrics, is_best=is_best))
        if is_barren and not has_chance:
            break  # without chance in it, no later round finds a split either
        if early_stopping_rounds and done - best_round >= early_stopping_rounds:
            break
    if best_round == 0:
        raise WorkFailed(DIVERGED, code="training.diverged")
    return best_round if early_stopping_rounds else done


class _Growing:
    """Trees that grow on some rows and are held against others.

    LightGBM takes longer to tell what is predicted of a row than to predict it. So the rows that a round's figure
    is of are held against it by themselves, and the others once, against the rounds that are kept.

    Attributes:
        kept_rounds: How many are to be kept; 0 until `keep` was called.
    """

    def __init__(
        self, pair: HeldAgainst, *, objective: Objective, parameters: Parameters, num_threads: int
    ) -> None:
        given: dict[str, Any] = {**parameters, "num_threads": num_threads}
        self._booster = lgb.Booster(given, pair.training)
        self._validation = pair.validation
        self._told_by = pair.told_by
        self._others = np.setdiff1d(np.arange(len(pair.truth)), pair.told_by)
        are_all = len(self._others) == 0
        self._telling = pair.validation if are_all else part_of_dataset(pair.validation, pair.told_by)
        self._booster.add_valid(self._telling, "telling")
        self._metric = objective.metric
        self._truth = pair.truth[pair.told_by]
        self._weights = None if pair.weights is None else pair.weights[pair.told_by]
        self._predicted = np.empty(0)
        self._kept_predicted = np.empty(0)
        self.kept_rounds = 0

    def grow(self) -> bool:
        """Do a round, and return whether it found no split."""
        return bool(self._booster.update())

    def value(self) -> float:
        """Return the figure of the rounds that are done."""
        return float(self._booster.eval(self._telling, "telling", self._evaluate)[0].metric_value)

    def keep(self) -> None:
        """Let these rounds be the ones that are kept."""
        self.kept_rounds = self._booster.current_iteration()
        self._kept_predicted = self._predicted.copy()  # LightGBM writes the next round's to the same place

    def body(self) -> str:
        """Return the rounds that were kept, as text."""
        return _body(self._booster, self.kept_rounds)

    def predicted(self) -> Floats:
        """Return what the rounds that were kept say of all rows held out; nothing grows afterwards."""
        if len(self._others) == 0:
            return self._kept_predicted
        while self._booster.current_iteration() > self.kept_rounds:
            self._booster.rollback_one_iter()
        others = part_of_dataset(self._validation, self._others)
        self._booster.add_valid(others, "others")
        self._booster.eval(others, "others", self._noted)
        found = np.empty((len(self._told_by) + len(self._others), *self._predicted.shape[1:]))
        found[self._told_by] = self._kept_predicted
        found[self._others] = self._predicted
        return found

    def _evaluate(self, predicted: Floats, telling: lgb.Dataset) -> tuple[str, float, bool]:
        self._noted(predicted, telling)
        return "told", self._metric(self._truth, predicted, self._weights), False

    def _noted(self, predicted: Floats, _: lgb.Dataset) -> tuple[str, float, bool]:
        self._predicted = predicted
        return "noted", 0.0, False


def _body(booster: lgb.Booster, rounds: int) -> str:
    with TemporaryDirectory() as directory:  # asked for a string, LightGBM writes all that is large twice
        path = Path(directory, "trees")
        booster.save_model(path, num_iteration=rounds)
        text = path.read_text(encoding="utf-8")
    # the only line that tells how many threads there were is among the parameters, behind all trees
    trees, heading, parameters = text.rpartition(_PARAMETERS)
    return trees + heading + _THREADS_LINE.sub("[num_threads: 0]", parameters)


@contextmanager
def _told() -> Iterator[None]:
    """Tell LightGBM's errors as ours."""
    try:
        yield
    except lgb.basic.LightGBMError as error:
        if "bad_alloc" in str(error):
            raise MemoryError(str(error)) from error
        reason = _PLACE_IN_ITS_SOURCE.sub("", str(error))
        message = f"LightGBM refuses these data with these hyperparameters: {reason.rstrip('. ')}."
        raise WorkFailed(message, code="training.refused") from error
