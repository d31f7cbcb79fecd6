"""The work of a lost machine at its successor, after the hub was restored: nobody else may have it.

Decides which sets of another machine, taken over with its database, are emitted again when the hub has forgotten what
it once said of them. Does not decide what is emitted at the move itself (`moving`).

    the machine that wrote it was    the hub's receipt is        then
    -------------------------------  --------------------------  -------------------------------------------------
    lost, replaced or retired        any                         sealed again at the end of the own chain
    revoked as compromised           from before the theft       the same
    revoked as compromised           behind it, or missing       without effect here too; it is history

Its own epochs are this node's no more, and some of its sets have moved on already: so nothing is sent from there, and
nothing is asked of its key. Set times are worked out anew, from the clock that wrote them.

A position in a revocation may be of a later history than a receipt: then the set is older than it looks, and the
comparison errs on the safe side.
"""

from collections.abc import Iterator, Mapping
from typing import Final

from carnet_node.core.log.authoring import signer_of
from carnet_node.core.log.projecting import OwnWork, reproject
from carnet_node.core.log.rejoin import move_on
from carnet_node.core.log.rejoin_state import load_rejoin
from carnet_node.core.node import Node
from carnet_node.core.ports import ReadTransaction, WriteTransaction
from carnet_node.core.records import Identity, LoggedSet, SetVerdict
from carnet_protocol.changeset import reread_set
from carnet_protocol.envelope import Purpose
from carnet_protocol.ids import HubId, RecordId
from carnet_protocol.kinds import REVOCATION
from carnet_protocol.limits import BATCH_SETS_MAX
from carnet_protocol.messages import Receipt, Verdict, open_frame
from carnet_protocol.reasons import Reason
from carnet_protocol.resolvers import show

_COMPROMISED: Final = "compromised"


def emit_inherited(node: Node, tx: WriteTransaction) -> int:
    """Emit what a restored hub has forgotten of a lost machine's work again, at the end of the own chain.

    Raises:
        KeysUnreadable: the key of this database is not in its folder; the caller must let the transaction end.

    Returns: how many sets were emitted again; 0 but after a restore of the hub, and for a node that may not write.
    """
    chain = tx.chain()
    if chain is None or chain.is_rejoining or chain.is_writing_stopped:
        return 0
    own = {chain.epoch, *(one.epoch for one in load_rejoin(tx).closed)}
    inherited = [epoch for epoch in tx.unconfirmed_epochs() if epoch not in own]
    if not inherited:
        return 0
    begun, signer, honest_until = chain.seq, signer_of(node, tx), _honest_until(tx)
    for epoch in inherited:
        for batch in _unconfirmed_in(tx, epoch):
            suspects = [one for one in batch if _is_suspect(node.identity, one, honest_until)]
            _leave_out(node, tx, suspects)
            chain = move_on(tx, node.identity, chain, [one for one in batch if one not in suspects], lambda _: signer)
    return chain.seq - begun


def _unconfirmed_in(tx: ReadTransaction, epoch: bytes) -> Iterator[list[LoggedSet]]:
    """The sets of an epoch without a verdict, in order; a batch may be moved before the next one is asked for."""
    seq = tx.first_unconfirmed_seq(epoch)
    while seq is not None:
        read = tx.sets_from(epoch, seq, BATCH_SETS_MAX)
        yield [one for one in read if one.verdict is None]
        seq = read[-1].seq + 1 if read else None


def _honest_until(tx: ReadTransaction) -> dict[bytes, int]:
    """The last log position at which the key of a compromised machine was in honest hands, by node."""
    label = REVOCATION.labels
    found: dict[bytes, int] = {}
    for stored in tx.projections(REVOCATION):
        values = show(REVOCATION, stored.entries).values
        node_id, position = values.get(label["node_id"]), values.get(label["suspect_from_position"])
        if values.get(label["revocation_kind"]) == _COMPROMISED and isinstance(node_id, bytes):
            until = position if isinstance(position, int) else 0
            found[node_id] = min(until, found.get(node_id, until))
    return found


def _is_suspect(identity: Identity, one: LoggedSet, honest_until: Mapping[bytes, int]) -> bool:
    """Whether a thief may have written a set, as far as the hub's own receipt does not say otherwise."""
    until = honest_until.get(reread_set(one.message, HubId(identity.hub_id)).header.node_id)
    if until is None:
        return False
    if one.receipt is None:
        return True
    receipt = open_frame(one.receipt, Receipt, identity.hub_signing_key, Purpose.RECEIPT, identity.hub_id)
    return receipt.position > until


def _leave_out(node: Node, tx: WriteTransaction, suspects: list[LoggedSet]) -> None:
    """Suspect sets stay in the log without effect, as the hub had decided."""
    feed, hub = tx.feed(), HubId(node.identity.hub_id)
    if not suspects or feed is None:
        return
    touched: set[tuple[int, RecordId]] = set()
    for one in suspects:
        verdict = SetVerdict(Verdict.REFUSED, Reason.EXCLUDED.value, feed.position, one.time_ms, {}, 0)
        tx.put_verdict(one.log_id, verdict)
        touched |= {(op.kind, RecordId(op.record)) for op in reread_set(one.message, hub).ops}
    reproject(tx, OwnWork(tx, node.identity.hub_id), node.identity, sorted(touched))
