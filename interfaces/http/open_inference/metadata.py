"""What the server and its versions say of themselves."""

from collections.abc import Iterator, Sequence
from typing import Any

from application.ports.predictor import Predictor
from domain.inference.values import AnswerKind
from interfaces.http.open_inference.datatypes import BYTES, FP64, OF_FEATURES, of_labels
from interfaces.http.open_inference.outputs import EXPLANATION, LOWER, PREDICT, PREDICT_PROBA, TIME, UPPER
from interfaces.program import program_version

SERVER = "machine-learning-service"
EXTENSIONS = ("binary_tensor_data", "model_repository", "statistics")

_ROWS = _STEPS = -1


def server_metadata() -> dict[str, Any]:
    """Return what the server says of itself."""
    return {"name": SERVER, "version": program_version(), "extensions": EXTENSIONS}


def model_metadata(predictor: Predictor, *, name: str, versions: Sequence[str]) -> dict[str, Any]:
    """Return what a version says of itself.

    Args:
        predictor: The version's.
        name: Of its model.
        versions: The numbers of all versions of the model that can be asked.
    """
    features = predictor.schema.features
    inputs = [_tensor(each.name, OF_FEATURES[each.type], [_ROWS]) for each in features]
    return {
        "name": name,
        "versions": versions,
        "platform": predictor.platform,
        "inputs": inputs,
        "outputs": [*_answers(predictor), _explanation(predictor)],
    }


def _answers(predictor: Predictor) -> Iterator[dict[str, Any]]:
    if predictor.answers is AnswerKind.FORECASTS:
        for name in (PREDICT, LOWER, UPPER):
            yield _tensor(name, FP64, [_ROWS, _STEPS])
        yield _tensor(TIME, BYTES, [_ROWS, _STEPS])
        return
    yield _tensor(PREDICT, of_labels(predictor.labels), [_ROWS])
    if predictor.labels is not None:
        labels = list(predictor.labels)
        yield _tensor(PREDICT_PROBA, FP64, [_ROWS, len(labels)], labels=labels)


def _explanation(predictor: Predictor) -> dict[str, Any]:
    if predictor.explained is None:
        return _tensor(EXPLANATION, BYTES, [_ROWS])
    return _tensor(EXPLANATION, FP64, [_ROWS, len(predictor.explained) + 1])


def _tensor(name: str, datatype: str, shape: list[int], **parameters: Any) -> dict[str, Any]:
    return {"name": name, "datatype": datatype, "shape": shape, "parameters": parameters}
