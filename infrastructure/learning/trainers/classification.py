"""Classifications: trees that tell labels apart."""

from collections.abc import Iterator

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from application.ports.work import WorkFailed
from domain.inference.values import Label
from domain.training.hyperparameters.classification import Classification
from domain.training.values import TrainingPlan
from infrastructure.learning.deciding import Decision, decided_unseen, notes_on, require_use_of_threshold
from infrastructure.learning.label_weights import balancing
from infrastructure.learning.metrics import classification_metrics
from infrastructure.learning.objectives import objective_for
from infrastructure.learning.trained import HeldOut, OnIteration, Trained
from infrastructure.learning.trainers.holding_out import target_and_parts
from infrastructure.learning.trainers.tabular import Learned, learn, manifest_of

Floats = NDArray[np.float64]

_NAMED_MAX, _NAMED_MAX_CHARS = 5, 40
"""So many labels are named in a note, by so many letters."""


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
    require_use_of_threshold(settings, labels=len(target.labels))
    for part in parts:
        _require_labels(target.values[part.training])
    learned = learn(
        plan,
        columns,
        target,
        parts,
        objective=objective_for(len(target.labels)),
        weights=balancing(target.values) if settings.class_weight == "balanced" else None,
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
    decision = Decision.found(settings, scores, learned.truth)
    decided = decided_unseen(settings, scores, learned.truth)
    manifest, contents = manifest_of(plan, learned, labels=labels, settings=decision.settings())
    return Trained(
        manifest=manifest,
        parts=contents,
        metrics=classification_metrics(learned.truth, decided.probabilities, chosen=decided.chosen),
        held_out=HeldOut(
            table=learned.table,
            truth=learned.truth,
            scores=decided.probabilities,
            baseline=np.tile(counts / counts.sum(), (len(scores), 1)),
            labels=labels,
            chosen=decided.chosen,
        ),
        notes=(*learned.notes, *notes_on(decision, settings), *_notes(settings, labels, learned.truth)),
    )


def _notes(settings: Classification, labels: tuple[Label, ...], truth: Floats) -> Iterator[str]:
    counts = np.bincount(truth.astype(np.intp), minlength=len(labels))
    if absent := [str(label)[:_NAMED_MAX_CHARS] for label, count in zip(labels, counts, strict=True) if not count]:
        named = ", ".join(map(repr, absent[:_NAMED_MAX])) + (" and others" if len(absent) > _NAMED_MAX else "")
        yield f"No row with the label {named} was held out: no figure says how well that is told."
    if settings.is_unbalance and len(labels) > 2:  # noqa: PLR2004 - LightGBM weighs two
        yield "is_unbalance changed nothing: it weighs two labels, class_weight weighs any number of them."


def _require_labels(codes: Floats) -> None:
    if codes.min() == codes.max():
        message = (
            "The rows that are learned from have one label: those of all others were held out. "
            "Take another seed, other groups or more rows."
        )
        raise WorkFailed(message, code="training.one-class")
