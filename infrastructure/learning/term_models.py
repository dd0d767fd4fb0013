"""What scores weighed terms: weights of a linear model, or trees."""

from collections.abc import Iterator, Sequence
from threading import Lock
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from infrastructure.learning.bare_lightgbm import lightgbm as lgb
from infrastructure.learning.terms import Weighed

Floats = NDArray[np.float64]
Codes = NDArray[np.intp]


class TermModel(Protocol):
    """Scores instances by their terms. Safe to ask from several threads; an instance is scored by itself."""

    def raw(self, rows: Sequence[Weighed]) -> Floats:
        """Return the raw scores of shape (rows, scores): one for two labels and for numbers, else one a label."""

    def contributions(self, rows: Sequence[Weighed], scored: Codes) -> Iterator[Floats]:
        """Yield for each instance what each of its terms contributes to that of its raw scores that is named."""


class LinearModel:
    """Adds up a coefficient for each term, times its weight.

    Args:
        coefficients: Of shape (terms, scores).
        intercepts: Of shape (scores,).
    """

    def __init__(self, *, coefficients: Floats, intercepts: Floats) -> None:
        self._coefficients = coefficients
        self._intercepts = intercepts

    def raw(self, rows: Sequence[Weighed]) -> Floats:
        """Return the raw scores; each row is added up on its own, so that others change nothing."""
        scores = np.empty((len(rows), len(self._intercepts)))
        for place, (places, weights) in enumerate(rows):
            products = self._coefficients[places] * weights[:, np.newaxis]
            scores[place] = products.sum(axis=0) + self._intercepts
        return scores

    def contributions(self, rows: Sequence[Weighed], scored: Codes) -> Iterator[Floats]:
        """Yield what each term contributes."""
        for (places, weights), score in zip(rows, scored.tolist(), strict=True):
            yield self._coefficients[places, score] * weights


class TreeModel:
    """Asks LightGBM's trees.

    Args:
        booster: Was grown on weighed terms.
    """

    def __init__(self, booster: "lgb.Booster") -> None:
        self._booster = booster
        self._terms: int = booster.num_feature()
        self._scores: int = booster.num_model_per_iteration()
        self._explaining = Lock()

    def raw(self, rows: Sequence[Weighed]) -> Floats:
        """Return the raw scores."""
        if not rows:  # which LightGBM refuses
            return np.empty((0, self._scores))
        found = self._booster.predict(sparse_rows(rows, terms=self._terms), raw_score=True, num_threads=1)
        return np.asarray(found, dtype=np.float64).reshape(len(rows), self._scores)

    def contributions(self, rows: Sequence[Weighed], scored: Codes) -> Iterator[Floats]:
        """Yield what each term that is there contributes; what those do that are absent is not told."""
        for row, score in zip(rows, scored.tolist(), strict=True):
            with self._explaining:  # LightGBM computes the depths of shared trees at the start of each
                found: Any = self._booster.predict(
                    sparse_rows([row], terms=self._terms), pred_contrib=True, num_threads=1
                )
            of_scores = found if isinstance(found, list) else [found]
            yield np.asarray(of_scores[score].todense(), dtype=np.float64)[0, row.places]


def sparse_rows(rows: Sequence[Weighed], *, terms: int) -> Any:
    """Return instances as a sparse matrix of shape (rows, terms)."""
    ends = np.cumsum([0, *(len(each.places) for each in rows)])
    places = np.concatenate([each.places for each in rows])
    weights = np.concatenate([each.weights for each in rows])
    return sparse.csr_matrix((weights, places, ends), shape=(len(rows), terms))


def probabilities(raw: Floats) -> Floats:
    """Return the probabilities of shape (rows, labels) that raw scores mean."""
    if raw.shape[1] == 1:
        with np.errstate(over="ignore"):  # what overflows has no chance
            second = 1.0 / (1.0 + np.exp(-raw))
        return np.hstack([1.0 - second, second])
    weights = np.exp(raw - raw.max(axis=1, keepdims=True, initial=-np.inf))
    found: Floats = weights / weights.sum(axis=1, keepdims=True)
    return found
