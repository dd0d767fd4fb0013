"""Tables of a page: with headers for those who hear them, and scrolled on their own where they are wide."""

from collections.abc import Iterable, Sequence


def table(caption: str, heads: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Return a table; the first cell of each row is its header.

    Args:
        caption: Text that needs no escaping.
        heads: HTML.
        rows: HTML, as many cells as there are heads.
    """
    return framed(caption, f"<thead>{_head(heads)}</thead><tbody>{''.join(map(_row, rows))}</tbody>")


def grouped_table(
    caption: str, heads: Sequence[str], groups: Iterable[tuple[str, Iterable[Sequence[str]]]]
) -> str:
    """Return a table of rows that belong together, each group under a header of its own."""
    bodies = "".join(
        f"<tbody><tr><th class=group scope=rowgroup colspan={len(heads)}>{name}</th></tr>"
        f"{''.join(map(_row, rows))}</tbody>"
        for name, rows in groups
    )
    return framed(caption, f"<thead>{_head(heads)}</thead>{bodies}")


def framed(caption: str, content: str) -> str:
    """Return a table of this content that keyboards can scroll."""
    return (
        f'<div class="wide" role="region" tabindex="0" aria-label="{caption}">'
        f"<table><caption>{caption}</caption>{content}</table></div>"
    )


def shaded(text: str, share: float, *, is_below: bool = False) -> str:
    """Return the content of a cell on a ground that is the darker the nearer the share is to 1."""
    tenth = round(10 * min(1.0, max(0.0, share)))
    return f'<span class="{"l" if is_below else "h"}{tenth}">{text}</span>' if tenth else f"<span>{text}</span>"


def with_interval(value: str, interval: str) -> str:
    """Return a figure with what is known of how certain it is below."""
    return f"{value}<small>{interval}</small>" if interval else value


def _head(heads: Sequence[str]) -> str:
    return f"<tr>{''.join(f'<th scope=col>{each}</th>' for each in heads)}</tr>"


def _row(cells: Sequence[str]) -> str:
    first, *others = cells
    return f"<tr><th scope=row>{first}</th>{''.join(f'<td>{each}</td>' for each in others)}</tr>"
