"""Versions that were trained elsewhere, over HTTP."""

import anyio
from starlette.requests import Request
from starlette.responses import Response

from application.execution import Context, Executed, Outcome, replay
from application.models import foreign
from application.models.commands import RegisterVersion
from application.models.views import ModelVersionResponse
from application.ports.foreign_models import KeptModel
from application.service import Service
from interfaces.http.bodies import JSON, parsed, read_body, require_json
from interfaces.http.commands import Commands, Success
from interfaces.http.context import idempotency
from interfaces.http.incoming import storage_errors
from interfaces.http.openapi_descriptions import Description
from interfaces.http.operations import BASE, Operation

_VERSIONS = f"{BASE}/models/{{model}}/versions"
_REGISTERED = Success(
    status=201, location=lambda view: f"{_VERSIONS.format(model=view.model_id)}/{view.id}", creates=False
)
_LOOKS_AT_ONCE = 1


class ForeignVersionEndpoints:
    """What can be asked with models that were trained elsewhere.

    Args:
        service: What commands work with.
        commands: Carries them out.
    """

    def __init__(self, *, service: Service, commands: Commands) -> None:
        self._service = service
        self._commands = commands
        self._looks = anyio.CapacityLimiter(_LOOKS_AT_ONCE)

    def operations(self) -> list[Operation]:
        """Return what is served, with its paths."""
        return [
            Operation(
                method="POST",
                path=_VERSIONS,
                endpoint=self.register,
                description=Description.of_command(
                    "register_version",
                    takes={JSON: RegisterVersion},
                    success=_REGISTERED,
                    answers=ModelVersionResponse,
                ),
            )
        ]

    async def register(self, request: Request) -> Response:
        """Give a model a version that was trained elsewhere."""
        require_json(request)
        demanded = self._commands.demanded(request, success=_REGISTERED)
        body = await read_body(request)
        command = parsed(body, RegisterVersion)
        model = request.path_params["model"]
        key = idempotency(request, demanded.key, body)
        given = self._commands.context(request).model_copy(update={"idempotency": key})

        def look() -> Executed | KeptModel | None:
            ledger = self._service.ledger
            if (done := replay(ledger=ledger, context=given)) is not None:
                return done
            with storage_errors():
                return foreign.keep_foreign(
                    model, command, context=given, ledger=ledger, foreign=self._service.foreign
                )

        # it takes seconds: whether the model is at the version that was demanded is decided afterwards
        found = await anyio.to_thread.run_sync(look, limiter=self._looks)
        if isinstance(found, Executed):
            return await self._commands.answered(found)

        def decide(context: Context) -> Outcome[ModelVersionResponse]:
            return foreign.register_version(
                model,
                command,
                found,
                context=context,
                ledger=self._service.ledger,
                identity=self._service.identity,
            )

        executed = await self._commands.executed(decide, demanded, given, success=_REGISTERED)
        return await self._commands.answered(executed)
