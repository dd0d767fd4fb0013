"""The log of events over HTTP: all of it, and that of one model."""

from starlette.requests import Request
from starlette.responses import Response

from application.audit.queries import EventPage, events, model_of_history
from application.audit.views import EventResponse
from application.service import Service
from interfaces.http.lists import page_size
from interfaces.http.openapi_descriptions import Description, Page
from interfaces.http.operations import BASE, Operation
from interfaces.http.paging import Place, page_token, place_of
from interfaces.http.parameters import integer, text, uuid
from interfaces.http.reads import Found, Reads

LIMIT_DEFAULT = 100
LIMIT_MAX = 1_000


class AuditEndpoints:
    """What can be asked of the log.

    Args:
        service: Its ledger is the log.
        reads: Answers questions.
    """

    def __init__(self, *, service: Service, reads: Reads) -> None:
        self._ledger = service.ledger
        self._reads = reads

    def operations(self) -> list[Operation]:
        """Return what is served, with its paths."""
        return [
            Operation(
                method="GET",
                path=f"{BASE}/events",
                endpoint=self.events,
                description=Description.of_question("list_events", answers=EventPage),
                parameters=("after", "type", "aggregate_id", "actor", "limit"),
            ),
            Operation(
                method="GET",
                path=f"{BASE}/models/{{model}}/history",
                endpoint=self.history,
                description=Description.of_question(
                    "get_model_history", answers=Page[EventResponse], is_versioned=True
                ),
                parameters=("page_size", "page_token"),
            ),
        ]

    async def events(self, request: Request) -> Response:
        """Answer the next events after a position."""
        after = integer(request, "after", default=0, minimum=0)
        limit = integer(request, "limit", default=LIMIT_DEFAULT, minimum=1, maximum=LIMIT_MAX)
        aggregate_id = uuid(request, "aggregate_id")

        def ask() -> Found:
            head = self._ledger.head()
            found = events(
                ledger=self._ledger,
                after=after,
                limit=limit,
                type=text(request, "type"),
                aggregate_id=aggregate_id,
                actor=text(request, "actor"),
            )
            return Found(document=found.model_dump(mode="json"), position=head)

        return await self._reads.answer(request, ask)

    async def history(self, request: Request) -> Response:
        """Answer a page of what happened to a model, also when it is retired."""
        size, token = page_size(request), text(request, "page_token")

        def ask() -> Found:
            head = self._ledger.head()
            model_id = model_of_history(request.path_params["model"], ledger=self._ledger)
            of = f"history\n{model_id}"
            after = 0 if token is None else place_of(token, of=of).position
            found = events(ledger=self._ledger, after=after, limit=size + 1, aggregate_id=model_id).items
            items = found[:size]
            is_last = len(found) <= size
            following = None if is_last else page_token(Place(position=items[-1].position, offset=0), of=of)
            model = self._ledger.model(model_id)
            assert model is not None, "its history was found"
            document = {"items": [each.model_dump(mode="json") for each in items], "next_page_token": following}
            return Found(document=document, position=head, version=model.version)

        return await self._reads.answer(request, ask)
