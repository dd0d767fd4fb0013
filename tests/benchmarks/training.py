"""A training through the service against `lightgbm.train` on the same rows with the same parameters."""

import json
import subprocess
import sys
import time
from dataclasses import dataclass
from http import HTTPStatus
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from tests.benchmarks.measure import REPEATS, Figure, at_most, chosen, median_ratio, scratch, spread
from tests.benchmarks.plain_training import PARAMETERS
from tests.support.service import RunningService, running_service

ROWS, COLUMNS = 400_000, 30
FIRST_TRIED_ROUNDS = 200
NEARLY = 0.9
MIB = 1024 * 1024


@dataclass(frozen=True, kw_only=True)
class Training:
    """How long one took, and how much its process held at most."""

    took_s: float
    peak_bytes: int


def run() -> list[Figure]:
    """Measure from request to completed, and the memory of the processes that train, on one thread each."""
    asked_s = chosen("ML_BENCHMARK_TRAINING_S", 60, least=5)
    with scratch() as directory, running_service(directory / "home") as service:
        _upload(service, _written(directory))
        service.post("/models", {"name": "model", "type": "regression"})
        rounds = _rounds_that_take(asked_s, directory)
        pairs = [(_alone(directory, rounds), _as_a_job(service, rounds)) for _ in range(REPEATS)]
        job = service.get("/training-jobs", page_size=1)["items"][0]
        events = _events(service, job)
    alone, jobs = zip(*pairs, strict=True)
    alone_s, jobs_s = ([each.took_s for each in trainings] for trainings in (alone, jobs))
    alone_mib, jobs_mib = ([each.peak_bytes / MIB for each in trainings] for trainings in (alone, jobs))
    return [
        Figure(f"`lightgbm.train` alone, {ROWS:,} × {COLUMNS}, {rounds:,} rounds", spread(alone_s, "s", 1)),
        Figure("training job, request to completed", spread(jobs_s, "s", 1)),
        at_most("ratio of time, job : alone", median_ratio(jobs_s, alone_s), 1.03, digits=3),
        Figure("peak memory of `lightgbm.train` alone", spread(alone_mib, "MiB")),
        Figure("peak memory of the job's process", spread(jobs_mib, "MiB")),
        at_most("ratio of memory, job : alone", median_ratio(jobs_mib, alone_mib), 1.2, digits=3),
        at_most("events of a job", len(events), 30, digits=0),
    ]


def _rounds_that_take(asked_s: float, directory: Path) -> int:
    """Return how many rounds take nearly as long, by trying: later rounds are cheaper than the first ones."""
    rounds = FIRST_TRIED_ROUNDS
    while (took_s := _alone(directory, rounds).took_s) < asked_s * NEARLY:
        rounds = round(rounds * asked_s / took_s)
    return rounds


def _alone(directory: Path, rounds: int) -> Training:
    program = [sys.executable, "-m", "tests.benchmarks.plain_training", str(directory), str(rounds)]
    answer = json.loads(subprocess.run(program, check=True, capture_output=True).stdout)
    return Training(took_s=answer["s"], peak_bytes=answer["peak_bytes"])


def _as_a_job(service: RunningService, rounds: int) -> Training:
    begin = time.perf_counter()
    settings = {**PARAMETERS, "num_iterations": rounds, "early_stopping_rounds": 0}
    job = service.ended(service.train("model", "rows", **settings), within_s=3600)
    took_s = time.perf_counter() - begin
    assert job["status"] == "completed", job
    completed = _events(service, job)[-1]
    return Training(took_s=took_s, peak_bytes=completed["data"]["trained"]["peak_memory_bytes"])


def _events(service: RunningService, job: Any) -> list[Any]:
    found: list[Any] = service.get("/events", aggregate_id=job["id"], limit=1000)["items"]
    return found


def _upload(service: RunningService, table: Path) -> None:
    response = service.client.post(
        "/api/v1/datasets",
        params={"name": "rows", "target": "target"},
        content=table.read_bytes(),
        headers={"Content-Type": "application/vnd.apache.parquet"},
    )
    assert response.status_code == HTTPStatus.CREATED, response.text


def _written(directory: Path) -> Path:
    """Write the rows as Parquet, and as the arrays that training and validation are of; return the Parquet."""
    random = np.random.default_rng(0)
    rows = random.normal(size=(ROWS, COLUMNS))
    target = rows[:, 0] * rows[:, 1] + np.sin(3 * rows[:, 2]) + random.normal(scale=0.1, size=ROWS)
    is_held_out = np.arange(ROWS) % 5 == 0
    for part, of_part in (("training", ~is_held_out), ("held-out", is_held_out)):
        np.save(directory / f"{part}-rows.npy", rows[of_part])
        np.save(directory / f"{part}-target.npy", target[of_part])
    path = directory / "rows.parquet"
    columns = {**{f"x{index}": rows[:, index] for index in range(COLUMNS)}, "target": target}
    pq.write_table(pa.table(columns), path)
    return path
