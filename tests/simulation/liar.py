"""What a dishonest node does: it forks its chain, uses an identity twice, writes what is not its, lies about time.

Decides the lies. A liar holds an enrolled key, so whatever it signs is genuine; what of it counts is the hub's to
decide, and every other node must come out as if it had only written what it may.
"""

from contextlib import suppress
from typing import Final

from carnet_hub.core.exchange.ingest import receive_sets
from carnet_hub.core.exchange.standing import resume_node, suspend_node
from carnet_hub.core.failures import Unusable
from carnet_protocol.changeset import Draft, build_ops
from carnet_protocol.ids import RecordId, vehicle_id
from carnet_protocol.kinds import REGISTRY, VEHICLE
from carnet_protocol.messages import PushCode
from carnet_protocol.ops import encode_ops
from carnet_protocol.state import head_op_ids
from simulation import desk
from simulation.invariants import Broken
from simulation.stage import Stage, Step
from simulation.world import LIAR, NODE_SITES, Machine
from support.authors import MadeSet
from support.hub_apps import VoiceAuthor
from support.protocol import fixed, signer

_FAR_MS: Final = 10**14
EVIDENCE_MAX: Final = 100
KEPT_MAX: Final = 8


def write_soundly(stage: Stage, _: Machine) -> str | None:
    """A liar does its work like others, with a clock that is set to its advantage."""
    if stage.world.liar is None:
        return None
    stage.world.liar.wall_ms = stage.dice.choice((0, _FAR_MS, stage.world.hub_clock.ms))
    stage.world.liar.hub_position = stage.dice.choice((0, 10**6))
    return _push(stage, stage.world.liar.write(_draft(stage)), PushCode.ACCEPTED)


def fork(stage: Stage, _: Machine) -> str | None:
    """Two bodies for one number: the second is kept as evidence and takes no effect."""
    liar = stage.world.liar
    if liar is None or not liar.made:
        return None
    last = liar.made[-1]
    twin = liar.write(_draft(stage), seq=last.link.seq, prev=last.link.prev, origin=last.link.origin)
    liar.made.pop()
    liar.step_back(last)
    answer = _push(stage, twin, PushCode.FORK, is_kept=False, invariant="I10")
    _require_evidence(stage, liar, twin)
    return answer


def reuse_nonce(stage: Stage, _: Machine) -> str | None:
    """Another content under an identity that is known already."""
    liar = stage.world.liar
    if liar is None or not liar.made:
        return None
    known = liar.made[-1]
    ops, opening = build_ops((_draft(stage),), fixed(f"lie {len(stage.trace)}", 32))
    false = liar.emit(encode_ops(ops), opening, known.nonce, len(ops))
    liar.made.pop()
    liar.step_back(known)
    stage.ledger.issue(LIAR, false.message, is_honest=False)  # a lie, and genuinely signed
    answer = _push(stage, false, PushCode.FORK, is_kept=False, invariant="I5")
    _require_evidence(stage, liar, false)
    return answer


def write_anothers(stage: Stage, _: Machine) -> str | None:
    """A record of another site: refused, and it holds its place in the chain."""
    liar = stage.world.liar
    kind = REGISTRY[stage.dice.choice(("customer", "visit"))]
    foreign = [row for row in stage.hub_records(kind) if liar is not None and row.owner != liar.dealer_id]
    if liar is None or not foreign:
        return None
    row = stage.dice.choice(foreign)
    register, values = desk.register_values(kind, stage.dice)
    heads = head_op_ids(stage.entries(row), [register.number])
    return _push(stage, liar.write(Draft(kind, RecordId(row.id), values, heads)), PushCode.REFUSED)


def speak_for_another(stage: Stage, _: Machine) -> str | None:
    """A set in the name of an honest node, signed with the liar's key: nothing of it is kept."""
    liar = stage.world.liar
    if liar is None:
        return None
    victim = stage.dice.choice(sorted(NODE_SITES))
    before = liar.seq, liar.prev
    forged = liar.write(_draft(stage), signed_by=signer(f"key {LIAR}"), node_id=fixed(f"node {victim}"))
    liar.made.pop()
    liar.seq, liar.prev = before
    return _push(stage, forged, PushCode.REJECTED, is_kept=False, invariant="I4")


def catch_up(stage: Stage, but: MadeSet | None = None) -> None:
    """What the hub did not answer, because it died, is sent again."""
    assert stage.world.liar is not None
    with suppress(Unusable):  # suspended still, if the hub died before the operator let it in again
        resume_node(stage.world.hub, stage.world.liar.node_id)
    for made in stage.world.liar.made[0 if stage.is_hub_restored else -KEPT_MAX :]:
        if made is not but:
            receive_sets(stage.world.hub, [made.pushed])


def break_link(stage: Stage, _: Machine) -> str | None:
    """The next number, but a link to something else than the set before."""
    liar = stage.world.liar
    if liar is None or not liar.made:
        return None
    last = liar.made[-1]
    torn = liar.write(_draft(stage), prev=fixed(f"lie {len(stage.trace)}", 32))
    liar.made.pop()
    liar.step_back(last)
    return _push(stage, torn, PushCode.FORK, is_kept=False, invariant="I10")


def write_while_suspended(stage: Stage, _: Machine) -> str | None:
    """The operator stops a node for a while: what it signs meanwhile is turned away, and welcome afterwards."""
    liar = stage.world.liar
    if liar is None:
        return None
    made = liar.write(_draft(stage))
    stage.ledger.issue(LIAR, made.message, is_honest=False)
    stage.archive.keep(LIAR, *made.pushed)
    catch_up(stage, but=made)
    suspend_node(stage.world.hub, liar.node_id)
    try:
        (answer,) = receive_sets(stage.world.hub, [made.pushed])
    finally:
        resume_node(stage.world.hub, liar.node_id)
    if PushCode(answer.code) is not PushCode.REJECTED:
        raise Broken("I13", f"a suspended node's set was answered {PushCode(answer.code).name}")
    stage.reached["written while suspended"] += 1
    return "rejected"


def _draft(stage: Stage) -> Draft:
    """A write on a car that everybody may write, read or not."""
    color = f"lie {len(stage.trace)} {stage.dice.random()}"
    return Draft(VEHICLE, vehicle_id(stage.dice.choice(desk.VINS)), {"color": color})


def _push(stage: Stage, made: MadeSet, expected: PushCode, *, is_kept: bool = True, invariant: str = "I12") -> str:
    """Send a set and see that the hub says what it must."""
    if is_kept:
        stage.ledger.issue(LIAR, made.message, is_honest=False)
        stage.archive.keep(LIAR, *made.pushed)
    catch_up(stage, but=made)
    (answer,) = receive_sets(stage.world.hub, [made.pushed])
    code = PushCode(answer.code)
    is_as_good = expected is PushCode.ACCEPTED and code in (PushCode.ACCEPTED_WITH_CONFLICTS, PushCode.PARKED)
    if code is not expected and not is_as_good:
        raise Broken(invariant, f"a lie was answered {code.name}, not {expected.name}")
    stage.strokes.strike("lie")
    stage.reached["a liar"] += 1
    return code.name


def _require_evidence(stage: Stage, liar: VoiceAuthor, made: MadeSet) -> None:
    with stage.world.hub.store.read() as snapshot:
        kept = {one.message for one in snapshot.evidence(liar.node_id, EVIDENCE_MAX)}
    if made.message not in kept:
        raise Broken("I10", "the second body of a fork was not kept")
    stage.reached["evidence of a fork"] += 1


STEPS: Final[dict[str, tuple[int, Step]]] = {
    "liar writes": (6, write_soundly),
    "liar forks": (5, fork),
    "liar reuses a nonce": (4, reuse_nonce),
    "liar writes another's": (5, write_anothers),
    "liar speaks for another": (4, speak_for_another),
    "liar breaks the link": (4, break_link),
    "liar is suspended": (3, write_while_suspended),
}
"""Weight and step by name."""
