"""Where a version is from, and why it is in production, over HTTP."""

from collections.abc import Callable

from starlette.requests import Request
from starlette.responses import Response

from application.audit.explanation import VersionExplanation, explanation_of
from application.audit.lineage import VersionLineage, lineage_of
from application.models.queries import get_model, get_version
from application.service import Service
from application.views import View
from interfaces.http.moments import AS_OF
from interfaces.http.openapi_descriptions import Description
from interfaces.http.operations import BASE, Operation
from interfaces.http.reads import Found, Reads

_VERSION = f"{BASE}/models/{{model}}/versions/{{version}}"


class LineageEndpoints:
    """What can be asked of where versions are from.

    Args:
        service: What questions work with.
        reads: Answers them.
    """

    def __init__(self, *, service: Service, reads: Reads) -> None:
        self._ledger = service.ledger
        self._read_models = service.read_models
        self._reads = reads

    def operations(self) -> list[Operation]:
        """Return what is served, with its paths."""
        return [
            Operation(
                method="GET",
                path=f"{_VERSION}/lineage",
                endpoint=self.lineage,
                description=Description.of_question(
                    "get_version_lineage", answers=VersionLineage, is_versioned=True
                ),
                parameters=(AS_OF,),
            ),
            Operation(
                method="GET",
                path=f"{_VERSION}/why",
                endpoint=self.why,
                description=Description.of_question(
                    "explain_version", answers=VersionExplanation, is_versioned=True
                ),
                parameters=(AS_OF,),
            ),
        ]

    async def lineage(self, request: Request) -> Response:
        """Answer which training, dataset and commands a version is from."""
        return await self._reads.answer_as_of(request, self._of_version(request, lineage_of))

    async def why(self, request: Request) -> Response:
        """Answer why a version is in production, or why it is not, from the dataset to its promotion."""
        return await self._reads.answer_as_of(request, self._of_version(request, explanation_of))

    def _of_version(self, request: Request, tell: Callable[..., View]) -> Callable[[int | None], Found]:
        reference = request.path_params["version"]

        def ask(at: int | None) -> Found:
            model = get_model(request.path_params["model"], read_models=self._read_models, at=at)
            position = self._read_models.position() if at is None else at
            version = get_version(model, reference, read_models=self._read_models, at=position)
            told = tell(model, version, ledger=self._ledger, read_models=self._read_models, at=position)
            document = told.model_dump(mode="json")
            return Found(document=document, position=position, version=model["aggregate_version"])

        return ask
