"""Clocks of nodes: off by years from the start, fast or slow, standing still.

Decides how a node's clock goes while time passes; what happens to clocks in a schedule stands in `clock_steps`.

    of the clocks    a third is right, a third off by minutes, a third by up to ten years
    drift            up to 500 millionths either way, in half of them
    stuck            for some steps, until somebody notices
"""

import random
from dataclasses import dataclass
from typing import Final

from support.node_builder import START_MS, TestClock

DRIFT_PPM_MAX: Final = 500

_MILLION: Final = 1_000_000
_YEAR_MS: Final = 365 * 24 * 3600 * 1000


@dataclass
class NodeClock(TestClock):
    """A node's clock.

    Attributes:
        drift_ppm: how much too fast it goes, in millionths; negative for too slow.
        is_stuck: it stands still.
        behind: millionths of a millisecond that it has not shown yet.
    """

    drift_ppm: int = 0
    is_stuck: bool = False
    behind: int = 0

    def pass_ms(self, elapsed_ms: int) -> None:
        """Let time pass."""
        if not self.is_stuck:
            shown, self.behind = divmod(elapsed_ms * (_MILLION + self.drift_ppm) + self.behind, _MILLION)
            self.ms += shown


def draw_clock(dice: random.Random) -> NodeClock:
    """The clock of a seed's next node."""
    start_ms = START_MS + dice.choice((0, dice.randint(-600_000, 600_000), dice.randint(-10, 10) * _YEAR_MS))
    return NodeClock(start_ms, dice.choice((0, dice.randint(-DRIFT_PPM_MAX, DRIFT_PPM_MAX))))
