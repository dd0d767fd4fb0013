"""Plots as SVG that takes its colours from the page: no script, nothing from elsewhere, all text escaped."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

from interfaces.http.report_page.words import number

COLOURS = 5
_WIDTH, _HEIGHT = 320, 250
_LEFT, _RIGHT, _TOP, _BOTTOM = 54, 12, 12, 46
_TICKS = 5
_BAR_HEIGHT, _WHISKER_WIDTH = 14, 120

Range = tuple[float, float]


@dataclass(frozen=True, kw_only=True)
class Line:
    """Points that belong together.

    Attributes:
        name: Said in the legend; empty for what needs none.
        figure: Said beside the name.
        points: In their order.
        bounds: From where to where each point may lie; empty where that is not known.
        is_dotted: Whether the points are marked as well.
        is_reference: Whether it is only there to be compared with.
    """

    name: str
    figure: str = ""
    points: Sequence[tuple[float, float]]
    bounds: Sequence[Range] = ()
    is_dotted: bool = False
    is_reference: bool = False


def line_plot(
    lines: Sequence[Line],
    *,
    title: str,
    x: str,
    y: str,
    across: Range | None = None,
    upwards: Range | None = None,
    is_counted: bool = False,
) -> str:
    """Return a plot of the lines.

    Args:
        lines: At least one, each with a point.
        title: Read out where it cannot be seen.
        x: What runs to the right.
        y: What runs upwards.
        across: From where to where that is; None for as far as the points go.
        upwards: Likewise.
        is_counted: Whether only whole numbers run to the right.
    """
    of_x = [point[0] for line in lines for point in line.points]
    of_y = [point[1] for line in lines for point in line.points]
    of_y += [end for line in lines for bounds in line.bounds for end in bounds]
    width = _Scale.over(across or of_x, _LEFT, _WIDTH - _RIGHT, is_counted=is_counted)
    height = _Scale.over(upwards or of_y, _HEIGHT - _BOTTOM, _TOP)
    drawn = [_axes(width, height, x=x, y=y)]
    colour = 0
    for line in lines:
        kind = "reference" if line.is_reference else f"line c{colour % COLOURS}"
        colour += not line.is_reference
        points = [(width.place(one), height.place(other)) for one, other in line.points]
        drawn += [
            f'<path class="whisker {kind}" d="M{one:.1f},{height.place(low):.1f}V{height.place(high):.1f}"/>'
            for (one, _), (low, high) in zip(points, line.bounds, strict=False)
        ]
        drawn.append(
            f'<polyline class="{kind}" points="{" ".join(f"{one:.1f},{two:.1f}" for one, two in points)}"/>'
        )
        if line.is_dotted:
            drawn += [f'<circle class="{kind}" cx="{one:.1f}" cy="{two:.1f}" r="3"/>' for one, two in points]
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {_HEIGHT}" role="img" '
        f'aria-label="{escape(title)}">{"".join(drawn)}</svg>'
    )


def bar(share: float) -> str:
    """Return a bar of that share of its place; what it stands for is said beside it."""
    width = 100.0 * min(1.0, max(0.0, share))
    return (
        f'<svg class="bar" width="100%" height="{_BAR_HEIGHT}" aria-hidden="true">'
        f'<rect width="{width:.1f}%" height="{_BAR_HEIGHT}"/></svg>'
    )


def whisker(value: float, bounds: Range, *, within: Range, reference: float) -> str:
    """Return a point with its interval beside a line that it is compared with; all is said in numbers beside it.

    Args:
        value: Where the point is.
        bounds: The interval.
        within: From where to where the place goes.
        reference: Where the line is.
    """
    across = _Scale.over(within, 4.0, _WHISKER_WIDTH - 4.0)
    middle = _BAR_HEIGHT / 2
    low, high, line, point = (across.place(each) for each in (*bounds, reference, value))
    return (
        f'<svg class="range" width="{_WHISKER_WIDTH}" height="{_BAR_HEIGHT}" aria-hidden="true">'
        f'<path class="reference" d="M{line:.1f},0V{_BAR_HEIGHT}"/>'
        f'<path class="whisker line c0" d="M{low:.1f},{middle}H{high:.1f}"/>'
        f'<circle class="line c0" cx="{point:.1f}" cy="{middle}" r="3.5"/></svg>'
    )


@dataclass(frozen=True, kw_only=True)
class _Scale:
    """Where values lie between two edges of the plot."""

    low: float
    high: float
    first: float
    last: float
    is_counted: bool = False

    @classmethod
    def over(cls, values: Sequence[float], first: float, last: float, *, is_counted: bool = False) -> "_Scale":
        low, high = min(values), max(values)
        if not high - low > 1e-9 * max(abs(low), abs(high)):
            room = abs(low) / 2.0 or 0.5
            low, high = low - room, high + room
        return cls(low=low, high=high, first=first, last=last, is_counted=is_counted)

    def place(self, value: float) -> float:
        # halves, because the width of very large values may be no number
        share = (value / 2.0 - self.low / 2.0) / (self.high / 2.0 - self.low / 2.0)
        return self.first + min(1.0, max(0.0, share)) * (self.last - self.first)

    def ticks(self) -> list[float]:
        """Return some round values within."""
        rough = self.high / _TICKS - self.low / _TICKS
        power = 10.0 ** math.floor(math.log10(rough))
        step = next(power * each for each in (1, 2, 5, 10) if power * each >= rough)
        if self.is_counted:
            step = max(1.0, step)
        first, last = math.ceil(self.low / step - 1e-9), math.floor(self.high / step + 1e-9)
        return [place * step for place in range(first, last + 1)]


def _axes(across: _Scale, upwards: _Scale, *, x: str, y: str) -> str:
    bottom, middle = _HEIGHT - _BOTTOM, (_TOP + _HEIGHT - _BOTTOM) / 2
    drawn = [f'<path class="axis" d="M{_LEFT},{_TOP}V{bottom}H{_WIDTH - _RIGHT}"/>']
    for tick in across.ticks():
        place = across.place(tick)
        drawn.append(f'<path class="grid" d="M{place:.1f},{bottom}V{_TOP}"/>')
        drawn.append(f'<text x="{place:.1f}" y="{bottom + 16}" text-anchor="middle">{number(tick)}</text>')
    for tick in upwards.ticks():
        place = upwards.place(tick)
        drawn.append(f'<path class="grid" d="M{_LEFT},{place:.1f}H{_WIDTH - _RIGHT}"/>')
        drawn.append(f'<text x="{_LEFT - 5}" y="{place + 4:.1f}" text-anchor="end">{number(tick)}</text>')
    drawn.append(
        f'<text x="{(_LEFT + _WIDTH - _RIGHT) / 2}" y="{_HEIGHT - 8}" text-anchor="middle">{escape(x)}</text>'
    )
    drawn.append(f'<text transform="translate(13,{middle})rotate(-90)" text-anchor="middle">{escape(y)}</text>')
    return "".join(drawn)
