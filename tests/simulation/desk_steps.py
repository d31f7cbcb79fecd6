"""What happens at the desks of a schedule."""

from typing import Final

from carnet_node.core.showing.conflicts import list_conflicts, restore_value
from carnet_protocol.changeset import Draft
from carnet_protocol.errors import NotAllowed
from carnet_protocol.ids import RecordId, vehicle_id
from carnet_protocol.kinds import REGISTRY, VEHICLE
from carnet_protocol.reasons import Reason
from carnet_protocol.state import head_op_ids
from simulation import desk
from simulation.stage import Stage, Step
from simulation.world import Machine

FORMS_MAX: Final = 6
FLOOD: Final = 20
ALL_KINDS: Final = (*desk.OWN_KINDS, *desk.SHARED_KINDS)
DELETED: Final = ("customer", "phone", "address", "plate", "ownership", "vehicle")


def write_new(stage: Stage, machine: Machine) -> str | None:
    """A new record."""
    return stage.write_new(machine, stage.dice.choice(desk.NEW_KINDS))


def open_form(stage: Stage, machine: Machine) -> str | None:
    """Somebody opens a form and goes for lunch."""
    form = stage.form(machine, ALL_KINDS)
    if form is None:
        return None
    stage.forms[machine.name] = [*stage.forms[machine.name], form][-FORMS_MAX:]
    return form.kind.name


def edit(stage: Stage, machine: Machine) -> str | None:
    """A form of now is changed and saved."""
    form = stage.form(machine, ALL_KINDS)
    return None if form is None else stage.commit(machine, desk.edit_draft(form, stage.dice))


def edit_shared(stage: Stage, machine: Machine) -> str | None:
    """The same, of a record that everybody writes."""
    form = stage.form(machine, desk.SHARED_KINDS)
    return None if form is None else stage.commit(machine, desk.edit_draft(form, stage.dice))


def save_old_form(stage: Stage, machine: Machine) -> str | None:
    """A form that was opened earlier is saved, whatever has come in since."""
    forms = stage.forms[machine.name]
    return stage.commit(machine, desk.edit_draft(stage.dice.choice(forms), stage.dice)) if forms else None


def build_on_parked(stage: Stage, machine: Machine) -> str | None:
    """Somebody goes on with a record of which an own set waits at the hub."""
    waiting = [op for made in stage.archive.waiting() if made.author == machine.identity_name for op in made.ops]
    if not waiting:
        return None
    op = stage.dice.choice(waiting)
    with machine.node.store.read() as tx:
        forms = [form for form in desk.look_at(tx, machine, op.kind) if form.read.record == op.record]
    draft = desk.edit_draft(forms[0], stage.dice, only=op.fields) if forms else None
    return stage.commit(machine, draft)


def flood(stage: Stage, machine: Machine) -> str | None:
    """Many people write one field without reading it, until a register has no room."""
    vehicle = vehicle_id(desk.VINS[0])
    for number in range(FLOOD):
        color = f"{machine.name} {len(stage.archive.sets)}"
        try:
            stage.commit(machine, Draft(VEHICLE, vehicle, {"color": color}))
        except NotAllowed as refusal:
            if refusal.reason is not Reason.TOO_MANY_HEADS:
                raise
            stage.reached["no room in a register, said at once"] += 1
            return f"{number}, then no room"
    return f"{FLOOD} times"


def edit_several(stage: Stage, machine: Machine) -> str | None:
    """Several records in one change set."""
    drafts: dict[bytes, Draft] = {}
    for _ in range(3):
        form = stage.form(machine, ALL_KINDS)
        draft = None if form is None else desk.edit_draft(form, stage.dice)
        if draft is not None:
            drafts[draft.record] = draft
    return stage.commit(machine, *drafts.values())


def delete(stage: Stage, machine: Machine) -> str | None:
    """A record is taken away, by a form of now or of earlier."""
    form = stage.form_now_or_earlier(machine, DELETED)
    return None if form is None else stage.commit(machine, desk.delete_draft(form))


def retract(stage: Stage, machine: Machine) -> str | None:
    """A fact is taken back."""
    form = stage.form_now_or_earlier(machine, ("odometer_reading", "consent"))
    return None if form is None else stage.commit(machine, desk.retraction(form))


def step_visit(stage: Stage, machine: Machine) -> str | None:
    """A visit goes on."""
    form = stage.form_now_or_earlier(machine, ("visit",))
    return None if form is None else stage.commit(machine, desk.step_draft(form, stage.dice, is_legal=True))


def step_wrongly(stage: Stage, machine: Machine) -> str | None:
    """A visit jumps to a state that may not follow: the op is void at the hub."""
    form = stage.form_now_or_earlier(machine, ("visit",))
    return None if form is None else stage.commit(machine, desk.step_draft(form, stage.dice, is_legal=False))


def move_visit(stage: Stage, machine: Machine) -> str | None:
    """A visit moves to another car; sites that knew the first one only lose it."""
    form = stage.form_now_or_earlier(machine, ("visit",))
    if form is None:
        return None
    with machine.node.store.read() as tx:
        draft = desk.move_draft(tx, machine, form, stage.dice)
    return stage.commit(machine, draft)


def restore(stage: Stage, machine: Machine) -> str | None:
    """An overruled value is brought back at the desk that lost it."""
    listed = list_conflicts(machine.node, with_settled=True)
    ours = [one for one in listed if one.can_restore and one.overruled.withheld is None]
    if not ours:
        return None
    one = stage.dice.choice(ours)
    sealed = restore_value(machine.node, one.record.kind, one.record.id, one.register, one.overruled.op)
    return stage.keep(machine, sealed.nonce)


def write_foreign(stage: Stage, machine: Machine) -> str | None:
    """Somebody writes another site's record: refused at the desk if it is known there, at the hub if not."""
    kind = REGISTRY[stage.dice.choice(("customer", "visit", "phone"))]
    foreign = [row for row in stage.hub_records(kind) if row.owner != machine.node.identity.dealer_id]
    if not foreign:
        return None
    row = stage.dice.choice(foreign)
    register, values = desk.register_values(kind, stage.dice)
    based_on = head_op_ids(stage.entries(row), [register.number])
    with machine.node.store.read() as tx:
        is_known = tx.base(kind.number, RecordId(row.id)) is not None
    try:
        return stage.commit(machine, Draft(kind, RecordId(row.id), values, based_on))
    except NotAllowed:
        if not is_known:
            raise
        return "refused at the desk"


STEPS: Final[dict[str, tuple[int, Step]]] = {
    "new": (12, write_new),
    "open form": (5, open_form),
    "edit": (7, edit),
    "edit shared": (8, edit_shared),
    "save old form": (7, save_old_form),
    "flood": (1, flood),
    "build on parked": (20, build_on_parked),
    "edit several": (3, edit_several),
    "delete": (4, delete),
    "retract": (8, retract),
    "step visit": (4, step_visit),
    "step wrongly": (3, step_wrongly),
    "move visit": (9, move_visit),
    "restore": (6, restore),
    "write foreign": (3, write_foreign),
}
"""Weight and step by name."""
