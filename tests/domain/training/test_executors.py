"""What can be trained on a cluster."""

from typing import Any

import pytest

from domain.datasets.values import DatasetFormat
from domain.errors import InvalidInput
from domain.training.executors import needs_cluster, require_executable
from domain.training.values import TrainingPlan
from tests.support.data import churn, iris


def planned(*, format_: DatasetFormat = DatasetFormat.PARQUET, **hyperparameters: Any) -> TrainingPlan:
    plan = churn().plan(**{"executor": "dask", **hyperparameters})
    return plan.model_copy(update={"contents": plan.contents.model_copy(update={"format": format_})})


def test_what_asks_for_no_cluster_needs_none() -> None:
    assert not needs_cluster(iris().plan())
    require_executable(iris().plan(folds=3), has_cluster=False)


def test_parquet_is_learned_from_on_a_cluster() -> None:
    assert needs_cluster(planned())
    require_executable(planned(class_weight="balanced"), has_cluster=True)


@pytest.mark.parametrize(
    ("plan", "has_cluster", "told"),
    [
        (planned(), False, "ML_SERVICE_DASK_ADDRESS"),
        (planned(format_=DatasetFormat.CSV), True, "Parquet"),
        (planned(folds=2), True, "leave out folds"),
    ],
    ids=["none there", "CSV", "folds"],
)
def test_what_a_cluster_is_not_for_is_refused_with_what_to_do(
    plan: TrainingPlan, has_cluster: bool, told: str
) -> None:
    with pytest.raises(InvalidInput, match=r"hyperparameters\.executor") as refused:
        require_executable(plan, has_cluster=has_cluster)
    assert told in refused.value.message
