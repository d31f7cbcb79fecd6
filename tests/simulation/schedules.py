"""One seeded schedule: three desks, a bad line, sticks, an operator, late couriers, and processes that die.

Decides what happens in which order, drawn from the seed or read from a tape, what goes wrong in it, and that all heals
in the end. A schedule is a function of its seed; every step has dice of its own, so a tape with some steps taken out
is a schedule as well.

    python -m tools.simulate --from SEED --seeds 1 --trace
"""

import hashlib
import random
from collections import Counter
from collections.abc import Iterator
from copy import deepcopy
from dataclasses import dataclass
from functools import partial
from typing import Final

from carnet_hub.core.ports import StoreError
from carnet_node.core.failures import HighWaterUnreadable, HubUnreachable, KeysUnreadable
from carnet_node.core.store_failures import Rejoining, StoreBroken, StoreBusy, WritingStopped
from carnet_protocol.errors import NotAllowed, OutOfOrder
from carnet_protocol.reasons import Reason
from simulation import copy_steps, key_steps
from simulation.beside import beside_hub, beside_node
from simulation.checks import check_alarms, check_exact_rebuild, check_hub, check_step
from simulation.faults import STRIKE_STEPS_MAX, draw_mix
from simulation.handed_back import note_read
from simulation.healing import heal
from simulation.invariants import Broken, Watch
from simulation.node_checks import check_node
from simulation.overreach import check_orders, check_taken_out
from simulation.power import FILE_STEPS, Power, SimCrash, Trouble
from simulation.rare import rare_states
from simulation.receipts import check_receipts
from simulation.shown_before import check_shown
from simulation.stage import Stage
from simulation.tape import Choice, Tape
from simulation.themes import STEPS, draw_theme, weights_of
from simulation.world import Machine, open_world
from simulation.wrong_clocks import NodeClock

STEP_MS_MAX: Final = 5_000
"""How long a step takes at most."""
STEPS_MIN: Final = 60
STEPS_MAX: Final = 80
STROKES_MIN: Final = 5
"""Faults that strike in every schedule; one that had fewer goes on."""
STEPS_MORE: Final = 400
"""So many steps more at most, where few faults strike."""
FILE_STROKES: Final = 0.3
"""How many of the crashes of a node are aimed at its small files."""
DRAWS_MAX: Final = 8
OPENING: Final = ("vehicle", "vehicle", "customer", "visit")
"""What every desk has written when a schedule begins."""
CHECK_EVERY: Final = 16
CHECK_REBUILD_EVERY: Final = 3

STRUCK: Final = (StoreBroken, StoreBusy, StoreError, HighWaterUnreadable, KeysUnreadable, HubUnreachable, OSError)
"""What a failing disk comes to; anything else is a fault of the program."""

_TRACE_SHOWN: Final = 15


@dataclass(frozen=True)
class Outcome:
    """A schedule that came to its end, and everything held.

    Attributes:
        tape: what was done, to do it again.
        rare: rare states it was in, with how often.
        trace_hash: of every step and of where it ended.
    """

    stage: Stage
    tape: Tape
    rare: Counter[str]
    trace_hash: str


class Failed(AssertionError):
    """A schedule in which something does not hold.

    Attributes:
        broken: the first breach, or what else went wrong.
        tape: as far as it came.
    """

    def __init__(self, broken: BaseException, tape: Tape, trace: list[str]) -> None:
        self.broken, self.tape, self.trace = broken, tape, trace
        super().__init__(self._report())

    @property
    def invariant(self) -> str:
        """The name of what does not hold; `I18` for an error that nobody expects."""
        return self.broken.invariant if isinstance(self.broken, Broken) else "I18"

    @property
    def what(self) -> str:
        """In one line."""
        broken = self.broken
        return str(broken) if isinstance(broken, Broken) else f"I18: {type(broken).__name__}: {broken}"

    def _report(self) -> str:
        again = f".venv/bin/python -m tools.simulate --from {self.tape.seed} --seeds 1"
        what = f"seed {self.tape.seed} after {len(self.trace)} steps: {self.what}"
        return "\n  ".join([what, *self.trace[-_TRACE_SHOWN:], f"see it again: {again}"])


def run_schedule(
    seed: int, steps: int | None = None, theme: str | None = None, without: frozenset[str] = frozenset()
) -> Outcome:
    """Run the schedule of a seed to its end.

    Args:
        steps: default drawn from the seed, 60 to 80, more until five faults have struck.
        theme: one of `themes.NAMES`; default drawn from the seed.
        without: invariants that are not looked at.

    Raises:
        Failed: an invariant does not hold; the text ends with the command that shows it again.
    """
    dice = random.Random(seed)
    count, drawn = dice.randint(STEPS_MIN, STEPS_MAX), draw_theme(seed, dice)
    return _run(seed, _Drawn(dice, steps or count, theme or drawn), without)


def run_tape(tape: Tape, without: frozenset[str] = frozenset()) -> Outcome:
    """Run a tape to its end.

    Raises:
        Failed: an invariant does not hold.
    """
    return _run(tape.seed, _Replayed(tape.choices), without)


def _run(seed: int, script: "_Drawn | _Replayed", without: frozenset[str]) -> Outcome:
    with open_world(seed) as world:
        mix = draw_mix(random.Random(f"mix {seed}"))
        stage = Stage(world, random.Random(f"opening {seed}"), mix, Watch(without))
        taken: list[Choice] = []
        try:
            _open(stage)
            for choices in script.next_choices(stage):
                _play(stage, choices, taken)
            check_all(stage)
            begin_step(stage, "healing")
            heal(stage)
        except Exception as error:
            raise Failed(error, Tape(seed, tuple(taken)), stage.trace) from error
        return Outcome(stage, Tape(seed, tuple(taken)), rare_states(stage), _trace_hash(stage))


class _Drawn:
    """Choices drawn from the seed; several for each step, for when there is nothing to do."""

    def __init__(self, dice: random.Random, count: int, theme: str) -> None:
        self._dice, self._count = dice, count
        self._weights = weights_of(theme)

    def next_choices(self, stage: Stage) -> Iterator[list[Choice]]:
        """The choices for each step, best first."""
        for _ in range(self._count + STEPS_MORE):
            if stage.did.total() >= self._count and stage.strokes.total >= STROKES_MIN:
                return
            yield self._draw(stage)

    def _draw(self, stage: Stage) -> list[Choice]:
        who = self._dice.choice(stage.world.machines).name
        number = self._dice.getrandbits(48)
        trouble, process, at = "", "", 0
        if self._dice.random() < stage.mix.process_rate:
            struck = self._dice.choice(stage.mix.process)
            trouble, process = struck.value, self._dice.choice(("node", "hub"))
            at = 1 + int(STRIKE_STEPS_MAX[struck] * self._dice.random() ** 2)
            if struck is Trouble.CRASH and process == "node" and self._dice.random() < FILE_STROKES:
                at = FILE_STEPS + self._dice.randint(1, 3)
        names = self._dice.choices(list(STEPS), self._weights, k=DRAWS_MAX)
        return [Choice(name, who, number, trouble, process, at) for name in names]


class _Replayed:
    """Choices from a tape."""

    def __init__(self, choices: tuple[Choice, ...]) -> None:
        self._choices = choices

    def next_choices(self, _: Stage) -> Iterator[list[Choice]]:
        """The choices of the tape, one for each step."""
        for one in self._choices:
            yield [one]


def check_all(stage: Stage) -> None:
    """Everything that holds in the middle of a schedule."""
    stage.read_hub()
    stage.watch.check(
        partial(check_alarms, stage.world),
        *(partial(check_node, machine, stage.archive) for machine in stage.world.machines),
        *(partial(copy_steps.check_undisturbed, stage, machine) for machine in stage.world.machines),
        partial(check_exact_rebuild, stage.dice.choice(stage.world.machines)),
        partial(check_hub, stage.world.hub, stage.archive),
        partial(check_receipts, stage),
        partial(key_steps.check_held, stage),
        partial(check_orders, stage),
        partial(check_taken_out, stage),
    )
    for machine in stage.world.machines:
        stage.ledger.check_chain(machine)
    stage.ledger.check_log(stage.world.hub)
    stage.holders.check_suspects(stage.archive)
    stage.watch.check()


def _open(stage: Stage) -> None:
    for machine in stage.world.machines:
        stage.trace += [f"  0 {machine.name} {stage.write_new(machine, kind)}" for kind in OPENING]


def begin_step(stage: Stage, step: str) -> None:
    """Dice and lots of a step."""
    stage.dice = random.Random(step)
    for lots in (*(one.lots for one in stage.world.machines), *(one.lots for one in stage.world.workers)):
        lots.begin(step)


def _play(stage: Stage, choices: list[Choice], taken: list[Choice]) -> None:
    """The first of these choices that finds something to do."""
    for choice in choices:
        begin_step(stage, f"{choice.dice}")
        machine = next((one for one in stage.world.machines if one.name == choice.who), None)
        if machine is None:  # a copy that this schedule has not made
            continue
        clocks = deepcopy([one.clock for one in stage.world.machines]), stage.world.hub_clock.ms
        stage.world.on_duty = stage.dice.randrange(len(stage.world.workers))
        stage.world.pass_ms(stage.dice.randint(0, STEP_MS_MAX))
        taken.append(choice)
        what = _strike_and_step(stage, machine, choice)
        if what is not None:
            break
        taken.pop()
        _set_clocks_back(stage, *clocks)
    else:
        return
    number = len(taken)
    stage.did[choice.step] += 1
    stage.trace.append(f"{number:>3} {machine.name} {choice.step}: {what}")
    if machine.name in stage.restored:
        stage.take_stock(machine)
    if stage.is_hub_restored:
        for one in stage.world.machines:
            one.note_history()
            note_read(stage, one)
    stage.read_hub()
    if stage.is_hub_restored:  # after the verdicts of this very step: what was refused in it is left out
        stage.watch.check(partial(check_shown, stage, machine))
    if number % CHECK_REBUILD_EVERY == 0:
        stage.watch.check(partial(check_step, machine))
    if number % CHECK_EVERY == 0:
        check_all(stage)


def _set_clocks_back(stage: Stage, nodes: list[NodeClock], hub_ms: int) -> None:
    """Nothing has happened, so no time has passed."""
    stage.world.hub_clock.ms = hub_ms
    for machine, before in zip(stage.world.machines, nodes, strict=True):
        machine.clock.__dict__.update(before.__dict__)


def _strike_and_step(stage: Stage, machine: Machine, choice: Choice) -> str | None:
    """One step, with what goes wrong in it; None when there was nothing to do."""
    power = machine.power if choice.process == "node" else stage.world.worker.power
    if choice.planned is not None:
        between = partial(beside_node, stage, machine) if choice.process == "node" else partial(beside_hub, stage)
        power.plan(choice.planned, choice.at, between)
    try:
        what = STEPS[choice.step][1](stage, machine)
    except SimCrash as crash:
        what = _after_crash(stage, crash, power)
    except (NotAllowed, OutOfOrder) as refusal:
        what = _refused(stage, machine, refusal)
    except (Rejoining, WritingStopped) as refusal:
        if machine.name not in stage.restored:
            raise
        stage.reached["a desk waits until its node has rejoined"] += 1
        what = f"waits ({type(refusal).__name__})"
    except Broken as broken:
        if broken.invariant not in stage.watch.without:
            raise
        what = f"nobody looks at {broken.invariant}"
        stage.take_stock(machine)
    except STRUCK as error:
        if not power.has_struck:
            raise
        what = f"{choice.trouble} of the {choice.process}: {type(error).__name__}"
        stage.take_stock(machine)
    if power.clear():
        stage.strokes.strike(f"{choice.trouble} ({choice.process})")
        stage.reached[f"{choice.trouble} of the {choice.process} in: {choice.step}"] += 1
        what = f"{what} ({choice.trouble} of the {choice.process} at {choice.at})"
    return what


def _refused(stage: Stage, machine: Machine, refusal: NotAllowed | OutOfOrder) -> str:
    """What somebody was told who may not do something.

    Raises:
        NotAllowed, OutOfOrder: there was no reason for it.
    """
    if refusal.reason is Reason.HUB_EPOCH_CHANGED and stage.is_hub_restored:
        stage.reached["a message of another history was turned away"] += 1
        return "of another history"
    if refusal.reason is Reason.TOO_MANY_HEADS:
        stage.reached["no room in a register, said at once"] += 1
        return "no room"
    if refusal.reason is Reason.SUSPENDED_NODE and stage.is_barred(machine):
        stage.reached["a suspended node asked in vain"] += 1
        return "turned away"
    raise refusal


def _after_crash(stage: Stage, crash: SimCrash, power: Power) -> str:
    """The process starts again; what it had committed without telling anybody is taken down."""
    process = stage.world.restart(crash.process)
    if isinstance(process, Machine):
        unknown = stage.take_stock(process)
        stage.reached["committed, and nobody was told" if unknown else "a node died before its commit"] += 1
        if power.names[-1:] == ["half a file"]:
            stage.reached["died with half a mark on disk"] += 1
        if power.names[-1:] == ["file replaced"]:
            stage.reached["died between the mark and the message"] += 1
    return f"{crash.process} died at {power.names[-1] if power.names else '?'}"


def _trace_hash(stage: Stage) -> str:
    """SHA-256 over every step, and over each entry of the hub's log."""
    found = hashlib.sha256("\n".join(stage.trace).encode())
    for row in stage.ledger.log.rows:
        found.update(row)
    for machine in stage.world.machines:
        with machine.node.store.read() as tx:
            found.update(repr([(kind, record.hex()) for kind, record in tx.known_keys()]).encode())
    return found.hexdigest()
