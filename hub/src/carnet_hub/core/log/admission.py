"""What becomes of one verified change set: the decision, and the log entry that records it.

Decides, inside the transaction and against a workspace, between the outcomes below. Nothing is written here; the
workspace collects rows. Everything that depends on other sets is judged here and only here.

    outcome     when                                                                log entry   chain advances
    ----------  ------------------------------------------------------------------  ----------  --------------
    folded      sound                                                               ADMIT       yes
    parked      builds on an unknown op, an unknown kind, too many heads            PARK        yes
                or changes a car that its author had taken on and follows no more
    refused     the author signed a fault: shape, value, another site's record      REFUSE      yes
    repeated    a known set (nonce, dealer, ops) at a new place of a chain          REPEAT      yes
    duplicate   the same set at the same place                                      -           -
    gap, fork   does not continue the chain; a fork's body is kept as evidence      -           -
    rejected    nobody's fault or nobody known: a damaged opening, a suspension     -           -

Rules:
- One verdict for a whole set. Within a node, sets are decided in the order of its chain.
- An op that is unknown, or whose set is parked, is waited for. An op of a refused set is void: who builds on it builds
  on what it was based on, and waits for that.
- A set of a newer registry that this hub cannot read is parked, never refused: an update of the hub reads it.
"""

from dataclasses import dataclass, replace
from enum import Enum
from typing import Final

from carnet_hub.core.log.entries import Entry, add_entry, fold_entry, void_whole_set
from carnet_hub.core.rows import AdmissionRow, EpochRow, EvidenceRow, LogHead, LogKind, LogRow, WaitingRow
from carnet_hub.core.sets.assigning import writes_on_lapsed
from carnet_hub.core.sets.authority import check_authority
from carnet_hub.core.sets.effects import revoked_keys
from carnet_hub.core.sets.folding import Folding, fold_set
from carnet_hub.core.sets.histories import known_branches
from carnet_hub.core.sets.intake import RETIRED, Arrival, arrive, is_damaged_opening
from carnet_hub.core.sets.ranking import seen_position, set_time
from carnet_hub.core.sets.workspace import Workspace
from carnet_protocol.chain import NO_HEAD, ChainHead, ChainLink, classify_link
from carnet_protocol.errors import BadValue, Malformed, NotAllowed, Refused
from carnet_protocol.fold import effective_based_on
from carnet_protocol.ids import OpId, index_of, nonce_of
from carnet_protocol.kinds import KEY_CHANGE, SCHEMA_VERSION
from carnet_protocol.messages import PushCode, Verdict
from carnet_protocol.opened import OpenedSet
from carnet_protocol.reasons import Reason

_ACTIVE: Final = "active"


@dataclass(frozen=True, slots=True)
class Decided:
    """The answer to one set.

    Attributes:
        row: the deciding log entry, for sets that stand in the log.
        code: for sets that do not.
        expected_seq: for a gap, the seq to send first.
    """

    row: LogRow | None
    code: PushCode = PushCode.REJECTED
    reason: Reason | None = None
    is_duplicate: bool = False
    expected_seq: int | None = None


class Fate(Enum):
    """What an examination of a set comes to."""

    SOUND = "sound"
    PARK = "park"
    REFUSE = "refuse"
    REJECT = "reject"


@dataclass(frozen=True, slots=True)
class Finding:
    """Result of an examination.

    Attributes:
        waits_for: ops that are unknown or parked.
    """

    fate: Fate
    reason: Reason | None = None
    detail: str = ""
    opened: OpenedSet | None = None
    folding: Folding | None = None
    waits_for: tuple[OpId, ...] = ()


def decide_set(workspace: Workspace, arrival: Arrival) -> Decided:
    """Decide one set and add what follows to the workspace.

    Args:
        workspace: has loaded what the set needs; changed in memory.
        arrival: verified.
    """
    header = arrival.change_set.header
    link = _link(workspace, arrival)
    if not _may_speak(workspace, arrival, link):
        return Decided(None, PushCode.REJECTED, Reason.SUSPENDED_NODE)
    match link:
        case ChainLink.DUPLICATE:
            return Decided(_deciding_row(workspace, header.nonce), is_duplicate=True)
        case ChainLink.GAP:
            held = workspace.ledger.epochs_of(header.node_id).get(header.epoch)
            return Decided(None, PushCode.GAP, Reason.GAP, expected_seq=held.head_seq + 1 if held else 1)
        case ChainLink.FORK:
            _keep_evidence(workspace, arrival, Reason.FORK)
            return Decided(None, PushCode.FORK, Reason.FORK)
        case ChainLink.NEXT:
            pass
    known = workspace.ledger.arrived(arrival.change_set.nonce)
    if known is not None:
        return _decide_known(workspace, arrival, known)
    time_ms = _time(workspace, arrival)
    finding = examine_set(workspace, arrival, time_ms=time_ms)
    if finding.fate is Fate.REJECT:
        return Decided(None, PushCode.REJECTED, finding.reason)
    return Decided(enter_set(workspace, arrival, finding, time_ms=time_ms))


def park_culprit(workspace: Workspace, arrival: Arrival) -> Decided:
    """Park a set on which the hub itself failed, if its place in its chain is known to be right."""
    if _link(workspace, arrival) is not ChainLink.NEXT or workspace.ledger.arrived(arrival.change_set.nonce):
        return Decided(None, PushCode.REJECTED, Reason.INTERNAL)
    finding = Finding(Fate.PARK, Reason.INTERNAL)
    return Decided(enter_set(workspace, arrival, finding, time_ms=_time(workspace, arrival)))


def examine_set(workspace: Workspace, arrival: Arrival, *, time_ms: int, is_released: bool = False) -> Finding:
    """Judge a set whose place in its chain is right, or a parked one again.

    Args:
        workspace: unchanged.
        time_ms: its set time.
        is_released: an operator takes it as a proposal, or looks what would happen then.
    """
    arrival = _with_erasures(workspace, arrival)
    if arrival.opened is None:
        return _judge_fault(arrival)
    author = arrival.change_set.header.dealer_id
    try:
        unknown = unknown_bases(workspace, arrival)
        if not unknown or author != workspace.hub.hub_id:  # a ruling may come back before the record it is about
            check_authority(workspace, arrival.opened, author=author)
    except Refused as refusal:
        return Finding(Fate.REFUSE, refusal.reason, refusal.detail)
    if unknown:
        return Finding(Fate.PARK, Reason.UNKNOWN_BASE, "", arrival.opened, waits_for=unknown)
    try:
        folding = fold_set(workspace, arrival.opened, author=author, time_ms=time_ms)
    except NotAllowed as refusal:
        return Finding(Fate.PARK, refusal.reason, refusal.detail, arrival.opened)
    is_proposal = not is_released and arrival.confirmed_in is None and author != workspace.hub.hub_id
    if is_proposal and writes_on_lapsed(workspace, arrival.opened.ops, author):
        return Finding(Fate.PARK, Reason.NO_LONGER_FOLLOWED, "a car that was taken on for a time", arrival.opened)
    return Finding(Fate.SOUND, None, "", arrival.opened, folding)


def enter_set(workspace: Workspace, arrival: Arrival, finding: Finding, *, time_ms: int) -> LogRow:
    """Log a new set with its verdict and let it take effect."""
    entry = Entry(arrival, time_ms)
    match finding.fate:
        case Fate.SOUND:
            return fold_entry(workspace, entry, finding.opened, finding.folding)
        case Fate.PARK:
            row = add_entry(workspace, entry, LogKind.PARK, Verdict.PARKED, finding.reason, opened=finding.opened)
            nonce = arrival.change_set.nonce
            workspace.ledger.wait(WaitingRow(base, nonce, nonce_of(base)) for base in finding.waits_for)
            return row
        case Fate.REFUSE | Fate.REJECT:
            row = add_entry(workspace, entry, LogKind.REFUSE, Verdict.REFUSED, finding.reason)
            void_whole_set(workspace, arrival.change_set, row.position, finding.reason)
            return row


def unknown_bases(workspace: Workspace, arrival: Arrival) -> tuple[OpId, ...]:
    """Ops that a set is based on, void ones looked through, that have not arrived or whose set is parked.

    Raises:
        Malformed: an op that a known set does not have.
    """
    own = arrival.change_set.nonce
    ledger = workspace.ledger
    read = dict.fromkeys(
        base for op in arrival.ops if op.based_on_joined for base in op.based_on if nonce_of(base) != own
    )
    if not read:
        return ()
    for base in read:
        known = ledger.arrived(nonce_of(base))
        if known is not None and known.op_count and index_of(base) >= known.op_count:
            raise Malformed(Reason.MALFORMED, "based on an op that its set does not have")
    behind = effective_based_on(tuple(read), ledger.void_bases)
    return tuple(base for base in behind if nonce_of(base) != own and ledger.is_missing(base))


def _may_speak(workspace: Workspace, arrival: Arrival, link: ChainLink) -> bool:
    """Whether the key that signed a set may still be heard.

    A key that its node has replaced vouches for what the hub knows already, and for the rest of an epoch that is closed
    (it may come on a stick, late); it opens nothing, changes no keys and goes no further where the node is now.
    """
    node = workspace.nodes.get(arrival.node.key_id, arrival.node)
    changed = workspace.new_keys.get(node.key_id)  # a set of this very transaction may have replaced it
    if changed is not None:
        node = node._replace(key_status=changed.status)
    if node.is_welcome:
        return True
    is_site_welcome = node._replace(key_status=_ACTIVE).is_welcome
    is_in_use = any(key.status == _ACTIVE for key in workspace.keys_of(node.node_id))
    if node.key_status != RETIRED or not is_site_welcome or not is_in_use:
        return False
    if node.key_id in revoked_keys(workspace, node.node_id):
        return False
    if link is ChainLink.DUPLICATE:
        return True
    header = arrival.change_set.header
    epochs = workspace.ledger.epochs_of(header.node_id)
    held = epochs.get(header.epoch)
    is_closed = held is not None and any(row.opened_at > held.opened_at for row in epochs.values())
    return link is ChainLink.NEXT and is_closed and all(op.kind != KEY_CHANGE.number for op in arrival.ops)


def _link(workspace: Workspace, arrival: Arrival) -> ChainLink:
    header = arrival.change_set.header
    ledger = workspace.ledger
    epochs = ledger.epochs_of(header.node_id)
    held = epochs.get(header.epoch)
    known = ledger.place(header.node_id, header.epoch, header.seq)
    head = ChainHead(held.head_seq, held.head_hash) if held is not None else NO_HEAD
    link = classify_link(header, arrival.change_set.set_hash, head, known.set_hash if known is not None else None)
    if link is ChainLink.NEXT and header.origin is not None:
        return _origin_link(workspace, arrival, epochs)
    return link


def _origin_link(workspace: Workspace, arrival: Arrival, epochs: dict[bytes, EpochRow]) -> ChainLink:
    """Whether a new epoch continues this node's history: its parent must be the node's own.

    A parent that this hub has not seen yet is believed when it lies in an epoch of the node (it may come on a stick),
    or when nothing of the node has come so far.
    """
    header = arrival.change_set.header
    origin = header.origin
    if origin is None or not epochs:
        return ChainLink.NEXT
    if origin.parent_epoch == header.epoch:
        return ChainLink.FORK
    if origin.parent_epoch not in epochs:
        return ChainLink.FORK if origin.parent_seq == 0 else ChainLink.GAP
    if origin.parent_seq == 0:
        return ChainLink.NEXT
    parent = workspace.ledger.place(header.node_id, origin.parent_epoch, origin.parent_seq)
    return ChainLink.NEXT if parent is None or parent.set_hash == origin.parent_hash else ChainLink.FORK


def _decide_known(workspace: Workspace, arrival: Arrival, known: AdmissionRow) -> Decided:
    """A nonce that is known already: the same set re-emitted, or another one that reuses its identity."""
    change_set = arrival.change_set
    if known.dealer_id != change_set.header.dealer_id or known.ops_hash != change_set.ops_hash:
        _keep_evidence(workspace, arrival, Reason.NONCE_REUSED)
        return Decided(None, PushCode.FORK, Reason.NONCE_REUSED)
    first = workspace.entry(known.decided_at)
    entry = Entry(arrival, first.time_ms)
    add_entry(workspace, entry, LogKind.REPEAT, Verdict(first.verdict), None, is_repeat=True)
    return Decided(_deciding_row(workspace, change_set.nonce), is_duplicate=True)


def _deciding_row(workspace: Workspace, nonce: bytes) -> LogRow:
    admission = workspace.ledger.admission(nonce)
    if admission is None:
        raise AssertionError("a place of a chain without its set")
    return workspace.entry(admission.decided_at)


def _with_erasures(workspace: Workspace, arrival: Arrival) -> Arrival:
    """The arrival with what erasures cover taken out: intake knew of none."""
    covered = [record for record in arrival.sealed_records if workspace.erased.get(record)]
    if not covered:
        return arrival
    erased = arrive(workspace.hub, arrival.change_set, arrival.opening, arrival.node, workspace.is_erased)
    return replace(erased, ranked_ms=arrival.ranked_ms, confirmed_in=arrival.confirmed_in)


def _judge_fault(arrival: Arrival) -> Finding:
    fault = arrival.fault
    if fault is None:
        raise AssertionError("a set that is neither open nor faulty")
    if is_damaged_opening(arrival):
        return Finding(Fate.REJECT, fault.reason, fault.detail)
    if fault.reason is Reason.UNKNOWN_KIND:
        return Finding(Fate.PARK, Reason.UNKNOWN_KIND, fault.detail)
    if isinstance(fault, BadValue) and arrival.change_set.header.schema > SCHEMA_VERSION:
        return Finding(Fate.PARK, Reason.SCHEMA_TOO_NEW, fault.detail)
    return Finding(Fate.REFUSE, fault.reason, fault.detail)


def _time(workspace: Workspace, arrival: Arrival) -> int:
    if arrival.ranked_ms is not None:
        return arrival.ranked_ms
    header = arrival.change_set.header
    head = LogHead(workspace.position, workspace.received_ms)
    seen = workspace.commit_time(seen_position(header, known_branches(workspace.hub), head))
    offset = workspace.clock_offsets.get(header.node_id, 0)
    return set_time(header, offset_ms=offset, seen_ms=seen, received_ms=workspace.received_ms)


def _keep_evidence(workspace: Workspace, arrival: Arrival, reason: Reason) -> None:
    change_set = arrival.change_set
    header = change_set.header
    workspace.ledger.add_evidence(
        EvidenceRow(
            change_set.set_hash,
            header.node_id,
            header.epoch,
            header.seq,
            header.nonce,
            reason.value,
            workspace.received_ms,
            change_set.message,
        )
    )
