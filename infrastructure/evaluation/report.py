"""The report on a version: whatever is bounded is bounded by counts, never by time, so that it never varies."""

from collections.abc import Mapping
from typing import Any, NamedTuple

from application.ports.predictor import Predictor
from application.reports.views import Baseline, Figure, Production, Report
from domain.training.values import TrainingPlan
from infrastructure.evaluation.acquaintance import in_words
from infrastructure.evaluation.asking import Unaskable
from infrastructure.evaluation.clustering_comparison import compared_clusterings
from infrastructure.evaluation.clusterings import sections_of_clustering
from infrastructure.evaluation.comparison import compared
from infrastructure.evaluation.curves import (
    confusion_of,
    curves_of_labels,
    curves_of_numbers,
    figures_of_labels,
    residuals_of,
)
from infrastructure.evaluation.forecast_comparison import compared_forecasts
from infrastructure.evaluation.importance import importance_of
from infrastructure.evaluation.intervals import RESAMPLES, Spread, spreads, spreads_of_values
from infrastructure.evaluation.judged import Judged
from infrastructure.evaluation.sampling import sample_of
from infrastructure.evaluation.shortening import shortened
from infrastructure.evaluation.slices import slices_of
from infrastructure.evaluation.weighing import metrics_of_all
from infrastructure.learning.trained import HeldOut, Trained

_OF_BASELINE = "baseline_"
_FEW = 50
_OF_FEW = "Rows held out: {rows}. Of so few, figures are as much chance as model; more rows, or folds, would tell."
_WITHOUT_WIDTH = (
    "An interval without width says that all rows held out are alike in this, not that all rows are: of n rows "
    "without an error, the share of errors may still be 3 / n."
)


class Rival(NamedTuple):
    """The version in production, ready to be asked.

    Attributes:
        has_seen: Whether it has learned from rows that it is asked for; None where that is not known.
    """

    version: str
    predictor: Predictor
    has_seen: bool | None = None


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
    sampled = None
    if trained.grouped is not None:
        sections |= sections_of_clustering(plan, trained.grouped, trained.metrics)
    elif trained.held_out is None:
        sections["metrics"] = _figures(trained, {})
    else:
        sampled = sample_of(trained.held_out, seed=plan.hyperparameters.seed)
        sections |= _on_rows(plan, trained, trained.held_out, sampled)
        try:
            sections["importance"] = importance_of(plan, trained, predictor, sampled)
        except Unaskable as why:
            told.append(f"How much each feature matters was not worked out: {why}.")
        if trained.held_out.steps is not None:
            told.append("Forecasts of one series err together: metrics are less certain than their intervals say.")
    if rival is not None:
        try:
            found = _compared(plan, trained, sampled, rival)
            has_seen = rival.has_seen if found.has_seen is None else found.has_seen
            sections["production"] = found.model_copy(update={"has_seen": has_seen})
            told.append(in_words(plan.model_type, has_seen=has_seen))
            told += _untold(found, sampled)
        except Unaskable as why:
            told.append(f"Version {rival.version}, in production, was not compared with: {why}.")
    if trained.held_out is not None and len(trained.held_out.truth) < _FEW:
        told.append(_OF_FEW.format(rows=len(trained.held_out.truth)))
    if any(each.low == each.high for each in sections["metrics"] if each.low is not None):
        told.append(_WITHOUT_WIDTH)
    return Report(
        model_type=trained.manifest.model_type,
        target=None if plan.target is None else shortened(plan.target.name),
        notes=told,
        **sections,
    )


def _compared(plan: TrainingPlan, trained: Trained, sampled: HeldOut | None, rival: Rival) -> Production:
    """Return how the model compares with the version in production.

    Raises:
        Unaskable: It cannot be asked for the same rows.
    """
    given: Any = {"version": rival.version, "seed": plan.hyperparameters.seed}
    if trained.grouped is not None:
        return compared_clusterings(trained.grouped, rival.predictor, plan.columns, **given)
    if sampled is None:
        msg = "no rows were held out"
        raise Unaskable(msg)
    compare = compared if sampled.origins is None else compared_forecasts
    return compare(sampled, rival.predictor, plan.columns, **given)


def _untold(found: Production, sampled: HeldOut | None) -> list[str]:
    """Return which of the losses asked for say nothing of the version in production."""
    names = {each.name for each in found.metrics}
    return [
        f"Of version {found.version}, in production, no {name} is told: it predicts 0 or less for some rows."
        for name in ({} if sampled is None else sampled.losses)
        if name not in names
    ]


def _on_rows(plan: TrainingPlan, trained: Trained, held_out: HeldOut, sampled: HeldOut) -> dict[str, Any]:
    """Return the sections that need nothing but the rows held out."""
    judged = Judged.of_model(sampled)
    given: Any = {"seed": plan.hyperparameters.seed, "rows": len(held_out.truth)}
    around = {**spreads(judged, **given), **spreads_of_values(sampled.means, **given)}
    sections: dict[str, Any] = {
        "rows": len(held_out.truth),
        "sampled_rows": len(sampled.truth),
        "resamples": RESAMPLES,
        "metrics": _figures(trained, around),
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
        sections["curves"] = curves_of_numbers(judged, sampled)
    else:
        sections["confusion"] = confusion_of(judged, sampled.labels)
        sections["labels"] = figures_of_labels(judged, sampled.labels)
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
        return f"The {held_out.statistic} of the rows that were learned from, for every row."
    return "Each label as probable as it was frequent in the rows that were learned from."
