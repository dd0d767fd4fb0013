"""The JSON that answers a prediction's request."""

from collections.abc import Callable, Iterable, Iterator
from itertools import repeat
from time import perf_counter
from typing import Any

import orjson

from application.inference.explaining import Explain
from application.inference.routes import Served
from application.ports.predictor import Floats
from domain.inference.values import Label
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


def single(served: Served, prediction: Label, probability: float | None, took_s: float) -> bytes:
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
    explanations: Iterable[dict[str, float] | None] = repeat(None)
    if answer.contributions is not None:
        names = served.loaded.predictor.schema.names
        of_rows: list[dict[str, float] | None] = [None] * len(predicted.predictions)
        for place, contributions in zip(answer.explained, answer.contributions[:, :-1].tolist(), strict=True):
            of_rows[place] = dict(zip(names, contributions, strict=True))
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


def answer_in_steps(
    served: Served, decode: Callable[[], Floats], *, explain: Explain
) -> Iterator[tuple[bytes, int] | None]:
    """Yield None after each step, and at the end the body, and for how many instances it predicts.

    Args:
        served: What answers.
        decode: Returns the rows, of shape (rows, features).
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
