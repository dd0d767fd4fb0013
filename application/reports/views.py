"""What a report on a version says. It is kept as it is, so fields may be added, and none may go or change."""

from typing import Literal

from pydantic import Field

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
        rows: So many rows both were asked for.
    """

    version: str
    rows: int
    metrics: list[Difference]


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
    """

    label: Label | None
    x: list[float]
    y: list[float]


class CalibrationBin(View):
    """Rows of which much the same was said.

    Attributes:
        predicted: The mean of what was said.
        observed: The mean of what was true: how often the label was the one, or the number.
    """

    predicted: float
    observed: float
    rows: int


class Calibration(View):
    """Whether what is said holds on average.

    Attributes:
        label: Whose probability it is of; None for the label that was predicted in each row, and for numbers.
    """

    label: Label | None
    bins: list[CalibrationBin]


class HorizonError(View):
    """How far forecasts are off, so many steps ahead.

    Attributes:
        step: From 1.
        baseline_mae: Of what is said without learning.
    """

    step: int
    rows: int
    mae: float
    rmse: float
    baseline_mae: float


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
    """

    feature: str
    gain: float | None
    shap: float | None


class Slice(View):
    """How good the model is on rows with one value in a column.

    Attributes:
        value: None for rows where it is missing.
    """

    feature: str
    value: str | bool | None
    rows: int
    metrics: dict[str, float]


class Report(View):
    """How good a version is on rows that it has not learned from.

    Attributes:
        rows: Held out; 0 where there is no truth to hold the model against.
        sampled_rows: Those of them that all but the values of `metrics` and `baseline` are of, drawn by the seed
            of the training.
        resamples: Times that rows were drawn again to find the intervals.
        metrics: As the version has them, with intervals (percentile bootstrap).
        production: None where no version was in production, or it could not be asked.
        confusion: None for numbers.
        residuals: None for labels.
        importance: The most important feature first.
        slices: By columns of few values, the most frequent value of each first.
        notes: What a reader is to know, in sentences.
    """

    format_version: Literal[1] = 1
    model_type: ModelType
    rows: int = 0
    sampled_rows: int = 0
    resamples: int = 0
    metrics: list[Figure]
    baseline: Baseline | None = None
    production: Production | None = None
    confusion: Confusion | None = None
    residuals: Residuals | None = None
    curves: Curves = Curves()
    importance: list[Importance] = Field(default_factory=list)
    slices: list[Slice] = Field(default_factory=list)
    notes: list[str]
