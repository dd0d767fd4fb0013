"""How good a model is on parts of the rows, and how they are spread over clusters."""

from collections.abc import Mapping, Sequence
from itertools import groupby

from application.reports.views import Report, Slice
from interfaces.http.report_page.svg import Range, whisker
from interfaces.http.report_page.tables import grouped_table, shaded, with_interval
from interfaces.http.report_page.words import between, metric_of, numbers, percent, text_of

_DRAWN = ("accuracy", "rmse")
"""The metrics that are drawn, where they are told."""


def slices(report: Report) -> str:
    """Return the figures of the rows with each value of columns of few; nothing where there are none."""
    if not report.slices:
        return ""
    if any(each.clusters is not None for each in report.slices):
        return _spread(report.slices)
    names = list(dict.fromkeys(name for each in report.slices for name in each.metrics))
    overall = {each.name: each.value for each in report.metrics}
    drawn = next((name for name in _DRAWN if name in overall and name in names), None)
    told = [each.intervals[drawn] for each in report.slices if drawn in each.intervals]
    within = None if drawn is None or not told else _within(told, overall[drawn])
    heads = ["Value", "Rows", *(metric_of(name).name for name in names)]
    if within is not None and drawn is not None:
        heads.insert(2, f"{metric_of(drawn).name}, beside that of all rows")
    groups = [
        (text_of(feature), [_row(each, names, overall, drawn, within) for each in parts])
        for feature, parts in groupby(report.slices, key=_feature)
    ]
    return grouped_table("Figures of parts of the rows, with 95 % intervals", heads, groups) + (
        "<p>Dashed: the figure of all rows. Where many parts are looked at, some lie far from it by chance.</p>"
    )


def _row(
    part: Slice, names: Sequence[str], overall: Mapping[str, float], drawn: str | None, within: Range | None
) -> Sequence[str]:
    cells = [_value(part), f"{part.rows:,}"]
    if within is not None and drawn is not None:
        bounds = part.intervals.get(drawn)
        cells.append(
            "" if bounds is None else whisker(part.metrics[drawn], bounds, within=within, reference=overall[drawn])
        )
    for name in names:
        low, high = part.intervals.get(name, (None, None))
        value, *ends = numbers([part.metrics.get(name), low, high])
        cells.append(with_interval(value, between(*ends)))
    return cells


def _spread(found: Sequence[Slice]) -> str:
    clusters = max(len(each.clusters or ()) for each in found)
    groups = [(text_of(feature), list(map(_shares, parts))) for feature, parts in groupby(found, key=_feature)]
    heads = ("Value", "Rows", *(f"Cluster {place}" for place in range(clusters)))
    return grouped_table("Share of the rows with a value that is in each cluster", heads, groups)


def _shares(part: Slice) -> Sequence[str]:
    return [_value(part), f"{part.rows:,}", *(shaded(percent(share), share) for share in part.clusters or ())]


def _feature(part: Slice) -> str:
    return part.feature


def _value(part: Slice) -> str:
    return text_of(part.value)


def _within(bounds: Sequence[Range], reference: float) -> Range:
    return min(reference, *(low for low, _ in bounds)), max(reference, *(high for _, high in bounds))
