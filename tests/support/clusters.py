"""A table to learn from on a cluster, and how it is trained there and alone."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import UUID

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from distributed import LocalCluster

from application.ports.artifacts import opened
from application.ports.trainer import Iteration
from domain.models.values import ModelType
from domain.training.hyperparameters.parsing import parse
from domain.training.values import TrainedModel, TrainingPlan
from infrastructure.artifacts.local import LocalArtifacts
from infrastructure.datasets.parquet_files import inspect_parquet
from infrastructure.datasets.tables import read_table
from infrastructure.learning.artifact import keep
from infrastructure.learning.subprocess import SubprocessTrainer
from infrastructure.learning.training import train
from tests.support.processes import command_of, descendants

ROWS = 4_000
GROUP_ROWS = 500


def started_cluster(workers: int) -> LocalCluster:
    """Return a cluster of processes of their own, as cheap as it can be."""
    return LocalCluster(
        n_workers=workers,
        threads_per_worker=1,
        processes=True,
        dashboard_address=":0",
        memory_limit=None,
        env={"OMP_NUM_THREADS": "1"},
    )


def growing(cluster: LocalCluster) -> set[int]:
    """Return the processes that grow trees on its workers."""
    found = set()
    for worker in cluster.workers.values():
        for pid in descendants(worker.pid) if worker.pid is not None else ():
            try:
                command = command_of(pid)
            except OSError:  # it has just ended
                continue
            if "learning.cluster.child" in command:
                found.add(pid)
    return found


def table(seed: int = 0) -> pa.Table:
    """Return numbers with gaps, a category, a date, and two targets: `price` and `grade`."""
    random = np.random.default_rng(seed)
    x, size = random.normal(size=(2, ROWS))
    city = random.choice(["Bern", "Basel", "Genf"], ROWS, p=[0.6, 0.3, 0.1])
    price = x * size + np.where(city == "Bern", 2.0, 0.0) + random.normal(scale=0.1, size=ROWS)
    return pa.table(
        {
            "x": pa.array(x, mask=random.random(ROWS) < 0.01),
            "size": size,
            "city": city,
            "seen": pa.array([datetime(2026, 1, 1 + number % 28, tzinfo=UTC) for number in range(ROWS)]),
            "price": pa.array(price, mask=random.random(ROWS) < 0.01),
            "grade": np.where(price > 2.0, "high", np.where(price < 0.0, "low", "middle")),
        }
    )


def planned(
    artifacts: LocalArtifacts,
    model_type: ModelType,
    target: str,
    *,
    learned: pa.Table | None = None,
    group_rows: int = GROUP_ROWS,
    **hyperparameters: Any,
) -> TrainingPlan:
    """Return a plan to learn from the table, which is kept."""
    path = artifacts.incoming()
    pq.write_table(table() if learned is None else learned, path, row_group_size=group_rows)
    contents = inspect_parquet(path)
    artifacts.adopt(path, contents.sha256)
    columns = {column.name: column for column in contents.columns}
    return TrainingPlan(
        model_type=model_type,
        dataset_id=UUID(int=1),
        contents=contents,
        target=columns[target],
        features=tuple(columns[name] for name in ("x", "size", "city", "seen")),
        hyperparameters=parse(model_type, {"num_iterations": 40, "learning_rate": 0.25, **hyperparameters}),
    )


def on_cluster(plan: TrainingPlan) -> TrainingPlan:
    """Return the plan as one for a cluster."""
    changed = plan.hyperparameters.model_copy(update={"executor": "dask"})
    return plan.model_copy(update={"hyperparameters": changed})


def trained_on(
    cluster: LocalCluster, artifacts: LocalArtifacts, plan: TrainingPlan, rounds: list[Iteration] | None = None
) -> TrainedModel:
    """Carry out a plan on a cluster."""
    told = [] if rounds is None else rounds
    return SubprocessTrainer(artifacts=artifacts, num_threads=1, cluster=cluster.scheduler_address).train(
        on_cluster(plan), on_iteration=told.append, should_stop=lambda: False
    )


def trained_alone(artifacts: LocalArtifacts, plan: TrainingPlan) -> str:
    """Carry out a plan in this process, and return the artifact's URL."""
    with opened(artifacts, plan.contents.sha256) as file:
        names = [column.name for column in plan.columns]
        learned_from = read_table(Path(file.name), contents=plan.contents, columns=names)
    alone = train(plan, learned_from, num_threads=1, on_iteration=lambda _: None)
    return keep(artifacts, alone.manifest, alone.parts)
