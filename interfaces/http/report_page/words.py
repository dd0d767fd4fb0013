"""How a page puts names, numbers and metrics: for readers who have not seen them before."""

import math
from collections.abc import Mapping, Sequence
from html import escape
from types import MappingProxyType
from typing import Literal, NamedTuple

from domain.inference.values import Label

_DIGITS = 4
_WHOLE_FROM, _SCIENTIFIC_BELOW, _SCIENTIFIC_FROM = 10_000.0, 1e-4, 1e12


_MINUS = "\N{MINUS SIGN}"


class Metric(NamedTuple):
    """What a metric is called.

    Attributes:
        name: As a heading has it.
        meaning: In a few words.
        better: Which figures are; None where neither is.
    """

    name: str
    meaning: str
    better: Literal["higher", "lower"] | None


_METRICS: Mapping[str, Metric] = MappingProxyType(
    {
        "log_loss": Metric("Log loss", "surprise at the true labels, by their probabilities", "lower"),
        "accuracy": Metric("Accuracy", "share of rows whose label was predicted", "higher"),
        "f1": Metric("F1", "balance of precision and recall, the mean of all labels", "higher"),
        "auc": Metric("AUC", "how often a row with the label has a higher score than one without", "higher"),
        "rmse": Metric("RMSE", "root of the mean squared error, in the unit of the target", "lower"),
        "mae": Metric("MAE", "mean size of the error, in the unit of the target", "lower"),
        "huber": Metric(
            "Huber loss", "half the squared error; of outliers, as much as grows with their size", "lower"
        ),
        "pinball": Metric(
            "Pinball loss", "error of a quantile, by what it costs to be above or below it", "lower"
        ),
        "share_below": Metric("Share below", "share of true values at or below what was predicted", None),
        "poisson_deviance": Metric("Poisson deviance", "error for what counts scatter anyway", "lower"),
        "gamma_deviance": Metric("Gamma deviance", "error for the size of the true amounts", "lower"),
        "tweedie_deviance": Metric("Tweedie deviance", "error for what amounts of their size scatter", "lower"),
        "r2": Metric("R²", "share of the variance that is predicted", "higher"),
        "mase": Metric("MASE", "error for that of the seasonal naive forecast in the past", "lower"),
        "smape": Metric("sMAPE", "error for the mean size of forecast and truth", "lower"),
        "coverage": Metric("Coverage", "share of true values within the interval of the forecast", None),
        "silhouette": Metric(
            "Silhouette", "how much nearer rows lie to their own cluster than to the next", "higher"
        ),
        "inertia": Metric(
            "Inertia", "sum of squared distances to the centroids; the more of these, the lower", None
        ),
        "calinski_harabasz": Metric(
            "Calinski–Harabasz", "how far clusters lie apart for how wide they are", "higher"
        ),
        "adjusted_rand": Metric("Adjusted Rand index", "1 for the same clusters, 0 as by chance", "higher"),
    }
)


def metric_of(name: str) -> Metric:
    """Return what a metric is called; one that is not known here, by its own name."""
    return _METRICS.get(name) or Metric(escape(name), "", None)


def text_of(word: Label | None) -> str:
    """Return a label, value or name as the data have it, set apart from what is around it; as HTML."""
    if word is None:
        return "<em>missing</em>"
    return f"<bdi>{escape(plain(word))}</bdi>"


def plain(word: Label) -> str:
    """Return a label or value as the data have it, as text."""
    return str(word).lower() if isinstance(word, bool) else str(word)


def number(value: float) -> str:
    """Return a number as people read it: four digits that count, none for nothing."""
    if abs(value) >= _WHOLE_FROM:
        return numbers([value])[0]
    return f"{value:.{_DIGITS}g}".replace("-", _MINUS)


def numbers(values: Sequence[float | None]) -> list[str]:
    """Return numbers that are compared, with as many decimals as the first of them needs; of None, nothing."""
    size = next((abs(value) for value in values if value), 1.0)
    decimals = max(0, _DIGITS - 1 - math.floor(math.log10(size))) if size >= _SCIENTIFIC_BELOW else None
    return ["" if value is None else _signed(_fixed(value, decimals)) for value in values]


def _fixed(value: float, decimals: int | None) -> str:
    if decimals is None or abs(value) >= _SCIENTIFIC_FROM:
        return f"{value:.{_DIGITS}g}"
    return f"{value:,.{decimals}f}"


def percent(share: float) -> str:
    """Return a share of 1."""
    return f"{100.0 * share:.1f} %"


def between(low: str, high: str) -> str:
    """Return an interval of two numbers in words; of nothing, nothing."""
    return f"{low} to {high}" if low and high else ""


def _signed(text: str) -> str:
    return text.lstrip("-") if not text.strip("-0.") else text.replace("-", _MINUS)
