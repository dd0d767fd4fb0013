"""What every trainer does."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from application.ports.artifacts import sha256_of
from application.ports.trainer import Iteration, Rival, Trainer
from application.ports.work import WorkFailed, WorkStopped
from application.reports.views import Report
from domain.training.values import TrainedModel
from infrastructure.artifacts.local import LocalArtifacts
from infrastructure.learning.subprocess import SubprocessTrainer
from tests.support.data import ExampleTable, churn, diabetes, endless, iris, labelled
from tests.support.series import sales


@pytest.fixture
def artifacts(tmp_path: Path) -> LocalArtifacts:
    return LocalArtifacts(root=tmp_path)


@pytest.fixture(params=[SubprocessTrainer])
def trainer(request: pytest.FixtureRequest, artifacts: LocalArtifacts) -> Trainer:
    make: Callable[..., Trainer] = request.param
    return make(artifacts=artifacts, num_threads=1)


def never() -> bool:
    return False


def report_of(trained: TrainedModel, artifacts: LocalArtifacts) -> Report:
    assert trained.report_url is not None
    return Report.model_validate_json(artifacts.read(sha256_of(trained.report_url)))


def ignore(_: Iteration) -> None:
    pass


@pytest.mark.parametrize("table", [iris(), churn(), diabetes(), sales()], ids=lambda table: table.name)
def test_a_trained_model_is_kept_before_it_is_told(
    trainer: Trainer, artifacts: LocalArtifacts, table: ExampleTable
) -> None:
    artifacts.put(table.csv())

    trained = trainer.train(table.plan(num_iterations=20), on_iteration=ignore, should_stop=never)

    assert artifacts.read(sha256_of(trained.artifact_url))
    assert trained.metrics
    assert 1 <= trained.best_iteration <= 20
    assert trained.parameters["learning_rate"] == 0.05
    assert trained.environment["lightgbm"]
    assert trained.duration_s > 0
    assert trained.peak_memory_bytes is not None
    assert trained.peak_memory_bytes > 10_000_000
    report = report_of(trained, artifacts)
    assert report.production is None
    figures = {each.name: each.value for each in report.metrics}
    assert figures == {name: each for name, each in trained.metrics.items() if not name.startswith("baseline_")}


def test_the_same_plan_gives_the_same_artifact_whatever_it_is_compared_with(
    trainer: Trainer, artifacts: LocalArtifacts
) -> None:
    artifacts.put(iris().csv())
    plan = iris().plan(num_iterations=5)

    first = trainer.train(plan, is_reported=False, on_iteration=ignore, should_stop=never)
    rival = Rival(version="1.0.0", artifact_url=first.artifact_url)
    second = trainer.train(plan, rival=rival, on_iteration=ignore, should_stop=never)

    assert first.artifact_url == second.artifact_url
    assert first.metrics == second.metrics
    assert first.report_url is None
    production = report_of(second, artifacts).production
    assert production is not None
    assert {each.difference for each in production.metrics} == {0.0}


def test_each_round_is_told_in_its_order(trainer: Trainer, artifacts: LocalArtifacts) -> None:
    artifacts.put(diabetes().csv())
    rounds: list[Iteration] = []

    trained = trainer.train(
        diabetes().plan(num_iterations=400, early_stopping_rounds=30),
        on_iteration=rounds.append,
        should_stop=never,
    )

    numbers = [each.iteration for each in rounds]
    assert numbers == list(range(1, trained.best_iteration + 31))
    assert next(each for each in reversed(rounds) if each.is_best).iteration == trained.best_iteration
    assert all(each.total == 400 and set(each.metrics) == {"rmse"} for each in rounds)


def test_a_training_that_is_to_stop_stops(trainer: Trainer, artifacts: LocalArtifacts) -> None:
    table, settings = endless()
    artifacts.put(table.csv())
    rounds: list[Iteration] = []

    with pytest.raises(WorkStopped):
        trainer.train(table.plan(**settings), on_iteration=rounds.append, should_stop=lambda: len(rounds) > 2)


def test_a_training_may_be_stopped_before_it_begins(trainer: Trainer, artifacts: LocalArtifacts) -> None:
    artifacts.put(iris().csv())

    with pytest.raises(WorkStopped):
        trainer.train(iris().plan(), on_iteration=ignore, should_stop=lambda: True)


def test_an_exception_from_a_callback_reaches_the_caller(trainer: Trainer, artifacts: LocalArtifacts) -> None:
    table, settings = endless()
    artifacts.put(table.csv())

    def fail(_: Iteration) -> None:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        trainer.train(table.plan(**settings), on_iteration=fail, should_stop=never)


@pytest.mark.parametrize(
    ("cells", "code"),
    [(["yes"] * 20, "training.one-class"), ([f"id {n}" for n in range(30)], "training.too-few-rows")],
)
def test_data_that_cannot_be_learned_fail_with_a_reason(
    trainer: Trainer, artifacts: LocalArtifacts, cells: list[Any], code: str
) -> None:
    table = labelled(cells)
    artifacts.put(table.csv())

    with pytest.raises(WorkFailed) as failure:
        trainer.train(table.plan(), on_iteration=ignore, should_stop=never)

    assert failure.value.code == code


def test_other_bytes_than_the_registered_ones_are_not_learned_from(
    trainer: Trainer, artifacts: LocalArtifacts
) -> None:
    artifacts.put(iris().csv())
    path = artifacts.path(iris().contents().sha256)
    path.chmod(0o644)
    path.write_bytes(iris().csv().replace(b"5.1", b"5.2"))

    with pytest.raises(WorkFailed) as failure:
        trainer.train(iris().plan(), on_iteration=ignore, should_stop=never)

    assert failure.value.code == "training.dataset-changed"


def test_a_dataset_that_is_gone_fails_with_a_reason(trainer: Trainer) -> None:
    with pytest.raises(WorkFailed) as failure:
        trainer.train(iris().plan(), on_iteration=ignore, should_stop=never)

    assert failure.value.code == "training.dataset-unavailable"
