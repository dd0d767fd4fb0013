"""The types of models that can be trained, with their hyperparameters, over HTTP."""

import orjson
from starlette.requests import Request
from starlette.responses import Response

from application.training.model_types import ModelTypeResponse, list_model_types
from interfaces.http.bodies import JSON
from interfaces.http.openapi_descriptions import Description, Page
from interfaces.http.operations import BASE, Operation


class ModelTypeEndpoints:
    """What can be asked of the types; they are the program's own, and change only with it."""

    def operations(self) -> list[Operation]:
        """Return what is served, with its paths."""
        return [
            Operation(
                method="GET",
                path=f"{BASE}/model-types",
                endpoint=self.list,
                description=Description(id="list_model_types", answers=Page[ModelTypeResponse]),
            )
        ]

    async def list(self, _request: Request) -> Response:
        """Answer all types of models that can be trained, with the hyperparameters of each."""
        page = Page[ModelTypeResponse](items=list_model_types(), next_page_token=None)
        return Response(orjson.dumps(page.model_dump(mode="json")), media_type=JSON)
