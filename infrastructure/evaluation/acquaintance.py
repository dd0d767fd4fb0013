"""Whether a version knows the rows that it is to be held against."""

from collections.abc import Mapping
from typing import Any

from domain.models.values import ModelType
from domain.training.values import TrainingPlan
from infrastructure.learning.manifest import Manifest

_HELD_OUT_BY = ("seed", "validation_fraction", "group_column", "time_column", "executor")
"""The hyperparameters that rows are held out by, beside those that are looked at closer."""


def has_learned_from(version: Manifest, plan: TrainingPlan) -> bool | None:
    """Return whether the version has learned from rows that the plan holds out, or groups.

    Returns:
        None where that cannot be known, because it learned from other bytes, which may hold the same rows.
    """
    if version.dataset is None or version.dataset.sha256 != plan.contents.sha256:
        return None
    if plan.model_type in (ModelType.CLUSTERING, ModelType.TIME_SERIES):
        return True  # which learn from all rows in the end
    before, now = version.hyperparameters, plan.hyperparameters.model_dump(mode="json")
    if before.get("folds"):
        return True
    is_same_target = (
        version.target is not None and plan.target is not None and version.target.name == plan.target.name
    )
    return not (
        is_same_target
        and not now.get("folds")
        and all(before.get(name) == now.get(name) for name in _HELD_OUT_BY)
        and _split(before, plan.model_type) == _split(now, plan.model_type)
    )


def in_words(model_type: ModelType, *, has_seen: bool | None) -> str:
    """Return what a reader of the comparison is to know."""
    if model_type is ModelType.CLUSTERING:
        so_has = "and perhaps so has" if has_seen is None else "and so has"
        return (
            f"This version has learned from the rows that both were compared on, {so_has} the one in production. "
            "Both are measured by the distances that this version goes by."
        )
    if has_seen is None:
        return "The version in production may have learned from some of the rows it was compared on."
    if has_seen:
        return (
            "The version in production has learned from some of the rows it was compared on, and looks better on "
            "them than it is."
        )
    if model_type is ModelType.TIME_SERIES:
        return "The data of the version in production end before all that both were compared on."
    neither = "Neither version has learned from the rows they were compared on: both held out the same ones."
    if model_type is not ModelType.CLASSIFICATION:
        return neither
    return (
        f"{neither} Where the one in production found a threshold or a calibration on them, it looks a little "
        "better than it is."
    )


def _split(hyperparameters: Mapping[str, Any], model_type: ModelType) -> str | None:
    """Return what tells the rows apart, where that is said or goes without saying."""
    split: str | None = hyperparameters.get("split")
    if split != "auto":
        return split
    if hyperparameters.get("group_column") is not None:
        return "group"
    if hyperparameters.get("time_column") is not None:
        return "time"
    return "stratified" if model_type is ModelType.CLASSIFICATION else "random"
