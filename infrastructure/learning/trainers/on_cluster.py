"""Classifications and regressions whose trees are grown on a Dask cluster."""

from pathlib import Path

import numpy as np

from domain.training.hyperparameters.regression import Regression
from domain.training.values import TrainingPlan
from infrastructure.artifacts.place import ArtifactPlace
from infrastructure.learning.cluster.boosting import learn_on_cluster
from infrastructure.learning.number_objectives import number_objective
from infrastructure.learning.trained import OnIteration, Trained
from infrastructure.learning.trainers import classification, regression


def train(
    plan: TrainingPlan, dataset: Path, *, artifacts: ArtifactPlace, address: str, on_iteration: OnIteration
) -> Trained:
    """Train as planned; rows without a target are left out.

    Args:
        plan: Says what is learned from what.
        dataset: The Parquet file, of which only the footer is read here.
        artifacts: Where the workers of the cluster find it.
        address: Of the cluster's scheduler.
        on_iteration: Told of the rounds when all are done.

    Raises:
        WorkFailed: The cluster cannot be reached or fails, or the data cannot be learned; the code says why.
    """
    learned, labels, known = learn_on_cluster(
        plan, dataset, artifacts=artifacts, address=address, on_iteration=on_iteration
    )
    settings = plan.hyperparameters
    if isinstance(settings, Regression):
        objective = number_objective(settings)
        return regression.completed(plan, learned, objective=objective, constant=float(known[0]))
    assert labels is not None, "a classification has labels"
    return classification.completed(plan, learned, labels=labels, counts=known.astype(np.int64))
