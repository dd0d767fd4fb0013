"""The real service in processes of its own, as an operator starts it."""

import os
import select
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import httpx

from tests.support.processes import started

START_S = 60.0
STOP_S = 30.0
JOB_S = 90


class RunningService:
    """`ml-service serve` on a free port of loopback, and a client of it; or another role that prints `ready URL`.

    It runs no Database Service unless it is told to: that is one more process, which few tests look at. It trains
    on one thread: other tests need the cores, and more threads would change no result.

    Args:
        home: Its data directory.
        flags: More flags of the role.
        role: Which it is.
        settings: More environment variables.
    """

    def __init__(self, home: Path, *flags: str, role: str = "serve", **settings: str) -> None:
        self.home = home
        self._process: subprocess.Popen[str] = started(
            [sys.executable, "-m", "interfaces.main", role, "--port", "0", "--home", str(home), *flags],
            stdout=subprocess.PIPE,
            text=True,
            env={
                **os.environ,
                "ML_SERVICE_DATABASE_SERVICE": "outside",
                "ML_SERVICE_TRAINING_THREADS": "1",
                **settings,
            },
            start_new_session=True,
        )
        self.url = self._wait_until_ready()
        self.client = httpx.Client(base_url=self.url, timeout=60, trust_env=False)

    @property
    def pid(self) -> int:
        return self._process.pid

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def stop(self, number: int = signal.SIGINT) -> int:
        """Send the signal, wait for the end, and return the exit status."""
        if self._process.poll() is None:
            self._process.send_signal(number)
        try:
            status = self._process.wait(STOP_S)
        finally:
            self._process.kill()
            self._process.wait()
            self._close()
        return status

    def freeze(self) -> None:
        """Let it do nothing from now on, but go on to take connections and what is sent to it."""
        self._process.send_signal(signal.SIGSTOP)

    def kill(self) -> None:
        """End it as a power cut would: no handler runs."""
        self._process.kill()
        self._process.wait()
        self._close()

    def post(self, path: str, body: Any, **headers: str) -> httpx.Response:
        """Send a command to a path below the base path."""
        return self.client.post(f"/api/v1{path}", json=body, headers=headers)

    def get(self, path: str, **parameters: str | int) -> Any:
        """Return what is at a path below the base path."""
        response = self.client.get(f"/api/v1{path}", params=parameters)
        assert response.status_code == httpx.codes.OK, response.text
        return response.json()

    def upload(self, name: str, table: Path, target: str | None) -> Any:
        """Upload a CSV file and return the dataset."""
        parameters = {"name": name} | ({} if target is None else {"target": target})
        response = self.client.post(
            "/api/v1/datasets",
            params=parameters,
            content=table.read_bytes(),
            headers={"Content-Type": "text/csv"},
        )
        assert response.status_code == httpx.codes.CREATED, response.text
        return response.json()

    def train(self, model: str, dataset: str, **hyperparameters: Any) -> Any:
        """Request a training and return its job."""
        body = {"model_id": model, "dataset_id": dataset, "hyperparameters": hyperparameters}
        response = self.post("/training-jobs", body)
        assert response.status_code == httpx.codes.ACCEPTED, response.text
        return response.json()

    def ended(self, job: Any, *, within_s: float = JOB_S) -> Any:
        """Wait for the end of a job and return it."""
        deadline = time.monotonic() + within_s
        while time.monotonic() < deadline:
            path = f"/api/v1/training-jobs/{job['id']}"
            found = self.client.get(path, headers={"Prefer": "wait=20"}).json()
            if found["status"] in {"completed", "failed", "cancelled"}:
                return found
        raise AssertionError(f"not ended in {within_s} s: {found}")

    def promote(self, model: str, version: str) -> httpx.Response:
        """Bring a version into production."""
        path = f"/api/v1/models/{model}/versions/{version}/status"
        return self.client.put(path, json={"status": "production"})

    def _wait_until_ready(self) -> str:
        assert self._process.stdout is not None
        deadline = time.monotonic() + START_S
        while time.monotonic() < deadline and self._process.poll() is None:
            readable, _, _ = select.select([self._process.stdout], [], [], 0.1)
            if readable and (line := self._process.stdout.readline()).startswith("ready "):
                return line.removeprefix("ready ").strip()
        self._process.kill()
        self._process.wait()
        self._process.stdout.close()
        raise AssertionError(f"not ready in {START_S} s; exit status {self._process.returncode}")

    def _close(self) -> None:
        assert self._process.stdout is not None
        self._process.stdout.close()
        if hasattr(self, "client"):
            self.client.close()


@contextmanager
def running_service(home: Path, *flags: str, **settings: str) -> Iterator[RunningService]:
    """Yield a service that is ready, and stop it as Ctrl-C would."""
    with RunningService(home, *flags, **settings) as service:
        yield service
