"""The hub's own change sets: campaigns, enrolments, rulings, erasures.

Decides how the hub writes. It is a node with a chain of its own, and its sets go through the same admission as
everybody's; there is no second way to change anything. What differs: the chain head is read inside the transaction
that advances it, and a set that would be refused or parked is not written at all. Nobody can be waiting for a set
that did not exist.

Rule: a set holds kinds for everybody or none of them. A set for everybody travels whole, so a ruling on one site's
record beside an erasure would be read by all sites, or the erasure by none.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from carnet_hub.core.hub import Hub
from carnet_hub.core.log.admission import Fate, enter_set, examine_set
from carnet_hub.core.log.prefetch import prefetch
from carnet_hub.core.ports import Transaction
from carnet_hub.core.rows import LogRow
from carnet_hub.core.sets.intake import arrive, hub_as_node
from carnet_hub.core.sets.receipts import receipt_of
from carnet_hub.core.sets.workspace import Workspace, open_workspace
from carnet_protocol.changeset import Draft, EpochOrigin, EpochReason, Link, build_ops, reread_set, seal_set
from carnet_protocol.errors import BrokenRule, NotAllowed
from carnet_protocol.ids import EPOCH_BYTES, NO_HASH, NONCE_BYTES, Nonce, OpId, op_id
from carnet_protocol.opened import nothing_erased
from carnet_protocol.ops import encode_ops
from carnet_protocol.reasons import Reason
from carnet_protocol.registry import Audience
from carnet_protocol.seals import SEED_BYTES

_FIRST_EPOCH: Final = 1


@dataclass(frozen=True, slots=True)
class HubWrite:
    """A change set of the hub that took effect.

    Attributes:
        position: of its log entry.
        time_ms: its set time.
        ops: ids of its ops, in the order of the drafts.
        conflicts: registers in which it met a different concurrent value.
        receipt: the signed receipt.
    """

    position: int
    time_ms: int
    nonce: bytes
    ops: tuple[OpId, ...]
    conflicts: int
    receipt: bytes


def write_hub_set(hub: Hub, drafts: Sequence[Draft], *, nonce: Nonce | None = None) -> HubWrite:
    """Seal drafts as the hub's next change set and let it take effect, in one transaction.

    Args:
        drafts: 1 to 500; `based_on` as the caller read it.
        nonce: of `draw_nonce`, where a draft builds on an earlier one of the same set; None to draw it here.

    Raises:
        Refused: a value outside the registry, a site's record without a ruling, an unknown base, too many heads.
        BrokenRule: kinds for everybody beside others.
        StoreBusy, StoreError: see `ports`.
        Nothing is written then.
    """
    with hub.store.write() as transaction:
        row, op_count = write_in(hub, transaction, drafts, nonce=nonce)
    ops = tuple(op_id(Nonce(row.nonce), index) for index in range(op_count))
    return HubWrite(row.position, row.time_ms, row.nonce, ops, row.conflicts, receipt_of(hub, row))


def draw_nonce(hub: Hub) -> Nonce:
    """The identity of the next set, for drafts that name each other; never used for two sets."""
    return Nonce(hub.entropy.random_bytes(NONCE_BYTES))


def write_in(
    hub: Hub, transaction: Transaction, drafts: Sequence[Draft], *, nonce: Nonce | None = None
) -> tuple[LogRow, int]:
    """The same inside a transaction of the caller's, for what must be written together with it.

    Returns: the log entry and the number of ops.
    """
    workspace = open_workspace(hub, transaction)
    written = write_with(hub, workspace, drafts, nonce=nonce)
    workspace.flush(transaction)
    return written


def write_with(
    hub: Hub, workspace: Workspace, drafts: Sequence[Draft], *, nonce: Nonce | None = None
) -> tuple[LogRow, int]:
    """The same in a workspace of the caller's, who flushes it."""
    if len({draft.kind.audience is Audience.ALL for draft in drafts}) > 1:
        raise BrokenRule("a hub set for everybody beside records of some sites")
    ops, opening = build_ops(tuple(drafts), hub.entropy.random_bytes(SEED_BYTES))
    message = seal_set(encode_ops(ops), nonce or draw_nonce(hub), next_link(hub, workspace), hub.signer)
    arrival = arrive(hub, reread_set(message, hub.hub_id), opening, hub_as_node(hub), nothing_erased)
    prefetch(workspace, [arrival])
    finding = examine_set(workspace, arrival, time_ms=workspace.received_ms)
    if finding.fate is not Fate.SOUND:
        raise NotAllowed(finding.reason or Reason.INTERNAL, finding.detail)
    return enter_set(workspace, arrival, finding, time_ms=workspace.received_ms), len(ops)


def next_link(hub: Hub, workspace: Workspace) -> Link:
    """The place of the hub's next set: behind its newest epoch's head, or in a new epoch after a restore."""
    epochs = sorted(workspace.ledger.epochs_of(hub.node_id).values(), key=lambda row: row.opened_at)
    position, now_ms = workspace.position, workspace.received_ms
    if epochs:
        held = epochs[-1]
        epoch, ordinal, seq, prev, origin = held.epoch, held.ordinal, held.head_seq + 1, held.head_hash, None
        if hub.histories and held.opened_at <= hub.histories[-1].position:
            epoch, ordinal, seq = hub.entropy.random_bytes(EPOCH_BYTES), held.ordinal + 1, 1
            origin = EpochOrigin(held.epoch, held.head_seq, held.head_hash, int(EpochReason.RESTORED))
    else:
        epoch, ordinal, seq, prev = hub.entropy.random_bytes(EPOCH_BYTES), _FIRST_EPOCH, 1, NO_HASH
        origin = EpochOrigin(bytes(EPOCH_BYTES), 0, NO_HASH, int(EpochReason.ENROLLED))
    return Link(hub.hub_id, hub.hub_id, hub.node_id, epoch, ordinal, seq, prev, origin, hub.hub_epoch, position, now_ms)
