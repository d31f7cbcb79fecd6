"""A small plot of an odometer: where its points lie in a box, as plain numbers for a template.

Decides geometry only. Time runs from left to right by the calendar, kilometres upwards from the lowest reading; a new
instrument begins a line of its own.

    >>> plot_of([(0, 10, False), (100, 20, False)], width=100, height=50).lines
    ('4,46 96,4',)
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from carnet_node.core.showing.odometer import Odometer

MARGIN: Final = 4
WIDTH: Final = 260
HEIGHT: Final = 84


@dataclass(frozen=True, slots=True)
class Point:
    """One reading in the box."""

    x: int
    y: int
    odometer_km: int
    read_at: int
    is_flagged: bool


@dataclass(frozen=True, slots=True)
class Plot:
    """What a template draws.

    Attributes:
        lines: one `points` attribute for each instrument.
    """

    width: int
    height: int
    lines: tuple[str, ...]
    points: tuple[Point, ...]


def odometer_plot(odometer: Odometer) -> Plot | None:
    """The readings of a car; None when there are fewer than two, which make no curve."""
    readings = odometer.readings
    if len(readings) < 2:  # noqa: PLR2004  (two points make a line)
        return None
    plot = plot_of(
        [(one.read_at, one.odometer_km, one.is_new_instrument) for one in readings], width=WIDTH, height=HEIGHT
    )
    flagged = [bool(one.flags) for one in readings]
    points = tuple(
        Point(one.x, one.y, one.odometer_km, one.read_at, is_flagged)
        for one, is_flagged in zip(plot.points, flagged, strict=True)
    )
    return Plot(plot.width, plot.height, plot.lines, points)


def plot_of(readings: Sequence[tuple[int, int, bool]], *, width: int, height: int) -> Plot:
    """Points of (time, kilometres, whether a new instrument begins) in a box, in the order given."""
    times, distances = [at for at, _, _ in readings], [km for _, km, _ in readings]
    points = tuple(
        Point(
            _place(at, min(times), max(times), width),
            height - _place(km, min(distances), max(distances), height),
            km,
            at,
            is_flagged=False,
        )
        for at, km, _ in readings
    )
    lines: list[list[str]] = []
    for point, (_, _, is_new) in zip(points, readings, strict=True):
        if is_new or not lines:
            lines.append([])
        lines[-1].append(f"{point.x},{point.y}")
    return Plot(width, height, tuple(" ".join(one) for one in lines), points)


def _place(value: int, lowest: int, highest: int, size: int) -> int:
    """Where a value lies between the margins of a side."""
    span = highest - lowest
    inside = size - 2 * MARGIN
    return MARGIN + (inside // 2 if span == 0 else (value - lowest) * inside // span)
