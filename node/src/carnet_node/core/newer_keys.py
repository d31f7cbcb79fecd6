"""Which key a database goes on with that is older than the keys beside it.

Decides when a restored database takes up a newer signing key of its own machine. Makes and moves no key file
(`adapters.rotating`), and opens no epoch (`rejoin`).

    found                                                    what follows
    -------------------------------------------------------  ----------------------------------------------------------
    the database's key was replaced here, and is gone        the key that lies here signs from now on; the database is
                                                             older than its keys, so it has to rejoin
    the hub returns a change of keys, its new key lies here  the new key signs; work that waits is sealed again with it
    the hub returns a change, its new key lies nowhere here  its public half is remembered, so that the log verifies
    all is back, and the hub knows a former key alone        that key signs again: the change behind it is lost
                                                             (`signing.settle_doubt`)

The proof that a key is this node's is not taken from the folder alone: the hub knows the newer key, or refuses it.
"""

from collections.abc import Sequence
from dataclasses import replace

from carnet_node.core.node import Node
from carnet_node.core.ports import WriteTransaction
from carnet_node.core.records import OWN_KEY_ID, SetVerdict
from carnet_node.core.rejoin_state import load_rejoin, save_rejoin
from carnet_node.core.signing import is_key_in_doubt, keep_own_keys, own_keys
from carnet_protocol.changeset import ChangeSet
from carnet_protocol.envelope import key_id_of
from carnet_protocol.kinds import KEY_CHANGE


def go_on_with(tx: WriteTransaction, former: Sequence[bytes], present: bytes, *, now_ms: int) -> bool:
    """Take up the key that has replaced the database's own on this machine.

    Args:
        former: public keys that were replaced here, oldest first, raw 32 bytes each.
        present: the public key that lies here now.
        now_ms: when the database counts as restored.

    Returns: whether the database's key is one of the former; False when these are keys of another machine, and nothing
        was changed.
    """
    own, chain = tx.setting(OWN_KEY_ID), tx.chain()
    ids = [key_id_of(key) for key in former]
    if own not in ids or chain is None:
        return False
    keep_own_keys(tx, [*former, present], change=None, is_in_doubt=True)
    tx.put_setting(OWN_KEY_ID, key_id_of(present))
    tx.put_chain(replace(chain, is_rejoining=True))
    save_rejoin(tx, replace(load_rejoin(tx), restored_ms=now_ms))
    return True


def take_change(node: Node, tx: WriteTransaction, change_set: ChangeSet, verdict: SetVerdict) -> bool:
    """Learn from an own set that came back which key this node signs with since.

    Returns: whether the key that signs is another one now.
    """
    if not verdict.is_accepted:
        return False
    number, label = KEY_CHANGE.number, KEY_CHANGE.labels["new_signing_key"]
    found = (op.fields.get(label) for op in change_set.ops if op.kind == number)
    new = next((key for key in found if isinstance(key, bytes)), None)
    if new is None:
        return False
    known = own_keys(tx)
    if new in known:
        if is_key_in_doubt(tx):
            keep_own_keys(tx, known, change=change_set.nonce, is_in_doubt=new != known[-1])
        return False
    keep_own_keys(tx, [*known, new], change=change_set.nonce)
    own, later = tx.setting(OWN_KEY_ID), key_id_of(new)
    if later == own or (later != node.signer.key_id and node.find_signer(later) is None):
        return False
    tx.put_setting(OWN_KEY_ID, later)
    return True
