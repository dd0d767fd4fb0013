"""Half an hour at 70 % of what the service can answer, with another version promoted every ten seconds."""

import asyncio
import statistics
import time
from collections.abc import Sequence
from urllib.parse import urlsplit

import numpy as np
import orjson
import uvloop

from tests.benchmarks.load import http_request
from tests.benchmarks.measure import Figure, at_least, at_most, chosen, scratch
from tests.benchmarks.serving.cores import LOAD_CORE, on_core
from tests.benchmarks.serving.footprint import resident_mb
from tests.benchmarks.serving.hello import PATH
from tests.benchmarks.serving.model import MODEL, SENT, json_body, serving_home
from tests.benchmarks.serving.paced import Connection, Pace, answered
from tests.benchmarks.serving.promotions import Promotions
from tests.benchmarks.serving.quiet import told
from tests.benchmarks.serving.servers import production_service
from tests.benchmarks.serving.stretches import Stretch
from tests.benchmarks.serving.wrk import SECONDS, WARM_S, Requests, put_load, require_wrk
from tests.support.service import RunningService

MINUTES = chosen("ML_SOAK_MINUTES", 30, least=1)
SHARE = 0.7
CONNECTIONS = 32
CAPACITY_CONNECTIONS = 16
PROMOTED_EVERY_S = 10.0

_STRETCHES_MIN = 10
_WARM_SHARE, _WARM_MIN_S = 0.1, 2.5 * PROMOTED_EVERY_S
_SAMPLED_EVERY_S = 1.0
_GROWTH_MAX_MB = 5
_P99_RISE_MAX = 1.25
_PROBLEMS_SHOWN = 3
_OK = b"200"


def run() -> list[Figure]:
    """Measure the capacity, then keep up the share of it."""
    require_wrk()
    with scratch() as directory:
        home = directory / "home"
        served = serving_home(home, versions=2)
        bodies = [json_body(served, row) for row in range(SENT)]
        requests = Requests.written(directory / "rows", bodies, path=PATH)
        with production_service(home) as service, on_core(LOAD_CORE):
            capacity = _capacity(service.url, requests)
            soak = Soak(service, versions=served.versions, rate=SHARE * capacity, seconds=60 * MINUTES)
            with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
                runner.run(soak.run([http_request("POST", PATH, body) for body in bodies]))
    return [Figure(f"capacity, {CAPACITY_CONNECTIONS} connections", f"{capacity:,.0f} /s"), *soak.figures()]


class Soak:
    """A load, the promotions meanwhile, and what came of it.

    Args:
        versions: Promoted in turn; the first is in production already.
    """

    def __init__(self, service: RunningService, *, versions: Sequence[str], rate: float, seconds: float) -> None:
        self._pid = service.pid
        address = urlsplit(service.url)
        self._host, self._port = str(address.hostname), int(address.port or 0)
        self._rate = rate
        self._seconds = seconds
        self._stretch_s = min(60.0, seconds / _STRETCHES_MIN)
        self._promotions = Promotions(versions)
        self._stretches = [Stretch()]
        self._memory_mb: list[float] = []
        self._problems: list[str] = []
        self._failed = self._misplaced = self._refused = 0

    async def run(self, requests: Sequence[bytes]) -> None:
        """Keep it up to its end.

        Raises:
            ConnectionError: The service cannot be connected to at the beginning.
        """
        beside = [asyncio.create_task(each) for each in (self._promote(), self._sample(), self._divide())]
        pace = Pace(requests, rate=self._rate, on_answer=self._answered, on_broken=self._broken)
        await pace.run(self._host, self._port, connections=CONNECTIONS, seconds=self._seconds)
        for task in beside:
            task.cancel()
        for ended in await asyncio.gather(*beside, return_exceptions=True):
            if isinstance(ended, Exception):
                raise ended
        self._stretches[-1].end(resident_mb=resident_mb(self._pid))

    def figures(self) -> list[Figure]:
        """Return a line for each stretch, then what is asked of the whole."""
        stretches = self._stretches
        share = sum(each.answers for each in stretches) / (self._rate * self._seconds)
        timed = [
            *(each.figure(self._named(number), seconds=self._stretch_s) for number, each in enumerate(stretches)),
            at_least("answers : requests due", share, 0.99, digits=3),
            at_most("p99, second half : first", self._p99_rise(), _P99_RISE_MAX),
        ]
        return [
            Figure("rate asked for", f"{self._rate:,.0f} /s for {self._seconds / 60:g} min"),
            *told(timed, other_cores=[each.other_cores for each in stretches]),
            *self._memory(),
            Figure("promotions", str(self._promotions.count)),
            at_most("promotions refused", self._refused, 0, digits=0),
            at_most("answers other than 200, broken connections", self._failed, 0, digits=0),
            at_most("answers by a version that was not in production", self._misplaced, 0, digits=0),
            *(Figure("problem", each) for each in self._problems),
        ]

    def _named(self, number: int) -> str:
        return f"{number * self._stretch_s:,.0f}–{(number + 1) * self._stretch_s:,.0f} s"

    def _memory(self) -> list[Figure]:
        begin = int(max(_WARM_MIN_S, _WARM_SHARE * self._seconds) / _SAMPLED_EVERY_S)
        warm = self._memory_mb[begin:]
        fifth = max(1, len(warm) // 5)
        slope = np.polyfit(range(len(warm)), warm, 1)[0] * 3600 / _SAMPLED_EVERY_S
        growth = statistics.median(warm[-fifth:]) - statistics.median(warm[:fifth])
        return [
            Figure("resident memory once warm: slope", f"{slope:+.1f} MB/h"),
            at_most("resident memory once warm: last fifth less first", growth, _GROWTH_MAX_MB, "MB", 1),
        ]

    def _p99_rise(self) -> float:
        p99 = [each.percentile_ms(99) for each in self._stretches]
        half = len(p99) // 2
        return statistics.median(p99[half:]) / statistics.median(p99[:half])

    def _answered(self, connection: Connection, status: bytes, body: bytes) -> None:
        received_s = time.perf_counter()
        self._stretches[-1].add(received_s - connection.due_s)
        if status != _OK:
            self._failed += 1
            self._note(body.decode())
            return
        begin = body.index(b'"version":"') + 11
        version = body[begin : body.index(b'"', begin)].decode()
        if not self._promotions.could_answer(version, sent_s=connection.sent_s, received_s=received_s):
            self._misplaced += 1
            self._note(f"{version} answered, {self._promotions.settled} was in production")

    def _broken(self) -> None:
        self._failed += 1
        self._note("a connection broke, or could not be opened")

    async def _promote(self) -> None:
        while True:
            await asyncio.sleep(PROMOTED_EVERY_S)
            path = f"/api/v1/models/{MODEL}/versions/{self._promotions.ask()}/status"
            request = http_request("PUT", path, orjson.dumps({"status": "production"}))
            status, body = await answered(self._host, self._port, request)
            if status == _OK:
                self._promotions.answered()
            else:
                self._promotions.refused()
                self._refused += 1
                self._note(body.decode())

    async def _sample(self) -> None:
        while True:
            await asyncio.sleep(_SAMPLED_EVERY_S)
            self._memory_mb.append(resident_mb(self._pid))

    async def _divide(self) -> None:
        began_s = time.perf_counter()
        for number in range(1, round(self._seconds / self._stretch_s)):
            await asyncio.sleep(began_s + number * self._stretch_s - time.perf_counter())
            self._stretches[-1].end(resident_mb=resident_mb(self._pid))
            self._stretches.append(Stretch())

    def _note(self, problem: str) -> None:
        if len(self._problems) < _PROBLEMS_SHOWN:
            self._problems.append(" ".join(problem.split()))


def _capacity(url: str, requests: Requests) -> float:
    put_load(url, requests, connections=CAPACITY_CONNECTIONS, seconds=WARM_S)
    loads = [put_load(url, requests, connections=CAPACITY_CONNECTIONS, seconds=SECONDS) for _ in range(3)]
    return statistics.median(each.requests_per_second for each in loads)
