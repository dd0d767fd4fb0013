"""Trainings on a cluster that are stopped, or whose workers or scheduler die."""

import os
import signal
from collections.abc import Callable
from pathlib import Path

import pytest
from distributed import LocalCluster

from application.ports.artifacts import opened
from application.ports.work import WorkFailed, WorkStopped
from domain.models.values import ModelType
from domain.training.values import TrainingPlan
from infrastructure.artifacts.local import LocalArtifacts
from infrastructure.artifacts.place import ArtifactPlace
from infrastructure.learning.cluster.boosting import learn_on_cluster
from infrastructure.learning.subprocess import SubprocessTrainer
from tests.support.clusters import growing, on_cluster, planned, started_cluster
from tests.support.processes import eventually, is_running, needs_proc

pytestmark = needs_proc


@pytest.fixture
def a_long_plan(artifacts: LocalArtifacts) -> TrainingPlan:
    return on_cluster(planned(artifacts, ModelType.REGRESSION, "price", num_iterations=10_000))


def train_until(
    cluster: LocalCluster, artifacts: LocalArtifacts, plan: TrainingPlan, *, then: Callable[[], bool]
) -> set[int]:
    """Train until each worker has a process for it, do what is to be done then, and return these processes."""
    seen: set[int] = set()

    def should_stop() -> bool:
        if not seen and len(processes := growing(cluster)) == len(cluster.workers):
            seen.update(processes)
            return then()
        return False

    trainer = SubprocessTrainer(artifacts=artifacts, num_threads=1, cluster=cluster.scheduler_address)
    try:
        trainer.train(plan, on_iteration=lambda _: None, should_stop=should_stop)
    finally:
        assert seen, "it never began"
        assert eventually(lambda: not any(map(is_running, seen)))
    return seen


def test_workers_that_do_not_reach_the_artifacts_say_so(
    artifacts: LocalArtifacts, a_cluster: LocalCluster, a_long_plan: TrainingPlan, tmp_path: Path
) -> None:
    with (
        opened(artifacts, a_long_plan.contents.sha256) as dataset,
        pytest.raises(WorkFailed, match="Let workers reach the artifacts") as failed,
    ):
        learn_on_cluster(
            a_long_plan,
            Path(dataset.name),
            artifacts=ArtifactPlace(root=tmp_path),
            address=a_cluster.scheduler_address,
            on_iteration=lambda _: None,
        )

    assert failed.value.code == "artifact.unavailable"


def test_a_cancelled_training_leaves_the_workers_as_they_were(
    artifacts: LocalArtifacts, a_cluster: LocalCluster, a_long_plan: TrainingPlan
) -> None:
    before = {worker.pid for worker in a_cluster.workers.values()}

    with pytest.raises(WorkStopped):
        train_until(a_cluster, artifacts, a_long_plan, then=lambda: True)

    assert {worker.pid for worker in a_cluster.workers.values()} == before
    assert eventually(lambda: not any(ws.processing for ws in a_cluster.scheduler.workers.values()))


def test_a_training_fails_whose_worker_dies(
    artifacts: LocalArtifacts, a_cluster: LocalCluster, a_long_plan: TrainingPlan
) -> None:
    victim = next(iter(a_cluster.workers.values()))

    def kill() -> bool:
        os.kill(victim.pid, signal.SIGKILL)
        return False

    with pytest.raises(WorkFailed, match=r"the worker tcp://.* is gone") as failed:
        train_until(a_cluster, artifacts, a_long_plan, then=kill)

    assert failed.value.code == "training.cluster-failed"


def test_a_process_that_dies_on_a_worker_is_told_with_where_and_of_what_it_may_have_been(
    artifacts: LocalArtifacts, a_cluster: LocalCluster, a_long_plan: TrainingPlan
) -> None:
    def end_one() -> bool:
        os.kill(min(growing(a_cluster)), signal.SIGSEGV)
        return False

    with pytest.raises(WorkFailed, match=r"On the worker tcp://.* killed by SIGSEGV") as failed:
        train_until(a_cluster, artifacts, a_long_plan, then=end_one)

    assert failed.value.code == "training.process-died"
    assert "another worker had not answered for 2 minutes" in failed.value.message


def test_a_training_fails_whose_cluster_is_shut_down(artifacts: LocalArtifacts, a_long_plan: TrainingPlan) -> None:
    with started_cluster(workers=1) as cluster:

        def shut_down() -> bool:
            cluster.close()
            return False

        with pytest.raises(WorkFailed, match=r"(worker tcp://.*|scheduler) is gone") as failed:
            train_until(cluster, artifacts, a_long_plan, then=shut_down)

    assert failed.value.code == "training.cluster-failed"
