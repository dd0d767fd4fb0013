"""What the server and its versions say of themselves."""

from collections.abc import Sequence
from typing import Any

from application.ports.predictor import Predictor
from interfaces.http.open_inference.datatypes import FP64, OF_FEATURES, of_labels
from interfaces.http.open_inference.responses import EXPLANATION, PREDICT, PREDICT_PROBA
from interfaces.program import program_version

SERVER = "machine-learning-service"
PLATFORM = "lightgbm_text"
EXTENSIONS = ("binary_tensor_data", "model_repository", "statistics")

_ROWS = -1


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
    outputs = [_tensor(PREDICT, of_labels(predictor.labels), [_ROWS])]
    if predictor.labels is not None:
        labels = list(predictor.labels)
        outputs.append(_tensor(PREDICT_PROBA, FP64, [_ROWS, len(labels)], labels=labels))
    outputs.append(_tensor(EXPLANATION, FP64, [_ROWS, len(features) + 1]))
    return {"name": name, "versions": versions, "platform": PLATFORM, "inputs": inputs, "outputs": outputs}


def _tensor(name: str, datatype: str, shape: list[int], **parameters: Any) -> dict[str, Any]:
    return {"name": name, "datatype": datatype, "shape": shape, "parameters": parameters}
