"""Moving in: a new machine goes on with the database of a lost one, as another node of the same site.

Decides what is emitted again, what stays as history, and how the lost machine is told if it ever wakes up. Brings no
database and no key (`adapters.restoring`, `adapters.recovery`), and does not enrol (`enrolment`).

    in the lost machine's database        at the new one
    ------------------------------------  ---------------------------------------------------------------------
    accepted, refused                     its history, under the lost machine's epochs; the hub has it
    without a verdict, or parked          emitted again: same nonce, same ops, sealed by the new key
    recorded after the backup, and sent   arrives with the pages, like the work of any other node of the site
    its last epochs                       stated at every hello: the hub tells the lost machine that it was succeeded
    what it had read of the hub           goes on to be read here, in the history in which it was read

When the hub is restored later, what it has forgotten of that history is emitted again as well (`inheriting`).
"""

from carnet_node.core.limits import FORMER_EPOCHS_MAX, FORMER_NODES_MAX, MOVED_IN_SETS_MAX
from carnet_node.core.log.rejoin import move_sets
from carnet_node.core.log.rejoin_state import OwnEpoch, RejoinState, load_rejoin, save_rejoin, with_epoch
from carnet_node.core.log.signing import keep_own_keys
from carnet_node.core.ports import WriteTransaction
from carnet_node.core.records import ChainState, Identity
from carnet_protocol.changeset import EpochOrigin, EpochReason
from carnet_protocol.envelope import Signer
from carnet_protocol.errors import NotAllowed
from carnet_protocol.ids import EPOCH_BYTES, NO_HASH
from carnet_protocol.reasons import Reason


def move_in(tx: WriteTransaction, identity: Identity, signer: Signer, *, epoch: bytes) -> int:
    """Go on with the restored database of a lost machine as a new node of its site.

    Args:
        identity, signer: of the new node.
        epoch: 8 random bytes.

    Raises:
        NotAllowed: the database belongs to another site or hub; the caller must let the transaction end.

    Returns: how many sets were emitted again.
    """
    former, chain, state = tx.identity(), tx.chain(), load_rejoin(tx)
    if former is None or chain is None or (former.hub_id, former.dealer_id) != (identity.hub_id, identity.dealer_id):
        raise NotAllowed(Reason.UNKNOWN_NODE, "this database belongs to another site")
    for one in tx.sets_held_back(MOVED_IN_SETS_MAX):
        if one.verdict is not None and one.verdict.is_parked:
            tx.put_verdict(one.log_id, None)
    tx.put_identity(identity)
    keep_own_keys(tx, (), change=None)
    opened = ChainState(epoch, 1, 0, NO_HASH, EpochOrigin(bytes(EPOCH_BYTES), 0, NO_HASH, int(EpochReason.ENROLLED)))
    left = with_epoch(state, OwnEpoch(chain.epoch, chain.epoch_ordinal))
    save_rejoin(tx, left)
    tx.put_chain(opened)
    count = move_sets(tx, identity, opened, lambda _: signer)
    nodes = (*state.former_nodes, bytes(former.node_id))[-FORMER_NODES_MAX:]
    epochs = sorted(left.closed, key=lambda one: one.ordinal, reverse=True)[:FORMER_EPOCHS_MAX]
    moved = RejoinState(
        histories=state.histories,
        former_nodes=nodes,
        former_epochs=tuple(epochs),
        has_former_rows=state.has_former_rows,
    )
    save_rejoin(tx, moved)
    return count
