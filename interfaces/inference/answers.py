"""The JSON that answers a prediction's request."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import repeat
from time import perf_counter
from typing import Any

import numpy as np
import orjson

from application.inference.explaining import Explain
from application.inference.routes import Served
from application.ports.predictor import Contributions, Rows
from interfaces.inference.asked import require_explainable
from interfaces.inference.predicting import Answered, answered_in_steps


def document(served: Served, results: bytes, took_s: float) -> bytes:
    """Return the JSON of an `InferenceResponse`.

    Args:
        served: What has answered.
        results: JSON of the list of results.
        took_s: From conforming the instances to the last prediction.
    """
    return orjson.dumps(
        {
            "model_id": served.model_id,
            "version": served.version,
            "results": orjson.Fragment(results),
            "inference_time_ms": took_s * 1_000,
        }
    )


def single(served: Served, prediction: Any, probability: float | None, took_s: float) -> bytes:
    """Return the JSON of an `InferenceResponse` with one result, without explanation."""
    return orjson.dumps(
        {
            "model_id": served.model_id,
            "version": served.version,
            "results": [{"prediction": prediction, "probability": probability, "explanation": None}],
            "inference_time_ms": took_s * 1_000,
        }
    )


def results(served: Served, answer: Answered) -> bytes:
    """Return the JSON of a list of results."""
    return orjson.dumps(list(_results(served, answer)))


def result_lines(served: Served, answer: Answered) -> bytes:
    """Return the JSON of each result, in a line of its own."""
    return b"".join(orjson.dumps(each, option=orjson.OPT_APPEND_NEWLINE) for each in _results(served, answer))


def _results(served: Served, answer: Answered) -> Iterator[dict[str, Any]]:
    predicted = answer.predicted
    explanations: Iterable[Mapping[str, float] | None] = repeat(None)
    if answer.contributions is not None:
        of_rows: list[Mapping[str, float] | None] = [None] * len(predicted.predictions)
        named = _named(answer.contributions, served.loaded.predictor.explained)
        for place, contributions in zip(answer.explained, named, strict=True):
            of_rows[place] = contributions
        explanations = of_rows
    return (
        {"prediction": prediction, "probability": probability, "explanation": explanation}
        for prediction, probability, explanation in zip(
            predicted.predictions,
            repeat(None) if predicted.probabilities is None else predicted.probabilities,
            explanations,
            strict=False,  # what repeats has no end
        )
    )


def _named(contributions: Contributions, names: Sequence[str] | None) -> Iterable[Mapping[str, float]]:
    if not isinstance(contributions, np.ndarray):
        return contributions
    assert names is not None, "columns have names"
    return (dict(zip(names, row, strict=True)) for row in contributions[:, :-1].tolist())


def answer_in_steps(
    served: Served, decode: Callable[[], Rows], *, explain: Explain
) -> Iterator[tuple[bytes, int] | None]:
    """Yield None after each step, and at the end the body, and for how many instances it predicts.

    Args:
        served: What answers.
        decode: Returns the rows.
        explain: Which predictions are explained.

    Raises:
        InvalidInput: There are more instances than are explained in one request; or what `decode` raises.
    """
    started = perf_counter()
    rows = decode()
    if explain is not False:
        require_explainable(len(rows))
    yield None
    pieces: list[bytes] = []
    for piece in answered_in_steps(served.loaded.predictor, rows, explain=explain):
        pieces.append(results(served, piece)[1:-1])
        yield None
    took_s = perf_counter() - started
    yield document(served, b"[" + b",".join(pieces) + b"]", took_s), len(rows)
