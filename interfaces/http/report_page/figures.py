"""The figures of a report as tables: alone, beside those of others, label by label."""

from collections.abc import Sequence

from application.reports.views import Confusion, Difference, LabelFigures, Production, Report
from interfaces.http.report_page.tables import framed, shaded, table, with_interval
from interfaces.http.report_page.words import between, metric_of, number, numbers, percent, text_of


def metrics(report: Report) -> str:
    """Return the metrics with their intervals, beside those of the baseline."""
    baseline = {} if report.baseline is None else report.baseline.metrics
    rows = []
    for each in report.metrics:
        value, low, high, of_baseline = numbers([each.value, each.low, each.high, baseline.get(each.name)])
        rows.append((_named(each.name), value, between(low, high) or "–", of_baseline or "–"))
    heads = ["Metric", "Value", "95 % interval", "Baseline"]
    if report.baseline is None:
        return table("Metrics", heads[:-1], [row[:-1] for row in rows])
    from_baseline = f"<p>Baseline, which learns nothing. {text_of(report.baseline.summary)}</p>"
    return table("Metrics beside a baseline", heads, rows) + from_baseline


def production(found: Production) -> str:
    """Return how the version compares with the one that was in production."""
    version = text_of(found.version)
    rows = [(metric_of(each.name).name, *_compared(each), verdict(each)) for each in found.metrics]
    heads = (
        "Metric",
        "This version",
        f"Version {version}",
        "Difference",
        "95 % interval of it",
        "This version is",
    )
    told = [f"Both on the same {found.rows:,} rows."]
    if found.has_seen and found.overlap is None:
        told.append(f"Version {version} has learned from some of them, and looks better here than it is.")
    if found.agreement is not None:
        value, low, high = numbers([found.agreement.value, found.agreement.low, found.agreement.high])
        told.append(
            f"Do both put together the same rows? Their adjusted Rand index is {value} ({between(low, high)}): 1 "
            "would be the same clusters, 0 such as agree by chance."
        )
    overlap = "" if found.overlap is None else _overlap(found.overlap, version=version)
    return f"<p>{' '.join(told)}</p>{table('Beside the version in production', heads, rows)}{overlap}"


def verdict(found: Difference) -> str:
    """Return whether a difference is one for the better, as far as its interval tells."""
    better = metric_of(found.name).better
    if better is None or found.low is None or found.high is None:
        return ""
    if found.low <= 0.0 <= found.high:
        return '<span class="even">≈ perhaps the same</span>'
    if (found.difference > 0.0) == (better == "higher"):
        return '<span class="better">▲ better</span>'
    return '<span class="worse">▼ worse</span>'


def confusion(found: Confusion) -> str:
    """Return how often which label was predicted for which."""
    names = [text_of(label) for label in found.labels] + ["<em>others</em>"] * found.has_others
    return counts_table(
        "Rows by true and predicted label", ("True label", "Predicted label"), (names, names), found.counts
    )


def labels(found: Sequence[LabelFigures]) -> str:
    """Return precision and recall of each label."""
    rows = [
        (
            text_of(each.label),
            f"{each.rows:,}",
            f"{each.predicted:,}",
            _share(each.precision, each.precision_low, each.precision_high),
            _share(each.recall, each.recall_low, each.recall_high),
            number(each.f1),
        )
        for each in found
    ]
    heads = ("Label", "Rows", "Predicted", "Precision", "Recall", "F1")
    return table("Each label, with 95 % intervals", heads, rows) + (
        "<p>Precision: of the rows for which the label was predicted, those that have it. Recall: of the rows "
        "that have it, those for which it was predicted.</p>"
    )


def counts_table(
    caption: str, heads: tuple[str, str], names: tuple[Sequence[str], Sequence[str]], counts: list[list[int]]
) -> str:
    """Return a table of counts, each on a ground that tells its share of the row.

    Args:
        caption: Text.
        heads: What rows are, and what columns are.
        names: Of the rows and of the columns; HTML.
        counts: Row by row.
    """
    columns = "".join(f"<th scope=col>{name}</th>" for name in names[1])
    rows = []
    for name, row in zip(names[0], counts, strict=True):
        total = sum(row) or 1
        cells = "".join(f"<td>{shaded(f'{count:,}', count / total)}</td>" for count in row)
        rows.append(f"<tr><th scope=row>{name}</th>{cells}</tr>")
    return framed(
        caption,
        f"<thead><tr><td></td><th scope=colgroup class=above colspan={len(names[1])}>{heads[1]}</th></tr>"
        f"<tr><th scope=col>{heads[0]}</th>{columns}</tr></thead><tbody>{''.join(rows)}</tbody>",
    )


def _overlap(overlap: list[list[int]], *, version: str) -> str:
    names = ([f"{place}" for place in range(len(overlap))], [f"{place}" for place in range(len(overlap[0]))])
    heads = ("Cluster of this version", f"Cluster of version {version}")
    return counts_table("Rows in both of two clusters", heads, names, overlap)


def _named(name: str) -> str:
    found = metric_of(name)
    better = "" if found.better is None else f"{found.better} is better"
    said = "; ".join(filter(None, (found.meaning, better)))
    return f"{found.name}<small>{said}</small>" if said else found.name


def _compared(found: Difference) -> tuple[str, str, str, str]:
    value, of_other, difference, low, high = numbers(
        [found.value, found.production, found.difference, found.low, found.high]
    )
    return value, of_other, difference, between(low, high)


def _share(value: float | None, low: float | None, high: float | None) -> str:
    if value is None or low is None or high is None:
        return "–"
    return with_interval(percent(value), between(percent(low), percent(high)))
