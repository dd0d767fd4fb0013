"""Trainings on a real Dask cluster of two worker processes."""

from collections.abc import Sequence

import numpy as np
import pytest
from distributed import LocalCluster

from application.ports.artifacts import sha256_of
from application.ports.predictor import Predictor, Rows
from application.ports.trainer import Iteration
from application.ports.work import WorkFailed
from application.reports.views import Report
from domain.models.values import ModelType
from infrastructure.artifacts.local import LocalArtifacts
from infrastructure.learning.artifact import load_manifest
from infrastructure.learning.encoding import encode_rows
from infrastructure.learning.loading import ArtifactPredictorLoader
from infrastructure.learning.manifest import TREES
from infrastructure.learning.reproduction import compare
from infrastructure.learning.subprocess import SubprocessTrainer
from tests.support.clusters import on_cluster, planned, table, trained_alone, trained_on

WORSE = 1.15
"""Times as wrong as what one process learns: more than was seen, and less than of half of the rows."""


def error(predictor: Predictor, target: str) -> float:
    """Return how wrong it is about rows that nobody has seen: how much, or how often."""
    unseen = table(seed=1)
    truth = unseen.column(target)
    unseen, truth = unseen.filter(truth.is_valid()), truth.drop_null()
    answers = predictor.predict(Rows(numbers=encode_rows(predictor.schema.features, unseen))).predictions
    if predictor.labels is None:
        return float(np.sqrt(np.mean((np.array(answers) - truth.to_numpy()) ** 2)))
    return float(np.mean([answer != true for answer, true in zip(answers, truth.to_pylist(), strict=True)]))


def loaded(artifacts: LocalArtifacts, urls: Sequence[str]) -> list[Predictor]:
    return [ArtifactPredictorLoader(artifacts=artifacts).load(url) for url in urls]


def test_what_a_cluster_learns_is_as_good_as_what_one_process_learns_and_the_same_again(
    artifacts: LocalArtifacts, a_cluster: LocalCluster
) -> None:
    plan = planned(artifacts, ModelType.REGRESSION, "price", learned=table().sort_by("size"))
    rounds: list[Iteration] = []

    together = trained_on(a_cluster, artifacts, plan, rounds)
    again = trained_on(a_cluster, artifacts, plan)

    assert [each.iteration for each in rounds] == list(range(1, 41))
    assert together.best_iteration == min(rounds, key=lambda each: each.metrics["rmse"]).iteration
    one, other = loaded(artifacts, [trained_alone(artifacts, plan), together.artifact_url])
    assert one.schema.features == other.schema.features
    assert error(other, "price") < WORSE * error(one, "price")
    manifest = load_manifest(artifacts, together.artifact_url)
    body = artifacts.read(manifest.parts[TREES].sha256)
    assert b"[machines: ]" in body
    assert b"127.0.0.1" not in body
    assert manifest.parameters["num_machines"] == 2
    assert compare(artifacts, together.artifact_url, again.artifact_url).reproduced


def test_rows_may_lie_in_one_row_group_label_after_label_and_weigh_by_their_labels(
    artifacts: LocalArtifacts, a_cluster: LocalCluster
) -> None:
    learned = table().sort_by([("grade", "ascending"), ("x", "ascending")])
    plan = planned(
        artifacts,
        ModelType.CLASSIFICATION,
        "grade",
        learned=learned,
        group_rows=len(learned),
        class_weight="balanced",
    )

    together = trained_on(a_cluster, artifacts, plan)

    one, other = loaded(artifacts, [trained_alone(artifacts, plan), together.artifact_url])
    assert one.labels == other.labels == ("high", "low", "middle")
    assert error(other, "grade") < WORSE * error(one, "grade")


def test_a_cluster_learns_a_quantile_and_holds_it_against_that_of_all_rows(
    artifacts: LocalArtifacts, a_cluster: LocalCluster
) -> None:
    asked = {"objective": "quantile", "alpha": 0.8, "num_iterations": 10}
    plan = planned(artifacts, ModelType.REGRESSION, "price", **asked)

    together = trained_on(a_cluster, artifacts, plan)

    assert together.metrics["share_below"] == pytest.approx(0.8, abs=0.1)
    assert together.report_url is not None
    report = Report.model_validate_json(artifacts.read(sha256_of(together.report_url)))
    assert report.baseline is not None
    assert report.baseline.summary.startswith("The 0.8 quantile")
    assert report.baseline.metrics["share_below"] == pytest.approx(0.8, abs=0.05)
    assert together.metrics["pinball"] < report.baseline.metrics["pinball"]


def test_a_cluster_that_is_not_there_ends_the_training_with_what_to_do(artifacts: LocalArtifacts) -> None:
    plan = on_cluster(planned(artifacts, ModelType.REGRESSION, "price"))
    with pytest.raises(WorkFailed) as failed:
        SubprocessTrainer(artifacts=artifacts).train(plan, on_iteration=lambda _: None, should_stop=lambda: False)
    assert (failed.value.code, "ML_SERVICE_DASK_ADDRESS" in failed.value.message) == ("training.no-cluster", True)
