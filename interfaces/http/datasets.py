"""Datasets over HTTP: registered by upload or URI, listed, read, retired."""

import asyncio
from collections.abc import Callable
from functools import partial
from weakref import WeakValueDictionary

import anyio
import anyio.to_thread
from starlette.requests import Request
from starlette.responses import Response

from application.datasets import handlers
from application.datasets.commands import RegisterDataset
from application.datasets.handlers import Received
from application.datasets.queries import get_dataset
from application.datasets.views import DatasetResponse
from application.execution import Context, Executed, Outcome, replay
from application.ports.filters import FieldPath, IsNull
from application.ports.read_models import Collection
from application.service import Service
from domain.commands import command_stream_id
from domain.errors import DomainError, InvalidInput
from domain.naming import normal_form
from interfaces.http import lists
from interfaces.http.bodies import JSON, has_body, media_type, parsed, read_body
from interfaces.http.commands import Commands, Success
from interfaces.http.context import Conditions, idempotency
from interfaces.http.incoming import Incoming, storage_errors
from interfaces.http.lists import ListRequest, page
from interfaces.http.moments import AS_OF
from interfaces.http.openapi_descriptions import Description, Page
from interfaces.http.operations import BASE, Operation
from interfaces.http.problems import UnsupportedMediaType
from interfaces.http.reads import Found, Reads
from interfaces.http.uploads import BODIES, FORMATS, MULTIPART, received_upload

UPLOAD_MAX_BYTES = 10 * 1024**3
INSPECTIONS_AT_ONCE = 2
"""Looking into a large file takes seconds of one core: the other commands must not wait behind it."""

_DATASETS = f"{BASE}/datasets"
_DATASET = f"{_DATASETS}/{{dataset}}"
_OFFERED = IsNull(field=FieldPath(root="retired_at"))
_CREATED = Success(status=201, location=lambda view: f"{_DATASETS}/{view.id}", creates=True)
_RETIRED = Success(status=204)


class DatasetEndpoints:
    """What can be asked of datasets.

    Args:
        service: What commands and questions work with.
        commands: Carries out commands.
        reads: Answers questions.
        upload_max_bytes: The size of the largest upload that is taken.
    """

    def __init__(self, *, service: Service, commands: Commands, reads: Reads, upload_max_bytes: int) -> None:
        self._service = service
        self._commands = commands
        self._reads = reads
        self._upload_max_bytes = upload_max_bytes
        self._registering: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()
        self._inspections = anyio.CapacityLimiter(INSPECTIONS_AT_ONCE)

    def operations(self) -> list[Operation]:
        """Return what is served, with its paths."""
        return [
            Operation(
                method="GET",
                path=_DATASETS,
                endpoint=self.list_datasets,
                description=Description.of_question("list_datasets", answers=Page[DatasetResponse]),
                parameters=lists.PARAMETERS,
            ),
            Operation(
                method="POST",
                path=_DATASETS,
                endpoint=self.register,
                description=Description.of_command(
                    "register_dataset",
                    takes={JSON: RegisterDataset, **BODIES},
                    success=_CREATED,
                    answers=DatasetResponse,
                ),
                parameters=("name", "target"),
            ),
            Operation(
                method="GET",
                path=_DATASET,
                endpoint=self.get,
                description=Description.of_question("get_dataset", answers=DatasetResponse, is_versioned=True),
                parameters=(AS_OF,),
            ),
            Operation(
                method="DELETE",
                path=_DATASET,
                endpoint=self.retire,
                description=Description.of_command("retire_dataset", success=_RETIRED),
            ),
        ]

    async def list_datasets(self, request: Request) -> Response:
        """Answer a page of the datasets that are offered."""
        asked = ListRequest.of(request)
        read_models = self._service.read_models
        return await self._reads.answer_as_of(
            request, lambda at: page(asked, Collection.DATASETS, read_models=read_models, within=_OFFERED, at=at)
        )

    async def get(self, request: Request) -> Response:
        """Answer a dataset, by its id or name."""

        def ask(at: int | None) -> Found:
            dataset = get_dataset(request.path_params["dataset"], read_models=self._service.read_models, at=at)
            return Found(document=dataset, version=dataset["aggregate_version"])

        return await self._reads.answer_as_of(request, ask)

    async def retire(self, request: Request) -> Response:
        """Offer a dataset no more."""
        body = await read_body(request)
        dataset = request.path_params["dataset"]

        def decide(context: Context) -> Outcome[None]:
            return handlers.retire_dataset(dataset, context=context, ledger=self._service.ledger)

        return await self._commands.carry_out(request, decide, success=_RETIRED, body=body)

    async def register(self, request: Request) -> Response:
        """Begin a dataset: of what lies at a URI, or of an upload."""
        kind = media_type(request)
        if kind == MULTIPART or kind in FORMATS:
            return await self._register_upload(request)
        is_nothing = kind is None and not has_body(request) and not request.query_params
        if kind != JSON and not is_nothing:
            raise UnsupportedMediaType(kind, understood=(JSON, *FORMATS, MULTIPART))
        for name, value in request.query_params.items():
            message = (
                f"is a field of a JSON body, no parameter beside one; an upload, which has it as a parameter, has "
                f"the Content-Type {', '.join(FORMATS)} or {MULTIPART}."
            )
            raise InvalidInput.of(name, message, value)
        return await self._register_uri(request)

    async def _register_uri(self, request: Request) -> Response:
        demanded = self._commands.demanded(request, success=_CREATED)
        body = await read_body(request)
        command = parsed(body, RegisterDataset)
        if command.uri is None:
            raise InvalidInput.of("uri", "is missing: say where the dataset lies, or upload it.")
        key = idempotency(request, demanded.key, body)
        given = self._commands.context(request).model_copy(update={"idempotency": key})
        uri = command.uri

        def receive() -> Received:
            handlers.require_free_name(command.name, ledger=self._service.ledger)
            return handlers.receive_uri(uri, files=self._service.files, artifacts=self._service.artifacts)

        obtained = await self._obtained(given, receive)
        if isinstance(obtained, Executed):
            return await self._commands.answered(obtained)
        try:
            return await self._registered(command, obtained, demanded, given)
        finally:
            obtained.path.unlink(missing_ok=True)  # in no thread: at the server's end there is no time to wait

    async def _register_upload(self, request: Request) -> Response:
        demanded = self._commands.demanded(request, success=_CREATED)
        given = self._commands.context(request)
        was_done = await self._was_done(given, demanded.key)

        async def check_name(name: str) -> None:
            check = partial(handlers.require_free_name, name, ledger=self._service.ledger)
            try:
                await self._commands.in_thread(check)
            except DomainError:
                if not await self._was_done(given, demanded.key):
                    raise

        path = None if was_done else self._service.artifacts.incoming()
        async with Incoming(path=path, max_bytes=self._upload_max_bytes) as incoming:
            upload = await received_upload(
                request, incoming, check_name=check_name, max_bytes=self._upload_max_bytes
            )
            key = idempotency(request, demanded.key, *upload.identifying())
            given = given.model_copy(update={"idempotency": key})
            obtained = await self._obtained(
                given,
                lambda: handlers.receive_upload(incoming.path, upload.format, files=self._service.files),
            )
            if isinstance(obtained, Executed):
                return await self._commands.answered(obtained)
            return await self._registered(upload.command, obtained, demanded, given)

    async def _obtained(self, given: Context, receive: Callable[[], Received]) -> Executed | Received:
        """Return what was received, or how the command was answered that was carried out before."""

        def obtain() -> Executed | Received:
            if (done := replay(ledger=self._service.ledger, context=given)) is not None:
                return done
            try:
                with storage_errors():
                    return receive()
            except DomainError:
                # the same command, sent twice at once, may stand in its own way ("name taken")
                if (done := replay(ledger=self._service.ledger, context=given)) is not None:
                    return done
                raise

        return await anyio.to_thread.run_sync(obtain, limiter=self._inspections)

    async def _was_done(self, given: Context, key: str | None) -> bool:
        """Tell whether something was stored under the key: then the upload is only hashed, to be compared."""
        if key is None:
            return False
        stream_id = command_stream_id(given.provenance.actor, key)
        return await self._commands.in_thread(lambda: self._service.ledger.completed(stream_id)) is not None

    async def _registered(
        self, command: RegisterDataset, received: Received, demanded: Conditions, given: Context
    ) -> Response:
        artifacts = self._service.artifacts

        def decide(context: Context) -> Outcome[DatasetResponse]:
            with storage_errors():
                outcome = handlers.register_dataset(
                    command,
                    received,
                    context=context,
                    ledger=self._service.ledger,
                    artifacts=artifacts,
                    identity=self._service.identity,
                )
            # a cancelled request's file is removed under the thread that goes on: without bytes, no dataset
            artifacts.require(received.contents.sha256)
            return outcome

        # who loses the race for a name is refused before its bytes are kept, for nobody would remove them
        async with self._registering.setdefault(normal_form(command.name), asyncio.Lock()):
            executed = await self._commands.executed(decide, demanded, given, success=_CREATED)
        return await self._commands.answered(executed)
