"""What a report draws: curves of labels, numbers, forecasts and numbers of clusters."""

from collections.abc import Iterable, Iterator, Sequence
from html import escape
from typing import Any

from application.reports.clusters import Clusters
from application.reports.views import Calibration, Curve, HorizonError, Report, Residuals
from interfaces.http.report_page.svg import COLOURS, Line, line_plot
from interfaces.http.report_page.words import number, plain

_DIAGONAL = Line(name="", points=((0.0, 0.0), (1.0, 1.0)), is_reference=True)
_ALL = (0.0, 1.0)


def plots(report: Report) -> str:
    """Return all that is drawn; nothing where nothing is."""
    drawn = "".join(_plots(report))
    return f'<div class="plots">{drawn}</div>' if drawn else ""


def numbers_tried(found: Clusters) -> str:
    """Return how well numbers of clusters that were tried tell rows apart; nothing where none were."""
    told = [each for each in found.tried if each.silhouette is not None]
    if not told:
        return ""
    chosen = next(each.clusters for each in found.tried if each.is_chosen)
    silhouettes = Line(
        name="",
        points=[(each.clusters, each.silhouette or 0.0) for each in told],
        bounds=[(each.low or 0.0, each.high or 0.0) for each in told],
        is_dotted=True,
    )
    inertias = Line(name="", points=[(each.clusters, each.inertia) for each in found.tried], is_dotted=True)
    given: Any = {"x": "Number of clusters", "is_counted": True}
    return '<div class="plots">{}{}</div>'.format(
        _figure(
            "Silhouette by number of clusters",
            [silhouettes],
            f"The best of them was chosen: {chosen}. Bars: 95 % intervals.",
            y="Mean silhouette",
            **given,
        ),
        _figure(
            "Inertia by number of clusters", [inertias], "It always falls; a bend tells.", y="Inertia", **given
        ),
    )


def _plots(report: Report) -> Iterator[str]:
    curves = report.curves
    if curves.roc:
        yield _figure(
            "ROC",
            [_DIAGONAL, *_lines(curves.roc)],
            f"The dashed line is guessing.{_of_some(report)}",
            x="False positive rate",
            y="True positive rate",
            across=_ALL,
            upwards=_ALL,
        )
    if curves.precision_recall:
        yield _precision_recall(curves.precision_recall)
    if curves.calibration is not None and curves.calibration.bins:
        yield _calibration(curves.calibration, is_of_labels=report.confusion is not None)
    if curves.error_by_horizon:
        yield _by_horizon(curves.error_by_horizon)
    if report.residuals is not None:
        yield _residuals(report.residuals)


def _of_some(report: Report) -> str:
    return " Of many labels, the most frequent ones." if len(report.labels) > len(report.curves.roc) > 1 else ""


def _precision_recall(curves: Sequence[Curve]) -> str:
    lines, said = list(_lines(curves)), ""
    if len(curves) == 1 and curves[0].base is not None:
        base = curves[0].base
        lines.insert(0, Line(name="", points=((0.0, base), (1.0, base)), is_reference=True))
        said = f"The dashed line is guessing: {number(base)}, the share of rows with the label."
    return _figure("Precision and recall", lines, said, x="Recall", y="Precision", across=_ALL, upwards=_ALL)


def _calibration(found: Calibration, *, is_of_labels: bool) -> str:
    line = Line(
        name="" if found.label is None else plain(found.label),
        points=[(each.predicted, each.observed) for each in found.bins],
        bounds=[(each.low, each.high) for each in found.bins if each.low is not None and each.high is not None],
        is_dotted=True,
    )
    error = "" if found.error is None else f" Mean distance from the dashed line: {number(found.error)}."
    said = f"On the dashed line, what is predicted holds on average.{error}"
    if is_of_labels:
        whose = "of the label predicted" if found.label is None else "predicted"
        return _figure(
            "Calibration",
            [_DIAGONAL, line],
            said,
            x=f"Probability {whose}",
            y="Share observed",
            across=_ALL,
            upwards=_ALL,
        )
    ends = [end for point in line.points for end in point]
    wanted = Line(name="", points=[(end, end) for end in (min(ends), max(ends))], is_reference=True)
    return _figure(
        "Calibration", [wanted, line], said, x="Predicted, mean of each tenth", y="True mean of the same rows"
    )


def _by_horizon(found: Sequence[HorizonError]) -> str:
    lines = [
        Line(
            name="forecast",
            points=[(float(each.step), each.mae) for each in found],
            bounds=[
                (each.mae_low, each.mae_high)
                for each in found
                if each.mae_low is not None and each.mae_high is not None
            ],
            is_dotted=True,
        ),
        Line(name="baseline", points=[(float(each.step), each.baseline_mae) for each in found], is_dotted=True),
    ]
    return _figure(
        "Error by horizon",
        lines,
        "Bars: 95 % intervals.",
        x="Steps ahead",
        y="Mean absolute error",
        is_counted=True,
    )


def _residuals(found: Residuals) -> str:
    points = [(100.0 * share, each) for share, each in zip(found.shares, found.quantiles, strict=True)]
    lines = [
        Line(name="", points=((0.0, 0.0), (100.0, 0.0)), is_reference=True),
        Line(name="", points=points, is_dotted=True),
    ]
    below, above = points[1][1], points[-2][1]
    said = f"Nine of ten rows lie between {number(below)} and {number(above)}; on average {number(found.mean)}."
    return _figure("Residuals", lines, said, x="% of rows below", y="Predicted less true")


def _lines(curves: Iterable[Curve]) -> Iterator[Line]:
    for each in curves:
        yield Line(
            name="" if each.label is None else plain(each.label),
            figure="" if each.area is None else f"(area {each.area:.3f})",
            points=list(zip(each.x, each.y, strict=True)),
        )


def _figure(title: str, lines: Sequence[Line], said: str, **given: Any) -> str:
    """Return a plot under its title, with a legend and what is to be known of it."""
    named = [(line.name, line.figure) for line in lines if not line.is_reference]
    legend = "".join(
        f'<li class="c{place % COLOURS}"><bdi>{escape(name)}</bdi> {figure}</li>'
        for place, (name, figure) in enumerate(named)
        if name or figure
    )
    told = "; ".join(filter(None, (f"{name} {figure}".strip() for name, figure in named)))
    seen = ". ".join(filter(None, (title, told, said)))
    return (
        f"<figure><figcaption>{escape(title)}</figcaption>{line_plot(lines, title=seen, **given)}"
        f"{f'<ul>{legend}</ul>' if legend else ''}{f'<p>{escape(said)}</p>' if said else ''}</figure>"
    )
