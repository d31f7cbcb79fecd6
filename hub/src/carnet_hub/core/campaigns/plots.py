"""Drawings of a report as plain numbers: where a line runs, how long a bar is, what stands at an axis.

Decides geometry only; a template turns the numbers into SVG. Lengths are in the units of a view box.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final

WIDTH: Final = 720
HEIGHT: Final = 260
LEFT: Final = 70
BOTTOM: Final = 30
TOP: Final = 14
RIGHT: Final = 16
BAR_STEP: Final = 26
BAR_HEIGHT: Final = 16
BAR_LEFT: Final = 130
BAR_ROOM: Final = 480
_TICKS: Final = 4
_ROUND: Final = (1, 2, 5, 10)


@dataclass(frozen=True, slots=True)
class Tick:
    """A place on an axis and what is written there."""

    at: int
    text: str


@dataclass(frozen=True, slots=True)
class LinePlot:
    """A line over days.

    Attributes:
        path: of the line, as SVG writes it.
        area: the same, closed along the lower axis.
        target: height of the line that all members would reach.
    """

    path: str
    area: str
    target: int
    days: tuple[Tick, ...]
    counts: tuple[Tick, ...]


@dataclass(frozen=True, slots=True)
class Bar:
    """One bar of a chart that lies on its side."""

    at: int
    length: int
    label: str
    count: int


def line_plot(points: Sequence[tuple[int, int]], start: date, total: int, end: date | None = None) -> LinePlot:
    """A line from points.

    Args:
        points: (days since `start`, count), ascending, at least one; the axis names no day behind the last.
        total: what the upper edge stands for; the points lie below it.
        end: of the time; a plot of one day is drawn as wide as others and names no day that has not come.
    """
    last, most = max(points[-1][0], 1), max(total, 1)
    places = [(_x(day, last), _y(count, most)) for day, count in points]
    steps = [f"M{places[0][0]} {places[0][1]}"]
    for x, y in places[1:]:
        steps.append(f"H{x}V{y}")
    path = "".join(steps)
    span = points[-1][0] if end is None else min(points[-1][0], max((end - start).days, 0))
    named = sorted({span * one // _TICKS for one in range(_TICKS + 1)})
    days = tuple(Tick(_x(day, last), (start + timedelta(day)).isoformat()) for day in named)
    counts = tuple(Tick(_y(count, most), f"{count:,}") for count in _round_counts(most))
    floor = HEIGHT - BOTTOM
    return LinePlot(path, f"{path}V{floor}H{LEFT}Z", _y(most, most), days, counts)


def bar_plot(rows: Sequence[tuple[str, int]]) -> tuple[Bar, ...]:
    """Bars, one below the other, the longest as wide as there is room."""
    most = max((count for _, count in rows), default=1) or 1
    return tuple(
        Bar(number * BAR_STEP, max(count * BAR_ROOM // most, 1), label, count)
        for number, (label, count) in enumerate(rows)
    )


def _round_counts(most: int) -> list[int]:
    """0, round numbers as far apart as there is room for, and `most`; none so near to it that both cannot be read."""
    scale = 1
    while scale * 10 * _TICKS < most:
        scale *= 10
    step = next(scale * one for one in _ROUND if scale * one * _TICKS >= most)
    return [*range(0, most - (step + 1) // 2 + 1, step), most] if most > 1 else [0, most]


def _x(day: int, last: int) -> int:
    return LEFT + day * (WIDTH - LEFT - RIGHT) // last


def _y(count: int, most: int) -> int:
    return HEIGHT - BOTTOM - count * (HEIGHT - BOTTOM - TOP) // most
