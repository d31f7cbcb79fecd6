"""Whether the keys beside a node's database are the ones it was written with.

Decides that a database commits to its data key and to its exchange key, and that beside others nothing is read or
written: what another data key seals, neither of the two opens ever after. The signing key is named by `OWN_KEY_ID`.

    fact                kept since                              in a database from before that
    ------------------  --------------------------------------  -----------------------------------------------------
    `DATA_KEY_CHECK`    the first opening                       after a stored secret value, if there is any, opened
    `OWN_EXCHANGE_KEY`  the enrolment                           what the hub says of this node, if that has come
"""

from typing import Final

from carnet_node.core.failures import KeysUnreadable
from carnet_node.core.ports import NodeStore, ReadTransaction
from carnet_protocol.ids import RecordId
from carnet_protocol.kinds import NODE

DATA_KEY_CHECK: Final = "data-key-check"
"""Local fact: 16 bytes that derive from the data key and say nothing about it."""
OWN_EXCHANGE_KEY: Final = "own-exchange-key"
"""Local fact: raw 32 bytes, the public half of the exchange key that was registered at the hub."""

_FOREIGN: Final = "it is not the key that the database here was written with"
_OTHERS: Final = "it opens, but to another data key than the database here was written with"


def require_data_key(store: NodeStore, check: bytes) -> None:
    """Go on only with the data key that the database commits to; one that commits to none yet does now.

    Args:
        check: of the data key that lies here.

    Raises:
        KeysUnreadable: it is another one; nothing was written.
    """
    with store.read() as tx:
        stated = tx.setting(DATA_KEY_CHECK)
    if stated is None:
        with store.write() as writing:
            writing.open_one_secret()
            writing.put_setting(DATA_KEY_CHECK, check)
    elif stated != check:
        raise KeysUnreadable("data.key", _FOREIGN)


def require_recovered_key(store: NodeStore, check: bytes, copy: str) -> None:
    """Go on only with the data key of the database that it is about to lie beside; nothing is written.

    Args:
        check: of the recovered key.
        copy: the file that it came out of.

    Raises:
        KeysUnreadable: the database was written with another one.
    """
    with store.read() as tx:
        stated = tx.setting(DATA_KEY_CHECK)
        if stated == check:
            return
        try:
            if stated is None:
                tx.open_one_secret()
                return
        except KeysUnreadable as error:
            raise KeysUnreadable(copy, _OTHERS) from error
    raise KeysUnreadable(copy, _OTHERS)


def require_exchange_key(store: NodeStore, public_key: bytes) -> None:
    """Go on only with the exchange key that was registered at the hub.

    Args:
        public_key: raw 32 bytes, the public half of the key that lies here.

    Raises:
        KeysUnreadable: it is another one; nothing was written.
    """
    with store.read() as tx:
        kept = tx.setting(OWN_EXCHANGE_KEY)
        stated = _registered(tx) if kept is None else kept
    if stated not in (None, public_key):
        raise KeysUnreadable("exchange.key", _FOREIGN)
    if kept is None:
        with store.write() as writing:
            writing.put_setting(OWN_EXCHANGE_KEY, public_key)


def _registered(tx: ReadTransaction) -> object:
    """What the hub says of this node; None before it has."""
    identity = tx.identity()
    columns = None if identity is None else tx.columns(NODE, RecordId(identity.node_id))
    return None if columns is None else columns["exchange_key"]
