"""What is asked of inference, and what it answers. The path itself handles plain dictionaries of this form."""

from typing import Any

from application.views import View
from domain.kernel import Immutable


class InferenceRequest(Immutable):
    """Predict for one instance or many.

    Attributes:
        model_id: Id or name of the model.
        version: Number, id or alias; absent: the version in production.
        features: One instance, or a list of up to 100,000 of them, up to 10,000 with `explain=true`: feature →
            value, null for a missing one. Dates and times are text in ISO 8601.
    """

    model_id: str
    version: str | None = None
    features: list[dict[str, Any]] | dict[str, Any]


class PredictionResult(View):
    """What the version says of one instance.

    Attributes:
        prediction: A label of the data, a number, the number of a cluster, or of a forecast the list of its steps,
            each with `time`, `value`, `lower` and `upper`.
        probability: Of that label or cluster; null for all else.
        explanation: Feature → contribution to the raw score of what is predicted, without bias; of a text, each of
            its terms. Null unless asked for.
    """

    prediction: Any
    probability: float | None
    explanation: dict[str, float] | None


class InferenceResponse(View):
    """The answers, one per instance in the order asked.

    Attributes:
        version: The number of the version that made them.
        inference_time_ms: From conforming the instances to the last prediction.
    """

    model_id: str
    version: str
    results: list[PredictionResult]
    inference_time_ms: float
