"""`POST /events/callback`: events of neighbours that have no NATS."""

import anyio
import anyio.to_thread
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from application.integration.callback import EventCallback
from application.ports.inbox import Inbox
from application.views import View
from domain.bounds import FREE_FORM_MAX_BYTES, require_bounded
from interfaces.http.bodies import JSON, parsed, read_body, require_json
from interfaces.http.context import request_id
from interfaces.http.openapi_descriptions import Description
from interfaces.http.operations import BASE, Operation

_PATH = "/events/callback"
_BODY_MAX_BYTES = 2 * FREE_FORM_MAX_BYTES  # with spaces between
_AT_ONCE = 8


class EventAccepted(View):
    """The event is kept, and will be handled with those that come over NATS.

    Attributes:
        event_id: By which it is known again: sent twice, it has its effects once.
    """

    event_id: str


class CallbackEndpoint:
    """Takes events, inside the base path and outside of it.

    Args:
        inbox: Keeps them.
    """

    def __init__(self, *, inbox: Inbox) -> None:
        self._inbox = inbox
        self._limiter = anyio.CapacityLimiter(_AT_ONCE)

    def operations(self) -> list[Operation]:
        """Return what is served, with its paths."""
        return [
            Operation(
                method="POST",
                path=f"{base}{_PATH}",
                endpoint=self.take,
                description=Description(
                    id=f"take_event{suffix}",
                    takes={JSON: EventCallback},
                    status=202,
                    answers=EventAccepted,
                    problems=(413, 415, 503),
                ),
            )
            for base, suffix in ((BASE, ""), ("", "_outside_base"))
        ]

    async def take(self, request: Request) -> Response:
        """Keep an event of a neighbour until it is handled."""
        require_json(request)
        callback = parsed(await read_body(request, max_bytes=_BODY_MAX_BYTES), EventCallback)
        require_bounded(payload=callback.payload)
        known_as = request_id(request)
        await anyio.to_thread.run_sync(
            lambda: self._inbox.put(callback, correlation_id=known_as), limiter=self._limiter
        )
        accepted = EventAccepted(event_id=callback.event_id)
        return JSONResponse(accepted.model_dump(mode="json"), status_code=202)
