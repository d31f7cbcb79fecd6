"""One seeded schedule: three desks, an unreliable line, an operator, and couriers who come late.

Decides what happens in which order, drawn from the seed, and that all lines heal in the end. A schedule is a function
of (seed, number of steps); whatever fails is seen again by running it again.

    python -m tools.simulate --from SEED --seeds 1
"""

import random
from dataclasses import dataclass
from typing import Final

from carnet_hub.core.quarantine import give_up_parked, list_parked
from simulation import desk_steps, hub_steps, line_steps
from simulation.archive import Broken
from simulation.checks import (
    check_converged,
    check_exact_rebuild,
    check_hub,
    check_hub_log,
    check_node,
    check_step,
    dump,
)
from simulation.stage import Stage, Step
from simulation.wire import Line
from simulation.world import Machine, open_world

STEPS: Final[dict[str, tuple[int, Step]]] = {**desk_steps.STEPS, **hub_steps.STEPS, **line_steps.STEPS}
"""Weight and step by name."""

STEPS_MIN: Final = 30
STEPS_MAX: Final = 60
DRAWS_MAX: Final = 8
OPENING: Final = ("vehicle", "vehicle", "customer", "visit")
"""What every desk has written when a schedule begins."""
CHECK_EVERY: Final = 12
CHECK_REBUILD_EVERY: Final = 2
HEALING_ROUNDS_MAX: Final = 4
CARRIED: Final = ("base_record", "own_set", "node_state")
"""Tables in which a late message may leave its trace (its position, a receipt); what is shown stands in the others."""

THEMES: Final[dict[str, frozenset[str]]] = {
    "everything": frozenset(),
    "couriers": frozenset(name for name in hub_steps.STEPS if "courier" in name) | {"push", "pull"},
    "parked": frozenset({"courier writes", "lean on courier", "build on parked", "release", "give up", "push", "pull"}),
    "moves": frozenset({"move visit", "step visit", "step wrongly", "pull", "round"}),
    "conflicts": frozenset(
        {"edit shared", "save old form", "open form", "delete", "restore", "restore at hub", "push"}
    ),
    "line": frozenset(line_steps.STEPS),
    "flood": frozenset({"flood", "push", "pull", "round", "release", "edit shared"}),
}
"""Steps that come more often in a schedule of that theme: rare things happen where much else does not."""
THEME_FACTOR: Final = 4

_TRACE_SHOWN: Final = 15


@dataclass(frozen=True)
class Outcome:
    """A schedule that came to its end, and everything held.

    Attributes:
        hidden: records that sites have lost sight of.
    """

    stage: Stage
    hidden: int


def run_schedule(seed: int, steps: int | None = None, theme: str | None = None) -> Outcome:
    """Run one schedule to its end.

    Args:
        steps: default drawn from the seed, 30 to 60.
        theme: one of `THEMES`; default drawn from the seed.

    Raises:
        Broken: an invariant does not hold; the text ends with the command that shows it again.
    """
    with open_world(seed) as world:
        stage = Stage(world, random.Random(seed))
        try:
            count, drawn = stage.dice.randint(STEPS_MIN, STEPS_MAX), stage.dice.choice(list(THEMES))
            _play(stage, steps or count, THEMES[theme or drawn])
            _heal(stage)
        except Exception as error:
            again = [("--steps", steps), ("--theme", theme)]
            more = "".join(f" {option} {value}" for option, value in again if value is not None)
            raise Broken(_report(seed, more, stage, error)) from error
        return Outcome(stage, stage.count_hidden())


def _report(seed: int, more: str, stage: Stage, error: Exception) -> str:
    """What broke, what went before, and how to see it again."""
    again = f".venv/bin/python -m tools.simulate --from {seed} --seeds 1{more}"
    what = f"seed {seed} after {len(stage.trace)} steps: {type(error).__name__}: {error}"
    return "\n  ".join([what, *stage.trace[-_TRACE_SHOWN:], f"see it again: {again}"])


def check_all(stage: Stage) -> None:
    """Everything that holds in the middle of a schedule."""
    stage.archive.read_log(stage.world.hub)
    for machine in stage.world.machines:
        check_node(machine, stage.archive)
    check_exact_rebuild(stage.dice.choice(stage.world.machines))
    check_hub(stage.world, stage.archive)


def _play(stage: Stage, count: int, theme: frozenset[str]) -> None:
    weights = [weight * (THEME_FACTOR if name in theme else 1) for name, (weight, _) in STEPS.items()]
    for machine in stage.world.machines:
        stage.trace += [f"  0 {machine.name} {stage.write_new(machine, kind)}" for kind in OPENING]
    for number in range(1, count + 1):
        machine = stage.dice.choice(stage.world.machines)
        stage.world.hub_clock.ms += stage.dice.randint(0, 5_000)
        machine.clock.ms += stage.dice.randint(0, 5_000)
        stage.trace.append(f"{number:>3} {machine.name} {_step(stage, machine, weights)}")
        if number % CHECK_REBUILD_EVERY == 0:
            check_step(machine)
        stage.archive.read_log(stage.world.hub)
        if number % CHECK_EVERY == 0:
            check_all(stage)


def _step(stage: Stage, machine: Machine, weights: list[int]) -> str:
    """One step that finds something to do; drawn again when there is nothing."""
    for name in stage.dice.choices(list(STEPS), weights, k=DRAWS_MAX):
        what = STEPS[name][1](stage, machine)
        if what is not None:
            stage.did[name] += 1
            return f"{name}: {what}"
    return "nothing to do"


def _heal(stage: Stage) -> None:
    """Deliver everything, and see that all is one."""
    check_all(stage)
    _settle_couriers(stage)
    for _ in range(HEALING_ROUNDS_MAX):
        reports = [stage.lines[one.name].round(stage.dice, breaks=0) for one in stage.world.machines]
        if all(one.is_complete and not one.rows and not one.push.sent for one in reports):
            break
    else:
        raise Broken(f"not converged after {HEALING_ROUNDS_MAX} rounds")
    check_all(stage)
    for machine in stage.world.machines:
        check_exact_rebuild(machine)
    check_converged(stage.world, stage.archive)
    check_hub_log(stage.world)
    _replay_everything(stage)


def _settle_couriers(stage: Stage) -> None:
    """What couriers and nodes carry arrives at last; what still waits then is given up."""
    for name in stage.undelivered:
        while stage.undelivered[name]:
            hub_steps.deliver_next(stage, name)
    for line in stage.lines.values():
        line.resend_from = None
        while line.push(50):
            line.deliver_answers(_Always(), len(line.answers) - 1)
    while parked := list_parked(stage.world.hub):
        give_up_parked(stage.world.hub, parked[0].nonce, note="nobody brought it")


def _replay_everything(stage: Stage) -> None:
    """Messages that arrive at last leave what is shown as it is; when they arrive again no byte changes."""
    for line in stage.lines.values():
        before = dump(line.machine)
        _deliver_all_backwards(line)
        between = dump(line.machine)
        _deliver_all_backwards(line)
        after = dump(line.machine)
        changed = [table for table in before if table not in CARRIED and before[table] != between[table]]
        changed += [table for table in before if between[table] != after[table]]
        if changed:
            raise Broken(f"{line.machine.name}: an old message changes {changed}")


def _deliver_all_backwards(line: Line) -> None:
    for at in reversed(range(len(line.pages))):
        line.deliver_page(at)
    for at in reversed(range(len(line.answers))):
        line.deliver_answers(_Always(), at)


class _Always(random.Random):
    """Dice that always say yes."""

    def random(self) -> float:
        """Zero."""
        return 0.0
