"""The trees of a version, asked in the fastest way that gives LightGBM's own numbers."""

import logging
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from application.ports.predictor import Row
from infrastructure.learning.bare_lightgbm import lightgbm as lgb
from infrastructure.learning.lightgbm_c_api import CBooster, NoSuchFunctions
from infrastructure.learning.row_costs import MEASURED_ROWS, measured_cost_s

Floats = NDArray[np.float64]

_COMPARED_ROWS = 8

_log = logging.getLogger(__name__)


class Trees(Protocol):
    """Trees that several threads may ask.

    A row has as many numbers as there are features, NaN where a value is missing; one that is asked alone may have
    None there.
    """

    def scores_of_row(self, row: Row) -> list[float]:
        """Return the scores of one row, as many as there are per row."""

    def scores(self, matrix: Floats) -> Floats:
        """Return the scores of shape (rows, scores), of a matrix of shape (rows, features)."""

    def contributions(self, matrix: Floats) -> Floats:
        """Return the contributions of shape (rows, scores, features + 1); the last is the bias."""


class WrappedBooster:
    """A booster, asked through LightGBM's Python wrapper."""

    def __init__(self, booster: "lgb.Booster") -> None:
        self._booster = booster
        self._scores: int = booster.num_model_per_iteration()

    def scores_of_row(self, row: Row) -> list[float]:
        """Return the scores of one row."""
        found: list[float] = self.scores(np.array([row], dtype=np.float64))[0].tolist()
        return found

    def scores(self, matrix: Floats) -> Floats:
        """Return the scores of shape (rows, scores)."""
        if len(matrix) == 0:  # which the wrapper refuses
            return np.empty((0, self._scores))
        found: Floats = np.asarray(self._booster.predict(matrix, num_threads=1))
        return found.reshape(len(matrix), self._scores)

    def contributions(self, matrix: Floats) -> Floats:
        """Return the contributions of shape (rows, scores, features + 1)."""
        if len(matrix) == 0:
            return np.empty((0, self._scores, matrix.shape[1] + 1))
        found: Floats = np.asarray(self._booster.predict(matrix, num_threads=1, pred_contrib=True))
        return found.reshape(len(matrix), self._scores, matrix.shape[1] + 1)


class AveragedTrees:
    """Trees whose mean is the score, as those of random forests: LightGBM adds up what contributes to each.

    Args:
        trees: The same, as LightGBM answers.
        rounds: Trees for each score.
    """

    def __init__(self, trees: Trees, rounds: int) -> None:
        self._trees = trees
        self._rounds = rounds

    def scores_of_row(self, row: Row) -> list[float]:
        """Return the scores of one row."""
        return self._trees.scores_of_row(row)

    def scores(self, matrix: Floats) -> Floats:
        """Return the scores of shape (rows, scores)."""
        return self._trees.scores(matrix)

    def contributions(self, matrix: Floats) -> Floats:
        """Return the contributions of shape (rows, scores, features + 1)."""
        return self._trees.contributions(matrix) / self._rounds


def trees_of(booster: "lgb.Booster") -> Trees:
    """Return the trees, asked through LightGBM's C functions if these are there and give the wrapper's numbers."""
    wrapped = WrappedBooster(booster)
    rows = _probes(booster, count=_COMPARED_ROWS)
    try:
        direct = CBooster(booster)
        if _agree(direct, wrapped, rows):
            return direct
        reason = "its C functions give other numbers than its wrapper"
    except (NoSuchFunctions, AttributeError, TypeError, ValueError) as error:
        reason = str(error)
    _log.warning("Predictions take LightGBM's slower way: %s.", reason)
    return wrapped


def seconds_per_row(trees: Trees, booster: "lgb.Booster") -> float:
    """Return about how long one row takes on this machine, asked alone."""
    return measured_cost_s(trees.scores_of_row, _probes(booster, count=MEASURED_ROWS).tolist())


def _probes(booster: "lgb.Booster", *, count: int) -> Floats:
    """Return rows that take different ways through the trees, of shape (rows, features)."""
    rows = np.random.default_rng(0).normal(scale=10.0, size=(count, booster.num_feature()))
    rows[0], rows[1] = 0.0, np.nan
    return rows


def _agree(direct: Trees, wrapped: Trees, rows: Floats) -> bool:
    expected = wrapped.scores(rows)
    one_by_one = np.array([direct.scores_of_row(row) for row in rows.tolist()])
    return np.array_equal(direct.scores(rows), expected) and np.array_equal(one_by_one, expected)
