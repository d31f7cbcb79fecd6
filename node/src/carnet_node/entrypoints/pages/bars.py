"""A small plot of figures by day: where each bar stands in a box, as plain numbers for a template.

Decides geometry only. Bars stand on a line of nothing; what is below zero hangs from it.

    >>> [(bar.x, bar.y, bar.height) for bar in bars_of([2, 0, -2], width=30, height=40).bars]
    [(0, 0, 20), (10, 20, 0), (20, 20, 20)]
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

WIDTH: Final = 600
HEIGHT: Final = 84
_GAP: Final = 1


@dataclass(frozen=True, slots=True)
class Bar:
    """One figure in the box.

    Attributes:
        place: in the figures that were given.
    """

    place: int
    value: int
    x: int
    y: int
    height: int


@dataclass(frozen=True, slots=True)
class Bars:
    """What a template draws.

    Attributes:
        bar_width: of each, with a gap to the next.
        zero: height of the line of nothing, from above.
    """

    width: int
    height: int
    bar_width: int
    zero: int
    bars: tuple[Bar, ...]


def bars_of(values: Sequence[int], *, width: int = WIDTH, height: int = HEIGHT) -> Bars:
    """Bars side by side, in the order given.

    Args:
        values: at least one.
    """
    low, high = min(0, *values, 0), max(0, *values, 0)
    span = max(high - low, 1)
    zero = high * height // span
    step = width // len(values)
    bars = [
        Bar(place, value, place * step, zero - max(value, 0) * height // span, abs(value) * height // span)
        for place, value in enumerate(values)
    ]
    return Bars(width, height, max(step - _GAP, 1), zero, tuple(bars))
