"""Models under the protocol: what a version takes and gives, whether it answers, and its answers."""

from typing import Any

from application.inference.repository import versions_of_model
from application.inference.serving import Serving
from application.models.queries import get_model
from application.ports.read_models import ReadModels
from interfaces.http.bodies import JSON
from interfaces.http.open_inference import places
from interfaces.http.open_inference.inferring import TensorBody, TensorInference
from interfaces.http.open_inference.metadata import model_metadata
from interfaces.http.open_inference.operations import Answer, Asked, Operation, answer_of, operation
from interfaces.http.open_inference.requests import HEADER_LENGTH, parse_header_length
from interfaces.http.open_inference.responses import OCTETS
from interfaces.http.open_inference.views import (
    ModelMetadata,
    ModelState,
    TensorInferenceRequest,
    TensorInferenceResponse,
)
from interfaces.http.reads import Reads
from interfaces.inference.inference import Inference
from interfaces.requests.fields import whole_number

_POSITION = b"x-min-event-position"


class ModelOperations:
    """What is asked of models.

    Args:
        inference: The way that all predictions take.
        serving: What their names lead to.
        tensors: The path of tensors along it.
        read_models: Know which models and versions there are.
        reads: Where they are asked.
    """

    def __init__(
        self,
        *,
        inference: Inference,
        serving: Serving,
        tensors: TensorInference,
        read_models: ReadModels,
        reads: Reads,
    ) -> None:
        self._inference = inference
        self._serving = serving
        self._tensors = tensors
        self._read_models = read_models
        self._reads = reads

    def operations(self) -> list[Operation]:
        """Return what is served, of a model and of one of its versions."""
        return [
            each
            for path, of in ((places.MODEL, "model"), (places.VERSION, "model_version"))
            for each in self._operations(path, of)
        ]

    async def metadata(self, asked: Asked) -> Answer:
        """Answer which tensors a version takes and gives."""
        return answer_of(await self.describe(asked.place))

    async def describe(self, place: places.Place) -> dict[str, Any]:
        """Return which tensors a version takes and gives.

        Raises:
            DomainError, RequestProblem: There is no such version, or it cannot predict, or not now.
        """
        async with self._inference.in_time(None):
            served = await self._inference.served(place.request, position=None)

        def name_and_versions() -> tuple[str, list[str]]:
            model = get_model(place.model, read_models=self._read_models)
            found = versions_of_model(model, read_models=self._read_models)
            return model["name"], [each.version for each in found if each.problem is None]

        name, versions = await self._reads.in_thread(name_and_versions)
        return model_metadata(served.loaded.predictor, name=name, versions=versions)

    async def ready(self, asked: Asked) -> Answer:
        """Answer that a version predicts when it is asked, if it does."""
        await self._reads.in_thread(lambda: self._serving.require_answer(asked.place.request))
        return answer_of({"name": asked.place.model, "ready": True})

    async def infer(self, asked: Asked) -> Answer:
        """Predict for the rows that tensors hold."""
        header_length = position = None
        for name, value in asked.headers:
            if name == HEADER_LENGTH:
                header_length = parse_header_length(value)
            elif name == _POSITION:
                position = _position(value)
        given = TensorBody(asked.place.request, asked.body, header_length, asked.request_id, position)
        encoded = await self._tensors.answer(given, until_left=asked.until_left)
        return Answer(encoded.body, 200, encoded.headers)

    def _operations(self, path: str, of: str) -> list[Operation]:
        return [
            operation(
                "GET", path, self.metadata, name=f"get_{of}_metadata", answers=ModelMetadata, problems=(503,)
            ),
            operation(
                "GET", f"{path}/ready", self.ready, name=f"get_{of}_readiness", answers=ModelState, problems=(503,)
            ),
            operation(
                "POST",
                f"{path}/infer",
                self.infer,
                name=f"infer_{of}",
                takes={JSON: TensorInferenceRequest, OCTETS: {}},
                headers=("Inference-Header-Content-Length", "Content-Encoding", "X-Min-Event-Position"),
                answers=TensorInferenceResponse,
                otherwise={OCTETS: {}},
                answer_headers=("Inference-Header-Content-Length",),
                problems=(501, 503),
            ),
        ]


def _position(value: bytes) -> int:
    return whole_number(value.decode("latin-1"), field="X-Min-Event-Position", minimum=0)
