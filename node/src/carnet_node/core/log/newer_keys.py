"""Which key a database goes on with that is older than the keys beside it.

Decides when a restored database takes up a newer signing key of its own machine, and which of several the hub takes.
Makes and moves no key file (`adapters.rotating`), and opens no epoch (`rejoin`).

    found                                                    what follows
    -------------------------------------------------------  ----------------------------------------------------------
    the database's key was replaced here, and is gone        the key that lies here signs from now on, in doubt; the
                                                             database is older than its keys, so it has to rejoin
    the hub returns a change of keys, its new key lies here  the new key signs; work that waits is sealed again with it
    the same, and an own change waits                        the own change stands behind it, certified by the new key
    the hub returns a change, its new key lies nowhere here  its public half is remembered, so that the log verifies
    in doubt, all is back, and the hub has just answered     that key signs again; the changes behind it are lost, and
    to a former key                                          the doubt is over
    in doubt, and all is back by stick                       the key that the hub's receipts name signs; the doubt is
                                                             over when the hub has taken an epoch that it opened
    the hub has taken an own change that nobody waited for   its new key signs: it lay in the log of a node that went
                                                             on with a former key, because a restored hub had lost it

A stick may be older than what it is compared with, so it ends no doubt by itself: until the hub has taken something
new, no key goes, and every key here is tried.

The proof that a key is this node's is not taken from the folder alone: the hub knows the newer key, or refuses it.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from carnet_node.core.log.rejoin_state import load_rejoin, save_rejoin
from carnet_node.core.log.signing import (
    is_change_pending,
    is_key_in_doubt,
    keep_own_keys,
    own_keys,
    put_before_present,
)
from carnet_node.core.node import Node
from carnet_node.core.ports import ReadTransaction, WriteTransaction
from carnet_node.core.records import OWN_KEY_ID, Identity, SetVerdict
from carnet_protocol.changeset import ChangeSet
from carnet_protocol.envelope import key_id_of, read_envelope
from carnet_protocol.hello import EpochHead
from carnet_protocol.ids import OpId, nonce_of
from carnet_protocol.kinds import KEY_CHANGE
from carnet_protocol.resolvers import show


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


def take_change(node: Node, tx: WriteTransaction, change_set: ChangeSet, verdict: SetVerdict) -> None:
    """Learn from an own set that came back which key the hub takes since.

    Raises:
        KeysUnreadable: a key file cannot be read or written; the caller must let the transaction end.
    """
    new = _new_key(change_set)
    if new is None or not verdict.is_accepted:
        return
    known, is_in_doubt = own_keys(tx), is_key_in_doubt(tx)
    is_news = new not in known
    if not is_news and not is_in_doubt:
        return
    is_here = _is_here(node, key_id_of(new))
    if is_news and is_here and is_change_pending(tx):
        put_before_present(tx, new)
        return
    keys = [*known, new] if is_news else known
    is_present = is_here and keys[-1] == new
    keep_own_keys(tx, keys, change=change_set.nonce, is_in_doubt=is_in_doubt and not is_present)
    if is_present:
        tx.put_setting(OWN_KEY_ID, key_id_of(new))


def settle_key(node: Node, tx: WriteTransaction, heard_as: bytes | None) -> None:
    """Go on with the key that the hub takes, when all that it holds of this node is back and no own change waits.

    Args:
        heard_as: id of the key under which the hub has just answered, or has taken what stands here. An earlier one
            than the last: the changes behind it are in nobody's log. None from a bundle, which it takes under any key.

    Raises:
        KeysUnreadable: a key file cannot be read or written; the caller must let the transaction end.
    """
    keys, change = own_keys(tx), _last_accepted(node.identity, tx)
    if not is_key_in_doubt(tx):
        if change is not None and not is_change_pending(tx):
            _catch_up(node, tx, change)
        return
    by_log = keys[0] if change is None else change.new_key
    taken = heard_as or key_id_of(by_log)
    if not _is_here(node, taken):
        return
    tx.put_setting(OWN_KEY_ID, taken)
    known = next((key for key in keys if key_id_of(key) == heard_as), None)
    if known is not None:
        nonce = change.nonce if change is not None and change.new_key == known else None
        keep_own_keys(tx, keys[: keys.index(known) + 1], change=nonce)


def vouched_key(tx: ReadTransaction, held: Sequence[EpochHead]) -> bytes | None:
    """Id of the key that signs, if it has opened the present epoch and the hub has taken that; None otherwise.

    Args:
        held: what the hub holds of this node, as it has just stated.
    """
    chain, own = tx.chain(), tx.setting(OWN_KEY_ID)
    if chain is None or not any(one.epoch == chain.epoch and one.head_seq > 0 for one in held):
        return None
    first = tx.set_at(chain.epoch, 1)
    return own if first is not None and read_envelope(first.message).key_id == own else None


def is_key_gone(node: Node, tx: ReadTransaction) -> bool:
    """Whether the hub takes a key of this node that is not in its folder any more, as its own receipts say."""
    change = _last_accepted(node.identity, tx)
    taken = None if change is None else key_id_of(change.new_key)
    if taken in (None, tx.setting(OWN_KEY_ID), node.signer.key_id):
        return False
    return all(one.key_id != taken for one in node.spare_signers())


@dataclass(frozen=True, slots=True)
class _Change:
    """A change of keys that the hub has accepted."""

    position: int
    nonce: bytes
    new_key: bytes


def _catch_up(node: Node, tx: WriteTransaction, change: _Change) -> None:
    """Go on with the key of the last change that the hub has accepted; almost always it is the one that signs."""
    new_id = key_id_of(change.new_key)
    if new_id == tx.setting(OWN_KEY_ID) or not _is_here(node, new_id):
        return
    former = [key for key in own_keys(tx) if key != change.new_key]
    keep_own_keys(tx, [*former, change.new_key], change=change.nonce)
    tx.put_setting(OWN_KEY_ID, new_id)


def _last_accepted(identity: Identity, tx: ReadTransaction) -> _Change | None:
    """This node's own last change of keys in the hub's log, as far as the own log has it."""
    labels = KEY_CHANGE.labels
    found: list[_Change] = []
    for stored in tx.projections(KEY_CHANGE):
        values = show(KEY_CHANGE, stored.entries).values
        new = values.get(labels["new_signing_key"])
        logged = tx.set_by_nonce(nonce_of(OpId(stored.entries[0].op))) if stored.entries else None
        if logged is None or values.get(labels["node_id"]) != identity.node_id or not isinstance(new, bytes):
            continue
        if logged.verdict is not None and logged.verdict.is_accepted:
            found.append(_Change(logged.verdict.position, logged.nonce, new))
    return max(found, key=lambda one: one.position, default=None)


def _new_key(change_set: ChangeSet) -> bytes | None:
    """The key that an own set certifies, raw 32 bytes; None when it certifies none."""
    number, label = KEY_CHANGE.number, KEY_CHANGE.labels["new_signing_key"]
    found = (op.fields.get(label) for op in change_set.ops if op.kind == number)
    return next((key for key in found if isinstance(key, bytes)), None)


def _is_here(node: Node, key_id: bytes) -> bool:
    """Whether a key lies here, to go on with; one that was put aside is brought back."""
    return key_id == node.signer.key_id or node.find_signer(key_id) is not None
