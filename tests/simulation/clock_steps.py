"""What happens to clocks: somebody sets one, one stands still, nights pass, the hub's is set back a little.

Decides how far. The hub's clock is the account's only time; it goes right but for steps back as a time server makes
them. What a set time may be is the business of `ledger`.
"""

from typing import Final

from simulation.stage import Stage, Step
from simulation.world import Machine

_HOUR_MS: Final = 3600 * 1000
_DAY_MS: Final = 24 * _HOUR_MS
SET_BACK_MS_MAX: Final = 120_000


def turn_clock(stage: Stage, machine: Machine) -> str | None:
    """Somebody sets a clock, by minutes or by years."""
    machine.clock.ms += stage.dice.choice((-400, -1, 1, 400)) * stage.dice.choice((60_000, _DAY_MS))
    stage.world.hub_clock.ms += stage.dice.choice((0, 0, _DAY_MS))
    stage.strokes.strike("clock jump")
    return "turned"


def stop_clock(stage: Stage, machine: Machine) -> str | None:
    """A clock stands still, or goes on again from where it stood."""
    machine.clock.is_stuck = not machine.clock.is_stuck
    if machine.clock.is_stuck:
        stage.strokes.strike("clock stuck")
        stage.reached["a clock stood still"] += 1
    return "stands still" if machine.clock.is_stuck else "goes on"


def night(stage: Stage, _: Machine) -> str | None:
    """Nobody is there for some hours, or for a holiday."""
    hours = stage.dice.choice((8, 14, 60, 24 * 10))
    stage.world.pass_ms(hours * _HOUR_MS)
    stage.reached["a night passed"] += 1
    return f"{hours} hours"


def set_hub_back(stage: Stage, _: Machine) -> str | None:
    """A time server sets the hub's clock back."""
    stage.world.hub_clock.ms -= stage.dice.randint(1, SET_BACK_MS_MAX)
    stage.strokes.strike("hub clock set back")
    stage.reached["the hub's clock was set back"] += 1
    return "set back"


STEPS: Final[dict[str, tuple[int, Step]]] = {
    "turn clock": (2, turn_clock),
    "stop clock": (2, stop_clock),
    "night": (2, night),
    "set hub back": (1, set_hub_back),
}
"""Weight and step by name."""
