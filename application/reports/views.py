"""What a report on a version says. It is kept as it is, so fields may be added, and none may go or change."""

from typing import Literal

from pydantic import Field

from application.reports.clusters import Clusters
from application.views import View
from domain.inference.values import Label
from domain.models.values import ModelType


class Figure(View):
    """One metric, and where it would lie if other rows had been held out.

    Attributes:
        low: 95 of 100 times it lies between `low` and `high`; None where that was not worked out.
    """

    name: str
    value: float
    low: float | None
    high: float | None


class Baseline(View):
    """What is said without learning, on the same rows.

    Attributes:
        summary: How, in a sentence.
    """

    summary: str
    metrics: dict[str, float]


class Difference(View):
    """One metric of the version and of the one in production, on the same rows.

    Attributes:
        value: Of the version that is reported on.
        production: Of the version that was in production.
        difference: The first less the second.
        low: 95 of 100 times the difference lies between `low` and `high`: where zero lies between them as well,
            these rows do not tell which version is better. None where that was not worked out.
    """

    name: str
    value: float
    production: float
    difference: float
    low: float | None
    high: float | None


class Production(View):
    """How the version compares with the one that was in production when it was trained.

    Attributes:
        version: Its number.
        rows: So many rows both were asked for; of clusterings, by the distances that this version goes by.
        has_seen: Whether it has learned from rows among them: it looks better on these than it is. None where that
            is not known, because it learned from another dataset.
        agreement: Of two clusterings, the adjusted Rand index: 1 where they put together the same rows, 0 where
            they agree as by chance; None for all else.
        overlap: Of two clusterings, the rows that are in both of two clusters: a row for each of this version, a
            column for each of the other, the largest of both; None for all else.
    """

    version: str
    rows: int
    metrics: list[Difference]
    has_seen: bool | None = None
    agreement: Figure | None = None
    overlap: list[list[int]] | None = None


class Confusion(View):
    """How often which label was predicted for which.

    Attributes:
        labels: The most frequent ones, in the model's order.
        has_others: Whether the last row and column stand for all further labels.
        counts: A row for each true label, a column for each predicted one.
    """

    labels: list[Label]
    has_others: bool
    counts: list[list[int]]


class LabelFigures(View):
    """How well one label is told from all others.

    Attributes:
        rows: That have it.
        predicted: Rows for which it was predicted.
        precision: Share of the latter that have it; None where there are none. 95 of 100 times it lies between
            `precision_low` and `precision_high`.
        recall: Share of the former for which it was predicted; likewise.
        f1: Harmonic mean of both; 0 where no row has it that it was predicted for.
    """

    label: Label
    rows: int
    predicted: int
    precision: float | None
    precision_low: float | None
    precision_high: float | None
    recall: float | None
    recall_low: float | None
    recall_high: float | None
    f1: float


class Residuals(View):
    """How far predictions lie above the truth; below it, the numbers are negative.

    Attributes:
        shares: 0.05 for the residual that a twentieth of the rows stays below.
        quantiles: The residual at each share.
        mean: Of all residuals.
    """

    shares: list[float]
    quantiles: list[float]
    mean: float


class Curve(View):
    """Points of a curve, in the order of `x`.

    Attributes:
        label: The label that it is told from all others; None where it is of no single one.
        area: Below the curve, of all its points: AUC, or average precision. None in reports that were made before
            it was told.
        base: What guessing would have: the share of rows with the label, for precision and recall; None for ROC.
    """

    label: Label | None
    x: list[float]
    y: list[float]
    area: float | None = None
    base: float | None = None


class CalibrationBin(View):
    """Rows of which much the same was said.

    Attributes:
        predicted: The mean of what was said.
        observed: The mean of what was true: how often the label was the one, or the number.
        low: 95 of 100 times what is observed lies between `low` and `high`; None in reports that were made before
            it was told.
    """

    predicted: float
    observed: float
    rows: int
    low: float | None = None
    high: float | None = None


class Calibration(View):
    """Whether what is said holds on average.

    Attributes:
        label: Whose probability it is of; None for the label that was predicted in each row, and for numbers.
        error: How far what was said lies from what was true, the mean of the bins by their rows; None in reports
            that were made before it was told.
    """

    label: Label | None
    bins: list[CalibrationBin]
    error: float | None = None


class HorizonError(View):
    """How far forecasts are off, so many steps ahead.

    Attributes:
        step: From 1.
        mae: 95 of 100 times it lies between `mae_low` and `mae_high`, which are None in reports that were made
            before they were told.
        baseline_mae: Of what is said without learning.
    """

    step: int
    rows: int
    mae: float
    rmse: float
    baseline_mae: float
    mae_low: float | None = None
    mae_high: float | None = None


class Curves(View):
    """What is drawn rather than told in one number; empty where it makes no sense for the type of model.

    Attributes:
        roc: True positive rate (`y`) over false positive rate (`x`).
        precision_recall: Precision (`y`) over recall (`x`).
    """

    roc: list[Curve] = Field(default_factory=list)
    precision_recall: list[Curve] = Field(default_factory=list)
    calibration: Calibration | None = None
    error_by_horizon: list[HorizonError] = Field(default_factory=list)


class Importance(View):
    """How much a feature matters to the model.

    Attributes:
        gain: Share of all that its splits gained in training, 0 to 1; None where the model has no splits by it.
        shap: Mean size of its contributions to the raw score on held-out rows; None where nobody asked.
        between: Share of what lies between clusters, 0 to 1: of the squared distances of their means to the mean
            of all rows; None for all but clusterings.
        explained: Share of its own variance that the clusters explain, 0 to 1; None for all but clusterings, and
            where it does not vary.
    """

    feature: str
    gain: float | None
    shap: float | None
    between: float | None = None
    explained: float | None = None


class Slice(View):
    """How good the model is on rows with one value in a column.

    Attributes:
        value: None for rows where it is missing.
        intervals: Of metrics that are means of rows: 95 of 100 times it lies between both.
        clusters: Of a clustering, the share of these rows that is in each of its largest clusters, in their order;
            None for all else.
    """

    feature: str
    value: str | bool | None
    rows: int
    metrics: dict[str, float]
    intervals: dict[str, tuple[float, float]] = Field(default_factory=dict)
    clusters: list[float] | None = None


class Report(View):
    """How good a version is on rows that it has not learned from.

    Names, values and labels of more than 200 characters are cut, and end in "…" then.

    Attributes:
        target: The column that was learned; None where none was, and in reports that were made before it was told.
        rows: Held out; 0 where there is no truth to hold the model against, as for clusterings.
        sampled_rows: Those of them that all but the values of `metrics` and `baseline` are of, drawn by the seed
            of the training.
        resamples: Times that rows were drawn again to find the intervals.
        metrics: As the version has them, with intervals (percentile bootstrap).
        production: None where no version was in production, or it could not be asked.
        confusion: None for numbers.
        labels: As in `confusion`; empty for numbers.
        residuals: None for labels.
        importance: The most important feature first.
        slices: By columns of few values, the most frequent value of each first.
        clusters: None for all but clusterings.
        notes: What a reader is to know, in sentences.
    """

    format_version: Literal[1] = 1
    model_type: ModelType
    target: str | None = None
    rows: int = 0
    sampled_rows: int = 0
    resamples: int = 0
    metrics: list[Figure]
    baseline: Baseline | None = None
    production: Production | None = None
    confusion: Confusion | None = None
    labels: list[LabelFigures] = Field(default_factory=list)
    residuals: Residuals | None = None
    curves: Curves = Curves()
    importance: list[Importance] = Field(default_factory=list)
    slices: list[Slice] = Field(default_factory=list)
    clusters: Clusters | None = None
    notes: list[str]
