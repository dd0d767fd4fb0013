"""Trainings on a real Dask cluster of two worker processes."""

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import UUID

import lightgbm
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from distributed import LocalCluster

from application.ports.artifacts import opened
from application.ports.predictor import Predictor, Rows
from application.ports.trainer import Iteration
from application.ports.work import WorkFailed
from domain.models.values import ModelType
from domain.training.hyperparameters.parsing import parse
from domain.training.values import TrainedModel, TrainingPlan
from infrastructure.artifacts.local import LocalArtifacts
from infrastructure.datasets.parquet_files import inspect_parquet
from infrastructure.datasets.tables import read_table
from infrastructure.learning.artifact import keep, load_manifest
from infrastructure.learning.dask_boosting import _cut
from infrastructure.learning.encoding import encode_rows
from infrastructure.learning.loading import ArtifactPredictorLoader
from infrastructure.learning.manifest import TREES
from infrastructure.learning.objectives import objective_for
from infrastructure.learning.subprocess import SubprocessTrainer
from infrastructure.learning.training import train

ROWS = 4_000
GROUP_ROWS = 500


@pytest.fixture(scope="module")
def a_cluster() -> Iterator[str]:
    with LocalCluster(
        n_workers=2,
        threads_per_worker=1,
        processes=True,
        dashboard_address=None,
        memory_limit=None,
        env={"OMP_NUM_THREADS": "1"},
    ) as cluster:
        yield cluster.scheduler_address


@pytest.fixture(scope="module")
def artifacts(tmp_path_factory: pytest.TempPathFactory) -> LocalArtifacts:
    return LocalArtifacts(root=tmp_path_factory.mktemp("artifacts"))


def table(seed: int = 0) -> pa.Table:
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


def planned(artifacts: LocalArtifacts, model_type: ModelType, target: str, **hyperparameters: Any) -> TrainingPlan:
    path = artifacts.incoming()
    pq.write_table(table(), path, row_group_size=GROUP_ROWS)
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


def trained(
    artifacts: LocalArtifacts, plan: TrainingPlan, cluster: str | None, rounds: list[Iteration] | None = None
) -> TrainedModel:
    told = [] if rounds is None else rounds
    return SubprocessTrainer(artifacts=artifacts, num_threads=1, cluster=cluster).train(
        plan, on_iteration=told.append, should_stop=lambda: False
    )


def on_cluster(plan: TrainingPlan) -> TrainingPlan:
    changed = plan.hyperparameters.model_copy(update={"executor": "dask"})
    return plan.model_copy(update={"hyperparameters": changed})


@pytest.mark.parametrize(
    ("model_type", "target"),
    [
        (ModelType.REGRESSION, "price"),
        (ModelType.CLASSIFICATION, "grade"),
    ],
    ids=["numbers", "labels"],
)
def test_what_a_cluster_learns_is_as_good_as_what_one_process_learns(
    artifacts: LocalArtifacts, a_cluster: str, model_type: ModelType, target: str
) -> None:
    plan = planned(artifacts, model_type, target)
    rounds: list[Iteration] = []
    names = [column.name for column in plan.columns]
    with opened(artifacts, plan.contents.sha256) as file:
        learned_from = read_table(Path(file.name), contents=plan.contents, columns=names)
    alone = train(plan, learned_from, num_threads=1, on_iteration=lambda _: None)
    together = trained(artifacts, on_cluster(plan), a_cluster, rounds)

    assert [each.iteration for each in rounds] == list(range(1, 41))
    assert together.best_iteration == best_of(rounds)
    urls = (keep(artifacts, alone.manifest, alone.parts), together.artifact_url)
    one, other = (ArtifactPredictorLoader(artifacts=artifacts).load(url) for url in urls)
    assert one.labels == other.labels
    assert one.schema.features == other.schema.features
    assert error(other, target) < 1.2 * error(one, target)
    body = artifacts.read(load_manifest(artifacts, together.artifact_url).parts[TREES].sha256)
    assert b"[machines: ]" in body
    assert b"127.0.0.1" not in body


def error(predictor: Predictor, target: str) -> float:
    """Return how wrong it is about rows that nobody has seen: how much, or how often."""
    unseen = table(seed=1)
    truth = unseen.column(target)
    unseen, truth = unseen.filter(truth.is_valid()), truth.drop_null()
    answers = predictor.predict(Rows(numbers=encode_rows(predictor.schema.features, unseen))).predictions
    if predictor.labels is None:
        return float(np.sqrt(np.mean((np.array(answers) - truth.to_numpy()) ** 2)))
    return float(np.mean([answer != true for answer, true in zip(answers, truth.to_pylist(), strict=True)]))


@pytest.mark.parametrize("labels", [None, 2, 3], ids=["numbers", "two labels", "three labels"])
@pytest.mark.parametrize("is_cut", [True, False])
def test_the_rounds_up_to_the_best_are_kept_and_told_as_the_trees_answer(labels: int | None, is_cut: bool) -> None:
    random = np.random.default_rng(0)
    rows = random.normal(size=(400, 2))
    truth = rows[:, 0] + random.normal(size=400) if labels is None else random.integers(0, labels, 400)
    objective = objective_for(labels)
    given: dict[str, Any] = {"objective": objective.name, "num_class": objective.classes, "verbosity": -1}
    booster = lightgbm.train(given, lightgbm.Dataset(rows[:200], truth[:200]), num_boost_round=30)
    rounds: list[Iteration] = []

    grown = _cut(
        booster,
        rows[200:],
        truth[200:].astype(np.float64),
        objective=objective,
        is_cut=is_cut,
        on_iteration=rounds.append,
    )

    kept = lightgbm.Booster(model_str=grown.body)
    assert kept.current_iteration() == grown.rounds == (best_of(rounds) if is_cut else 30)
    np.testing.assert_allclose(grown.predicted, kept.predict(rows[200:]), rtol=1e-9)


def best_of(rounds: list[Iteration]) -> int:
    return min(rounds, key=lambda each: next(iter(each.metrics.values()))).iteration


def test_a_cluster_that_is_not_there_ends_the_training_with_what_to_do(artifacts: LocalArtifacts) -> None:
    plan = on_cluster(planned(artifacts, ModelType.REGRESSION, "price"))
    with pytest.raises(WorkFailed) as failed:
        trained(artifacts, plan, None)
    assert (failed.value.code, "ML_SERVICE_DASK_ADDRESS" in failed.value.message) == ("training.no-cluster", True)
