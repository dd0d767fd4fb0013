"""What the protocol's JSON looks like, for the document of the interface."""

from typing import Any, Literal

from pydantic import Field, RootModel

from application.views import View
from domain.kernel import Immutable


class ServerMetadata(View):
    """What serves, and what it can do beside the protocol itself.

    Attributes:
        extensions: Triton's names of them.
    """

    name: str
    version: str
    extensions: list[str]


class ServerState(View):
    """Whether the process runs, and whether what it serves can be read and is not old."""

    live: bool
    ready: bool


class ServerUnready(View):
    """What is not ready."""

    error: str
    live: bool
    ready: bool


class ModelState(View):
    """A version that answers when it is asked."""

    name: str
    ready: Literal[True]


class TensorMetadata(View):
    """A tensor that a version takes or gives.

    Attributes:
        shape: -1 for as many as there are rows.
        parameters: `labels` of `predict_proba`, in the order of its columns.
    """

    name: str
    datatype: str
    shape: list[int]
    parameters: dict[str, Any]


class ModelMetadata(View):
    """What a version takes and gives.

    Attributes:
        versions: The numbers of all that can be asked for.
        inputs: One per feature; one table `[rows, features]` in this order is taken instead, if one datatype
            fits all of them.
        outputs: `explanation` is sent to whom names it: the contributions of the features, the bias last, or the
            JSON of an object for each row where the names differ.
    """

    name: str
    versions: list[str]
    platform: str
    inputs: list[TensorMetadata]
    outputs: list[TensorMetadata]


class InferenceInput(Immutable):
    """A tensor that is sent.

    Attributes:
        datatype: BOOL, INT8 to INT64, UINT8 to UINT64, FP16 (in binary form only), FP32, FP64 or BYTES.
        shape: `[rows]` or `[rows, 1]` for a feature, `[rows, features]` for a table.
        parameters: `binary_data_size` where its elements follow the JSON.
        data: Its elements in row-major order, nested or not; null or NaN for a missing value.
    """

    name: str
    datatype: str
    shape: list[int]
    parameters: dict[str, Any] = Field(default_factory=dict)
    data: list[Any] | None = None


class InferenceOutput(Immutable):
    """A tensor that is to be sent back.

    Attributes:
        name: `predict`, `predict_proba` (where there are labels), `lower`, `upper` and `time` (of forecasts), or
            `explanation`.
        parameters: `binary_data`: whether it is to follow the JSON in binary form.
    """

    name: str
    parameters: dict[str, Any] = Field(default_factory=dict)


class TensorInferenceRequest(Immutable):
    """Predict for rows that come as tensors.

    Attributes:
        id: Comes back with the answer.
        parameters: `timeout` in microseconds; `binary_data_output` for all outputs in binary form.
        outputs: What is to be sent back; absent: all but `explanation`.
    """

    id: str | None = None
    parameters: dict[str, Any] = Field(default_factory=dict)
    inputs: list[InferenceInput]
    outputs: list[InferenceOutput] = Field(default_factory=list)


class InferenceResult(View):
    """A tensor that is sent back.

    Attributes:
        data: Its elements in row-major order.
    """

    name: str
    datatype: str
    shape: list[int]
    data: list[Any]


class TensorInferenceResponse(View):
    """The answers, one per row in the order asked.

    Attributes:
        model_name: As the request has named it.
        model_version: The number of the version that made them.
        id: That of the request; its `X-Request-ID` where it has none.
    """

    model_name: str
    model_version: str
    id: str
    outputs: list[InferenceResult]


class RepositoryQuery(Immutable):
    """Which versions are asked for.

    Attributes:
        ready: Only those that answer when they are asked.
    """

    ready: bool = False


class RepositoryEntry(View):
    """A version, and whether it answers.

    Attributes:
        state: READY: it answers, if need be after it was loaded. LOADING: it is being loaded. UNAVAILABLE: see
            `reason`.
    """

    name: str
    version: str
    state: Literal["READY", "LOADING", "UNAVAILABLE"]
    reason: str


class RepositoryIndex(RootModel[list[RepositoryEntry]]):
    """The versions of all models, by the model's name and then as they were registered."""


class LoadRequest(Immutable):
    """Bring the version in production into memory; no parameters are known."""

    parameters: dict[str, Any] = Field(default_factory=dict)


class LoadedModel(View):
    """The version in production is in memory."""


class DurationStatistics(View):
    """How often something happened, and how long that took together, in nanoseconds."""

    count: int
    ns: int


class RequestStatistics(View):
    """How often requests were answered or not, and what the answered ones spent their time on.

    Attributes:
        queue: Until the version was in memory.
        compute_input: From bytes to numbers.
        compute_infer: The predictions and explanations, with waiting for others.
        compute_output: From numbers to bytes.
    """

    success: DurationStatistics
    fail: DurationStatistics
    queue: DurationStatistics
    compute_input: DurationStatistics
    compute_infer: DurationStatistics
    compute_output: DurationStatistics
    cache_hit: DurationStatistics
    cache_miss: DurationStatistics


class BatchStatistics(View):
    """The requests with so many rows."""

    batch_size: int
    compute_input: DurationStatistics
    compute_infer: DurationStatistics
    compute_output: DurationStatistics


class VersionStatistics(View):
    """What was asked of a version over this protocol, since the process began that answers.

    Attributes:
        last_inference: When it last answered, in milliseconds since 1970; 0 for never.
        inference_count: For how many rows.
        execution_count: In how many requests.
    """

    name: str
    version: str
    last_inference: int
    inference_count: int
    execution_count: int
    inference_stats: RequestStatistics
    batch_stats: list[BatchStatistics]


class ModelStatistics(View):
    """What was asked, version by version."""

    model_stats: list[VersionStatistics]
