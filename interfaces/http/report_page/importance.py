"""Which features matter to a model."""

from collections.abc import Callable, Sequence

from application.reports.views import Importance
from interfaces.http.report_page.svg import bar
from interfaces.http.report_page.tables import table
from interfaces.http.report_page.words import number, percent, text_of

_SHOWN_MAX = 20
_COLUMNS: tuple[tuple[str, Callable[[Importance], float | None], Callable[[float], str]], ...] = (
    ("Share between clusters", lambda each: each.between, percent),
    ("Explained", lambda each: each.explained, percent),
    ("Contribution", lambda each: each.shap, number),
    ("Share of gain", lambda each: each.gain, percent),
)
"""What may be told of a feature, and how it is put."""
_OF_CLUSTERS = (
    "<p>Share between clusters: of all that clusters differ in, what is in this feature. Explained: how much of "
    "its own variance is gone once the cluster is known.</p>"
)
_OF_PREDICTIONS = (
    "<p>Contribution: mean size of what the feature adds to the raw score of a row (SHAP). Share of gain: of all "
    "that the splits of the trees gained in training.</p>"
)


def importance(found: Sequence[Importance]) -> str:
    """Return the features that matter most, with a bar each; all others where somebody asks for them."""
    if all(value(each) is None for each in found for _, value, _ in _COLUMNS):
        return ""
    shown = _table(found[:_SHOWN_MAX], "Features that matter most", found)
    if len(found) > _SHOWN_MAX:
        others = f"Further features: {len(found) - _SHOWN_MAX}"
        shown += f"<details><summary>{others}</summary>{_table(found[_SHOWN_MAX:], others, found)}</details>"
    return shown + (_OF_PREDICTIONS if found[0].between is None else _OF_CLUSTERS)


def _table(shown: Sequence[Importance], caption: str, found: Sequence[Importance]) -> str:
    columns = [each for each in _COLUMNS if any(each[1](one) is not None for one in found)]
    _, size, _ = columns[0]
    longest = max(size(each) or 0.0 for each in found) or 1.0
    rows = [
        (
            text_of(each.feature),
            bar((size(each) or 0.0) / longest),
            *(_cell(value(each), form) for _, value, form in columns),
        )
        for each in shown
    ]
    return table(caption, ("Feature", "", *(head for head, _, _ in columns)), rows)


def _cell(value: float | None, form: Callable[[float], str]) -> str:
    return "–" if value is None else form(value)
