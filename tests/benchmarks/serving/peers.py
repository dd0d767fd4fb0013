"""The service against other servers of models: same model, same rows, same load, each alone on the core."""

import json
import os
import shutil
import subprocess
from collections.abc import Mapping
from functools import partial
from pathlib import Path

from tests.benchmarks.measure import Figure, at_least, median_ratio, scratch, spread
from tests.benchmarks.serving.hello import PATH
from tests.benchmarks.serving.model import SENT, Served, json_body, serving_home
from tests.benchmarks.serving.peer_table import ENVIRONMENTS, PEERS, Peer
from tests.benchmarks.serving.quiet import quiet_rounds
from tests.benchmarks.serving.servers import ServerFailed, free_port, production_service, server
from tests.benchmarks.serving.wrk import SECONDS, WARM_S, Load, Requests, put_load, require_wrk

CONNECTIONS = 16
_SERVICE = "ml-service"
_PREPARATION_S = 120


def run() -> list[Figure]:
    """Measure one row a request over 16 connections; a peer that does not run is told of, and left out."""
    require_wrk()
    environments = Path.cwd() / ".venv-peers"
    with scratch() as directory:
        home = directory / "home"
        served = serving_home(home)
        bodies = (json_body(served, row) for row in range(SENT))
        requests = Requests.written(directory / "rows", bodies, path=PATH)
        peers = [_Runnable(peer, served, environments, directory) for peer in PEERS]
        rounds = quiet_rounds(partial(_service, home, requests), *(peer.measured for peer in peers))
    service, *others = rounds.values
    ours = [load for load in service if load is not None]
    figures = [Figure(f"{_SERVICE}, {CONNECTIONS} connections", _shown(ours))]
    for peer, loads in zip(peers, others, strict=True):
        figures += _figures(peer, ours, loads)
    return rounds.told(figures)


class _Runnable:
    """A peer in a directory of its own.

    Attributes:
        failure: Why it is not asked any more; None as long as it is.
    """

    def __init__(self, peer: Peer, served: Served, environments: Path, directory: Path) -> None:
        self.peer = peer
        self.failure: str | None = None
        self._programs = environments / peer.environment / "bin"
        self._directory = directory / peer.name.replace(" ", "-").replace(",", "")
        self._directory.mkdir()
        (self._directory / "model.txt").write_text(served.named_text())
        for program in (ENVIRONMENTS / peer.environment).glob("*.py"):
            shutil.copy(program, self._directory)
        for name, content in peer.files.items():
            (self._directory / name).write_text(json.dumps(content))
        bodies = (peer.body(served, row) for row in range(SENT))
        self._requests = Requests.written(self._directory / "rows", bodies, path=peer.path)
        self._prepare()

    def measured(self) -> Load | None:
        """Return what it made of the load; None once it has failed."""
        if self.failure is None:
            try:
                return self._measured()
            except (ServerFailed, RuntimeError) as error:
                self.failure = str(error)
        return None

    def _prepare(self) -> None:
        if not (self._programs.parent / "installed").exists():
            self.failure = f"its environment is not there, `make peers` makes it; {self._said_by_installer()}"
        elif self.peer.preparation:
            done = subprocess.run(
                self._command(self.peer.preparation, {}),
                cwd=self._directory,
                env={**os.environ, **self._variables({})},
                capture_output=True,
                text=True,
                timeout=_PREPARATION_S,
                check=False,
            )
            if done.returncode != 0:
                self.failure = f"its model cannot be prepared: {done.stderr.strip()[-300:]}"

    def _measured(self) -> Load:
        ports = _Ports(port=free_port())
        with server(
            self._command(self.peer.command, ports),
            port=ports["port"],
            requests=self._requests,
            log=self._directory / "log",
            directory=self._directory,
            environment=self._variables(ports),
        ) as url:
            put_load(url, self._requests, connections=CONNECTIONS, seconds=WARM_S)
            return put_load(url, self._requests, connections=CONNECTIONS, seconds=SECONDS)

    def _command(self, words: tuple[str, ...], ports: Mapping[str, int]) -> list[str]:
        program, *arguments = words
        return [str(self._programs / program), *(each.format_map(ports) for each in arguments)]

    def _variables(self, ports: Mapping[str, int]) -> dict[str, str]:
        # its own programs first: some start others by name; and none of this project's modules
        own = {"PATH": f"{self._programs}{os.pathsep}{os.environ['PATH']}", "PYTHONPATH": ""}
        return own | {name: value.format_map(ports) for name, value in self.peer.variables.items()}

    def _said_by_installer(self) -> str:
        log = self._programs.parent.with_suffix(".log")
        return f"it said: {log.read_text().strip()[-300:]}" if log.exists() else "it was not tried"


class _Ports(dict[str, int]):
    """A free port for each name that is asked for."""

    def __missing__(self, name: str) -> int:
        self[name] = free_port()
        return self[name]


def _service(home: Path, requests: Requests) -> Load | None:
    with production_service(home) as service:
        put_load(service.url, requests, connections=CONNECTIONS, seconds=WARM_S)
        return put_load(service.url, requests, connections=CONNECTIONS, seconds=SECONDS)


def _figures(runnable: _Runnable, ours: list[Load], loads: list[Load | None]) -> list[Figure]:
    name = runnable.peer.name
    theirs = [load for load in loads if load is not None]
    if runnable.failure is not None:
        reason = " ".join(runnable.failure.split()).replace("|", "/")
        return [Figure(f"{name}, {CONNECTIONS} connections", f"not measured: {reason}")]
    ratio = median_ratio(
        [each.requests_per_second for each in ours], [each.requests_per_second for each in theirs]
    )
    what = f"ratio {_SERVICE} : {name}"
    return [
        Figure(f"{name}, {CONNECTIONS} connections", _shown(theirs)),
        Figure(what, f"{ratio:.1f}") if runnable.peer.bar is None else at_least(what, ratio, runnable.peer.bar),
    ]


def _rates(loads: list[Load]) -> list[float]:
    return [each.requests_per_second for each in loads]


def _shown(loads: list[Load]) -> str:
    p50 = spread([each.p50_ms for each in loads], "ms", 1)
    p99 = spread([each.p99_ms for each in loads], "ms", 1)
    return f"{spread(_rates(loads), '/s')}; p50 {p50}, p99 {p99}"
