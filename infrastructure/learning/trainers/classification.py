"""Classifications: trees that tell labels apart."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from application.ports.work import WorkFailed
from domain.inference.values import Label
from domain.training.hyperparameters.classification import Classification
from domain.training.values import TrainingPlan
from infrastructure.learning.calibration import Calibration, calibrated_unseen
from infrastructure.learning.manifest import CALIBRATION, THRESHOLD
from infrastructure.learning.metrics import Codes, classification_metrics
from infrastructure.learning.objectives import objective_for
from infrastructure.learning.threshold import EVEN, best_threshold
from infrastructure.learning.trained import HeldOut, OnIteration, Trained
from infrastructure.learning.trainers.holding_out import target_and_parts
from infrastructure.learning.trainers.tabular import Learned, learn, manifest_of

Floats = NDArray[np.float64]


def train(plan: TrainingPlan, table: pa.Table, *, num_threads: int, on_iteration: OnIteration) -> Trained:
    """Train as planned; rows whose label is missing are left out.

    Raises:
        WorkFailed: The data cannot be learned; the code says why.
        MemoryError: There was not enough.
    """
    settings = plan.hyperparameters
    assert isinstance(settings, Classification), "the plan chooses by its type"
    columns = dict(zip(table.column_names, table.columns, strict=True))
    del table
    target, parts = target_and_parts(plan, columns)
    assert target.labels is not None, "a classification has labels"
    _require_use_of_threshold(settings, labels=len(target.labels))
    for part in parts:
        _require_labels(target.values[part.training])
    learned = learn(
        plan,
        columns,
        target,
        parts,
        objective=objective_for(len(target.labels)),
        weights=_balancing(target.values) if settings.class_weight == "balanced" else None,
        num_threads=num_threads,
        on_iteration=on_iteration,
    )
    known = target.values[parts[-1].training].astype(np.intp)
    return completed(plan, learned, labels=target.labels, counts=np.bincount(known, minlength=len(target.labels)))


def completed(
    plan: TrainingPlan, learned: Learned, *, labels: tuple[Label, ...], counts: NDArray[np.int64]
) -> Trained:
    """Return the trees as a model, with what becomes of their scores.

    Args:
        plan: What was learned.
        learned: The trees.
        labels: In the order of their places.
        counts: Rows of each label that were learned from.
    """
    settings = plan.hyperparameters
    assert isinstance(settings, Classification), "the plan chooses by its type"
    scores = learned.grown.predicted
    if scores.ndim == 1:  # LightGBM gives one score for two labels: the probability of the second
        scores = np.column_stack([1.0 - scores, scores])
    decided = _decided(settings, scores, learned.truth)
    manifest, contents = manifest_of(plan, learned, labels=labels, settings=decided.settings)
    return Trained(
        manifest=manifest,
        parts=contents,
        metrics=classification_metrics(learned.truth, decided.scores, chosen=decided.chosen),
        held_out=HeldOut(
            table=learned.table,
            truth=learned.truth,
            scores=decided.scores,
            baseline=np.tile(counts / counts.sum(), (len(scores), 1)),
            labels=labels,
            chosen=decided.chosen,
        ),
        notes=(*learned.notes, *decided.notes),
    )


@dataclass(frozen=True, kw_only=True)
class _Decided:
    """What becomes of scores.

    Attributes:
        settings: Of the manifest.
        scores: The probabilities, of rows that had no say in how they are made.
        chosen: The places of the labels that are predicted.
        notes: What a reader of the report is to know.
    """

    settings: dict[str, Any]
    scores: Floats
    chosen: Codes
    notes: tuple[str, ...]


def _decided(settings: Classification, scores: Floats, truth: Floats) -> _Decided:
    found: dict[str, Any] = {}
    notes = []
    served = unseen = scores
    if settings.calibration != "none":
        calibration = Calibration.fitted(settings.calibration, scores, truth)
        found[CALIBRATION] = calibration.settings()
        served = calibration(scores)
        unseen = calibrated_unseen(settings.calibration, scores, truth, seed=settings.seed)
        notes.append(
            "Probabilities are calibrated on the rows held out. The figures are of calibrations that have not "
            "seen their row: each fifth of the rows by those of the others."
        )
    if scores.shape[1] > 2:  # noqa: PLR2004 - a threshold is between two
        return _Decided(settings=found, scores=unseen, chosen=unseen.argmax(axis=1), notes=tuple(notes))
    threshold = settings.threshold
    if threshold == "auto":
        threshold = best_threshold(truth, served[:, 1])
        if threshold != EVEN:
            notes.append(
                f"The second label is predicted above a probability of {threshold:.4g}, which has the best F1 "
                "on the rows held out."
            )
    chosen = (unseen[:, 1] > threshold).astype(np.intp)
    return _Decided(settings={**found, THRESHOLD: threshold}, scores=unseen, chosen=chosen, notes=tuple(notes))


def _balancing(codes: Floats) -> Floats:
    """Return weights with which every label weighs the same, and all rows as much as without."""
    places = codes.astype(np.intp)
    counts = np.bincount(places)
    weights: Floats = (len(places) / (len(counts) * counts))[places]
    return weights


def _require_labels(codes: Floats) -> None:
    if codes.min() == codes.max():
        message = (
            "The rows that are learned from have one label: those of all others were held out. "
            "Take another seed, other groups or more rows."
        )
        raise WorkFailed(message, code="training.one-class")


def _require_use_of_threshold(settings: Classification, *, labels: int) -> None:
    if labels > 2 and settings.threshold not in ("auto", EVEN):  # noqa: PLR2004 - a threshold is between two
        message = (
            f"A threshold of {settings.threshold:g} is between two labels, the target has {labels}: leave it out."
        )
        raise WorkFailed(message, code="training.needless-threshold")
