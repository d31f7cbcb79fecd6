"""One seeded schedule: three desks, an unreliable line, an operator, and couriers who come late.

Decides what happens in which order, drawn from the seed, and that all lines heal in the end. A schedule is a function
of (seed, number of steps); whatever fails is seen again by running it again.

    python -m tools.simulate --from SEED --seeds 1
"""

import random
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

from carnet_hub.core import conflicts as hub_conflicts
from carnet_hub.core.at_rest import plain_entries
from carnet_hub.core.authoring import write_hub_set
from carnet_hub.core.ingest import receive_sets
from carnet_hub.core.quarantine import give_up_parked, list_parked, release_parked
from carnet_hub.core.rebuild import rebuild_projections
from carnet_hub.core.rows import RecordRow
from carnet_node.core import conflicts as node_conflicts
from carnet_node.core.authoring import commit
from carnet_node.core.failures import HubUnreachable
from carnet_protocol.changeset import Draft
from carnet_protocol.errors import NotAllowed
from carnet_protocol.ids import OpId, RecordId
from carnet_protocol.kinds import REGISTRY
from carnet_protocol.messages import PushCode
from carnet_protocol.ops import Action
from carnet_protocol.registry import Kind, Writer
from carnet_protocol.state import Entries, head_op_ids
from simulation import desk
from simulation.archive import Archive, Broken
from simulation.checks import (
    check_converged,
    check_exact_rebuild,
    check_hub,
    check_hub_log,
    check_node,
    check_step,
    dump,
)
from simulation.desk import Form
from simulation.wire import Line
from simulation.world import HUB_ID, Machine, World, open_world
from support.authors import MadeSet
from support.hub_apps import VoiceAuthor

STEPS_MIN: Final = 30
STEPS_MAX: Final = 60
FORMS_MAX: Final = 6
DRAWS_MAX: Final = 8
OPENING: Final = ("vehicle", "customer", "visit")
"""What every desk has written when a schedule begins."""
CHECK_EVERY: Final = 10
HEALING_ROUNDS_MAX: Final = 4
CARRIED: Final = ("base_record", "own_set", "node_state")
"""Tables in which a late message may leave its trace (its position, a receipt); what is shown stands in the others."""
_DAY_MS: Final = 24 * 3600 * 1000


def run_schedule(seed: int, steps: int | None = None) -> "Schedule":
    """Run one schedule to its end.

    Args:
        steps: default drawn from the seed, 30 to 60.

    Raises:
        Broken: an invariant does not hold; the text ends with the command that shows it again.

    Returns: what happened.
    """
    with open_world(seed) as world:
        schedule = Schedule(seed, world)
        try:
            schedule.run(steps)
        except Exception as error:
            tail = "\n  ".join(schedule.trace[-15:])
            raise Broken(
                f"seed {seed}, step {len(schedule.trace)}: {type(error).__name__}: {error}\n  {tail}\n"
                f"see it again: .venv/bin/python -m tools.simulate --from {seed} --seeds 1"
            ) from error
    return schedule


@dataclass
class Schedule:
    """The state of one run.

    Attributes:
        forms: what people at each desk have before them, newest last.
        undelivered: sets that couriers carry, per courier in the order of their chain.
        trace: one line per step.
        did: how often each step found something to do.
        evictions: records that some site has lost sight of.
        is_healed: the schedule came to its end and everything held.
    """

    seed: int
    world: World
    dice: random.Random = field(init=False)
    archive: Archive = field(init=False)
    lines: dict[str, Line] = field(init=False)
    forms: dict[str, list[Form]] = field(init=False)
    undelivered: dict[str, list[MadeSet]] = field(init=False)
    trace: list[str] = field(default_factory=list)
    did: Counter[str] = field(default_factory=Counter)
    evictions: int = 0
    is_healed: bool = False

    def __post_init__(self) -> None:
        self.dice = random.Random(self.seed)
        self.archive = Archive(HUB_ID)
        self.lines = {one.name: Line(one, self.world.hub) for one in self.world.machines}
        self.forms = {one.name: [] for one in self.world.machines}
        self.undelivered = {one.name: [] for one in self.world.couriers}

    def run(self, steps: int | None = None) -> None:
        """Every step with its checks, then healing."""
        count = steps or self.dice.randint(STEPS_MIN, STEPS_MAX)
        for machine in self.world.machines:
            self.trace += [f"  0 {machine.name} {self._write_new(machine, kind)}" for kind in OPENING]
        for number in range(1, count + 1):
            machine = self.dice.choice(self.world.machines)
            self.world.hub_clock.ms += self.dice.randint(0, 5_000)
            machine.clock.ms += self.dice.randint(0, 5_000)
            self.trace.append(f"{number:>3} {machine.name} {self._step(machine)}")
            check_step(machine)
            if number % CHECK_EVERY == 0:
                self.check()
        self.heal()

    def _step(self, machine: Machine) -> str:
        """One step that finds something to do; drawn again when there is nothing."""
        names = list(_STEPS)
        weights = [weight for weight, _ in _STEPS.values()]
        for name in self.dice.choices(names, weights, k=DRAWS_MAX):
            what = _STEPS[name][1](self, machine)
            if what is not None:
                self.did[name] += 1
                return f"{name}: {what}"
        return "nothing to do"

    def check(self) -> None:
        """Everything that holds in the middle of a schedule."""
        self.archive.read_log(self.world.hub)
        for machine in self.world.machines:
            check_node(machine, self.archive)
        check_exact_rebuild(self.dice.choice(self.world.machines))
        check_hub(self.world, self.archive)

    def heal(self) -> None:
        """Deliver everything, and see that all is one."""
        self.check()
        self._settle_couriers()
        for _ in range(HEALING_ROUNDS_MAX):
            reports = [self.lines[one.name].round(self.dice, breaks=0) for one in self.world.machines]
            if all(one.is_complete and not one.rows and not one.push.sent for one in reports):
                break
        else:
            raise Broken(f"not converged after {HEALING_ROUNDS_MAX} rounds")
        self.check()
        for machine in self.world.machines:
            check_exact_rebuild(machine)
        check_converged(self.world, self.archive)
        check_hub_log(self.world)
        self._replay_everything()
        self.evictions = sum(self._evictions(machine) for machine in self.world.machines)
        self.is_healed = True

    @property
    def step_names(self) -> tuple[str, ...]:
        """Every step there is."""
        return tuple(_STEPS)

    def _settle_couriers(self) -> None:
        """What couriers carry arrives at last; what still waits then is released or given up."""
        for name in self.undelivered:
            while self.undelivered[name]:
                self._deliver_next(name)
        for line in self.lines.values():
            line.resend_from = None
            while line.push(50):
                line.deliver_answers(_Always(), len(line.answers) - 1)
        for parked in list_parked(self.world.hub):
            give_up_parked(self.world.hub, parked.nonce, note="nobody brought it")

    def _evictions(self, machine: Machine) -> int:
        with machine.node.store.read() as tx:
            return sum(one.is_hidden for kind in REGISTRY.kinds for one in tx.projections(kind))

    def _replay_everything(self) -> None:
        """Messages that arrive at last leave what is shown as it is; when they arrive again no byte changes."""
        for line in self.lines.values():
            before = dump(line.machine)
            self._deliver_all_backwards(line)
            between = dump(line.machine)
            self._deliver_all_backwards(line)
            after = dump(line.machine)
            changed = [table for table in before if table not in CARRIED and before[table] != between[table]]
            changed += [table for table in before if between[table] != after[table]]
            if changed:
                raise Broken(f"{line.machine.name}: an old message changes {changed}")

    def _deliver_all_backwards(self, line: Line) -> None:
        for at in reversed(range(len(line.pages))):
            line.deliver_page(at)
        for at in reversed(range(len(line.answers))):
            line.deliver_answers(_Always(), at)

    # -------------------------------------------------------------------------------------------------------- desks

    def write_new(self, machine: Machine) -> str | None:
        """A new record."""
        return self._write_new(machine, self.dice.choice(desk.NEW_KINDS))

    def open_form(self, machine: Machine) -> str | None:
        """Somebody opens a form and goes for lunch."""
        form = self._form(machine, (*desk.OWN_KINDS, *desk.SHARED_KINDS))
        if form is None:
            return None
        self.forms[machine.name] = [*self.forms[machine.name], form][-FORMS_MAX:]
        return form.kind.name

    def edit(self, machine: Machine) -> str | None:
        """A form of now is changed and saved."""
        form = self._form(machine, (*desk.OWN_KINDS, *desk.SHARED_KINDS))
        return None if form is None else self._commit(machine, desk.edit_draft(form, self.dice))

    def edit_shared(self, machine: Machine) -> str | None:
        """The same, of a record that everybody writes."""
        form = self._form(machine, desk.SHARED_KINDS)
        return None if form is None else self._commit(machine, desk.edit_draft(form, self.dice))

    def save_old_form(self, machine: Machine) -> str | None:
        """A form that was opened earlier is saved, whatever has come in since."""
        forms = self.forms[machine.name]
        if not forms:
            return None
        return self._commit(machine, desk.edit_draft(self.dice.choice(forms), self.dice))

    def edit_several(self, machine: Machine) -> str | None:
        """Several records in one change set."""
        drafts: dict[bytes, Draft] = {}
        for _ in range(3):
            form = self._form(machine, (*desk.OWN_KINDS, *desk.SHARED_KINDS))
            draft = None if form is None else desk.edit_draft(form, self.dice)
            if draft is not None:
                drafts[draft.record] = draft
        return self._commit(machine, *drafts.values())

    def delete(self, machine: Machine) -> str | None:
        """A record is taken away, by a form of now or of earlier."""
        form = self._form_now_or_earlier(machine, ("customer", "phone", "address", "plate", "ownership", "vehicle"))
        return None if form is None else self._commit(machine, desk.delete_draft(form))

    def retract(self, machine: Machine) -> str | None:
        """A fact is taken back."""
        form = self._form_now_or_earlier(machine, ("odometer_reading", "consent"))
        return None if form is None else self._commit(machine, desk.retraction(form))

    def step_visit(self, machine: Machine) -> str | None:
        """A visit goes on."""
        form = self._form_now_or_earlier(machine, ("visit",))
        return None if form is None else self._commit(machine, desk.step_draft(form, self.dice, is_legal=True))

    def step_wrongly(self, machine: Machine) -> str | None:
        """A visit jumps to a state that may not follow: the op is void at the hub."""
        form = self._form_now_or_earlier(machine, ("visit",))
        return None if form is None else self._commit(machine, desk.step_draft(form, self.dice, is_legal=False))

    def move_visit(self, machine: Machine) -> str | None:
        """A visit moves to another car; sites that knew the first one only lose it."""
        form = self._form_now_or_earlier(machine, ("visit",))
        if form is None:
            return None
        with machine.node.store.read() as tx:
            return self._commit(machine, desk.move_draft(tx, machine, form, self.dice))

    def restore(self, machine: Machine) -> str | None:
        """An overruled value is brought back at the desk that lost it."""
        listed = node_conflicts.list_conflicts(machine.node, with_settled=True)
        open_to_us = [one for one in listed if one.can_restore and one.overruled.withheld is None]
        if not open_to_us:
            return None
        one = self.dice.choice(open_to_us)
        sealed = node_conflicts.restore_value(
            machine.node, one.record.kind, one.record.id, one.register, one.overruled.op
        )
        return self._keep(machine, sealed.nonce)

    def write_foreign(self, machine: Machine) -> str | None:
        """Somebody writes another site's record: refused at the desk if it is known there, at the hub if not."""
        kind = REGISTRY[self.dice.choice(("customer", "visit", "phone"))]
        dealer = machine.node.identity.dealer_id
        foreign = [row for row in self._hub_records(kind) if row.owner != dealer]
        if not foreign:
            return None
        row = self.dice.choice(foreign)
        register, values = desk.register_values(kind, self.dice)
        based_on = head_op_ids(self._entries(row), [register.number])
        with machine.node.store.read() as tx:
            is_known = tx.record(kind, RecordId(row.id)) is not None
        try:
            return self._commit(machine, Draft(kind, RecordId(row.id), values, based_on))
        except NotAllowed:
            if not is_known:
                raise
            return "refused at the desk"

    # ----------------------------------------------------------------------------------------------------- couriers

    def courier_writes(self, _: Machine) -> str | None:
        """A node we only hear of seals a set; it does not arrive yet."""
        courier = self.dice.choice(self.world.couriers)
        draft = self._courier_draft(courier)
        if draft is None:
            return None
        made = courier.write(draft)
        self.archive.keep(courier.name, *made.pushed)
        self.undelivered[courier.name].append(made)
        return f"{courier.name} {draft.kind.name}"

    def lean_on_courier(self, machine: Machine) -> str | None:
        """Somebody has seen a courier's write that the hub may not have: the set parks there."""
        made = [one for sets in self.undelivered.values() for one in sets]
        if not made:
            return None
        op = self.archive.ops[self.dice.choice(made).op()]
        if op.kind.writer is Writer.OWNER_SITE and self.archive.set_of(op.op).dealer != machine.node.identity.dealer_id:
            return None
        register, values = desk.register_values(op.kind, self.dice)
        with machine.node.store.read() as tx:
            stored = tx.record(op.kind, RecordId(op.record))
        entries = () if stored is None else stored.entries
        based_on = (*head_op_ids(entries, [register.number]), op.op)
        return self._commit(machine, Draft(op.kind, RecordId(op.record), values, based_on))

    def courier_arrives(self, _: Machine) -> str | None:
        """The next set of a courier arrives."""
        waiting = [name for name, sets in self.undelivered.items() if sets]
        return self._deliver_next(self.dice.choice(waiting)) if waiting else None

    def courier_overtakes(self, _: Machine) -> str | None:
        """A courier's later set arrives before an earlier one: a gap, and nothing happens."""
        behind = [sets for sets in self.undelivered.values() if len(sets) > 1]
        if not behind:
            return None
        (answer,) = receive_sets(self.world.hub, [self.dice.choice(behind)[-1].pushed])
        if PushCode(answer.code) is not PushCode.GAP:
            raise Broken(f"a set out of order was answered {PushCode(answer.code).name}")
        return "gap"

    # ------------------------------------------------------------------------------------------------------- the hub

    def release(self, _: Machine) -> str | None:
        """The operator declares lost what a parked set waits for."""
        parked = list_parked(self.world.hub)
        if not parked:
            return None
        one = self.dice.choice(parked)
        held = {made.nonce for made in parked}
        lost = [op for op in one.waits_for if op[:-2] not in held]
        try:
            release_parked(self.world.hub, one.nonce, note="the stick is gone", lost=lost)
        except NotAllowed as still:
            return f"still {still.reason.value}"
        return f"lost {len(lost)}"

    def give_up(self, _: Machine) -> str | None:
        """The operator decides that a parked set has no effect."""
        parked = list_parked(self.world.hub)
        if not parked:
            return None
        give_up_parked(self.world.hub, self.dice.choice(parked).nonce, note="entered twice")
        return "refused"

    def rule(self, _: Machine) -> str | None:
        """A steward writes a site's record with a ruling, or a shared one."""
        kind = REGISTRY[self.dice.choice(("customer", "visit", "vehicle", "plate"))]
        rows = self._hub_records(kind)
        if not rows:
            return None
        row = self.dice.choice(rows)
        register, values = desk.register_values(kind, self.dice)
        action = Action.RULING if kind.writer is Writer.OWNER_SITE else Action.WRITE
        based_on = head_op_ids(self._entries(row), [register.number])
        write_hub_set(self.world.hub, [Draft(kind, RecordId(row.id), values, based_on, action)])
        return f"{kind.name}.{register.name}"

    def restore_at_hub(self, _: Machine) -> str | None:
        """A steward brings an overruled value back."""
        listed = hub_conflicts.list_conflicts(self.world.hub)
        if not listed:
            return None
        one = self.dice.choice(listed)
        op = self.dice.choice(one.overruled).op
        hub_conflicts.restore_value(self.world.hub, REGISTRY[one.kind], one.record, register=one.register, op=op)
        return f"{one.kind}.{one.register}"

    def rebuild_hub(self, _: Machine) -> str | None:
        """The hub drops its tables and folds its log again."""
        return f"{rebuild_projections(self.world.hub)} entries"

    # --------------------------------------------------------------------------------------------------------- lines

    def push(self, machine: Machine) -> str | None:
        """Sets go up; the answer is on its way, lost, or delivered at once."""
        line = self.lines[machine.name]
        sent = line.push(self.dice.choice((1, 2, 50)))
        if not sent:
            return None
        if self.dice.random() < 0.5:
            return f"{sent} sent, {line.deliver_answers(self.dice, len(line.answers) - 1)} receipts"
        return f"{sent} sent"

    def push_twice(self, machine: Machine) -> str | None:
        """The same batch goes up twice."""
        line = self.lines[machine.name]
        size = self.dice.choice((2, 50))
        first, second = line.push(size), line.push(size)
        return f"{first} and {second} sent" if first else None

    def push_tail(self, machine: Machine) -> str | None:
        """Sets from the middle of the queue arrive first."""
        sent = self.lines[machine.name].push_tail(self.dice)
        return f"{sent} sent in vain" if sent else None

    def late_answer(self, machine: Machine) -> str | None:
        """An answer arrives late, again, or in part."""
        line = self.lines[machine.name]
        if not line.answers:
            return None
        return f"{line.deliver_answers(self.dice, self.dice.randrange(len(line.answers)))} receipts"

    def pull(self, machine: Machine) -> str | None:
        """A page is asked for and delivered."""
        line = self.lines[machine.name]
        is_last = line.deliver_page(line.fetch(self.dice.choice((1, 2, 2, 5))))
        return "the last one" if is_last else "one"

    def pull_lost(self, machine: Machine) -> str | None:
        """A page is asked for and does not come, for now."""
        return f"page {self.lines[machine.name].fetch()}"

    def late_page(self, machine: Machine) -> str | None:
        """A page arrives late, or again."""
        line = self.lines[machine.name]
        if not line.pages:
            return None
        at = self.dice.randrange(len(line.pages))
        line.deliver_page(at)
        return f"page {at}"

    def round(self, machine: Machine) -> str | None:
        """A whole round of the node's own sync over a line that may break at every message."""
        try:
            report = self.lines[machine.name].round(self.dice, breaks=self.dice.choice((0.0, 0.2)))
        except HubUnreachable:
            return "no hello"
        return f"{report.push.sent} sent, {report.pages} pages, complete {report.is_complete}"

    def turn_clock(self, machine: Machine) -> str | None:
        """Somebody sets a clock, by minutes or by years."""
        machine.clock.ms += self.dice.choice((-400, -1, 1, 400)) * self.dice.choice((60_000, _DAY_MS))
        self.world.hub_clock.ms += self.dice.choice((0, 0, _DAY_MS))
        return "turned"

    # ------------------------------------------------------------------------------------------------------- helpers

    def _commit(self, machine: Machine, *drafts: Draft | None) -> str | None:
        wanted = [one for one in drafts if one is not None and (one.values or one.action is Action.DELETE)]
        if not wanted:
            return None
        return self._keep(machine, commit(machine.node, wanted).nonce)

    def _keep(self, machine: Machine, nonce: bytes) -> str:
        with machine.node.store.read() as tx:
            logged = tx.set_by_nonce(nonce)
        assert logged is not None
        made = self.archive.keep(machine.name, logged.message, logged.opening)
        return f"{nonce.hex()[:8]} " + ", ".join(f"{one.kind.name} {one.record.hex()[-6:]}" for one in made.ops)

    def _write_new(self, machine: Machine, kind: str) -> str | None:
        with machine.node.store.read() as tx:
            draft = desk.new_draft(tx, machine, self.dice, kind)
        return self._commit(machine, draft)

    def _form(self, machine: Machine, kinds: tuple[str, ...]) -> Form | None:
        with machine.node.store.read() as tx:
            return desk.any_form(tx, machine, self.dice, kinds)

    def _form_now_or_earlier(self, machine: Machine, kinds: tuple[str, ...]) -> Form | None:
        earlier = [form for form in self.forms[machine.name] if form.kind.name in kinds]
        if earlier and self.dice.random() < 0.5:
            return self.dice.choice(earlier)
        return self._form(machine, kinds)

    def _courier_draft(self, courier: VoiceAuthor) -> Draft | None:
        """A write on a shared record, on one of the courier's site, or now and then on another site's."""
        kind = REGISTRY[self.dice.choice(("vehicle", "vehicle", "plate", "customer", "visit"))]
        rows = self._hub_records(kind)
        if self.dice.random() < 0.8 and kind.writer is Writer.OWNER_SITE:
            rows = [row for row in rows if row.owner == courier.dealer_id]
        if not rows:
            return None
        row = self.dice.choice(rows)
        register, values = desk.register_values(kind, self.dice)
        heads = head_op_ids(self._entries(row), [register.number])
        leaned = [one.op() for one in self.undelivered[courier.name] if self.archive.ops[one.op()].record == row.id]
        read: tuple[OpId, ...] = (*heads, *leaned[:1]) if self.dice.random() < 0.7 else ()
        return Draft(kind, RecordId(row.id), values, read)

    def _deliver_next(self, courier: str) -> str:
        made = self.undelivered[courier].pop(0)
        (answer,) = receive_sets(self.world.hub, [made.pushed])
        if answer.receipt is None:
            raise Broken(f"a courier's set was answered {PushCode(answer.code).name} ({answer.reason})")
        return f"{courier} {PushCode(answer.code).name}"

    def _hub_records(self, kind: Kind) -> list[RecordRow]:
        with self.world.hub.store.read() as snapshot:
            return list(snapshot.records_of_kind(kind.number))

    def _entries(self, row: RecordRow) -> Entries:
        return plain_entries(self.world.hub.box, row.kind, row.id, row.entries)


class _Always(random.Random):
    """Dice that always say yes."""

    def random(self) -> float:
        """Zero."""
        return 0.0


Step = Callable[[Schedule, Machine], str | None]

_STEPS: Final[dict[str, tuple[int, Step]]] = {
    "new": (14, Schedule.write_new),
    "open form": (5, Schedule.open_form),
    "edit": (7, Schedule.edit),
    "edit shared": (8, Schedule.edit_shared),
    "save old form": (7, Schedule.save_old_form),
    "edit several": (3, Schedule.edit_several),
    "delete": (4, Schedule.delete),
    "retract": (2, Schedule.retract),
    "step visit": (4, Schedule.step_visit),
    "step wrongly": (3, Schedule.step_wrongly),
    "move visit": (3, Schedule.move_visit),
    "restore": (3, Schedule.restore),
    "write foreign": (2, Schedule.write_foreign),
    "courier writes": (4, Schedule.courier_writes),
    "lean on courier": (4, Schedule.lean_on_courier),
    "courier arrives": (3, Schedule.courier_arrives),
    "courier overtakes": (1, Schedule.courier_overtakes),
    "release": (2, Schedule.release),
    "give up": (1, Schedule.give_up),
    "rule": (3, Schedule.rule),
    "restore at hub": (2, Schedule.restore_at_hub),
    "rebuild hub": (1, Schedule.rebuild_hub),
    "push": (10, Schedule.push),
    "push twice": (3, Schedule.push_twice),
    "push tail": (2, Schedule.push_tail),
    "late answer": (5, Schedule.late_answer),
    "pull": (12, Schedule.pull),
    "pull lost": (3, Schedule.pull_lost),
    "late page": (5, Schedule.late_page),
    "round": (5, Schedule.round),
    "turn clock": (2, Schedule.turn_clock),
}
"""Weight and step by name."""
