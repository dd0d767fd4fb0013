"""Classifications: trees that tell labels apart."""

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from domain.training.values import TrainingPlan
from infrastructure.learning.encoding import encode_target
from infrastructure.learning.metrics import classification_metrics
from infrastructure.learning.objectives import objective_for, parameters_for
from infrastructure.learning.split import split
from infrastructure.learning.trained import HeldOut, OnIteration, Trained
from infrastructure.learning.trainers.tabular import learn, manifest_of, tabular_settings

Floats = NDArray[np.float64]


def train(plan: TrainingPlan, table: pa.Table, *, num_threads: int, on_iteration: OnIteration) -> Trained:
    """Train as planned; rows whose label is missing are left out.

    Raises:
        WorkFailed: The data cannot be learned; the code says why.
        MemoryError: There was not enough.
    """
    settings = tabular_settings(plan)
    assert plan.target is not None, "what is learned is a column"
    columns = dict(zip(table.column_names, table.columns, strict=True))
    del table
    target = encode_target(plan.model_type, plan.target, columns[plan.target.name])
    assert target.labels is not None, "a classification has labels"
    divided = split(
        target.values, fraction=settings.validation_fraction, seed=settings.seed, is_classification=True
    )
    objective = objective_for(len(target.labels))
    learned = learn(
        plan,
        columns,
        target,
        divided,
        objective=objective,
        parameters=parameters_for(objective, settings),
        num_threads=num_threads,
        on_iteration=on_iteration,
    )
    scores = learned.grown.predicted
    if scores.ndim == 1:  # LightGBM gives one score for two labels: the probability of the second
        scores = np.column_stack([1.0 - scores, scores])
    manifest, parts = manifest_of(plan, learned, labels=target.labels)
    known = target.values[divided.training].astype(np.intp)
    frequencies = np.bincount(known, minlength=len(target.labels)) / len(known)
    return Trained(
        manifest=manifest,
        parts=parts,
        metrics=classification_metrics(learned.truth, scores),
        held_out=HeldOut(
            table=learned.table,
            truth=learned.truth,
            scores=scores,
            baseline=np.tile(frequencies, (len(scores), 1)),
            labels=target.labels,
        ),
    )
