"""Plots as SVG that takes its colours from the page: no script, nothing from elsewhere, all text escaped."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

_WIDTH, _HEIGHT = 360, 260
_LEFT, _RIGHT, _TOP, _BOTTOM = 52, 12, 12, 44
_TICKS = 5
_BAR_HEIGHT, _NAME_WIDTH, _VALUE_WIDTH = 22, 170, 70
_NAME_CHARS = 24


@dataclass(frozen=True, kw_only=True)
class Line:
    """Points that belong together.

    Attributes:
        name: Said in the legend.
        points: In their order.
        is_dotted: Whether the points are marked as well.
        is_reference: Whether it is only there to be compared with.
    """

    name: str
    points: Sequence[tuple[float, float]]
    is_dotted: bool = False
    is_reference: bool = False


def line_plot(lines: Sequence[Line], *, title: str, x: str, y: str) -> str:
    """Return a plot of the lines, with axes that span them.

    Args:
        lines: At least one, each with a point.
        title: Read out where it cannot be seen.
        x: What runs to the right.
        y: What runs upwards.
    """
    across = _Scale.over([point[0] for line in lines for point in line.points], _LEFT, _WIDTH - _RIGHT)
    upwards = _Scale.over([point[1] for line in lines for point in line.points], _HEIGHT - _BOTTOM, _TOP)
    drawn = [_axes(across, upwards, x=x, y=y)]
    colour = 0
    for line in lines:
        kind = "reference" if line.is_reference else f"line c{colour % 5}"
        colour += not line.is_reference
        points = [(across.place(one), upwards.place(other)) for one, other in line.points]
        drawn.append(
            f'<polyline class="{kind}" points="{" ".join(f"{one:.1f},{two:.1f}" for one, two in points)}"/>'
        )
        if line.is_dotted:
            drawn += [f'<circle class="{kind}" cx="{one:.1f}" cy="{two:.1f}" r="3"/>' for one, two in points]
    return _svg(_WIDTH, _HEIGHT, title, drawn)


def bar_plot(bars: Sequence[tuple[str, float]], *, title: str) -> str:
    """Return a bar for each name, as long as its value, none of which is negative.

    Args:
        bars: Name and value, from the top.
        title: Read out where it cannot be seen.
    """
    longest = max((value for _, value in bars), default=0.0) or 1.0
    room = _WIDTH * 2 - _NAME_WIDTH - _VALUE_WIDTH
    drawn = []
    for place, (name, value) in enumerate(bars):
        top, length = place * _BAR_HEIGHT, value / longest * room
        shown = name if len(name) <= _NAME_CHARS else f"{name[: _NAME_CHARS - 1]}…"
        middle = top + _BAR_HEIGHT * 0.7
        said = f"{escape(shown)}<title>{escape(name)}</title>"
        end = _NAME_WIDTH + length
        drawn += [
            f'<text x="{_NAME_WIDTH - 8}" y="{middle:.1f}" text-anchor="end">{said}</text>',
            f'<rect class="bar" x="{_NAME_WIDTH}" y="{top + 3}" width="{length:.1f}" height="{_BAR_HEIGHT - 6}"/>',
            f'<text x="{end + 6:.1f}" y="{middle:.1f}">{number(value)}</text>',
        ]
    return _svg(_WIDTH * 2, max(1, len(bars)) * _BAR_HEIGHT, title, drawn)


def number(value: float) -> str:
    """Return a number as people read it: four digits that count."""
    return f"{value:,.0f}" if abs(value) >= 10_000 else f"{value:.4g}"  # noqa: PLR2004 - more digits than four


@dataclass(frozen=True, kw_only=True)
class _Scale:
    """Where values lie between two edges of the plot."""

    low: float
    high: float
    first: float
    last: float

    @classmethod
    def over(cls, values: Sequence[float], first: float, last: float) -> "_Scale":
        low, high = min(values), max(values)
        if low == high:
            low, high = low - 0.5, high + 0.5
        return cls(low=low, high=high, first=first, last=last)

    def place(self, value: float) -> float:
        return self.first + (value - self.low) / (self.high - self.low) * (self.last - self.first)

    def ticks(self) -> list[float]:
        """Return some round values within."""
        rough = (self.high - self.low) / _TICKS
        power = 10.0 ** math.floor(math.log10(rough))
        step = next(power * each for each in (1, 2, 5, 10) if power * each >= rough)
        first, last = math.ceil(self.low / step - 1e-9), math.floor(self.high / step + 1e-9)
        return [place * step for place in range(first, last + 1)]


def _axes(across: _Scale, upwards: _Scale, *, x: str, y: str) -> str:
    bottom, middle = _HEIGHT - _BOTTOM, (_TOP + _HEIGHT - _BOTTOM) / 2
    drawn = [f'<path class="axis" d="M{_LEFT},{_TOP}V{bottom}H{_WIDTH - _RIGHT}"/>']
    for tick in across.ticks():
        place = across.place(tick)
        drawn.append(f'<path class="grid" d="M{place:.1f},{bottom}V{_TOP}"/>')
        drawn.append(f'<text x="{place:.1f}" y="{bottom + 15}" text-anchor="middle">{number(tick)}</text>')
    for tick in upwards.ticks():
        place = upwards.place(tick)
        drawn.append(f'<path class="grid" d="M{_LEFT},{place:.1f}H{_WIDTH - _RIGHT}"/>')
        drawn.append(f'<text x="{_LEFT - 5}" y="{place + 4:.1f}" text-anchor="end">{number(tick)}</text>')
    drawn.append(
        f'<text x="{(_LEFT + _WIDTH - _RIGHT) / 2}" y="{_HEIGHT - 8}" text-anchor="middle">{escape(x)}</text>'
    )
    drawn.append(f'<text transform="translate(12,{middle})rotate(-90)" text-anchor="middle">{escape(y)}</text>')
    return "".join(drawn)


def _svg(width: int, height: int, title: str, drawn: Sequence[str]) -> str:
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" role="img" '
        f'aria-label="{escape(title)}">{"".join(drawn)}</svg>'
    )
