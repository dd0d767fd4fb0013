"""What a plan's rows are learned from and held against."""

from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from domain.models.values import ModelType
from domain.training.hyperparameters.tabular import Tabular
from domain.training.values import TrainingPlan
from infrastructure.learning.encoding import EncodedTarget, encode_target, numbers
from infrastructure.learning.split import Grouped, Split, Stratified, Timed, Way, folds, held_out_once


def target_and_parts(
    plan: TrainingPlan, columns: dict[str, pa.ChunkedArray]
) -> tuple[EncodedTarget, tuple[Split, ...]]:
    """Return what is learned, and the rows of it: one pair of parts, or one for each fold.

    Rows whose target is missing are left out, and where time tells them apart, those whose time is.

    Raises:
        WorkFailed: The target cannot be learned, or its rows cannot be parted as planned; the code says why.
    """
    settings = tabular_settings(plan)
    assert plan.target is not None, "what is learned is a column"
    values = columns[plan.target.name]
    if plan.time is not None:
        values = pc.if_else(columns[plan.time.name].is_valid(), values, pa.scalar(None, values.type))
    target = encode_target(plan.model_type, plan.target, values)
    count = len(target.values)
    way = _way(plan, settings, columns, target)
    if settings.folds:
        return target, folds(count, way, count=settings.folds, seed=settings.seed)
    return target, (held_out_once(count, way, fraction=settings.validation_fraction, seed=settings.seed),)


def tabular_settings(plan: TrainingPlan) -> Tabular:
    """Return the hyperparameters of a plan of this type."""
    assert isinstance(plan.hyperparameters, Tabular), "the plan chooses by its type"
    return plan.hyperparameters


def _way(plan: TrainingPlan, settings: Tabular, columns: dict[str, pa.ChunkedArray], target: EncodedTarget) -> Way:
    rows = pa.array(target.rows)
    if plan.group is not None:
        return Grouped(groups=_codes(columns[plan.group.name].take(rows)))
    if plan.time is not None:
        return Timed(times=numbers(columns[plan.time.name].take(rows)))
    if plan.model_type is ModelType.CLASSIFICATION and settings.split != "random":
        return Stratified(codes=target.values.astype(np.int64))
    return None


def _codes(values: pa.ChunkedArray) -> Any:
    """Return a number for each value; rows whose value is missing are a group like others."""
    encoded = values.combine_chunks().dictionary_encode(null_encoding="encode")
    return encoded.indices.to_numpy(zero_copy_only=False).astype(np.int64)
