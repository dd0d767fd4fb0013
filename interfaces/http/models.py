"""Models, their versions and aliases over HTTP."""

from collections.abc import Callable

from starlette.requests import Request
from starlette.responses import Response

from application.execution import Context, Outcome
from application.models import handlers
from application.models.commands import AssignAlias, ChangeStatus, RegisterModel, UpdateModel
from application.models.queries import SERVING, get_model, get_version, versions_of
from application.models.views import AliasResponse, MLModelResponse, ModelVersionResponse
from application.ports.read_models import Collection, Document
from application.service import Service
from domain.errors import InvalidInput
from domain.models.errors import VersionNotFound
from interfaces.http import lists
from interfaces.http.bodies import JSON, MERGE_PATCH, parsed, read_body, require_json
from interfaces.http.commands import Commands, Success
from interfaces.http.lists import ListRequest, page
from interfaces.http.moments import AS_OF
from interfaces.http.openapi_descriptions import Description, Page
from interfaces.http.operations import BASE, Operation
from interfaces.http.reads import Found, Reads
from interfaces.requests.json_text import require_json_text

_MODELS = f"{BASE}/models"
_MODEL = f"{_MODELS}/{{model}}"
_VERSION = f"{_MODEL}/versions/{{version}}"
_ALIAS = f"{_MODEL}/aliases/{{alias}}"
_REGISTERED = Success(status=201, location=lambda view: f"{_MODELS}/{view.id}", creates=True)
_CHANGED = Success()
_LED = Success(leads_predictions=True)
_REMOVED = Success(status=204)


class ModelEndpoints:
    """What can be asked of models.

    Args:
        service: What commands and questions work with.
        commands: Carries out commands.
        reads: Answers questions.
    """

    def __init__(self, *, service: Service, commands: Commands, reads: Reads) -> None:
        self._ledger = service.ledger
        self._identity = service.identity
        self._read_models = service.read_models
        self._make_ready = service.serving.make_ready
        self._commands = commands
        self._reads = reads

    def operations(self) -> list[Operation]:
        """Return what is served, with its paths."""
        return [
            Operation(
                method="GET",
                path=_MODELS,
                endpoint=self.list_models,
                description=Description.of_question("list_models", answers=Page[MLModelResponse]),
                parameters=lists.PARAMETERS,
            ),
            Operation(
                method="POST",
                path=_MODELS,
                endpoint=self.register,
                description=Description.of_command(
                    "register_model", takes={JSON: RegisterModel}, success=_REGISTERED, answers=MLModelResponse
                ),
            ),
            Operation(
                method="GET",
                path=_MODEL,
                endpoint=self.get,
                description=Description.of_question("get_model", answers=MLModelResponse, is_versioned=True),
                parameters=(AS_OF,),
            ),
            Operation(
                method="PATCH",
                path=_MODEL,
                endpoint=self.update,
                description=Description.of_command(
                    "update_model",
                    takes={MERGE_PATCH: UpdateModel, JSON: UpdateModel},
                    success=_CHANGED,
                    answers=MLModelResponse,
                ),
            ),
            Operation(
                method="DELETE",
                path=_MODEL,
                endpoint=self.retire,
                description=Description.of_command("retire_model", success=_REMOVED),
            ),
            Operation(
                method="GET",
                path=f"{_MODEL}/versions",
                endpoint=self.list_versions,
                description=Description.of_question(
                    "list_versions", answers=Page[ModelVersionResponse], is_versioned=True
                ),
                parameters=lists.PARAMETERS,
            ),
            Operation(
                method="GET",
                path=_VERSION,
                endpoint=self.get_version,
                description=Description.of_question(
                    "get_version", answers=ModelVersionResponse, is_versioned=True
                ),
                parameters=(AS_OF,),
            ),
            Operation(
                method="PUT",
                path=f"{_VERSION}/status",
                endpoint=self.change_status,
                description=Description.of_command(
                    "change_status", takes={JSON: ChangeStatus}, success=_LED, answers=ModelVersionResponse
                ),
            ),
            Operation(
                method="PUT",
                path=_ALIAS,
                endpoint=self.assign_alias,
                description=Description.of_command(
                    "assign_alias", takes={JSON: AssignAlias}, success=_LED, answers=AliasResponse
                ),
            ),
            Operation(
                method="DELETE",
                path=_ALIAS,
                endpoint=self.remove_alias,
                description=Description.of_command("remove_alias", success=_REMOVED),
            ),
        ]

    async def list_models(self, request: Request) -> Response:
        """Answer a page of the models that serve."""
        asked = ListRequest.of(request)
        return await self._reads.answer_as_of(
            request,
            lambda at: page(asked, Collection.MODELS, read_models=self._read_models, within=SERVING, at=at),
        )

    async def register(self, request: Request) -> Response:
        """Begin a model."""
        require_json(request)
        body = await read_body(request)
        command = parsed(body, RegisterModel)

        def decide(context: Context) -> Outcome[MLModelResponse]:
            return handlers.register_model(command, context=context, ledger=self._ledger, identity=self._identity)

        return await self._commands.carry_out(request, decide, success=_REGISTERED, body=body)

    async def get(self, request: Request) -> Response:
        """Answer a model."""
        return await self._reads.answer_as_of(request, self._of_model(request, lambda model, _: model))

    async def update(self, request: Request) -> Response:
        """Rename or describe a model by a JSON merge patch (RFC 7396)."""
        require_json(request, understood=(JSON, MERGE_PATCH))
        body = await read_body(request)
        patch = require_json_text(body)
        if isinstance(patch, dict) and "type" in patch:
            message = "A model's type never changes: register another model."
            raise InvalidInput.of("type", message, patch["type"])
        command = parsed(body, UpdateModel)
        model = request.path_params["model"]

        def decide(context: Context) -> Outcome[MLModelResponse]:
            return handlers.update_model(model, command, context=context, ledger=self._ledger)

        return await self._commands.carry_out(request, decide, success=_CHANGED, body=body)

    async def retire(self, request: Request) -> Response:
        """Take a model out of service."""
        body = await read_body(request)
        model = request.path_params["model"]

        def decide(context: Context) -> Outcome[None]:
            return handlers.retire_model(model, context=context, ledger=self._ledger)

        return await self._commands.carry_out(request, decide, success=_REMOVED, body=body)

    async def list_versions(self, request: Request) -> Response:
        """Answer a page of the model's versions."""
        asked = ListRequest.of(request)

        def ask(at: int | None) -> Found:
            model = get_model(request.path_params["model"], read_models=self._read_models, at=at)
            return page(
                asked,
                Collection.VERSIONS,
                read_models=self._read_models,
                within=versions_of(model),
                at=at,
                version=model["aggregate_version"],
            )

        return await self._reads.answer_as_of(request, ask)

    async def get_version(self, request: Request) -> Response:
        """Answer a version, by its number, id, alias, or `production`."""
        version = request.path_params["version"]

        def find(model: Document, at: int | None) -> Document:
            return get_version(model, version, read_models=self._read_models, at=at)

        return await self._reads.answer_as_of(request, self._of_model(request, find))

    async def change_status(self, request: Request) -> Response:
        """Move a version; promoting it archives the version in production."""
        require_json(request)
        body = await read_body(request)
        command = parsed(body, ChangeStatus)
        model, version = request.path_params["model"], request.path_params["version"]

        def decide(context: Context) -> Outcome[ModelVersionResponse]:
            return handlers.change_status(
                model, version, command, context=context, ledger=self._ledger, make_ready=self._make_ready
            )

        return await self._commands.carry_out(request, decide, success=_LED, body=body)

    async def assign_alias(self, request: Request) -> Response:
        """Let an alias stand for a version."""
        require_json(request)
        body = await read_body(request)
        command = parsed(body, AssignAlias)
        model, alias = request.path_params["model"], request.path_params["alias"]

        def decide(context: Context) -> Outcome[AliasResponse]:
            try:
                return handlers.assign_alias(
                    model, alias, command, context=context, ledger=self._ledger, make_ready=self._make_ready
                )
            except VersionNotFound as error:
                # the path exists: it is a field of the body that names nothing
                raise InvalidInput.of("version", error.message, command.version) from None

        return await self._commands.carry_out(request, decide, success=_LED, body=body)

    async def remove_alias(self, request: Request) -> Response:
        """Let an alias stand for nothing."""
        body = await read_body(request)
        model, alias = request.path_params["model"], request.path_params["alias"]

        def decide(context: Context) -> Outcome[None]:
            return handlers.remove_alias(model, alias, context=context, ledger=self._ledger)

        return await self._commands.carry_out(request, decide, success=_REMOVED, body=body)

    def _of_model(
        self, request: Request, part: Callable[[Document, int | None], Document]
    ) -> Callable[[int | None], Found]:
        def ask(at: int | None) -> Found:
            model = get_model(request.path_params["model"], read_models=self._read_models, at=at)
            return Found(document=part(model, at), version=model["aggregate_version"])

        return ask
