"""What happens at the hub of a schedule: an operator's decisions, and couriers who come late or not at all."""

from typing import Final

from carnet_hub.core.exchange.ingest import receive_sets
from carnet_hub.core.exchange.offers import receive_offer
from carnet_hub.core.exchange.quarantine import give_up_parked, list_parked, release_parked
from carnet_hub.core.log.authoring import write_hub_set
from carnet_hub.core.log.conflicts import list_conflicts, restore_value
from carnet_hub.core.log.rebuild import exclude_sets, rebuild_projections
from carnet_protocol.changeset import Draft
from carnet_protocol.errors import BadValue, NotAllowed
from carnet_protocol.hello import LostSet
from carnet_protocol.ids import OpId, RecordId, new_record_id
from carnet_protocol.kinds import ERASURE, KEY_CHANGE, REGISTRY
from carnet_protocol.messages import PushCode
from carnet_protocol.ops import Action
from carnet_protocol.orders import ErasureOrder
from carnet_protocol.registry import ErasureGroup, Writer
from carnet_protocol.state import head_op_ids
from simulation import desk
from simulation.authored import HUB_AUTHOR, AuthoredSet
from simulation.invariants import Broken
from simulation.stage import Stage, Step
from simulation.world import Machine
from support.authors import MadeSet
from support.hub_apps import VoiceAuthor

ERASABLE: Final = ("customer", "phone", "address", "visit", "job", "plate")
"""Kinds with personal values."""


def courier_writes(stage: Stage, _: Machine) -> str | None:
    """A node we only hear of seals a set; it does not arrive yet."""
    able = [one for one in stage.world.couriers if one.node_id not in stage.holders.revoked]
    courier = stage.dice.choice(able) if able else None
    draft = None if courier is None else _courier_draft(stage, courier)
    if draft is None or courier is None:
        return None
    made = courier.write(draft)
    stage.issue(courier.name, made)
    stage.undelivered[courier.name].append(made)
    return f"{courier.name} {draft.kind.name}"


def lean_on_courier(stage: Stage, machine: Machine) -> str | None:
    """Somebody has seen a courier's write that the hub may not have: the set parks there."""
    carried = [one for sets in stage.undelivered.values() for one in sets]
    if not carried:
        return None
    op = stage.archive.ops[stage.dice.choice(carried).op()]
    owners = {row.id: row.owner for row in stage.hub_records(op.kind)}
    if op.kind.writer is Writer.OWNER_SITE and owners.get(op.record) != machine.node.identity.dealer_id:
        return None
    register, values = desk.register_values(op.kind, stage.dice)
    with machine.node.store.read() as tx:
        stored = tx.record(op.kind, RecordId(op.record))
    heads = head_op_ids(() if stored is None else stored.entries, [register.number])
    return stage.commit(machine, Draft(op.kind, RecordId(op.record), values, (*heads, op.op)))


def courier_leans(stage: Stage, _: Machine) -> str | None:
    """A courier builds on what another one still carries: its set will wait at the hub."""
    pairs = [
        (one, carried)
        for one in stage.welcome_couriers()
        for name, sets in stage.undelivered.items()
        for carried in sets
        if name != one.name and stage.archive.ops[carried.op()].kind.writer is Writer.ANY_SITE
    ]
    if not pairs:
        return None
    courier, carried = stage.dice.choice(pairs)
    op = stage.archive.ops[carried.op()]
    values = desk.register_values(op.kind, stage.dice)[1]
    made = courier.write(Draft(op.kind, RecordId(op.record), values, (op.op,)))
    stage.issue(courier.name, made)
    stage.undelivered[courier.name].append(made)
    return f"{courier.name} on {carried.nonce.hex()[:8]}"


def courier_arrives(stage: Stage, _: Machine) -> str | None:
    """The next set of a courier arrives."""
    waiting = [one.name for one in stage.welcome_couriers() if stage.undelivered[one.name]]
    return deliver_next(stage, stage.dice.choice(waiting)) if waiting else None


def courier_overtakes(stage: Stage, _: Machine) -> str | None:
    """A courier's later set arrives before an earlier one: a gap, and nothing happens."""
    carried = [stage.undelivered[one.name] for one in stage.welcome_couriers()]
    behind = [
        sets
        for sets in carried
        if len(sets) > 1 and sets[0].link.epoch == sets[1].link.epoch and not _is_held(stage, sets[0])
    ]
    if not behind:
        return None
    first, second = stage.dice.choice(behind)[:2]
    (answer,) = receive_sets(stage.world.hub, [second.pushed])
    stage.read_hub()
    if PushCode(answer.code) is not PushCode.GAP and not _is_held(stage, first):  # another worker may have taken it in
        raise Broken("I10", f"a courier's set was answered {PushCode(answer.code).name}, not GAP")
    return PushCode(answer.code).name


def courier_returns(stage: Stage, _: Machine) -> str | None:
    """A courier brings again what it brought before."""
    brought = [made for one in stage.welcome_couriers() for made in stage.delivered[one.name]]
    if not brought:
        return None
    _push(stage, stage.dice.choice(brought), PushCode.DUPLICATE)
    return "duplicate"


def courier_begins_anew(stage: Stage, _: Machine) -> str | None:
    """A courier's database was restored: it opens an epoch and seals an earlier set again, same nonce, same ops."""
    welcome = stage.welcome_couriers()
    able = [one for one in welcome if stage.delivered[one.name] and not stage.undelivered[one.name]]
    if not able:
        return None
    courier = stage.dice.choice(able)
    made = stage.dice.choice(stage.delivered[courier.name])
    courier.open_epoch()
    again = courier.emit_again(made)
    stage.issue(courier.name, again)
    stage.undelivered[courier.name].append(again)
    return f"{courier.name} {made.nonce.hex()[:8]} again"


def release(stage: Stage, _: Machine) -> str | None:
    """The operator declares lost what a parked set waits for."""
    parked = list_parked(stage.world.hub)
    if not parked:
        return None
    one = stage.dice.choice(parked)
    held = {other.nonce for other in parked}
    lost = [op for op in one.waits_for if op[:-2] not in held]
    try:
        release_parked(stage.world.hub, one.nonce, note="the stick is gone", lost=lost)
    except NotAllowed as still:
        return f"still {still.reason.value}"
    return f"{one.nonce.hex()[:8]}, lost {len(lost)}"


def give_up(stage: Stage, _: Machine) -> str | None:
    """The operator decides that a parked set has no effect."""
    parked = list_parked(stage.world.hub)
    if not parked:
        return None
    one = stage.dice.choice(parked)
    try:
        give_up_parked(stage.world.hub, one.nonce, note="entered twice")
    except NotAllowed:
        if one.nonce in {other.nonce for other in list_parked(stage.world.hub)}:
            raise
        return "another process has released it"
    return f"{one.nonce.hex()[:8]} refused"


def rule(stage: Stage, _: Machine) -> str | None:
    """A steward writes a site's record with a ruling, or a shared one."""
    kind = REGISTRY[stage.dice.choice(("customer", "visit", "vehicle", "plate"))]
    rows = stage.hub_records(kind)
    if not rows:
        return None
    row = stage.dice.choice(rows)
    register, values = desk.register_values(kind, stage.dice)
    action = Action.RULING if kind.writer is Writer.OWNER_SITE else Action.WRITE
    based_on = head_op_ids(stage.entries(row), [register.number])
    write_hub_set(stage.world.hub, [Draft(kind, RecordId(row.id), values, based_on, action)])
    return f"{kind.name}.{register.name}"


def restore_at_hub(stage: Stage, _: Machine) -> str | None:
    """A steward brings an overruled value back."""
    listed = list_conflicts(stage.world.hub)
    if not listed:
        return None
    one = stage.dice.choice(listed)
    op = stage.dice.choice(one.overruled).op
    try:
        restore_value(stage.world.hub, REGISTRY[one.kind], one.record, register=one.register, op=op)
    except BadValue:
        if one in list_conflicts(stage.world.hub):
            raise
        return "what another process took in has settled it"
    return f"{one.kind}.{one.register}"


def exclude(stage: Stage, _: Machine) -> str | None:
    """A key was stolen: a set counts as if it had never had an effect."""
    standing = stage.archive.standing
    suspect = [
        nonce
        for nonce, one in standing.items()
        if one.folded_at and not one.excluded_at and _is_ordinary(stage.archive.sets[nonce])
    ]
    if not suspect:
        return None
    nonce = stage.dice.choice(suspect)
    stage.excluded.add(nonce)
    exclude_sets(stage.world.hub, [nonce], note="the key was stolen")
    return nonce.hex()[:8]


def _is_ordinary(made: AuthoredSet) -> bool:
    """Whether a set is a site's, and no change of keys: those are excluded with a revocation only."""
    return made.author != HUB_AUTHOR and all(one.kind is not KEY_CHANGE for one in made.ops)


def erase(stage: Stage, _: Machine) -> str | None:
    """A customer asks to be forgotten: some groups of some records go, for ever."""
    rows = stage.hub_records(*(REGISTRY[name] for name in ERASABLE))
    if not rows:
        return None
    chosen = stage.dice.sample(rows, min(len(rows), stage.dice.randint(1, 3)))
    groups = frozenset(stage.dice.sample(list(ErasureGroup), stage.dice.randint(1, 4)))
    order = ErasureOrder(tuple(RecordId(row.id) for row in chosen), groups)
    write_hub_set(stage.world.hub, [Draft(ERASURE, _new_id(stage), {**order.fields(), "ground": "request"})])
    return ", ".join(row.id.hex()[-6:] for row in chosen)


def rebuild_hub(stage: Stage, _: Machine) -> str | None:
    """The hub drops its tables and folds its log again."""
    return f"{rebuild_projections(stage.world.hub)} entries"


def deliver_next(stage: Stage, courier: str) -> str:
    """The next set of one courier arrives.

    Raises:
        Broken: the hub has taken nothing of it.
    """
    made = stage.undelivered[courier][0]
    offered = LostSet(*made.pushed, stage.receipts.get(made.nonce, b""))
    (answer,) = receive_offer(stage.world.hub, [offered])
    code = PushCode(answer.code)
    if answer.receipt is None:
        raise Broken("I18", f"a courier's set was answered {code.name} ({answer.reason})")
    stage.receipts[made.nonce] = answer.receipt
    if made in stage.undelivered[courier]:
        stage.undelivered[courier].remove(made)
        stage.delivered[courier].append(made)
    return f"{courier} {code.name}"


def _is_held(stage: Stage, made: MadeSet) -> bool:
    """Whether the hub took a set in although nobody was told: it died before its answer."""
    seq, _ = stage.ledger.log.heads.get((made.link.node_id, made.link.epoch), (0, b""))
    return seq >= made.link.seq


def _new_id(stage: Stage) -> RecordId:
    return new_record_id(stage.world.hub_clock.ms, stage.dice.randbytes(10))


def _push(stage: Stage, made: MadeSet, expected: PushCode) -> None:
    (answer,) = receive_sets(stage.world.hub, [made.pushed])
    if PushCode(answer.code) is not expected:
        raise Broken("I10", f"a courier's set was answered {PushCode(answer.code).name}, not {expected.name}")


def _courier_draft(stage: Stage, courier: VoiceAuthor) -> Draft | None:
    """A write on a shared record, on one of the courier's site, or now and then on another site's."""
    kind = REGISTRY[stage.dice.choice(("vehicle", "vehicle", "plate", "customer", "visit"))]
    rows = stage.hub_records(kind)
    if stage.dice.random() < 0.8 and kind.writer is Writer.OWNER_SITE:
        rows = [row for row in rows if row.owner == courier.dealer_id]
    if not rows:
        return None
    row = stage.dice.choice(rows)
    register, values = desk.register_values(kind, stage.dice)
    heads = head_op_ids(stage.entries(row), [register.number])
    carried = [one.op() for one in stage.undelivered[courier.name]]
    leaned = [op for op in carried if stage.archive.ops[op].record == row.id]
    read: tuple[OpId, ...] = (*heads, *leaned[:1]) if stage.dice.random() < 0.7 else ()
    return Draft(kind, RecordId(row.id), values, read)


STEPS: Final[dict[str, tuple[int, Step]]] = {
    "courier writes": (9, courier_writes),
    "lean on courier": (14, lean_on_courier),
    "courier arrives": (3, courier_arrives),
    "courier overtakes": (4, courier_overtakes),
    "courier returns": (3, courier_returns),
    "courier begins anew": (2, courier_begins_anew),
    "release": (9, release),
    "give up": (7, give_up),
    "rule": (3, rule),
    "restore at hub": (3, restore_at_hub),
    "erase": (3, erase),
    "exclude": (2, exclude),
    "rebuild hub": (1, rebuild_hub),
    "courier leans": (0, courier_leans),
}
"""Weight and step by name."""
