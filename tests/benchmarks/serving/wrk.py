"""`wrk`: requests as fast as they are answered, from the core that the server does not have."""

import json
import shutil
import subprocess
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import httpx

from tests.benchmarks.measure import chosen
from tests.benchmarks.serving.cores import LOAD_CORE, on_core, require_two_cores

SECONDS = int(chosen("ML_BENCHMARK_SECONDS", 5, least=1))
"""Of each load that is measured; fewer try a benchmark out."""

WARM_S = 2
_ROTATING = Path(__file__).with_name("rotating.lua")
_TIMEOUT_S = 60
_FIRST_ANSWER_S = 10


@dataclass(frozen=True)
class Load:
    """What a server made of the requests.

    Attributes:
        p50_ms: Half of the requests took no longer.
        p99_ms: 99 of 100 took no longer.
    """

    requests_per_second: float
    p50_ms: float
    p99_ms: float


@dataclass(frozen=True, kw_only=True)
class Requests:
    """Bodies to send in turn, all to one path: one that is sent again and again flatters an engine twofold.

    Attributes:
        bodies: One after the other, each behind a line with its length in bytes.
    """

    path: str
    bodies: Path
    headers: Mapping[str, str] = field(default_factory=lambda: {"Content-Type": "application/json"})

    @classmethod
    def written(cls, bodies: Path, contents: Iterable[bytes], *, path: str, **headers: str) -> "Requests":
        """Write the bodies to a file; header names with `_` for `-`."""
        with bodies.open("wb") as file:
            for content in contents:
                file.write(b"%d\n%s" % (len(content), content))
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return cls(path=path, bodies=bodies, headers={"Content-Type": "application/json"} | named)

    def first(self) -> bytes:
        """Return the first body."""
        with self.bodies.open("rb") as file:
            return file.read(int(file.readline()))

    def answered(self, url: str) -> httpx.Response:
        """Return what a server answers to the first of them."""
        with httpx.Client(trust_env=False, timeout=_FIRST_ANSWER_S) as client:
            return client.post(url + self.path, content=self.first(), headers=dict(self.headers))


def require_wrk() -> None:
    """End the run where the tool is missing, and say how it is had."""
    require_two_cores()
    if shutil.which("wrk") is None:
        raise SystemExit("Serving is measured with wrk, which is not installed: apt-get install wrk")


def put_load(url: str, requests: Requests, *, connections: int, seconds: int) -> Load:
    """Send requests over so many connections, each when the one before it is answered.

    Raises:
        RuntimeError: Some were not answered with success, or a connection broke.
    """
    headers = [f"{name}: {value}" for name, value in requests.headers.items()]
    command = ["wrk", "--threads", "1", "--connections", str(connections), "--duration", f"{seconds}s"]
    command += ["--timeout", f"{_TIMEOUT_S}s", "--script", str(_ROTATING), url + requests.path, "--"]
    with on_core(LOAD_CORE):
        done = subprocess.run(
            [*command, str(requests.bodies), *headers], capture_output=True, text=True, check=False
        )
    if done.returncode != 0:
        raise RuntimeError(done.stdout + done.stderr)
    counted = json.loads(done.stdout.splitlines()[-1])
    if counted["refused"] or counted["broken"] or not counted["requests"]:
        raise RuntimeError(f"{requests.path}: {counted}")
    return Load(
        requests_per_second=1e6 * counted["requests"] / counted["took_us"],
        p50_ms=counted["p50_us"] / 1e3,
        p99_ms=counted["p99_us"] / 1e3,
    )
