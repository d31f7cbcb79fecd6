"""Log entries and what each of them does: the one code behind admission and `rebuild`.

Decides the rows that follow from an entry, given its verdict: places of chains, admissions, void ops, personal values
to be found by an erasure, folded records and their effects. Whether a set deserves the verdict was decided before
(`admission`), or long ago (`rebuild`).
"""

from dataclasses import dataclass

import msgspec

from carnet_hub.core.at_rest import keep_opening
from carnet_hub.core.identities.linking import follow_master
from carnet_hub.core.rows import AdmissionRow, ChainRow, EpochRow, LogKind, LogRow, SetState, VoidRow
from carnet_hub.core.sets.belonging import note_latecomers
from carnet_hub.core.sets.effects import apply_effects
from carnet_hub.core.sets.folding import Folding
from carnet_hub.core.sets.intake import Arrival
from carnet_hub.core.sets.receipts import pack_voids
from carnet_hub.core.sets.routing import append_entry, apply_folding, hand_to_owner
from carnet_hub.core.sets.workspace import Workspace
from carnet_protocol.changeset import ChangeSet, Header
from carnet_protocol.errors import Refused
from carnet_protocol.messages import Verdict
from carnet_protocol.opened import OpenedSet
from carnet_protocol.ops import Op
from carnet_protocol.reasons import Reason
from carnet_protocol.registry import Audience
from carnet_protocol.seals import erase_from_opening, parse_opening, seal_places


@dataclass(frozen=True, slots=True)
class Entry:
    """A set on its way into the log, with its set time."""

    arrival: Arrival
    time_ms: int


class Detail(msgspec.Struct, array_like=True, frozen=True, forbid_unknown_fields=True):
    """What an operator said with a RELEASE or EXCLUDE.

    Attributes:
        note: the reason given; empty when the hub released a set by itself.
        lost: op ids declared lost, joined.
    """

    note: str
    lost: bytes


def pack_detail(detail: Detail) -> bytes:
    """A detail as a log entry keeps it."""
    return msgspec.msgpack.encode(detail)


def unpack_detail(packed: bytes) -> Detail:
    """The detail of a log entry."""
    return msgspec.msgpack.decode(packed, type=Detail) if packed else Detail("", b"")


def add_entry(
    workspace: Workspace,
    entry: Entry,
    kind: LogKind,
    verdict: Verdict,
    reason: Reason | None,
    *,
    folding: Folding | None = None,
    opened: OpenedSet | None = None,
    is_repeat: bool = False,
) -> LogRow:
    """Append an entry for an arriving set and everything that follows from its place in its chain."""
    change_set = entry.arrival.change_set
    header = change_set.header
    row = append_entry(
        workspace,
        LogRow(
            workspace.position + 1,
            int(kind),
            workspace.hub.hub_epoch,
            workspace.received_ms,
            header.dealer_id,
            header.node_id,
            header.epoch,
            header.seq,
            change_set.set_hash,
            header.nonce,
            change_set.ops_hash,
            entry.time_ms,
            int(verdict),
            reason.value if reason is not None else None,
            pack_voids(folding.voids) if folding is not None else b"",
            folding.conflicts if folding is not None else 0,
            change_set.message,
            _kept_opening(workspace, entry.arrival, kind, opened),
            folding is not None and is_broadcast(workspace, header, entry.arrival.ops),
            b"",
        ),
    )
    take_place(workspace, header, row, is_repeat=is_repeat)
    if not is_repeat:
        note_admission(workspace, row, op_count=len(entry.arrival.ops), void_count=len(folding.voids) if folding else 0)
    return row


def fold_entry(workspace: Workspace, entry: Entry, opened: OpenedSet | None, folding: Folding | None) -> LogRow:
    """Append a sound set and let it take effect."""
    if opened is None or folding is None:
        raise AssertionError("a sound set is open and folded")
    verdict = Verdict.ACCEPTED_WITH_CONFLICTS if folding.conflicts else Verdict.ACCEPTED
    row = add_entry(workspace, entry, LogKind.ADMIT, verdict, None, folding=folding, opened=opened)
    if entry.arrival.confirmed_in is not None:
        workspace.ledger.note_confirmed(row.nonce, entry.arrival.confirmed_in)
    take_effect(workspace, row, folding)
    return row


def take_effect(workspace: Workspace, row: LogRow, folding: Folding) -> None:
    """Make a folding count, as of a log entry."""
    for op, based_on in folding.void_bases.items():
        reason = folding.voids[int.from_bytes(op[-2:], "big")]
        workspace.ledger.add_void(VoidRow(op, row.position, reason, b"".join(based_on)))
    apply_folding(workspace, folding, author=row.dealer_id, position=row.position)
    if row.dealer_id == workspace.hub.hub_id and not _is_for_everybody(workspace, folding):
        hand_to_owner(workspace, row.nonce, folding, row.position)
    apply_effects(workspace, folding.changes, row.position)
    note_latecomers(workspace, row, folding.changes)
    follow_master(workspace, folding.changes, row.position)


def void_whole_set(workspace: Workspace, change_set: ChangeSet, position: int, reason: Reason | None) -> None:
    """Make every op of a set void, as far as its ops can be read; what was declared lost before stays as it was."""
    try:
        ops = change_set.ops
    except Refused:
        return
    code = (reason or Reason.MALFORMED).value
    for index, op in enumerate(ops):
        if workspace.ledger.void(change_set.op_id(index)) is None:
            workspace.ledger.add_void(VoidRow(change_set.op_id(index), position, code, op.based_on_joined))
    workspace.ledger.pass_on_waiting(change_set.nonce)


def take_place(workspace: Workspace, header: Header, row: LogRow, *, is_repeat: bool) -> None:
    """Advance a node's chain to a set."""
    ledger = workspace.ledger
    ledger.add_place(ChainRow(row.node_id, row.epoch, row.seq, row.set_hash, row.nonce, row.position, is_repeat))
    held = ledger.epochs_of(row.node_id).get(row.epoch)
    if held is not None:
        ledger.put_epoch(held._replace(head_seq=row.seq, head_hash=row.set_hash))
        return
    origin = header.origin
    if origin is None:
        raise AssertionError("an epoch begins with its origin")
    ledger.put_epoch(
        EpochRow(
            row.node_id,
            row.epoch,
            header.epoch_ordinal,
            origin.reason,
            origin.parent_epoch,
            origin.parent_seq,
            origin.parent_hash,
            row.seq,
            row.set_hash,
            row.position,
        )
    )


def note_admission(workspace: Workspace, row: LogRow, *, op_count: int, void_count: int) -> None:
    """Keep what is known of a set that has just been logged."""
    kind = LogKind(row.kind)
    state = {LogKind.ADMIT: SetState.FOLDED, LogKind.PARK: SetState.PARKED, LogKind.REFUSE: SetState.REFUSED}[kind]
    voids = op_count if state is SetState.REFUSED else void_count
    workspace.ledger.put_admission(
        AdmissionRow(
            row.nonce,
            row.dealer_id,
            row.node_id,
            row.ops_hash,
            op_count,
            row.position,
            row.position,
            int(state),
            voids,
        )
    )


def note_sealed(workspace: Workspace, ops: tuple[Op, ...], position: int) -> None:
    """Remember where personal values of records lie, so that an erasure finds them."""
    for op in ops:
        if op.seals:
            workspace.ledger.add_sealed(op.record, position)


def is_broadcast(workspace: Workspace, header: Header, ops: tuple[Op, ...]) -> bool:
    """Whether a set is the hub's and everything in it goes to every site."""
    rules = workspace.hub.rules
    return header.dealer_id == workspace.hub.hub_id and all(
        op.kind in rules and rules[op.kind].audience is Audience.ALL for op in ops
    )


def _is_for_everybody(workspace: Workspace, folding: Folding) -> bool:
    """Whether every record that a folding touches goes to every site."""
    return all(workspace.hub.rules[kind].audience is Audience.ALL for kind, _ in folding.changes)


def _kept_opening(workspace: Workspace, arrival: Arrival, kind: LogKind, opened: OpenedSet | None) -> bytes:
    """What the log keeps of an opening: nothing that was erased, and nothing where it could not be told."""
    if kind is LogKind.REPEAT or not arrival.opening or not arrival.ops:
        return b""
    if opened is not None:
        plain = opened.opening
    else:
        parsed = parse_opening(arrival.opening, arrival.ops)
        left = erase_from_opening(
            parsed, lambda place: workspace.is_erased(arrival.ops[place.op_index].record, place.group)
        )
        plain = arrival.opening if left is parsed else left.encode(seal_places(arrival.ops))
    note_sealed(workspace, arrival.ops, workspace.position + 1)
    return keep_opening(workspace.hub.box, plain, arrival.ops, arrival.change_set.nonce)
