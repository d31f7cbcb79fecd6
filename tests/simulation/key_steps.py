"""What happens to keys in a schedule: nodes are stopped and let in again, revoked, and their honest work is confirmed.

Decides who is struck. Revoked are nodes we only hear of: their sites go on with other machines, which look through what
was excluded and confirm it. Whether the hub obeys is the business of `keyholders`.
"""

from contextlib import suppress
from typing import Final

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from carnet_hub.core.exchange.ingest import receive_sets
from carnet_hub.core.exchange.revoking import retire_node, revoke_compromised
from carnet_hub.core.exchange.standing import resume_node, suspend_node
from carnet_hub.core.failures import Unusable
from carnet_node.adapters.keyring import KEY_BYTES
from carnet_node.adapters.rotating import ASIDE_FILE, SigningKeys, rotate
from carnet_node.core.failures import HubUnreachable
from carnet_node.core.line.session import say_hello
from carnet_node.core.log.excluded import confirm_excluded, fetch_excluded, list_excluded
from carnet_node.core.refusals import CommandRefused, ProblemCode
from carnet_protocol.changeset import Draft
from carnet_protocol.errors import NotAllowed, Refused
from carnet_protocol.ids import NodeId, vehicle_id
from carnet_protocol.kinds import VEHICLE
from carnet_protocol.messages import ExcludedSet, PushCode
from simulation import desk
from simulation.authored import AuthoredSet
from simulation.invariants import Broken
from simulation.power import FaultyFiles
from simulation.stage import Stage, Step
from simulation.wire import FaultyLink, LineTrouble, finish, sync_ports
from simulation.world import HUB_EPOCH, HUB_ID, Machine
from support.hub_apps import VoiceAuthor

SUSPENDED_MAX: Final = 1
"""Nodes that are stopped at one time."""


def suspend(stage: Stage, _: Machine) -> str | None:
    """The operator stops a node for a while."""
    if len(stage.holders.suspended) >= SUSPENDED_MAX:
        return None
    everybody: list[Machine | VoiceAuthor] = [*stage.world.machines, *stage.world.couriers]
    chosen = stage.dice.choice([one for one in everybody if not stage.is_barred(one)])
    suspend_node(stage.world.hub, NodeId(_node_id(chosen)))
    stage.strokes.strike("suspended")
    stage.reached["a node was suspended"] += 1
    return chosen.name


def resume(stage: Stage, _: Machine) -> str | None:
    """The operator lets a node in again."""
    return _resume_one(stage)


def let_everybody_in(stage: Stage) -> None:
    """Nobody is suspended any more."""
    stage.read_hub()
    while stage.holders.suspended:
        _resume_one(stage)
        stage.read_hub()


def rotate_key(stage: Stage, machine: Machine) -> str | None:
    """Somebody gives a node a new signing key, from a command line beside the service."""
    if stage.ledger.copied or stage.is_hub_restored:
        return None  # see README: a copy with a replaced key, and a hub that has forgotten two changes, are not healed
    files, old = FaultyFiles(machine.power), machine.keyring()
    try:
        new, sealed = rotate(machine.node, old, SigningKeys(machine.folder, files), machine.lots)
    except CommandRefused as refusal:
        if any(one.code is not ProblemCode.LOCKED for one in refusal.problems):
            raise Broken("I18", f"{machine.name} cannot change its key: {refusal}") from refusal
        stage.reached["a second change of keys has to wait"] += 1
        return "the last change is on its way"
    finally:
        stage.note_keys(machine)
    stage.old_keys[machine.name].append(old)
    if new.public in {one.signing_public for one in stage.old_keys[machine.name]}:
        raise Broken("I4", f"{machine.name} changed its key to one that it had before")
    stage.reached["a node changed its key"] += 1
    return stage.keep(machine, sealed.nonce)


def restart(stage: Stage, machine: Machine) -> str | None:
    """A node's service is stopped and started: it takes up the key that counts, and forgets the one before."""
    if len(machine.held_keys()) == 1 or stage.is_hub_restored:
        return None
    stage.world.restart(machine.name)
    return f"{len(machine.held_keys())} keys are left"


def check_held(stage: Stage) -> None:
    """No node has let the key go that the hub takes; a copied disk and a hub with former histories are left out."""
    if stage.ledger.copied or stage.is_hub_restored:
        return
    for machine in stage.world.machines:
        taken = stage.holders.present_key(machine.node.identity.node_id)
        if taken not in (*machine.held_keys(), *_keys_aside(machine)):
            raise Broken("I18", f"{machine.name} has let the key go that the hub takes")


def retire(stage: Stage, _: Machine) -> str | None:
    """A machine is taken out of service: its keys sign nothing any more, and all it has sent stays."""
    courier = _courier(stage)
    if courier is None:
        return None
    retire_node(stage.world.hub, NodeId(courier.node_id), reason="sold")
    stage.reached["a node was retired"] += 1
    return courier.name


def compromise(stage: Stage, _: Machine) -> str | None:
    """A machine was stolen, some time ago: what its key has signed since counts as if it had never been."""
    courier = _courier(stage)
    if courier is None:
        return None
    suspect_from = stage.dice.choice((0, stage.dice.randint(0, stage.archive.position), stage.archive.position))
    done = revoke_compromised(
        stage.world.hub, NodeId(courier.node_id), suspect_from=suspect_from, reason="the machine was stolen"
    )
    stage.reached["a stolen key was revoked"] += 1
    stage.reached["a stolen key was revoked with sets behind it"] += bool(done.suspects.folded or done.suspects.parked)
    return f"{courier.name} behind {suspect_from}, {len(done.suspects.folded)} and {len(done.suspects.parked)}"


def turn_away(stage: Stage, _: Machine) -> str | None:
    """Somebody who is stopped or revoked brings a set all the same, one that waited or a new one."""
    barred = [one for one in stage.world.couriers if stage.is_barred(one)]
    if not barred:
        return None
    courier = stage.dice.choice(barred)
    waiting = stage.undelivered[courier.name]
    before = courier.seq, courier.prev
    made = waiting[0] if waiting else courier.write(_any_draft(stage))
    try:
        (answer,) = receive_sets(stage.world.hub, [made.pushed])
    finally:  # also when the hub dies: nobody carries this set any further
        if not waiting:
            courier.made.pop()
            courier.seq, courier.prev = before
    if answer.receipt is not None:
        raise Broken("I13", f"a set of {courier.name}, who is turned away, was given a receipt")
    stage.reached["somebody was turned away"] += 1
    return courier.name


def steal_old_key(stage: Stage, machine: Machine) -> str | None:
    """A thief goes on in a node's name with a key that the node has replaced."""
    node = machine.node.identity.node_id
    present = stage.holders.present.get(node)
    old = [one for one in stage.old_keys[machine.name] if one.signing_public != present]
    if present is None or not old or stage.is_barred(machine):
        return None
    epoch = stage.holders.epochs[node][-1]
    seq, head = stage.ledger.log.heads[node, epoch]
    thief = VoiceAuthor(machine.name, hub_id=HUB_ID, hub_epoch=HUB_EPOCH, dealer_bytes=machine.node.identity.dealer_id)
    forged = thief.write(
        _any_draft(stage), signed_by=stage.dice.choice(old), epoch=epoch, seq=seq + 1, prev=head, origin=None
    )
    (answer,) = receive_sets(stage.world.hub, [forged.pushed])
    if answer.receipt is not None:
        raise Broken("I4", f"a set with a key that {machine.name} has replaced was given a receipt")
    stage.strokes.strike("lie")
    stage.reached["a replaced key was used by a thief"] += 1
    return PushCode(answer.code).name


def confirm(stage: Stage, machine: Machine) -> str | None:
    """People of a site look through what was excluded, and confirm a save, or a part of it."""
    found = _ask_for_excluded(stage, machine)
    if isinstance(found, str):
        return found
    open_saves = [one for one in list_excluded(machine.node, found) if any(op.confirmed_by is None for op in one.ops)]
    if not open_saves:
        return None
    save = stage.dice.choice(open_saves)
    left = [op.index for op in save.ops if op.confirmed_by is None]
    indexes = stage.dice.sample(left, stage.dice.randint(1, len(left)))
    try:
        sealed = confirm_excluded(machine.node, found, save.nonce, indexes)
    except CommandRefused:
        return "nothing of it can be confirmed"
    except NotAllowed as refusal:
        return f"not its to confirm ({refusal.reason.value})"
    said = stage.keep(machine, sealed.nonce)
    _check_confirmation(stage.archive.sets[save.nonce], indexes, stage.archive.sets[sealed.nonce])
    stage.reached["an excluded save was confirmed"] += 1
    return said


def _ask_for_excluded(stage: Stage, machine: Machine) -> list[ExcludedSet] | str:
    """What the hub says was excluded of a site, over the line as it is; a text when no answer came."""
    struck = stage.strokes.total
    trouble = LineTrouble(stage.strokes, stage.mix.line, stage.mix.line_rate)
    link = FaultyLink(stage.lines[machine.name], stage.dice, trouble)
    try:
        session = finish(say_hello(machine.node, sync_ports(link), software="simulation"))
        return finish(fetch_excluded(link, machine.node.identity, session.token))
    except (HubUnreachable, Refused) as error:
        if stage.strokes.total == struck and not stage.is_barred(machine):
            raise
        return f"no answer ({type(error).__name__})"


def _check_confirmation(excluded: AuthoredSet, indexes: list[int], made: AuthoredSet) -> None:
    """A confirmation says what was excluded, about the same records, on top of it."""
    meant = {excluded.ops[index].op: excluded.ops[index] for index in indexes}
    for one in made.ops:
        confirmed = next((meant.pop(base) for base in one.based_on if base in meant), None)
        if confirmed is None or confirmed.key != one.key:
            raise Broken("I13", "a confirmation of something else")
        stated, wanted = one.fields or {}, confirmed.fields or {}
        if any(stated[label] != wanted.get(label) for label in stated):
            raise Broken("I13", "a confirmation with other values")


def _resume_one(stage: Stage) -> str | None:
    everybody: list[Machine | VoiceAuthor] = [*stage.world.machines, *stage.world.couriers]
    if stage.world.liar is not None:
        everybody.append(stage.world.liar)
    stopped = [one for one in everybody if _node_id(one) in stage.holders.suspended]
    if not stopped:
        return None
    with suppress(Unusable):  # the hub died after it had let the node in, before anybody was told
        resume_node(stage.world.hub, NodeId(_node_id(stopped[0])))
    return stopped[0].name


def _keys_aside(machine: Machine) -> list[bytes]:
    """The public halves of the keys that were put aside, read without the product's code."""
    path = machine.folder / ASIDE_FILE
    joined = path.read_bytes() if path.exists() else b""
    privates = [joined[at : at + KEY_BYTES] for at in range(0, len(joined), KEY_BYTES)]
    return [Ed25519PrivateKey.from_private_bytes(one).public_key().public_bytes_raw() for one in privates]


def _any_draft(stage: Stage) -> Draft:
    """A write on a car that everybody may write."""
    color = f"thief {len(stage.trace)} {stage.dice.random()}"
    return Draft(VEHICLE, vehicle_id(stage.dice.choice(desk.VINS)), {"color": color})


def _courier(stage: Stage) -> VoiceAuthor | None:
    """A courier that is not revoked yet."""
    able = [one for one in stage.world.couriers if one.node_id not in stage.holders.revoked]
    return stage.dice.choice(able) if able else None


def _node_id(one: Machine | VoiceAuthor) -> bytes:
    return one.node.identity.node_id if isinstance(one, Machine) else one.node_id


STEPS: Final[dict[str, tuple[int, Step]]] = {
    "suspend": (2, suspend),
    "resume": (4, resume),
    "retire": (1, retire),
    "compromise": (1, compromise),
    "rotate key": (2, rotate_key),
    "restart": (3, restart),
    "turn away": (4, turn_away),
    "steal old key": (3, steal_old_key),
    "confirm": (4, confirm),
}
"""Weight and step by name."""
