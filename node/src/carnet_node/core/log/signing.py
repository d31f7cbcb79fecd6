"""Which key signs what, around a change of keys.

Decides when a new key counts: from the change set that certifies it on, which the old key signs. The change, the new
key's id and the old public key are one transaction, so that whoever writes next, in this process or another, signs with
the right key; the private keys lie outside the database (`adapters.rotating`).

    what                                    signed with
    --------------------------------------  ------------------------------------------------------------
    a set                                   the key that the database names, read in the same transaction
    a set sealed anew under another epoch   the old key up to the change, if the hub has not judged the change
    a hello                                 the old key until the hub has taken the change; then the new one
    a bundle                                the oldest key that is here until the hub's backup has the change: nobody
                                            can try another one by stick, and the hub takes a bundle under each

A second change waits until the hub has taken the first and this node has read so far: then their order is certain.
The first need not be the last one that is remembered: a restored hub has forgotten a change, which waits in the log
again while an older key signs. Once the hub takes it, it takes no other change of that older key.

A database that took up a newer key of its folder (`newer_keys`) has no change to show for it: the key is in doubt until
the hub has answered. Until then every key stays, and when the change is lost the one that the hub takes signs again.
"""

from collections.abc import Iterator, Sequence
from typing import Final

from carnet_node.core.failures import KeysUnreadable
from carnet_node.core.log.authoring import SealedSet, commit_within, signer_of
from carnet_node.core.log.sync_state import load_state
from carnet_node.core.node import Node
from carnet_node.core.ports import ReadTransaction, WriteTransaction
from carnet_node.core.records import OWN_KEY_ID, LoggedSet
from carnet_node.core.refusals import ProblemCode, refuse
from carnet_protocol.changeset import Draft
from carnet_protocol.envelope import Signer, key_id_of
from carnet_protocol.ids import RECORD_RANDOM_BYTES, OpId, new_record_id, nonce_of
from carnet_protocol.kinds import KEY_CHANGE
from carnet_protocol.orders import change_key

_OWN_KEYS: Final = "own-keys"
"""Local fact: the public keys this node has signed with, 32 bytes each, oldest first; empty before a change."""

_CHANGE: Final = "key-change"
"""Local fact: nonce of the set that made the last change."""

_IN_DOUBT: Final = "key-in-doubt"
"""Local fact: not empty while nothing shows that the hub knows the key that signs, or will."""

_KEY_BYTES: Final = 32


def change_own_key(
    node: Node, new: Signer, *, new_public: bytes, old_public: bytes, exchange_public: bytes
) -> SealedSet:
    """Certify a new signing key with the present one, in one transaction.

    Args:
        new: holds the new private key; its public half is `new_public`, raw 32 bytes.
        old_public: of the present key.
        exchange_public: of the exchange key, which stays.

    Raises:
        CommandRefused: the last change has not reached the hub, or the key was changed meanwhile; nothing was written.
        StoreBusy, StoreBroken, NotEnrolled, WritingStopped: nothing was written.
    """
    with node.store.write() as tx:
        if signer_of(node, tx).key_id != key_id_of(old_public):
            raise refuse("key", ProblemCode.CHANGED, "The key was changed meanwhile.", "Look at `keys list`.")
        if not _is_settled(tx):
            what = "The last change of keys has not reached the hub and come back yet."
            raise refuse("key", ProblemCode.LOCKED, what, "Sync, then change the key again.")
        record = new_record_id(node.clock.now_ms(), node.entropy.random_bytes(RECORD_RANDOM_BYTES))
        identity = node.identity
        fields = change_key(identity.hub_id, identity.node_id, exchange_public, new, new_public)
        sealed = commit_within(node, tx, [Draft(KEY_CHANGE, record, fields)])
        tx.put_setting(_OWN_KEYS, (tx.setting(_OWN_KEYS) or old_public) + new_public)
        tx.put_setting(_CHANGE, sealed.nonce)
        tx.put_setting(OWN_KEY_ID, key_id_of(new_public))
    return sealed


def is_change_pending(tx: ReadTransaction) -> bool:
    """Whether the hub may still know this node by its old key only."""
    change = _last_change(tx)
    return change is not None and (change.verdict is None or not change.verdict.is_accepted)


def is_change_in_backup(tx: ReadTransaction) -> bool:
    """Whether even a hub restored from its backup would know this node by its new key."""
    if is_key_in_doubt(tx):
        return False
    change = _last_change(tx)
    if change is None or change.verdict is None:
        return change is None
    return change.verdict.is_accepted and change.verdict.position <= load_state(tx).backup_position


def is_key_in_doubt(tx: ReadTransaction) -> bool:
    """Whether the key that signs was taken up without the change that certifies it, which may be lost."""
    return bool(tx.setting(_IN_DOUBT))


def seal_keys(tx: ReadTransaction) -> tuple[bytes, ...]:
    """Ids of the keys that seal what waits: before an own change that is on its way the one that certifies it."""
    own = tx.setting(OWN_KEY_ID) or b""
    before = own_keys(tx)[-2:-1] if is_change_pending(tx) else []
    return (*map(key_id_of, before), own)


def line_signers(node: Node) -> Iterator[Signer]:
    """The keys under which the hub may know this node, the likeliest first.

    The database's own key stands for itself; while its change is on its way the one before stands before it. What else
    lies in the folder comes last: a database restored from before a change does not know of it, and neither does a hub.

    Raises:
        KeysUnreadable: the database's own key is not in its folder, or a key file cannot be read.
    """
    with node.store.read() as tx:
        own, before = signer_of(node, tx), seal_keys(tx)[:-1]
    here = (own, *node.spare_signers())
    likely = [one for one in here if one.key_id in before]
    yield from {one.key_id: one for one in (*likely, *here)}.values()


def stick_signer(node: Node) -> Signer:
    """The key for a bundle: one that the hub knows even if it was restored from before the last changes.

    Raises:
        KeysUnreadable: the database's own key is not in its folder, or a key file cannot be read.
    """
    with node.store.read() as tx:
        own, is_settled = signer_of(node, tx), is_change_in_backup(tx)
        known = [] if is_settled else [key_id_of(key) for key in own_keys(tx)]
    here = {one.key_id: one for one in node.spare_signers()}
    return next((here[one] for one in known if one in here), own)


def signer_again(node: Node, tx: ReadTransaction, one: LoggedSet) -> Signer:
    """The key for a set of the own log that is sealed anew."""
    change = _last_change(tx)
    if change is not None and is_change_pending(tx) and one.log_id <= change.log_id:
        return signer_by_id(node, key_id_of(own_keys(tx)[-2]))
    return signer_of(node, tx)


def own_keys(tx: ReadTransaction) -> list[bytes]:
    """The public keys this node has signed with and the present one, oldest first; none before the first change."""
    joined = tx.setting(_OWN_KEYS) or b""
    return [joined[at : at + _KEY_BYTES] for at in range(0, len(joined), _KEY_BYTES)]


def keep_own_keys(
    tx: WriteTransaction, keys: Sequence[bytes], *, change: bytes | None, is_in_doubt: bool = False
) -> None:
    """Remember which keys this node has signed with, the present one last.

    Args:
        change: nonce of the set that made the last change, or None when none is here.
        is_in_doubt: see `is_key_in_doubt`.
    """
    tx.put_setting(_OWN_KEYS, b"".join(keys))
    tx.put_setting(_CHANGE, change or b"")
    tx.put_setting(_IN_DOUBT, b"1" if is_in_doubt else b"")


def put_before_present(tx: WriteTransaction, key: bytes) -> None:
    """Remember a key that the hub has taken before the own change that waits: that change is certified by it now."""
    *earlier, present = own_keys(tx)
    tx.put_setting(_OWN_KEYS, b"".join((*earlier, key, present)))


def signer_by_id(node: Node, key_id: bytes) -> Signer:
    """A key of this node.

    Raises:
        KeysUnreadable: it is not in the folder of keys.
    """
    if key_id == node.signer.key_id:
        return node.signer
    found = node.find_signer(key_id)
    if found is None:
        raise KeysUnreadable(
            "signing.previous", "the hub has not taken the change of keys yet, and the old key is gone"
        )
    return found


def _last_change(tx: ReadTransaction) -> LoggedSet | None:
    nonce = tx.setting(_CHANGE)
    return tx.set_by_nonce(nonce) if nonce else None


def _is_change_waiting(tx: ReadTransaction) -> bool:
    """Whether a change of keys in the own log has no verdict, be it one before the last."""
    firsts = (stored.entries[0].op for stored in tx.projections(KEY_CHANGE) if stored.entries)
    found = (tx.set_by_nonce(nonce_of(OpId(op))) for op in firsts)
    return any(one is not None and one.verdict is None for one in found)


def _is_settled(tx: ReadTransaction) -> bool:
    if is_key_in_doubt(tx):
        return False
    change, feed = _last_change(tx), tx.feed()
    if _is_change_waiting(tx):
        return False
    if change is None:
        return True
    verdict = change.verdict
    return verdict is not None and verdict.is_accepted and feed is not None and feed.position >= verdict.position
