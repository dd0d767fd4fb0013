"""A report as one page: it needs nothing but itself, and reads well in light and dark."""

from collections.abc import Iterable, Iterator, Sequence
from html import escape

from application.reports.views import Confusion, Curve, Report
from domain.inference.values import Label
from interfaces.http.report_style import STYLE
from interfaces.http.svg import Line, bar_plot, line_plot, number

_BARS_MAX = 20
_DIAGONAL = Line(name="", points=((0.0, 0.0), (1.0, 1.0)), is_reference=True)


def report_page(report: Report, *, model: str, version: str) -> str:
    """Return the page.

    Args:
        report: What it tells.
        model: The model's name.
        version: The version's number.
    """
    title = escape(f"{model} {version}")
    sections = "".join(_section(heading, content) for heading, content in _sections(report) if content)
    return (
        f'<!DOCTYPE html><html lang="en"><head><meta charset="utf-8"><title>Report on {title}</title>'
        f'<meta name="viewport" content="width=device-width, initial-scale=1"><style>{STYLE}</style></head>'
        f"<body><main><h1>{title}</h1>{_summary(report)}{sections}</main></body></html>"
    )


def _sections(report: Report) -> Iterator[tuple[str, str]]:
    yield "Metrics", _metrics(report)
    yield "In production", _production(report)
    yield "Curves", _curves(report)
    yield "Confusion", "" if report.confusion is None else _confusion(report.confusion)
    yield "Importance of features", _importance(report)
    yield "Slices", _slices(report)
    yield "Notes", "".join(f"<p>{escape(note)}</p>" for note in report.notes)


def _section(heading: str, content: str) -> str:
    return f"<section><h2>{heading}</h2>{content}</section>"


def _summary(report: Report) -> str:
    kind = escape(report.model_type.replace("_", " "))
    if report.rows == 0:
        return f"<p>A {kind} model. No rows were held out.</p>"
    sampled = ""
    if report.sampled_rows < report.rows:
        sampled = f" Plots, slices and intervals are of {report.sampled_rows:,} of them, drawn at random."
    return f"<p>A {kind} model, on {report.rows:,} rows that it has not learned from.{sampled}</p>"


def _metrics(report: Report) -> str:
    baseline = {} if report.baseline is None else report.baseline.metrics
    rows = [
        (
            escape(each.name),
            number(each.value),
            _between(each.low, each.high),
            number(baseline[each.name]) if each.name in baseline else "",
        )
        for each in report.metrics
    ]
    told = "" if report.baseline is None else f"<p>Baseline: {escape(report.baseline.summary)}</p>"
    return _table(("Metric", "Value", "95 % interval", "Baseline"), rows) + told


def _production(report: Report) -> str:
    if report.production is None:
        return ""
    rows = [
        (
            escape(each.name),
            number(each.value),
            number(each.production),
            number(each.difference),
            _between(each.low, each.high),
        )
        for each in report.production.metrics
    ]
    version = escape(report.production.version)
    heads = ("Metric", "This version", f"Version {version}", "Difference", "95 % interval of the difference")
    return f"<p>On the same {report.production.rows:,} rows.</p>{_table(heads, rows)}"


def _curves(report: Report) -> str:
    curves = report.curves
    plots = []
    if curves.roc:
        plots.append(_figure("ROC", [_DIAGONAL, *_lines(curves.roc)], "False positive rate", "True positive rate"))
    if curves.precision_recall:
        plots.append(_figure("Precision and recall", list(_lines(curves.precision_recall)), "Recall", "Precision"))
    if curves.calibration is not None and curves.calibration.bins:
        points = [(each.predicted, each.observed) for each in curves.calibration.bins]
        ends = [min(min(each) for each in points), max(max(each) for each in points)]
        wanted = Line(name="", points=[(end, end) for end in ends], is_reference=True)
        label = curves.calibration.label
        found = Line(name="" if label is None else _word(label), points=points, is_dotted=True)
        plots.append(_figure("Calibration", [wanted, found], "Predicted", "Observed"))
    if curves.error_by_horizon:
        mine = [(float(each.step), each.mae) for each in curves.error_by_horizon]
        baseline = [(float(each.step), each.baseline_mae) for each in curves.error_by_horizon]
        lines = [
            Line(name="forecast", points=mine, is_dotted=True),
            Line(name="baseline", points=baseline, is_dotted=True),
        ]
        plots.append(_figure("Error by horizon", lines, "Steps ahead", "Mean absolute error"))
    if report.residuals is not None:
        quantiles = list(zip(report.residuals.shares, report.residuals.quantiles, strict=True))
        lines = [Line(name="", points=quantiles, is_dotted=True)]
        plots.append(_figure("Residuals", lines, "Share of rows below", "Predicted less true"))
    return f'<div class="plots">{"".join(plots)}</div>' if plots else ""


def _lines(curves: Iterable[Curve]) -> Iterator[Line]:
    for each in curves:
        yield Line(
            name="" if each.label is None else _word(each.label), points=list(zip(each.x, each.y, strict=True))
        )


def _figure(title: str, lines: Sequence[Line], x: str, y: str) -> str:
    named = [line.name for line in lines if not line.is_reference]
    legend = "".join(f'<li class="c{place % 5}">{escape(name)}</li>' for place, name in enumerate(named) if name)
    return (
        f"<figure><figcaption>{escape(title)}</figcaption>{line_plot(lines, title=title, x=x, y=y)}"
        f"{f'<ul>{legend}</ul>' if legend else ''}</figure>"
    )


def _confusion(confusion: Confusion) -> str:
    names = [escape(_word(label)) for label in confusion.labels]
    if confusion.has_others:
        names.append("<em>others</em>")
    heads = "".join(f"<th scope=col>{name}</th>" for name in names)
    rows = []
    for name, counts in zip(names, confusion.counts, strict=True):
        total = sum(counts) or 1
        cells = "".join(f'<td class="heat h{round(10 * count / total)}">{count:,}</td>' for count in counts)
        rows.append(f"<tr><th scope=row>{name}</th>{cells}</tr>")
    return (
        '<p>A row for each true label, a column for each predicted one.</p><div class="wide"><table>'
        f"<thead><tr><td></td>{heads}</tr></thead><tbody>{''.join(rows)}</tbody></table></div>"
    )


def _importance(report: Report) -> str:
    told = [(each.feature, each.shap) for each in report.importance[:_BARS_MAX] if each.shap is not None]
    if not told:
        return ""
    rows = [
        (
            escape(each.feature),
            "" if each.shap is None else number(each.shap),
            "" if each.gain is None else f"{each.gain:.1%}",
        )
        for each in report.importance
    ]
    return (
        f'<div class="wide">{bar_plot(told, title="Importance of features")}</div>'
        "<p>Bars: the mean size of a feature's contributions to the raw score.</p>"
        f"<details><summary>All in numbers, with the gain of splits</summary>"
        f"{_table(('Feature', 'Contribution', 'Share of gain'), rows)}</details>"
    )


def _slices(report: Report) -> str:
    if not report.slices:
        return ""
    names = list(dict.fromkeys(name for each in report.slices for name in each.metrics))
    rows = [
        (
            escape(each.feature),
            "<em>missing</em>" if each.value is None else escape(_word(each.value)),
            f"{each.rows:,}",
            *(number(each.metrics[name]) if name in each.metrics else "" for name in names),
        )
        for each in report.slices
    ]
    return _table(("Feature", "Value", "Rows", *(escape(name) for name in names)), rows)


def _table(heads: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Return a table of cells that are HTML already."""
    head = "".join(f"<th scope=col>{each}</th>" for each in heads)
    body = "".join(f"<tr>{''.join(f'<td>{cell}</td>' for cell in row)}</tr>" for row in rows)
    return f'<div class="wide"><table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div>'


def _word(label: Label) -> str:
    """Return a label as the data have it."""
    return str(label).lower() if isinstance(label, bool) else str(label)


def _between(low: float | None, high: float | None) -> str:
    return "" if low is None or high is None else f"{number(low)} to {number(high)}"
