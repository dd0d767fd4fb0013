"""What a page tells of the clusters that were found."""

from application.reports.clusters import Cluster, Clusters, Typical
from interfaces.http.report_page.plots import numbers_tried
from interfaces.http.report_page.svg import bar
from interfaces.http.report_page.tables import shaded, table, with_interval
from interfaces.http.report_page.words import between, number, numbers, percent, text_of

_SHOWN_MAX = 20
_FAR = 1.5
"""Standard deviations that are the darkest ground."""


_TOLD_MISSING = 0.005


def clusters(found: Clusters) -> str:
    """Return the clusters, what is typical of each, and how their number was chosen."""
    sampled = ""
    if found.sampled_rows < found.rows:
        sampled = f" Silhouettes are of {found.sampled_rows:,} of the rows, drawn at random."
    shuffled = ""
    if found.shuffled_silhouette is not None:
        shuffled = (
            " Where the values of each feature are shuffled among the rows, so that features do not go together, "
            f"as many clusters still have one of {number(found.shuffled_silhouette)} on average."
        )
    said = (
        f"<p>The clusters explain {percent(found.explained)} of how far rows lie from their mean.{sampled}</p>"
        "<p>Silhouette: near 1 rows lie close together and far from other clusters, near 0 between two clusters, "
        f"below 0 nearer to another one.{shuffled}</p>"
    )
    return _sizes(found) + said + numbers_tried(found) + _typical(found)


def _sizes(found: Clusters) -> str:
    largest = max(each.share for each in found.clusters) or 1.0
    rows = [
        (
            f"Cluster {each.cluster}",
            bar(each.share / largest),
            f"{each.rows:,}",
            with_interval(percent(each.share), between(percent(each.share_low), percent(each.share_high))),
            _silhouette(each),
        )
        for each in found.clusters
    ]
    return table("Clusters, with 95 % intervals", ("Cluster", "", "Rows", "Share", "Silhouette"), rows)


def _silhouette(cluster: Cluster) -> str:
    value, low, high = numbers([cluster.silhouette, cluster.silhouette_low, cluster.silhouette_high])
    return with_interval(value, between(low, high)) or "–"


def _typical(found: Clusters) -> str:
    columns = [each.typical for each in found.clusters]
    rows = [
        (text_of(of_all.feature), _put(of_all), *(_ground(column[place]) for column in columns))
        for place, of_all in enumerate(found.typical[:_SHOWN_MAX])
    ]
    heads = ("Feature", "All rows", *(f"Cluster {each.cluster}" for each in found.clusters))
    return table("What is typical of each cluster", heads, rows) + (
        "<p>Means of numbers and dates, shares of what is true, most frequent categories with their share, each "
        f"of what is known. Darker is farther from the mean of all rows, {shaded('above', 0.5)} it or "
        f"{shaded('below', 0.5, is_below=True)}.</p>"
    )


def _ground(found: Typical) -> str:
    if found.deviation is None:
        return _put(found)
    return shaded(_put(found), abs(found.deviation) / _FAR, is_below=found.deviation < 0.0)


def _put(found: Typical) -> str:
    if found.time is not None:
        told, share = found.time.partition("T")[0], None
    elif found.mean is not None:
        told, share = number(found.mean) if found.share is None else f"{percent(found.share)} true", None
    else:
        told, share = "–" if found.value is None else text_of(found.value), found.share
    missing = f"{percent(found.missing)} missing" if found.missing >= _TOLD_MISSING else ""
    return with_interval(told, ", ".join(filter(None, ("" if share is None else percent(share), missing))))
