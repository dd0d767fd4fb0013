"""A report as one page: it needs nothing but itself, and reads well in light and dark, on paper and on a phone."""

from collections.abc import Iterator
from html import escape

from application.reports.views import Report
from interfaces.http.report_page.clusters import clusters
from interfaces.http.report_page.figures import confusion, labels, metrics, production
from interfaces.http.report_page.importance import importance
from interfaces.http.report_page.plots import plots
from interfaces.http.report_page.slices import slices
from interfaces.http.report_page.style import STYLE
from interfaces.http.report_page.words import text_of


def report_page(report: Report, *, model: str, version: str) -> str:
    """Return the page.

    Args:
        report: What it tells.
        model: The model's name.
        version: The version's number.
    """
    title = escape(f"{model} {version}")
    told = [(heading, content) for heading, content in _sections(report) if content]
    links = "".join(f'<a href="#{_anchor(heading)}">{heading}</a>' for heading, _ in told)
    sections = "".join(
        f'<section id="{_anchor(heading)}"><h2>{heading}</h2>{content}</section>' for heading, content in told
    )
    return (
        f'<!DOCTYPE html><html lang="en"><head><meta charset="utf-8"><title>Report on {title}</title>'
        f'<meta name="viewport" content="width=device-width, initial-scale=1"><style>{STYLE}</style></head>'
        f"<body><main><header><p>Evaluation report</p><h1><bdi>{title}</bdi></h1>{_summary(report)}</header>"
        f'<nav aria-label="Sections">{links}</nav>{sections}</main></body></html>'
    )


def _sections(report: Report) -> Iterator[tuple[str, str]]:
    yield "Metrics", metrics(report) if report.metrics else ""
    yield (
        "Notes",
        f"<ul>{''.join(f'<li>{text_of(note)}</li>' for note in report.notes)}</ul>" if report.notes else "",
    )
    yield "In production", "" if report.production is None else production(report.production)
    yield "Clusters", "" if report.clusters is None else clusters(report.clusters)
    yield "Curves", plots(report)
    yield "Labels", labels(report.labels) if report.labels else ""
    yield "Confusion", "" if report.confusion is None else confusion(report.confusion)
    yield "Features", importance(report.importance)
    yield "Slices", slices(report)


def _anchor(heading: str) -> str:
    return heading.lower().replace(" ", "-")


def _summary(report: Report) -> str:
    kind = escape(report.model_type.replace("_", " "))
    target = "" if report.target is None else f", target {text_of(report.target)}"
    if report.clusters is not None:
        found = report.clusters
        return f"<p>A {kind} of {found.rows:,} rows into {len(found.clusters)} clusters.</p>"
    if report.rows == 0:
        return f"<p>Type of model: {kind}{target}. No rows were held out.</p>"
    sampled = ""
    if report.sampled_rows < report.rows:
        sampled = f" Plots, slices and intervals are of {report.sampled_rows:,} of them, drawn at random."
    return (
        f"<p>Type of model: {kind}{target}. Figures are of {report.rows:,} rows that were held out "
        f"from learning.{sampled}</p>"
    )
