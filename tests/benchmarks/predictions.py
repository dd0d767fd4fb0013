"""Predictions over NATS against a micro service that only sends back what it gets: same server, same run."""

import asyncio
import multiprocessing
import time
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.metadata import version
from pathlib import Path
from typing import Any

import orjson
from nats.aio.client import Client
from nats.micro import add_service
from nats.micro.request import Request

from infrastructure.learning.artifact import keep
from infrastructure.learning.loading import ArtifactPredictorLoader
from infrastructure.learning.training import train
from infrastructure.messaging.address import NatsAddress
from infrastructure.messaging.connection import connect
from infrastructure.messaging.one_log import OneLog
from infrastructure.messaging.parts import Messaging
from infrastructure.system.clock import SystemClock
from interfaces.http.errors import error_response_body
from interfaces.inference.inference import Inference
from interfaces.messaging.predictions import Predictions
from tests.application.inference.registry import Registry
from tests.benchmarks.measure import REPEATS, Figure, median_ratio, percentile, scratch, spread
from tests.interfaces.http.test_inference import Progress
from tests.support.data import ExampleTable, customers, reviews, wine
from tests.support.fakes.artifacts import InMemoryArtifacts
from tests.support.fakes.event_log import InMemoryEventLog
from tests.support.nats import NatsServer

PREDICT, ECHO = "ml.inference.predict", "echo"
ROUND_TRIPS = 2_000
AT_ONCE = 32
SECONDS = 3.0
_START_S = 60.0


def run() -> list[Figure]:
    """Measure one request at a time, then many at once; both services are processes of their own."""
    table = wine()
    body = orjson.dumps({"model_id": "wine", "features": table.instances()[0]})
    with scratch() as directory, NatsServer(directory / "nats") as server:
        address = server.address
        with _process(_predict, address, directory), _process(_echo, address, directory):
            alone, many = asyncio.run(_measured(address, body))
    with scratch() as directory:
        itself = asyncio.run(_itself(directory))
    return [
        *(
            Figure(f"a prediction for one row of {name}, without NATS: p50", spread(medians, "µs"))
            for name, medians in itself.items()
        ),
        Figure("echo, one at a time: p50", spread([p50 for p50, _ in alone[ECHO]], "µs")),
        Figure("echo, one at a time: p99", spread([p99 for _, p99 in alone[ECHO]], "µs")),
        Figure(
            "the same prediction over NATS, one at a time: p50", spread([p50 for p50, _ in alone[PREDICT]], "µs")
        ),
        Figure(
            "the same prediction over NATS, one at a time: p99", spread([p99 for _, p99 in alone[PREDICT]], "µs")
        ),
        Figure(
            "ratio predict : echo, p50",
            f"{median_ratio([p50 for p50, _ in alone[PREDICT]], [p50 for p50, _ in alone[ECHO]]):.2f}",
        ),
        Figure(f"echo, {AT_ONCE} at once", spread(many[ECHO], "/s")),
        Figure(f"predict, {AT_ONCE} at once", spread(many[PREDICT], "/s")),
        Figure("ratio predict : echo, at once", f"{median_ratio(many[PREDICT], many[ECHO]):.2f}"),
    ]


async def _measured(
    address: NatsAddress, body: bytes
) -> tuple[dict[str, list[tuple[float, float]]], dict[str, list[float]]]:
    client = await connect(address, name="benchmark")
    for subject in (PREDICT, ECHO):
        await _answered(client, subject, body)
    alone: dict[str, list[tuple[float, float]]] = {PREDICT: [], ECHO: []}
    many: dict[str, list[float]] = {PREDICT: [], ECHO: []}
    for _ in range(REPEATS):
        for subject in (ECHO, PREDICT):
            alone[subject].append(await _one_at_a_time(client, subject, body))
            many[subject].append(await _at_once(client, subject, body))
    await client.close()
    return alone, many


async def _itself(directory: Path) -> dict[str, list[float]]:
    """Return the medians of several rounds, each of the path from body to answer, for a model of each kind."""
    tables = {
        "wine": wine(),
        "customers, for their cluster": customers(),
        "reviews, in two columns of text": reviews(),
    }
    registry = _registry(directory, *tables.values())
    inference = Inference(serving=registry.serving, progress=Progress(0))
    found: dict[str, list[float]] = {name: [] for name in tables}
    for _ in range(REPEATS):
        for name, table in tables.items():
            body = orjson.dumps({"model_id": table.name, "features": table.instances()[0]})
            took_us = []
            for _ in range(ROUND_TRIPS):
                began = time.perf_counter()
                await inference.answer(body, explain=False, position=None, until_left=None)
                took_us.append(1e6 * (time.perf_counter() - began))
            found[name].append(percentile(took_us, 50))
    inference.close()
    registry.close()
    return found


async def _answered(client: Client, subject: str, body: bytes) -> None:
    """Wait until a service has begun to answer, and see that it does well."""
    deadline = time.monotonic() + _START_S
    while True:
        try:
            answer = await client.request(subject, body, timeout=5)
        except Exception:
            if time.monotonic() > deadline:
                raise
            await asyncio.sleep(0.1)
        else:
            assert "Nats-Service-Error" not in (answer.headers or {}), answer.data
            return


async def _one_at_a_time(client: Client, subject: str, body: bytes) -> tuple[float, float]:
    took_us = []
    for _ in range(ROUND_TRIPS):
        began = time.perf_counter()
        await client.request(subject, body, timeout=5)
        took_us.append(1e6 * (time.perf_counter() - began))
    return percentile(took_us, 50), percentile(took_us, 99)


async def _at_once(client: Client, subject: str, body: bytes) -> float:
    began = time.perf_counter()

    async def ask() -> int:
        count = 0
        while time.perf_counter() < began + SECONDS:
            await client.request(subject, body, timeout=5)
            count += 1
        return count

    answered = sum(await asyncio.gather(*(ask() for _ in range(AT_ONCE))))
    return answered / (time.perf_counter() - began)


@contextmanager
def _process(target: Any, *arguments: Any) -> Iterator[None]:
    process = multiprocessing.get_context("spawn").Process(target=target, args=arguments, daemon=True)
    process.start()
    try:
        yield
    finally:
        process.kill()
        process.join()


def _registry(directory: Path, *tables: ExampleTable) -> Registry:
    artifacts = InMemoryArtifacts()
    registry = Registry(directory, loader=ArtifactPredictorLoader(artifacts=artifacts), capacity_bytes=10**9)
    for table in tables:
        training = train(table.plan(), table.table(), num_threads=1, on_iteration=lambda _: None)
        registry.register(table.name, v1_0_0=keep(artifacts, training.manifest, training.parts))
    return registry


def _predict(address: NatsAddress, directory: Path) -> None:
    registry = _registry(directory, wine())
    part = Predictions(
        serving=registry.serving,
        progress=Progress(0),
        tell_error=error_response_body,
        version=version("machine-learning-service"),
        one_log=OneLog(service="machine-learning", log=InMemoryEventLog()),
    )
    messaging = Messaging(address=lambda: address, name="predictions", parts=[part], clock=SystemClock())
    messaging.start()
    time.sleep(3_600)


def _echo(address: NatsAddress, _: Path) -> None:
    asyncio.run(_echoing(address))


async def _echoing(address: NatsAddress) -> None:
    client = await connect(address, name="echo")
    service = await add_service(client, name="echo", version="1.0.0")

    async def echo(request: Request) -> None:
        await request.respond(request.data)

    await service.add_endpoint(name="echo", handler=echo, subject=ECHO)
    await asyncio.Event().wait()
