"""Learning from weighed terms: a linear model by scikit-learn, or trees by LightGBM.

Source:
    scikit-learn, `LogisticRegression` (by L-BFGS) and `Ridge` (by conjugate gradients).
"""

import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import LogisticRegression, Ridge

from application.ports.trainer import Iteration
from domain.training.hyperparameters.nlp import Nlp
from infrastructure.learning.bare_lightgbm import lightgbm as lgb
from infrastructure.learning.boosting import Example, HeldAgainst, binned, grow
from infrastructure.learning.metrics import multiclass_log_loss, rmse
from infrastructure.learning.objectives import Parameters, objective_for, parameters_for
from infrastructure.learning.term_models import LinearModel, TermModel, TreeModel, probabilities, sparse_rows
from infrastructure.learning.terms import Weighed
from infrastructure.learning.trained import OnIteration

STRENGTHS = (1.0, 4.0, 16.0, 64.0)
"""How much the data weigh against small coefficients: each is tried."""
_STEPS_MAX = 300

Floats = NDArray[np.float64]


@dataclass(frozen=True, kw_only=True)
class Texts:
    """Instances with their answers.

    Attributes:
        rows: Their terms.
        target: Of shape (rows,): the place of the label, or the number.
        weights: Of shape (rows,); None where all weigh the same.
    """

    rows: Sequence[Weighed]
    target: Floats
    weights: Floats | None = None


@dataclass(frozen=True, kw_only=True)
class Learned:
    """A model, and what is kept of it.

    Attributes:
        name: What it is, in words.
        model: Scores terms as it will when it was loaded.
        arrays: Its coefficients and intercepts; empty for trees.
        trees: LightGBM's text; empty for a linear model.
        steps: Rounds of trees, or steps of the solver.
        parameters: What the learning library was given.
        loss: On the rows held out, by their weights: log loss of labels, the root of the mean squared error of
            numbers.
    """

    name: str
    model: TermModel
    arrays: tuple[Floats, ...]
    trees: bytes
    steps: int
    parameters: Parameters
    loss: float


@dataclass(frozen=True, kw_only=True)
class Learner:
    """What learns from the same texts.

    Attributes:
        terms: How many are known.
        labels: How many there are; None for numbers.
        training: Learned from.
        validation: Held out.
        num_threads: Of LightGBM; changes nothing.
        on_iteration: Told of each try and each round.
    """

    terms: int
    labels: int | None
    training: Texts
    validation: Texts
    hyperparameters: Nlp
    num_threads: int
    on_iteration: OnIteration

    def learned(self) -> list[Learned]:
        """Return what may be chosen from, in the order in which it was tried: linear models come first."""
        asked = self.hyperparameters.model
        strengths = () if asked == "trees" else STRENGTHS
        total = len(strengths) + (0 if asked == "linear" else self.hyperparameters.num_iterations)
        found: list[Learned] = []
        for done, strength in enumerate(strengths, 1):
            found.append(self._linear(strength))
            is_best = all(found[-1].loss < each.loss for each in found[:-1])
            self._tell(done, total, found[-1].loss, is_best=is_best)
        if asked != "linear":
            best = min((each.loss for each in found), default=np.inf)
            found.append(self._trees(lambda each: self._told_round(each, len(strengths), total, best)))
        return found

    def _told_round(self, given: Iteration, before: int, total: int, best: float) -> None:
        loss = given.metrics.get(self._metric, np.inf)
        self._tell(before + given.iteration, total, loss, is_best=given.is_best and loss < best)

    def _tell(self, done: int, total: int, loss: float, *, is_best: bool) -> None:
        metrics = {self._metric: loss} if np.isfinite(loss) else {}
        self.on_iteration(Iteration(iteration=done, total=total, metrics=metrics, is_best=is_best))

    @property
    def _metric(self) -> str:
        return "rmse" if self.labels is None else "log_loss"

    def _linear(self, strength: float) -> Learned:
        rows, target = sparse_rows(self.training.rows, terms=self.terms), self.training.target
        if self.labels is None:
            given: Parameters = {"alpha": 1.0 / strength, "solver": "sparse_cg", "max_iter": 10 * _STEPS_MAX}
            fitted: Any = Ridge(**given)
        else:
            given = {"C": strength, "solver": "lbfgs", "max_iter": _STEPS_MAX}
            fitted = LogisticRegression(**given)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ConvergenceWarning)  # what is held out tells whether it is good enough
            fitted.fit(rows, target, sample_weight=self.training.weights)
        coefficients = np.atleast_2d(np.asarray(fitted.coef_, dtype=np.float64)).T.copy()
        intercepts = np.atleast_1d(np.asarray(fitted.intercept_, dtype=np.float64))
        model = LinearModel(coefficients=coefficients, intercepts=intercepts)
        return Learned(
            name="a linear model",
            model=model,
            arrays=(coefficients, intercepts),
            trees=b"",
            steps=1 if fitted.n_iter_ is None else max(1, int(np.max(fitted.n_iter_))),
            parameters=given,
            loss=self._loss(model),
        )

    def _trees(self, on_round: Callable[[Iteration], None]) -> Learned:
        objective = objective_for(self.labels)
        parameters = parameters_for(objective, self.hyperparameters)
        given: Any = {"parameters": parameters, "num_threads": self.num_threads}
        training = binned(self._example(self.training), **given)
        grown = grow(
            HeldAgainst(
                training=training,
                validation=binned(self._example(self.validation), **given, like=training),
                truth=self.validation.target,
                weights=self.validation.weights,
                told_by=np.arange(len(self.validation.target)),
            ),
            objective=objective,
            early_stopping_rounds=self.hyperparameters.early_stopping_rounds,
            on_iteration=on_round,
            **given,
        )
        model = TreeModel(lgb.Booster(model_str=grown.body))
        return Learned(
            name="trees",
            model=model,
            arrays=(),
            trees=grown.body.encode(),
            steps=grown.rounds,
            parameters=parameters,
            loss=self._loss(model),
        )

    def _example(self, texts: Texts) -> Example:
        return Example(rows=sparse_rows(texts.rows, terms=self.terms), target=texts.target, weights=texts.weights)

    def _loss(self, model: TermModel) -> float:
        raw = model.raw(self.validation.rows)
        if self.labels is None:
            return rmse(self.validation.target, raw[:, 0])
        return multiclass_log_loss(self.validation.target, probabilities(raw), self.validation.weights)
