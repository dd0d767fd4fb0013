"""A service that trains on other machines: workers that know of nothing but its database, artifacts and NATS."""

import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from infrastructure.artifacts.local import LocalArtifacts
from infrastructure.learning.loading import ArtifactPredictorLoader
from tests.faults.cutting_proxy import CuttingProxy
from tests.faults.stores import NO_WORKER, Store
from tests.support.nats import NatsServer
from tests.support.processes import eventually, started
from tests.support.service import RunningService

LEASE_S = 5.0
"""More than a worker that has to wait for its disk or a core, and is well, shows no sign of life."""
ENOUGH_S = 120.0
ENDED = {"completed", "failed", "cancelled"}


class Cluster:
    """A service without a worker of its own, a NATS server, and workers.

    Args:
        directory: For the service, NATS and the artifacts; workers are told of these alone.
        database_url: PostgreSQL.
        workers: How many.
        settings: More environment variables, of all.

    Attributes:
        ways: To the database: that of the service, and one for each worker.
    """

    def __init__(self, directory: Path, *, database_url: str, workers: int, **settings: str) -> None:
        self.directory = directory
        self._store = Store(home=directory / "home", database_url=database_url)
        self._resources = ExitStack()
        self.nats = self._resources.enter_context(NatsServer(directory / "nats"))
        self._settings = {
            **self._store.settings,
            "ML_SERVICE_NATS_URL": self.nats.url,
            "ML_SERVICE_LEASE_S": str(LEASE_S),
            "ML_SERVICE_TRAINING_THREADS": "1",
            **settings,
        }
        self.ways = [self._way(database_url) for _ in range(1 + workers)]
        self.service = self._serve()
        self.workers = [self._work(place) for place in range(workers)]

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for worker in self.workers:
            worker.kill()
            worker.wait()
        self.service.stop()
        self._resources.close()

    @property
    def database_url(self) -> str:
        """Where the log is."""
        return self._settings["ML_SERVICE_DATABASE_URL"]

    @property
    def artifacts_root(self) -> Path:
        """Where the artifacts are."""
        return Path(self._settings["ML_SERVICE_ARTIFACTS"])

    @contextmanager
    def paused(self, worker: "subprocess.Popen[str]") -> Iterator[None]:
        """Let a worker stand still in the block."""
        worker.send_signal(signal.SIGSTOP)
        try:
            yield
        finally:
            worker.send_signal(signal.SIGCONT)

    @contextmanager
    def cut_off(self, worker: "subprocess.Popen[str]") -> Iterator[None]:
        """Let a worker alone not reach the database in the block."""
        with self.ways[1 + self.workers.index(worker)].closed():
            yield

    @contextmanager
    def without_database(self) -> Iterator[None]:
        """Let nobody reach the database in the block; after it the service does again."""
        with ExitStack() as closed:
            for way in self.ways:
                closed.enter_context(way.closed())
            yield
        assert eventually(lambda: self.service.client.get("/health/ready").is_success)

    @property
    def faults(self) -> list[Callable[[], None]]:
        """What can be killed and is started again at once: each worker, the service with its engine, and NATS."""
        workers = [lambda place=place: self._replace_worker(place) for place in range(len(self.workers))]
        return [*workers, self._replace_service, self._replace_nats]

    def jobs(self) -> dict[str, Any]:
        """Return id → job."""
        return {job["id"]: job for job in self.service.get("/training-jobs", page_size=1000)["items"]}

    def ended(self) -> dict[str, Any]:
        """Wait until all jobs have ended and return them."""
        assert eventually(lambda: {job["status"] for job in self.jobs().values()} <= ENDED, within_s=ENOUGH_S)
        return self.jobs()

    def history(self, job_id: str) -> list[Any]:
        """Return all events of a job."""
        events: list[Any] = self.service.get("/events", aggregate_id=job_id, limit=1000)["items"]
        return events

    def holder(self, job_id: str) -> subprocess.Popen[str] | None:
        """Return the worker that holds a job; None where none does, or one that is no more."""
        started_by = [each for each in self.history(job_id) if each["type"] == "training-job.started.v1"]
        if not started_by:
            return None
        pid = int(started_by[-1]["data"]["worker"].rpartition(":")[2])
        return next((each for each in self.workers if each.pid == pid), None)

    def require_each_job_to_have_ended_once(self, model: str) -> None:
        """Demand one end of each job, one version of the model for each that completed, and all of its bytes."""
        jobs = self.ended()
        for job_id, job in jobs.items():
            ends = [each["type"].split(".")[1] for each in self.history(job_id)]
            assert [each for each in ends if each in ENDED] == [job["status"]]
            assert ends[-1] == job["status"]
        versions = self.service.get(f"/models/{model}/versions", page_size=1000)["items"]
        completed = [job_id for job_id, job in jobs.items() if job["status"] == "completed"]
        assert sorted(each["training_job_id"] for each in versions) == sorted(completed)
        artifacts = LocalArtifacts(root=self.artifacts_root)
        for version in versions:
            ArtifactPredictorLoader(artifacts=artifacts).load(version["artifact_url"])

    def _way(self, database_url: str) -> CuttingProxy:
        # not the cluster's directory: the path of a socket may have about a hundred bytes
        directory = self._resources.enter_context(tempfile.TemporaryDirectory())
        return self._resources.enter_context(CuttingProxy(database_url, directory=Path(directory)))

    def _serve(self) -> RunningService:
        way = {"ML_SERVICE_DATABASE_URL": self.ways[0].url}
        return RunningService(self._store.home, **{**self._settings, **NO_WORKER, **way})

    def _work(self, place: int) -> "subprocess.Popen[str]":
        return started(
            [sys.executable, "-m", "interfaces.main", "worker", "--home", str(self.directory / "nowhere")],
            text=True,
            env={**os.environ, **self._settings, "ML_SERVICE_DATABASE_URL": self.ways[1 + place].url},
        )

    def _replace_worker(self, place: int) -> None:
        self.workers[place].kill()
        self.workers[place].wait()
        self.workers[place] = self._work(place)

    def _replace_service(self) -> None:
        self.service.kill()
        self.service = self._serve()

    def _replace_nats(self) -> None:
        self.nats.kill()
        self.nats.start()
