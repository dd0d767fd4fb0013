"""How a model compares with the one in production, on the same rows."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from application.ports.predictor import Predictor, Rows
from application.reports.views import Difference, Production
from domain.datasets.values import Column
from domain.inference.values import AnswerKind, Label
from infrastructure.evaluation.asking import Unaskable, rows_for
from infrastructure.evaluation.intervals import spreads
from infrastructure.evaluation.judged import Judged
from infrastructure.evaluation.sampling import evenly
from infrastructure.evaluation.weighing import metrics_of_all
from infrastructure.learning.trained import HeldOut

_ROWS_MIN = 500
_BYTES_MAX = 7_000_000_000
"""So many bytes of its model are gone through at most, all rows together: about a quarter of a second."""


def compared(
    sampled: HeldOut, rival: Predictor, columns: tuple[Column, ...], *, version: str, seed: int
) -> Production:
    """Return the metrics of both on as many of the rows as the rival's size allows.

    Args:
        sampled: The rows, with what the new model said of them.
        rival: The version in production.
        columns: Of the rows.
        version: The rival's number.
        seed: Of the resamples.

    Raises:
        Unaskable: The rival cannot be asked for such rows, or answers with other things.
    """
    if rival.answers is AnswerKind.FORECASTS:
        msg = "it forecasts, this version does not"
        raise Unaskable(msg)
    both = rows_for_rival(sampled, rival)
    mine = Judged.of_model(both)
    others = _said(mine, both.labels, rival, rows_for(rival.schema, both.table, columns))
    return Production(version=version, rows=len(both.truth), metrics=differences(mine, others, seed=seed))


def rows_for_rival(sampled: HeldOut, rival: Predictor) -> HeldOut:
    """Return as many of the rows as the rival's size allows."""
    return evenly(sampled, count=max(_ROWS_MIN, _BYTES_MAX // max(rival.size_bytes, 1)))


def differences(mine: Judged, others: Judged, *, seed: int) -> list[Difference]:
    """Return the metrics of both, by name, and how sure it is that they differ.

    Args:
        mine: What the new model says.
        others: What the rival says of the same rows.
        seed: Of the resamples.
    """
    value, production = metrics_of_all(mine), metrics_of_all(others)
    spread = spreads(mine, against=others, seed=seed, rows=len(mine.truth))
    found = []
    for name in sorted(value.keys() & production.keys()):
        difference = value[name] - production[name]
        around = spread.get(name)
        found.append(
            Difference(
                name=name,
                value=value[name],
                production=production[name],
                difference=difference,
                low=None if around is None else difference + around.below,
                high=None if around is None else difference + around.above,
            )
        )
    return found


def _said(mine: Judged, labels: Sequence[Label] | None, rival: Predictor, rows: Rows) -> Judged:
    """Return what the rival says of the rows, in the new model's labels."""
    if (labels is None) != (rival.labels is None):
        msg = "one predicts labels, the other numbers"
        raise Unaskable(msg)
    predicted = rival.predict(rows)
    if labels is None or rival.labels is None:
        return replace(mine, scores=predicted.scores)
    assert predicted.chosen is not None, "labels are chosen"
    known = {label: place for place, label in enumerate(labels)}
    # a label that only one of both knows is one that the other holds impossible
    places = np.array([known.get(label, -1) for label in rival.labels])
    scores = np.zeros(mine.scores.shape)
    scores[:, places[places >= 0]] = predicted.scores[:, places >= 0]
    return replace(mine, scores=scores, chosen=places[predicted.chosen])
