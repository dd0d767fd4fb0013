"""`GET /metrics`: figures for Prometheus, looked up when it asks."""

import asyncio
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager
from itertools import accumulate

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily, Metric
from starlette.requests import Request
from starlette.responses import Response

from application.health.durations import BOUNDS_S, Durations
from application.health.health import Health
from application.inference.serving import Serving
from application.ports.siblings import Siblings
from interfaces.http.exposition import merged, written
from interfaces.http.measures import PREFIX, dependency_families
from interfaces.http.openapi_descriptions import Description
from interfaces.http.operations import Operation
from interfaces.http.traffic import Traffic
from interfaces.inference.work import Work

PATH = "/metrics"
TEXT = "text/plain; version=0.0.4; charset=utf-8"
"""Source: Prometheus's text-based exposition format, 0.0.4."""

_PROCESS = "process"
_LE = [*(str(each) for each in BOUNDS_S), "+Inf"]


class MetricsEndpoint:
    """Answers with figures of this process and of what it works with.

    On the way of a request nothing is done for it but a few additions. What cannot be seen just now is left
    out: an old figure would tell less.

    Of several processes behind one port whichever is asked answers with the figures of all, each with the number
    of its process as a label. Were they added up, one that is started again would make all counters go back.

    Args:
        health: Asks what the service works with, within bounds.
        serving: Holds the loaded predictors.
        traffic: What has passed over HTTP.
        predictions: Transport → what was predicted over it.
        siblings: The processes behind the same port; None where this is the only one.
    """

    def __init__(
        self,
        *,
        health: Health,
        serving: Serving,
        traffic: Traffic,
        predictions: Mapping[str, Work],
        siblings: Siblings | None = None,
    ) -> None:
        self._health = health
        self._serving = serving
        self._traffic = traffic
        self._predictions = predictions
        self._siblings = siblings

    def operations(self) -> list[Operation]:
        """Return what is served, with its path."""
        description = Description(id="get_metrics", answers={"type": "string"}, media_type=TEXT)
        return [Operation(method="GET", path=PATH, endpoint=self.get, description=description)]

    @asynccontextmanager
    async def told_to_siblings(self) -> AsyncIterator[None]:
        """Answer the other processes behind the port, for as long as the block lasts."""
        if self._siblings is None:
            yield
            return
        async with self._siblings.answering(self._own):
            yield

    async def get(self, _request: Request) -> Response:
        """Answer figures for Prometheus."""
        body = await self._own()
        if self._siblings is not None:
            body = await asyncio.to_thread(merged, [body, *await self._siblings.ask()])
        return Response(body, headers={"content-type": TEXT, "cache-control": "no-store"})

    async def _own(self) -> bytes:
        findings = await self._health.findings()
        families = [
            *self._own_families(),
            *dependency_families(findings.values()),
            *_traffic_families(self._traffic),
            *_prediction_families(self._predictions),
        ]
        labels = {} if self._siblings is None else {_PROCESS: str(self._siblings.number)}
        # in a thread, so that no prediction waits until a thousand lines are written
        return await asyncio.to_thread(written, families, labels=labels)

    def _own_families(self) -> Iterator[Metric]:
        sizes = self._serving.sizes_bytes()
        for name, says, value in (
            ("uptime_seconds", "Since this process began to serve.", self._health.uptime_s()),
            ("loaded_predictors", "Versions in memory, ready to predict.", len(sizes)),
            ("loaded_predictors_bytes", "About how much memory they take.", sum(sizes)),
        ):
            yield GaugeMetricFamily(f"{PREFIX}_{name}", says, value=value)


def _traffic_families(traffic: Traffic) -> Iterator[Metric]:
    labels = ("operation", "status")
    requests = CounterMetricFamily(f"{PREFIX}_http_requests", "HTTP requests that are over.", labels=labels)
    lasted = HistogramMetricFamily(
        f"{PREFIX}_http_request_duration_seconds",
        "From a request's headers to the last byte of its answer, or to the first of a stream.",
        labels=labels,
    )
    for (operation, status), durations in sorted(traffic.items()):
        requests.add_metric((operation, str(status)), sum(durations.counts))
        _add(lasted, (operation, str(status)), durations)
    yield from (requests, lasted)


def _prediction_families(predictions: Mapping[str, Work]) -> Iterator[Metric]:
    labels = ("transport",)
    instances = CounterMetricFamily(f"{PREFIX}_predictions", "Instances that were predicted for.", labels=labels)
    refused = CounterMetricFamily(
        f"{PREFIX}_predictions_refused", "Requests that got no prediction, for whatever reason.", labels=labels
    )
    took = HistogramMetricFamily(
        f"{PREFIX}_prediction_duration_seconds", "From a request's body to its predictions.", labels=labels
    )
    for transport, work in predictions.items():
        instances.add_metric((transport,), work.instances)
        refused.add_metric((transport,), work.refused)
        _add(took, (transport,), work.durations)
    yield from (instances, refused, took)


def _add(family: HistogramMetricFamily, labels: tuple[str, ...], durations: Durations) -> None:
    cumulated = accumulate(durations.counts)
    family.add_metric(labels, buckets=list(zip(_LE, cumulated, strict=True)), sum_value=durations.total_s)
