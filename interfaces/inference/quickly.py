"""Answers that are made where the request arrives: a thread for them would take longer than they do."""

from time import perf_counter

from application.inference.asking import predicted
from application.inference.explaining import Explain, require_comparable, rows_to_explain
from application.inference.routes import Served
from application.ports.predictor import Predictor, Rows
from interfaces.inference.answers import document, results, single
from interfaces.inference.asked import Asked
from interfaces.inference.instances import InstanceDecoder
from interfaces.inference.predicting import Answered

INLINE_S = 0.0003
"""What takes longer would hold up the event loop; what takes less is over before a thread would have begun it."""


def is_quick(predictor: Predictor, rows: int) -> bool:
    """Tell whether predictions for so many rows hold up nobody: a thread for them would take longer."""
    return rows * predictor.row_cost_s <= INLINE_S


def answer_one(served: Served, decoder: InstanceDecoder, asked: Asked) -> tuple[bytes, int] | None:
    """Return the answer for a single instance, and that it is one; None where it takes long."""
    predictor = served.loaded.predictor
    if not is_quick(predictor, 1):
        return None
    row = decoder.row(asked)
    started = perf_counter()
    prediction, probability, _ = predictor.predict_row(row)
    return single(served, prediction, probability, perf_counter() - started), 1


def answer_few(served: Served, rows: Rows, explain: Explain) -> tuple[bytes, int] | None:
    """Return the answer for rows, and for how many; None where it takes long or one is to be explained."""
    predictor = served.loaded.predictor
    if not is_quick(predictor, len(rows)):
        return None
    require_comparable(explain, predictor.answers)
    started = perf_counter()
    found = predicted(predictor, rows)
    if rows_to_explain(explain, found):
        return None
    told = results(served, Answered(found, (), None))
    return document(served, told, perf_counter() - started), len(rows)
