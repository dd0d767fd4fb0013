"""The types of public events over HTTP, each with the JSON schema of its data."""

import orjson
from starlette.requests import Request
from starlette.responses import Response

from application.integration.queries import EventTypeResponse, list_event_types, schema_of
from interfaces.http.bodies import JSON
from interfaces.http.openapi_descriptions import Description, Page
from interfaces.http.operations import BASE, Operation

PATH = f"{BASE}/event-types"
SCHEMA_TYPE = "application/schema+json"


class EventTypeEndpoints:
    """What can be asked of the public events' types; they are the program's own, and change only with it."""

    def operations(self) -> list[Operation]:
        """Return what is served, with its paths."""
        return [
            Operation(
                method="GET",
                path=PATH,
                endpoint=self.list,
                description=Description(id="list_event_types", answers=Page[EventTypeResponse]),
            ),
            Operation(
                method="GET",
                path=f"{PATH}/{{event_type}}",
                endpoint=self.schema,
                description=Description(id="get_event_schema", answers={"type": "object"}, media_type=SCHEMA_TYPE),
            ),
        ]

    async def list(self, _request: Request) -> Response:
        """Answer all types of events that neighbours are told of."""
        page = Page[EventTypeResponse](items=list_event_types(schemas_path=PATH), next_page_token=None)
        return Response(orjson.dumps(page.model_dump(mode="json")), media_type=JSON)

    async def schema(self, request: Request) -> Response:
        """Answer the JSON schema of the data of one type of event."""
        return Response(orjson.dumps(schema_of(request.path_params["event_type"])), media_type=SCHEMA_TYPE)
