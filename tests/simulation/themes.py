"""Which steps there are, and how often each comes in a schedule of a theme.

Decides the weights. A schedule draws one theme; what is rare happens where much else does not.

Rules
1. A seed keeps what it meant: a new step stands at the end of `STEPS` and weighs nothing in the older themes, and a
   theme that came later takes the place of the drawn one in some seeds only, by dice of its own. `--theme` shows what
   such a seed was before.
2. What returns drowns what else a schedule would have shown: steps that put a hub or a copy in place come in themes
   of their own alone.
"""

import random
from collections.abc import Mapping
from typing import Final

from simulation import (
    again_steps,
    clock_steps,
    copy_steps,
    desk_steps,
    drawer_steps,
    history_steps,
    hub_steps,
    key_steps,
    liar,
    line_steps,
    owner_steps,
    rescue_steps,
    restore_steps,
    sticks,
)
from simulation.stage import Step

STEPS: Final[dict[str, tuple[int, Step]]] = {
    **desk_steps.STEPS,
    **hub_steps.STEPS,
    **line_steps.STEPS,
    **sticks.STEPS,
    **liar.STEPS,
    **restore_steps.STEPS,
    **key_steps.STEPS,
    **rescue_steps.STEPS,
    **clock_steps.STEPS,
    **history_steps.STEPS,
    **copy_steps.STEPS,
    **again_steps.STEPS,
    **drawer_steps.STEPS,
    **owner_steps.STEPS,
}
"""Weight and step by name."""

THEMES: Final[dict[str, frozenset[str]]] = {
    "everything": frozenset(),
    "couriers": frozenset(name for name in hub_steps.STEPS if "courier" in name) | {"push", "pull"},
    "parked": frozenset({"courier writes", "lean on courier", "build on parked", "release", "give up", "push", "pull"}),
    "moves": frozenset({"move visit", "step visit", "step wrongly", "pull", "round"}),
    "conflicts": frozenset(
        {"edit shared", "save old form", "open form", "delete", "restore", "restore at hub", "push"}
    ),
    "line": frozenset(line_steps.STEPS),
    "sticks": frozenset(sticks.STEPS) | {"new", "edit shared"},
    "restores": frozenset(restore_steps.STEPS) | {"round", "push"},
    "histories": frozenset(history_steps.STEPS) | {"round", "push", "pull"},
    "copies": frozenset(copy_steps.STEPS) | {"round", "push", "edit shared"},
    "keys": frozenset(key_steps.STEPS) | {"courier writes", "courier arrives", "lean on courier", "round"},
    "clocks": frozenset(clock_steps.STEPS) | {"push", "edit shared", "round", "rescue"},
    "flood": frozenset({"flood", "push", "pull", "round", "release", "edit shared"}),
}
"""Steps that come more often in a schedule of that theme."""
RETURNING: Final = ("histories", "copies")
"""Themes in which a hub or a copy is put in place."""
THEME_FACTOR: Final = 4

_RESTORED: Final = {
    "take hub image": 20,
    "restore hub": 20,
    "greet": 50,
    "round": 120,
    "stick out": 15,
    "stick at hub": 20,
}
LATER: Final[dict[str, Mapping[str, int]]] = {
    "twice": {
        **_RESTORED,
        "restore hub again": 40,
        "open old hub": 20,
        "edit": 40,
        "rule": 50,
        "erase": 30,
        "suspend": 6,
        "stick home": 30,
    },
    "owners": {
        **_RESTORED,
        "sell": 50,
        "erase owner": 60,
        "write about erased car": 120,
        "pull": 60,
        "push": 60,
        "purge": 40,
        "retire": 20,
    },
    "drawers": {"into drawer": 30, "open drawer": 30, "edit shared": 60, "round": 120},
}
"""Themes that came later: weights of some steps; the others weigh what they weigh everywhere."""
LATER_RATE: Final = 0.15
"""In how many seeds one of these takes the place of the theme that the seed drew."""

NAMES: Final = (*THEMES, *LATER)
"""Every theme."""


def draw_theme(seed: int, dice: random.Random) -> str:
    """The theme of a seed.

    Args:
        dice: of the schedule; one of `THEMES` is drawn from them whatever comes of it.
    """
    drawn, own = dice.choice(list(THEMES)), random.Random(f"later theme {seed}")
    return own.choice(list(LATER)) if own.random() < LATER_RATE else drawn


def weights_of(theme: str) -> list[int]:
    """How often each step comes, in the order of `STEPS`."""
    if theme in LATER:
        often = LATER[theme]
        return [often.get(name, 0 if _is_returning(name) else weight) for name, (weight, _) in STEPS.items()]
    factors = dict.fromkeys(THEMES[theme], THEME_FACTOR)
    return [
        0 if theme not in RETURNING and _is_returning(name) else weight * factors.get(name, 1)
        for name, (weight, _) in STEPS.items()
    ]


def _is_returning(step: str) -> bool:
    return step in history_steps.STEPS or step in copy_steps.STEPS
