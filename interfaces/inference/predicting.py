"""Predictions and explanations for rows, in steps so short that others come in between."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from time import perf_counter

import numpy as np

from application.inference.asking import RefusedRow, predicted
from application.inference.explaining import Explain, require_comparable, rows_to_explain
from application.ports.predictor import Contributions, Predicted, Predictor, Rows

STEP_S = 0.01
_FIRST_EXPLAINED_ROWS = 8
_GROWTH_MAX = 4


@dataclass(frozen=True, slots=True)
class Answered:
    """What is answered for rows.

    Attributes:
        predicted: For all of them.
        explained: The places of the rows that are explained, ascending.
        contributions: To the raw scores of their predictions; None where no row is explained.
    """

    predicted: Predicted
    explained: Sequence[int]
    contributions: Contributions | None


def answered(predictor: Predictor, rows: Rows, *, explain: Explain) -> Answered:
    """Return the answer for all rows at once.

    Raises:
        RefusedRow: One of them cannot be answered.
    """
    require_comparable(explain, predictor.answers)
    found = predicted(predictor, rows)
    explained = rows_to_explain(explain, found)
    if not explained:
        return Answered(found, (), None)
    if len(explained) == len(rows):
        return Answered(found, explained, predictor.explain(rows, found.chosen))
    places = np.asarray(explained)
    chosen = None if found.chosen is None else found.chosen[places]
    return Answered(found, explained, predictor.explain(rows[places], chosen))


def answered_in_steps(predictor: Predictor, rows: Rows, *, explain: Explain) -> Iterator[Answered]:
    """Yield the answers for the rows in their order, for as many at a time as take about `STEP_S`.

    Raises:
        RefusedRow: One of them cannot be answered; those before it were.
    """
    start = 0
    size = _fitting(1, predictor.row_cost_s) if explain is False else _FIRST_EXPLAINED_ROWS
    while start < len(rows):
        piece = rows[start : start + size]
        began = perf_counter()
        try:
            done = answered(predictor, piece, explain=explain)
        except RefusedRow as refused:
            if refused.place:
                yield answered(predictor, piece[: refused.place], explain=explain)
            raise refused.shifted(start) from None
        took_s = perf_counter() - began
        yield done
        start += size
        size = min(_fitting(len(piece), took_s), size * _GROWTH_MAX)


def joined_in_steps(predictor: Predictor, rows: Rows, *, explain: Explain) -> Iterator[Answered | None]:
    """Yield None after each step, and at the end the answer for all rows."""
    pieces: list[Answered] = []
    for piece in answered_in_steps(predictor, rows, explain=explain):
        pieces.append(piece)
        yield None
    yield joined(pieces) if pieces else answered(predictor, rows, explain=False)


def joined(pieces: Sequence[Answered]) -> Answered:
    """Return the answer that the pieces are parts of; there is at least one."""
    if len(pieces) == 1:
        return pieces[0]
    explained: list[int] = []
    start = 0
    for each in pieces:
        explained += [start + place for place in each.explained]
        start += len(each.predicted.predictions)
    contributions = [each.contributions for each in pieces if each.contributions is not None]
    return Answered(
        _joined_predictions([each.predicted for each in pieces]),
        explained,
        _joined_contributions(contributions) if contributions else None,
    )


def _joined_contributions(pieces: Sequence[Contributions]) -> Contributions:
    arrays = [each for each in pieces if isinstance(each, np.ndarray)]
    return np.concatenate(arrays) if arrays else [row for piece in pieces for row in piece]


def _joined_predictions(pieces: Sequence[Predicted]) -> Predicted:
    return Predicted(
        predictions=[each for piece in pieces for each in piece.predictions],
        probabilities=(
            None
            if pieces[0].probabilities is None
            else [each for piece in pieces for each in piece.probabilities or ()]
        ),
        scores=np.concatenate([piece.scores for piece in pieces]),
        chosen=(
            None
            if pieces[0].chosen is None
            else np.concatenate([piece.chosen for piece in pieces if piece.chosen is not None])
        ),
    )


def _fitting(rows: int, took_s: float) -> int:
    return max(1, int(rows * STEP_S / max(took_s, 1e-9)))
