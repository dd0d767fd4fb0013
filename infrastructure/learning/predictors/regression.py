"""Regressions in memory."""

from collections.abc import Sequence

from application.ports.predictor import Predicted, Predictor, Row, Rows
from domain.inference.values import AnswerKind, Label
from infrastructure.learning.artifact import Parts
from infrastructure.learning.manifest import Manifest
from infrastructure.learning.predictors.tabular import Codes, Floats, TabularPredictor, trees_and_schema


def load(manifest: Manifest, parts: Parts) -> Predictor:
    """Return what answers with a number.

    Raises:
        ValueError: LightGBM refuses the trees, or they are not what the manifest says.
    """
    return RegressionPredictor(**trees_and_schema(manifest, parts))


class RegressionPredictor(TabularPredictor):
    """Answers with a number."""

    answers = AnswerKind.NUMBERS
    labels = None

    def predict_row(self, row: Row) -> tuple[Label, float | None, Sequence[float]]:
        """Return the number for one row, which is its score."""
        scores = self._trees.scores_of_row(row)
        return scores[0], None, scores

    def predict(self, rows: Rows) -> Predicted:
        """Return the numbers for rows."""
        scores = self._trees.scores(rows.numbers)
        return Predicted(predictions=scores[:, 0].tolist(), probabilities=None, scores=scores, chosen=None)

    def explain(self, rows: Rows, chosen: Codes | None) -> Floats:
        """Return the contributions to the numbers, with the bias last."""
        return self._contributions(rows)[:, 0, :]
