"""What commands notice of NATS being away: their latency with it, and without."""

import json
from itertools import count

from tests.benchmarks.load import http_request, latencies_s
from tests.benchmarks.measure import Figure, interleaved, median_ratio, percentile, scratch, spread
from tests.support.nats import NatsServer
from tests.support.service import RunningService, running_service

SECONDS = 12.0
"""Of each stretch: five without NATS are a minute."""

CONNECTIONS = 8
_numbers = count(1)


def run() -> list[Figure]:
    """Measure registrations while NATS is there, killed, and standing still."""
    figures = []
    with (
        scratch() as directory,
        NatsServer(directory / "nats") as nats,
        running_service(directory / "home", ML_SERVICE_NATS_URL=nats.url) as service,
    ):

        def there() -> float:
            nats.resume()
            nats.start()
            return _p99_ms(service)

        def killed() -> float:
            nats.kill()
            return _p99_ms(service)

        def paused() -> float:
            nats.resume()
            nats.start()
            nats.pause()
            return _p99_ms(service)

        with_it, without, still = interleaved(there, killed, paused)
        nats.resume()
    for what, measured in (("there", with_it), ("killed", without), ("paused", still)):
        figures.append(Figure(f"POST /models, p99, NATS {what}", spread(measured, "ms", digits=1)))
    figures.append(Figure("ratio killed : there", f"{median_ratio(without, with_it):.2f}"))
    figures.append(Figure("ratio paused : there", f"{median_ratio(still, with_it):.2f}"))
    return figures


def _p99_ms(service: RunningService) -> float:
    def register(_: int) -> bytes:
        body = json.dumps({"name": f"model-{next(_numbers)}", "type": "regression"})
        return http_request("POST", "/api/v1/models", body.encode())

    took_s = latencies_s(service.url, register, connections=CONNECTIONS, seconds=SECONDS)
    return percentile(took_s, 99) * 1_000
