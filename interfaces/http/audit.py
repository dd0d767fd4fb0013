"""The log of events over HTTP: all of it, and that of one model."""

from dataclasses import replace
from uuid import UUID

from starlette.requests import Request
from starlette.responses import Response

from application.audit.queries import EventPage, events, model_of_history
from application.audit.views import EventResponse
from application.ports.read_models import Collection
from application.service import Service
from domain.errors import InvalidInput
from interfaces.http.lists import page_size
from interfaces.http.moments import AS_OF, as_of, written
from interfaces.http.openapi_descriptions import Description, Page
from interfaces.http.operations import BASE, Operation
from interfaces.http.paging import Place, page_token, place_of
from interfaces.http.parameters import integer, text, uuid
from interfaces.http.reads import Found, Reads

LIMIT_DEFAULT = 100
LIMIT_MAX = 1_000
TYPES_MAX = 100


class AuditEndpoints:
    """What can be asked of the log.

    Args:
        service: Its ledger is the log.
        reads: Answers questions.
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
                path=f"{BASE}/events",
                endpoint=self.events,
                description=Description.of_question("list_events", answers=EventPage),
                parameters=("after", "type", "aggregate_id", "actor", "correlation_id", "limit"),
            ),
            Operation(
                method="GET",
                path=f"{BASE}/models/{{model}}/history",
                endpoint=self.history,
                description=Description.of_question(
                    "get_model_history", answers=Page[EventResponse], is_versioned=True
                ),
                parameters=("type", "actor", "page_size", "page_token", AS_OF),
            ),
        ]

    async def events(self, request: Request) -> Response:
        """Answer the next events after a position."""
        after = integer(request, "after", default=0, minimum=0)
        limit = integer(request, "limit", default=LIMIT_DEFAULT, minimum=1, maximum=LIMIT_MAX)
        aggregate_id, types = uuid(request, "aggregate_id"), _types(request)

        def ask() -> Found:
            head = self._ledger.head()
            found = events(
                ledger=self._ledger,
                after=after,
                limit=limit,
                types=types,
                aggregate_id=aggregate_id,
                actor=text(request, "actor"),
                correlation_id=text(request, "correlation_id"),
            )
            return Found(document=found.model_dump(mode="json"), position=head)

        return await self._reads.answer(request, ask)

    async def history(self, request: Request) -> Response:
        """Answer a page of what happened to a model, also when it is retired."""
        size, token = page_size(request), text(request, "page_token")
        types, actor = _types(request), text(request, "actor")
        moment = written(as_of(request))

        def ask(at: int | None) -> Found:
            model_id = self._model_id(request, at)
            version = self._version(model_id, at)  # first: an older tag than the answer does no harm
            of = "\n".join(["history", str(model_id), ",".join(types), actor or "", moment])
            first = Place(position=self._ledger.head() if at is None else at, offset=0)
            place = first if token is None else place_of(token, of=of)
            found = events(
                ledger=self._ledger,
                after=place.offset,
                upto=place.position,
                limit=size + 1,
                types=types,
                aggregate_id=model_id,
                actor=actor,
            )
            items = found.items[:size]
            last = found.next_after if len(found.items) <= size else items[-1].position
            following = None if last >= place.position else page_token(replace(place, offset=last), of=of)
            document = {"items": [each.model_dump(mode="json") for each in items], "next_page_token": following}
            return Found(document=document, position=place.position, version=version)

        return await self._reads.answer_as_of(request, ask)

    def _model_id(self, request: Request, at: int | None) -> UUID:
        reference = request.path_params["model"]
        return model_of_history(reference, ledger=self._ledger, read_models=self._read_models, at=at)

    def _version(self, model_id: UUID, at: int | None) -> int | None:
        if at is None:
            last = self._ledger.last_event(model_id)
            return None if last is None else last.originator_version
        model = self._read_models.get(Collection.MODELS, model_id, at=at)
        return None if model is None else model["aggregate_version"]


def _types(request: Request) -> tuple[str, ...]:
    given = text(request, "type")
    types = () if given is None else tuple(each.strip() for each in given.split(","))
    if len(types) > TYPES_MAX or not all(types):
        message = f"must be 1 to {TYPES_MAX} types of events, separated by commas."
        raise InvalidInput.of("type", message, given)
    return types
