"""The report on a version: whatever is bounded is bounded by counts, never by time, so that it never varies."""

from collections.abc import Mapping
from typing import Any, NamedTuple

from application.ports.predictor import Predictor
from application.reports.views import Baseline, Figure, Report
from domain.training.values import TrainingPlan
from infrastructure.evaluation.asking import Unaskable
from infrastructure.evaluation.comparison import compared
from infrastructure.evaluation.curves import confusion_of, curves_of_labels, curves_of_numbers, residuals_of
from infrastructure.evaluation.importance import importance_of
from infrastructure.evaluation.intervals import RESAMPLES, Spread, spreads
from infrastructure.evaluation.judged import Judged
from infrastructure.evaluation.sampling import sample_of
from infrastructure.evaluation.slices import slices_of
from infrastructure.evaluation.weighing import metrics_of_all
from infrastructure.learning.trained import HeldOut, Trained

_OF_BASELINE = "baseline_"


class Rival(NamedTuple):
    """The version in production, ready to be asked."""

    version: str
    predictor: Predictor


def evaluated(
    plan: TrainingPlan, trained: Trained, *, predictor: Predictor, rival: Rival | None, notes: tuple[str, ...] = ()
) -> Report:
    """Return the report on what was just trained.

    Args:
        plan: What it was trained by.
        trained: The model, and the rows held out.
        predictor: The model as it will be loaded.
        rival: None where no version is in production, or it cannot be loaded.
        notes: What is to be said beside what the trainer says.
    """
    told = [*trained.notes, *notes]
    sections: dict[str, Any] = {}
    if trained.held_out is None:
        sections["metrics"] = _figures(trained, {})
    else:
        sections |= _on_rows(plan, trained, trained.held_out)
        sampled = sample_of(trained.held_out, seed=plan.hyperparameters.seed)
        try:
            sections["importance"] = importance_of(plan, trained, predictor, sampled)
        except Unaskable as why:
            told.append(f"How much each feature matters was not worked out: {why}.")
        if rival is not None:
            try:
                sections["production"] = compared(
                    sampled, rival.predictor, plan.columns, version=rival.version, seed=plan.hyperparameters.seed
                )
                told.append("The version in production may have learned from some of the rows it was compared on.")
            except Unaskable as why:
                told.append(f"Version {rival.version}, in production, was not compared with: {why}.")
        if trained.held_out.steps is not None:
            told.append("Forecasts of one series err together: metrics are less certain than their intervals say.")
    return Report(model_type=trained.manifest.model_type, notes=told, **sections)


def _on_rows(plan: TrainingPlan, trained: Trained, held_out: HeldOut) -> dict[str, Any]:
    """Return the sections that need nothing but the rows held out."""
    sampled = sample_of(held_out, seed=plan.hyperparameters.seed)
    judged = Judged.of_model(sampled)
    sections: dict[str, Any] = {
        "rows": len(held_out.truth),
        "sampled_rows": len(sampled.truth),
        "resamples": RESAMPLES,
        "metrics": _figures(trained, spreads(judged, seed=plan.hyperparameters.seed, rows=len(held_out.truth))),
        "baseline": Baseline(
            summary=_baseline_in_words(held_out),
            metrics=metrics_of_all(Judged.of_baseline(held_out)) | _told_of_baseline(trained),
        ),
        "slices": slices_of(
            judged, sampled.table, [each for each in (plan.series, *plan.features) if each is not None]
        ),
    }
    if sampled.labels is None:
        sections["residuals"] = residuals_of(judged)
        sections["curves"] = curves_of_numbers(judged, sampled.baseline, sampled.steps)
    else:
        sections["confusion"] = confusion_of(judged, sampled.labels)
        sections["curves"] = curves_of_labels(judged, sampled.labels)
    return sections


def _figures(trained: Trained, spread: Mapping[str, Spread]) -> list[Figure]:
    found = []
    for name, value in trained.metrics.items():
        if name.startswith(_OF_BASELINE):
            continue
        around = spread.get(name)
        found.append(
            Figure(
                name=name,
                value=value,
                low=None if around is None else value + around.below,
                high=None if around is None else value + around.above,
            )
        )
    return found


def _told_of_baseline(trained: Trained) -> dict[str, float]:
    """Return what the trainer itself tells of the baseline."""
    told = trained.metrics.items()
    return {name.removeprefix(_OF_BASELINE): value for name, value in told if name.startswith(_OF_BASELINE)}


def _baseline_in_words(held_out: HeldOut) -> str:
    if held_out.steps is not None:
        return "Each value as it was a season before."
    if held_out.labels is None:
        return "The mean of the rows that were learned from, for every row."
    return "Each label as probable as it was frequent in the rows that were learned from."
