"""What is answered to a prediction's request: at once, or in steps so short that others come in between."""

from collections.abc import Callable, Iterator, Sequence
from time import perf_counter
from typing import TypeVar

import orjson

from application.inference.routes import Served
from domain.inference.errors import NonConformingInstance
from domain.inference.values import Prediction
from interfaces.inference.asked import Asked

STEP_S = 0.01
_FIRST_ROWS = 8
_GROWTH_MAX = 4

Item = TypeVar("Item")
Done = TypeVar("Done")


def answer_at_once(served: Served, asked: Asked) -> bytes:
    """Return the body of the answer, without explanations.

    Raises:
        NonConformingInstance: An instance is not what the version was trained on.
    """
    predictor = served.loaded.predictor
    started = perf_counter()
    rows = _conforming(served, asked)
    predictions = predictor.predict(rows, explain=False)
    took_s = perf_counter() - started
    return _document(served, _results(predictions), took_s)


def answer_in_steps(served: Served, asked: Asked, *, explain: bool) -> Iterator[bytes | None]:
    """Yield None after each step of about `STEP_S`, and at the end the body, the same as made at once.

    Raises:
        NonConformingInstance: An instance is not what the version was trained on.
    """
    predictor = served.loaded.predictor
    started = perf_counter()
    rows: list[list[float]] = []
    try:
        for conforming in _in_steps(asked.instances, predictor.schema.conform):
            rows += conforming
            yield None
    except NonConformingInstance:
        _conforming(served, asked)  # tells where they stand among all, which a step does not know
        raise
    pieces: list[bytes] = []
    for piece in _in_steps(rows, lambda some: _results(predictor.predict(some, explain=explain))):
        pieces.append(piece[1:-1])
        yield None
    took_s = perf_counter() - started
    yield _document(served, b"[" + b",".join(pieces) + b"]", took_s)


def _in_steps(items: Sequence[Item], work: Callable[[Sequence[Item]], Done]) -> Iterator[Done]:
    """Yield what the work makes of ever so many items as keep it busy for about `STEP_S`."""
    start, size = 0, _FIRST_ROWS
    while start < len(items):
        began = perf_counter()
        done = work(items[start : start + size])
        took_s = perf_counter() - began
        yield done
        start += size
        fitting = int(size * min(STEP_S / max(took_s, 1e-9), _GROWTH_MAX))
        size = max(1, fitting)


def _results(predictions: Sequence[Prediction]) -> bytes:
    return orjson.dumps(
        [
            {
                "prediction": each.prediction,
                "probability": each.probability,
                "explanation": each.explanation,
            }
            for each in predictions
        ]
    )


def _document(served: Served, results: bytes, took_s: float) -> bytes:
    return orjson.dumps(
        {
            "model_id": served.model_id,
            "version": served.version,
            "results": orjson.Fragment(results),
            "inference_time_ms": took_s * 1_000,
        }
    )


def _conforming(served: Served, asked: Asked) -> list[list[float]]:
    try:
        return served.loaded.predictor.schema.conform(asked.instances)
    except NonConformingInstance as error:
        raise _of_single(error) if asked.is_single else error from None


def _of_single(error: NonConformingInstance) -> NonConformingInstance:
    """Return the error with paths as they stand in a request that gave one object, not a list."""
    return NonConformingInstance(
        each.model_copy(update={"field": each.field.replace("features[0]", "features", 1)})
        for each in error.problems
    )
