"""Models of text in memory: known terms, and what scores them."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from application.ports.predictor import Predicted, Predictor, Row, Rows
from domain.inference.conformance import Schema
from domain.inference.values import AnswerKind, Feature, FeatureType, Label
from infrastructure.learning.arrays import array_of
from infrastructure.learning.artifact import Parts
from infrastructure.learning.bare_lightgbm import lightgbm as lgb
from infrastructure.learning.calibration import Calibration
from infrastructure.learning.deciding import Decision
from infrastructure.learning.manifest import CALIBRATION, THRESHOLD, TREES, Manifest
from infrastructure.learning.row_costs import measured_cost_s
from infrastructure.learning.term_models import LinearModel, TermModel, TreeModel, probabilities
from infrastructure.learning.terms import Vocabulary, Weighed
from infrastructure.learning.threshold import EVEN

VOCABULARY, IDF, COEFFICIENTS, INTERCEPTS = "vocabulary", "idf", "coefficients", "intercepts"
"""The parts: JSON with the terms of each column, and arrays of shape (terms,), (terms, scores) and (scores,)."""
NGRAM_MAX = "ngram_max"
"""The setting: so many words in a row may make a term."""

_LARGE_CHARS = 64 * 1024
_TERM_BYTES = 150
"""About what a term takes in memory beside its letters."""

Codes = NDArray[np.intp]


def load(manifest: Manifest, parts: Parts) -> Predictor:
    """Return what answers for texts.

    Raises:
        ValueError: The parts are not what the manifest says, or LightGBM refuses them.
        KeyError: One is missing.
    """
    columns = json.loads(parts[VOCABULARY])["columns"]
    idf = array_of(manifest, parts, IDF)
    if len(columns) != len(manifest.features) or idf.shape != (sum(map(len, columns)),):
        msg = f"its vocabulary is not that of {len(manifest.features)} columns with {idf.size} terms"
        raise ValueError(msg)
    vocabulary = Vocabulary(columns, idf, ngram_max=int(manifest.settings[NGRAM_MAX]))
    labels = manifest.labels
    scores = 1 if labels is None or len(labels) == 2 else len(labels)  # noqa: PLR2004 - two labels have one score
    model = _trees(parts, vocabulary, scores) if TREES in parts else _linear(manifest, parts, vocabulary, scores)
    return NlpPredictor(
        features=manifest.features,
        vocabulary=vocabulary,
        model=model,
        labels=labels,
        decision=_decision(manifest),
        platform="lightgbm_text" if TREES in parts else "scikit_learn_numbers",
        size_bytes=sum(map(len, parts.values())) + _TERM_BYTES * len(vocabulary),
    )


def _decision(manifest: Manifest) -> Decision:
    calibration = manifest.settings.get(CALIBRATION)
    is_binary = len(manifest.labels or ()) == 2  # noqa: PLR2004 - two
    return Decision(
        calibration=None if calibration is None else Calibration.of(calibration),
        threshold=float(manifest.settings.get(THRESHOLD, EVEN)) if is_binary else None,
    )


def _linear(manifest: Manifest, parts: Parts, vocabulary: Vocabulary, scores: int) -> TermModel:
    coefficients = array_of(manifest, parts, COEFFICIENTS)
    intercepts = array_of(manifest, parts, INTERCEPTS)
    if coefficients.shape != (len(vocabulary), scores) or intercepts.shape != (scores,):
        msg = f"its coefficients are not those of {len(vocabulary)} terms and {scores} scores"
        raise ValueError(msg)
    return LinearModel(coefficients=coefficients, intercepts=intercepts)


def _trees(parts: Parts, vocabulary: Vocabulary, scores: int) -> TermModel:
    try:
        booster = lgb.Booster(model_str=parts[TREES].decode())
    except (lgb.basic.LightGBMError, ValueError) as error:
        msg = f"LightGBM refuses its trees: {error}"
        raise ValueError(msg) from None
    if (booster.num_feature(), booster.num_model_per_iteration()) != (len(vocabulary), scores):
        msg = f"its trees are not those of {len(vocabulary)} terms and {scores} scores"
        raise ValueError(msg)
    return TreeModel(booster)


class NlpPredictor:
    """Answers with a number, the second of two labels above a threshold, or the most probable one of more labels.

    Explained by the terms that stand in the text; where there are several columns of text, the name of a term
    begins with that of its column.

    Args:
        features: The columns of text.
        vocabulary: The terms that are known.
        model: Scores them.
        labels: In the order of their codes; None for numbers.
        decision: What becomes of the probabilities of labels.
        platform: What the model is made of.
        size_bytes: About how much memory it takes.

    Attributes:
        terms: All that the model knows, by the names that explain it.
    """

    explained = None

    def __init__(
        self,
        *,
        features: Sequence[Feature],
        vocabulary: Vocabulary,
        model: TermModel,
        labels: tuple[Label, ...] | None,
        decision: Decision,
        platform: str,
        size_bytes: int,
    ) -> None:
        if any(each.type is not FeatureType.TEXT for each in features):
            msg = "what is no text has no terms"
            raise ValueError(msg)
        self.schema = Schema(features)
        self.answers = AnswerKind.NUMBERS if labels is None else AnswerKind.LABELS
        self.labels = labels
        self.platform = platform
        self.size_bytes = size_bytes
        self._vocabulary = vocabulary
        self._model = model
        self._decision = decision
        prefixes = [f"{each.name}: " if len(features) > 1 else "" for each in features]
        self.terms = [
            prefix + term for prefix, terms in zip(prefixes, vocabulary.columns, strict=True) for term in terms
        ]
        self.row_cost_s = measured_cost_s(self.predict_row, [self._large_row()] * 2)

    def predict_row(self, row: Row) -> tuple[Any, float | None, Sequence[float]]:
        """Return the answer for one row, its probability, and the scores."""
        found = self._predicted([self._vocabulary.weighed(row)])
        scores: list[float] = found.scores[0].tolist()
        return found.predictions[0], None if found.probabilities is None else found.probabilities[0], scores

    def predict(self, rows: Rows) -> Predicted:
        """Return the answers for rows, and their probabilities."""
        return self._predicted(self._weighed(rows))

    def explain(self, rows: Rows, chosen: Codes | None) -> list[Mapping[str, float]]:
        """Return what each term contributed to the raw score of what was chosen, if anything, the most first."""
        weighed, scored, signs = self._weighed(rows), np.zeros(len(rows), dtype=np.intp), np.ones(len(rows))
        if chosen is not None and len(self.labels or ()) == 2:  # noqa: PLR2004 - two labels have one score
            # it is that of the second label; what speaks for it speaks against the first
            signs = np.where(chosen == 0, -1.0, 1.0)
        elif chosen is not None:
            scored = chosen
        found = self._model.contributions(weighed, scored)
        return [
            self._named(row, sign * values)
            for row, sign, values in zip(weighed, signs.tolist(), found, strict=True)
        ]

    def _named(self, row: Weighed, values: NDArray[np.float64]) -> Mapping[str, float]:
        by_size = np.argsort(-np.abs(values), kind="stable")
        places, ordered = row.places[by_size].tolist(), values[by_size].tolist()
        return {self.terms[place]: value for place, value in zip(places, ordered, strict=True) if value}

    def _predicted(self, weighed: Sequence[Weighed]) -> Predicted:
        raw = self._model.raw(weighed)
        if self.labels is None:
            return Predicted(predictions=raw[:, 0].tolist(), probabilities=None, scores=raw, chosen=None)
        scores, chosen = self._decision(probabilities(raw))
        return Predicted(
            predictions=[self.labels[code] for code in chosen.tolist()],
            probabilities=scores[np.arange(len(weighed)), chosen].tolist(),
            scores=scores,
            chosen=chosen,
        )

    def _weighed(self, rows: Rows) -> list[Weighed]:
        columns = [rows.objects[place] for place in range(len(self.schema.features))]
        return [self._vocabulary.weighed(texts) for texts in zip(*columns, strict=True)]

    def _large_row(self) -> Row:
        """Return as long a text as is answered on the spot, of known terms."""
        terms = [term for terms in self._vocabulary.columns for term in terms[:1_000]]
        text = " ".join(terms) + " "
        return [(text * (_LARGE_CHARS // len(text) + 1))[:_LARGE_CHARS], *[None] * (len(self.schema.features) - 1)]
