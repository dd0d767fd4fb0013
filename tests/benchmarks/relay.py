"""How soon after its commit an event is with a neighbour, and how many the relay publishes in a second."""

import asyncio
import time
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from nats.aio.msg import Msg
from nats.js.api import StreamConfig

from application.integration.contracts import SUBJECTS
from application.ledger import Ledger
from infrastructure.event_store.settings import sqlite_environment
from infrastructure.messaging.address import NatsAddress
from infrastructure.messaging.connection import connect
from infrastructure.messaging.embedded import EmbeddedNats
from infrastructure.messaging.fenced_publisher import WINDOW
from tests.benchmarks.measure import Figure, interleaved, median_ratio, percentile, scratch, spread
from tests.support.relaying import Stored, catch_up, register_models, relaying, stored_messages

EVENTS = 4_000
COMMITS = 400
_RAW, _RAW_SUBJECT = "RAW", "raw.event"
_ENOUGH_S = 120.0


def run() -> list[Figure]:
    """Measure both, with the server and the store that the service has by default."""
    with scratch() as home, _server(home) as address, Ledger(sqlite_environment(home / "events.db")) as ledger:
        latencies = [_latencies_ms(address, ledger) for _ in range(5)]
        examples = stored_messages(address)[-1:]
        relayed, raw = interleaved(
            lambda: _relayed_per_s(address, ledger), lambda: asyncio.run(_published_per_s(address, examples[0]))
        )
    return [
        Figure(
            f"commit to received p50, {COMMITS} commits a round",
            spread([percentile(each, 50) for each in latencies], "ms", 2),
        ),
        Figure("commit to received p99", spread([percentile(each, 99) for each in latencies], "ms", 2)),
        Figure(f"publishes, {WINDOW} awaiting their acknowledgement", spread(raw, "/s")),
        Figure("relay with a backlog", spread(relayed, "/s")),
        Figure("ratio relay : publishes", f"{median_ratio(relayed, raw):.2f}"),
    ]


@contextmanager
def _server(home: Path) -> Iterator[NatsAddress]:
    with EmbeddedNats(home / "nats") as server:
        while not server.is_ready:
            time.sleep(0.01)
        yield NatsAddress(url=server.url)


def _latencies_ms(address: NatsAddress, ledger: Ledger) -> list[float]:
    """Return, for each commit, how long after its return its event was with a subscriber."""
    with relaying(address, ledger) as relay:
        catch_up(relay)
        return asyncio.run(_received_after_ms(address, ledger))


async def _received_after_ms(address: NatsAddress, ledger: Ledger) -> list[float]:
    client = await connect(address, name="benchmark")
    received = asyncio.Event()
    at = 0.0

    async def note(_message: Msg) -> None:
        nonlocal at
        at = time.perf_counter()
        received.set()

    await client.subscribe(SUBJECTS, cb=note)
    await client.flush()
    latencies = []
    for _ in range(COMMITS):
        received.clear()
        committed = await asyncio.to_thread(_committed_at, ledger)
        async with asyncio.timeout(_ENOUGH_S):
            await received.wait()
        latencies.append(max(0.0, 1_000 * (at - committed)))
        await asyncio.sleep(0.002)
    await client.close()
    return latencies


def _committed_at(ledger: Ledger) -> float:
    register_models(ledger, 1)
    return time.perf_counter()


def _relayed_per_s(address: NatsAddress, ledger: Ledger) -> float:
    """Return how fast a backlog is published, from the first event of it to the last."""
    for _ in range(EVENTS // 100):
        register_models(ledger, 100)
    with relaying(address, ledger) as relay:
        while relay.status.published == 0:
            time.sleep(0.001)
        began, before = time.perf_counter(), relay.status.published
        catch_up(relay, within_s=_ENOUGH_S)
        return (relay.status.published - before) / (time.perf_counter() - began)


async def _published_per_s(address: NatsAddress, example: Stored) -> float:
    """Return how fast a program publishes that does nothing else, with the same messages and window."""
    client = await connect(address, name="benchmark")
    js = client.jetstream()
    await js.add_stream(StreamConfig(name=_RAW, subjects=[_RAW_SUBJECT], duplicate_window=0.1))
    began = time.perf_counter()
    under_way: deque[asyncio.Future[object]] = deque()
    for number in range(EVENTS):
        if len(under_way) == WINDOW:
            await under_way.popleft()
        headers = {**example.headers, "Nats-Msg-Id": str(number), "Nats-Expected-Stream": _RAW}
        headers["Nats-Expected-Last-Sequence"] = str(number)
        under_way.append(await js.publish_async(_RAW_SUBJECT, example.data, headers=headers))
    await asyncio.gather(*under_way)
    per_s = EVENTS / (time.perf_counter() - began)
    await js.delete_stream(_RAW)
    await client.close()
    return per_s
