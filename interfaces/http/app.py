"""The service as one ASGI application."""

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from types import MappingProxyType

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

from application.health.health import Health
from application.integration.channels import Operation as Conversation
from application.integration.channels import Servers
from application.ports.siblings import Siblings
from application.service import Service
from interfaces.http.admission import Admission
from interfaces.http.asyncapi import AsyncApiEndpoint
from interfaces.http.audit import AuditEndpoints
from interfaces.http.batches import BatchEndpoints
from interfaces.http.callback import CallbackEndpoint
from interfaces.http.commands import Commands
from interfaces.http.dataset_content import DatasetContentEndpoint
from interfaces.http.datasets import UPLOAD_MAX_BYTES, DatasetEndpoints
from interfaces.http.dead_letters import DeadLetterEndpoints
from interfaces.http.diff import DiffEndpoint
from interfaces.http.event_types import EventTypeEndpoints
from interfaces.http.exchange import Exchange
from interfaces.http.foreign_versions import ForeignVersionEndpoints
from interfaces.http.health import HealthEndpoints
from interfaces.http.inference import PATH as INFERENCE_PATH
from interfaces.http.inference import InferenceEndpoint
from interfaces.http.job_events import JobEventsEndpoint
from interfaces.http.lineage import LineageEndpoints
from interfaces.http.metrics import MetricsEndpoint
from interfaces.http.model_types import ModelTypeEndpoints
from interfaces.http.models import ModelEndpoints
from interfaces.http.open_inference.endpoint import OpenInferenceEndpoint
from interfaces.http.open_inference.inferring import TensorInference
from interfaces.http.open_inference.places import is_here
from interfaces.http.open_inference.served import protocol_operations
from interfaces.http.open_inference.statistics import Statistics
from interfaces.http.openapi import DocumentEndpoint
from interfaces.http.operations import error_response, routes
from interfaces.http.problems import NoSuchPath
from interfaces.http.reads import SETTLED_S, Reads
from interfaces.http.report import ReportEndpoint
from interfaces.http.service_health import ServiceHealthEndpoint
from interfaces.http.stopping import Stopping
from interfaces.http.traffic import Counted, Traffic
from interfaces.http.training import TrainingEndpoints
from interfaces.http.verification import VerificationEndpoint
from interfaces.inference.work import Work

THREADS = 16


def create_app(
    service: Service,
    *,
    health: Health,
    conversations: Sequence[Conversation] = (),
    nats_servers: Callable[[], Servers] = Servers,
    predictions: Mapping[str, Work] = MappingProxyType({}),
    upload_max_bytes: int = UPLOAD_MAX_BYTES,
    threads: int = THREADS,
    settled_s: float = SETTLED_S,
    stopping: Stopping | None = None,
    on_request: Callable[[], None] = lambda: None,
    loopback_host: str | None = None,
    siblings: Siblings | None = None,
) -> ASGIApp:
    """Return the application; its lifespan ends what it began, and nothing of the service.

    Args:
        service: What it works with.
        health: How everything that it works with fares.
        conversations: All that is sent and received over NATS.
        nats_servers: Returns where NATS is found.
        predictions: Transport → what is predicted over it, beside HTTP.
        upload_max_bytes: The size of the largest upload that is taken.
        threads: So many commands, and as many questions, at the same time.
        settled_s: How old an instant is when it is answered what was true then, in seconds.
        stopping: Told when the service is about to end, so that it waits for nobody; None for never.
        on_request: Called whenever a request comes and whenever one was answered.
        loopback_host: Under which it is bound to loopback: requests for other hosts are refused then; None
            where it is reached over a network.
        siblings: The processes that answer on the same port; None where this is the only one.
    """
    stopping = stopping or Stopping()
    inference = InferenceEndpoint(serving=service.serving, progress=service.progress)
    commands = Commands(service=service, threads=threads)
    reads = Reads(service=service, threads=threads, settled_s=settled_s)
    statistics = Statistics()
    tensors = TensorInference(
        inference=inference.inference, serving=service.serving, statistics=statistics, clock=service.clock
    )
    open_inference = OpenInferenceEndpoint(
        protocol_operations(
            health=health,
            serving=service.serving,
            read_models=service.read_models,
            reads=reads,
            inference=inference.inference,
            tensors=tensors,
            statistics=statistics,
        ),
        bodies=inference.bodies,
    )
    traffic: Traffic = {}
    metrics = MetricsEndpoint(
        health=health,
        serving=service.serving,
        traffic=traffic,
        predictions={"http": inference.work, "open-inference": tensors.work, **predictions},
        siblings=siblings,
    )
    operations = [
        *ModelEndpoints(service=service, commands=commands, reads=reads).operations(),
        *ForeignVersionEndpoints(service=service, commands=commands).operations(),
        *AuditEndpoints(service=service, reads=reads).operations(),
        *VerificationEndpoint(verify=service.verify_log).operations(),
        *DiffEndpoint(service=service, reads=reads).operations(),
        *LineageEndpoints(service=service, reads=reads).operations(),
        *ReportEndpoint(service=service, reads=reads).operations(),
        *DatasetContentEndpoint(service=service, reads=reads).operations(),
        *DatasetEndpoints(
            service=service, commands=commands, reads=reads, upload_max_bytes=upload_max_bytes
        ).operations(),
        *TrainingEndpoints(service=service, commands=commands, reads=reads, stopping=stopping).operations(),
        *BatchEndpoints(service=service, commands=commands, reads=reads, stopping=stopping).operations(),
        *JobEventsEndpoint(service=service, live=service.live, reads=reads, stopping=stopping).operations(),
        *EventTypeEndpoints().operations(),
        *ModelTypeEndpoints().operations(),
        *CallbackEndpoint(inbox=service.inbox).operations(),
        *DeadLetterEndpoints(dead_letters=service.dead_letters).operations(),
        *HealthEndpoints(health=health).operations(),
        *ServiceHealthEndpoint(health=health).operations(),
        *metrics.operations(),
        *AsyncApiEndpoint(conversations, servers=nats_servers).operations(),
    ]
    directly = [inference.described, *open_inference.described]
    document = DocumentEndpoint([*directly, *(each.described for each in operations)])
    operations.append(document.operation)

    @asynccontextmanager
    async def lifespan(_app: Starlette) -> AsyncIterator[None]:
        async with metrics.told_to_siblings():
            yield
        inference.close()

    others = Starlette(
        routes=routes(operations),
        exception_handlers={HTTPException: _no_such_path},
        lifespan=lifespan,
    )
    others.router.redirect_slashes = False
    dispatch = _Dispatch(
        admission=Admission(loopback_host=loopback_host),
        inference=inference,
        open_inference=open_inference,
        others=others,
        stopping=stopping,
    )
    described = [*directly, *(each.described for each in operations)]
    return Counted(dispatch, described=described, traffic=traffic, on_request=on_request)


class _Dispatch:
    """Sends predictions the shortest way, and everything else through the router, which costs them half."""

    def __init__(
        self,
        *,
        admission: Admission,
        inference: ASGIApp,
        open_inference: ASGIApp,
        others: ASGIApp,
        stopping: Stopping,
    ) -> None:
        self._admission = admission
        self._inference = inference
        self._open_inference = open_inference
        self._others = Exchange(others, stopping=stopping)
        self._stopping = stopping

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._others(scope, receive, send)
        elif (refusal := self._admission.refusal(scope)) is not None:
            await self._refused(refusal, scope, receive, send)
        elif scope["path"] == INFERENCE_PATH:
            await self._predicted(self._inference, scope, receive, send)
        elif is_here(scope["path"]):
            await self._predicted(self._open_inference, scope, receive, send)
        else:
            await self._others(scope, receive, send)

    async def _predicted(self, endpoint: ASGIApp, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            await endpoint(scope, receive, send)
        except asyncio.CancelledError as cancelled:  # before the answer, which is sent at once
            await self._refused(cancelled, scope, receive, send)

    async def _refused(self, refusal: BaseException, scope: Scope, receive: Receive, send: Send) -> None:
        async def refuse(_scope: Scope, _receive: Receive, _send: Send) -> None:
            raise refusal

        await Exchange(refuse, stopping=self._stopping)(scope, receive, send)


async def _no_such_path(request: Request, _error: Exception) -> Response:
    return await error_response(request, NoSuchPath(request.scope["path"]))
