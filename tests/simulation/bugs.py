"""What a planted bug is.

Decides nothing; the bugs stand in `planted` and `planted_more`.
"""

from dataclasses import dataclass
from typing import Final

NODE: Final = "node/src/carnet_node/core/"
HUB: Final = "hub/src/carnet_hub/core/"


@dataclass(frozen=True, slots=True)
class Bug:
    """One bug.

    Attributes:
        name: what is wrong, for the table.
        invariant: which is expected to find it.
        path: of the module.
        right, wrong: text that stands there exactly once, and what takes its place.
        first: the seed to begin with, where the first ones show nothing.
        theme: of the schedules; None for each seed's own.
        with_liar: only a dishonest node shows it, so only schedules with one are run.
        script: a schedule by hand (see `directed`), for what a drawn one needs luck to meet; empty for none.
    """

    name: str
    invariant: str
    path: str
    right: str
    wrong: str
    first: int = 0
    theme: str | None = None
    with_liar: bool = False
    script: tuple[str, ...] = ()
