"""How values lie in the database: secret ones encrypted, all others as they are.

Decides which bytes are sealed with the hub's data key: the whole opening of a change set with a secret value, and the
whole state of a record with one. A first byte of 1 marks sealed bytes; no opening (a CBOR array) and no state (a
msgpack array) begins with it. Does not decide who may read (`feed` masks).
"""

from typing import Final

from carnet_hub.core.kind_rules import KindRules
from carnet_hub.core.ports import SecretBox
from carnet_protocol.ops import Op
from carnet_protocol.registry import ErasureGroup
from carnet_protocol.state import Entries, Entry, pack_entries, unpack_entries

_SEALED: Final = b"\x01"
_SECRET: Final = int(ErasureGroup.SECRET)


def keep_opening(box: SecretBox, opening: bytes, ops: tuple[Op, ...], nonce: bytes) -> bytes:
    """The opening of a set as the log stores it."""
    if not opening or not any(_SECRET in op.seals for op in ops):
        return opening
    return _SEALED + box.seal(opening, b"opening" + nonce)


def plain_opening(box: SecretBox, kept: bytes, nonce: bytes) -> bytes:
    """The opening behind what the log stores.

    Raises:
        HubFailure: sealed under another data key, or damaged.
    """
    return box.open(kept[1:], b"opening" + nonce) if kept[:1] == _SEALED else kept


def keep_entries(box: SecretBox, rules: KindRules, record: bytes, entries: Entries) -> bytes:
    """The state of a record as its row stores it."""
    packed = pack_entries(entries)
    if not rules.secret or not any(_holds(entry, rules.secret) for entry in entries):
        return packed
    return _SEALED + box.seal(packed, _place(rules.number, record))


def plain_entries(box: SecretBox, kind: int, record: bytes, kept: bytes) -> Entries:
    """The state behind what a row stores.

    Raises:
        HubFailure: sealed under another data key, or damaged.
    """
    return unpack_entries(box.open(kept[1:], _place(kind, record)) if kept[:1] == _SEALED else kept)


def keep_settled(box: SecretBox, rules: KindRules, record: bytes, overruled: Entry) -> bytes:
    """A settled overruled value as its row stores it."""
    return keep_entries(box, rules, record, (overruled,))


def plain_settled(box: SecretBox, kind: int, record: bytes, kept: bytes) -> Entry:
    """The settled overruled value behind what a row stores.

    Raises:
        HubFailure: sealed under another data key, or damaged.
    """
    return plain_entries(box, kind, record, kept)[0]


def _holds(entry: Entry, registers: frozenset[int]) -> bool:
    return any(label >> 3 in registers for label in entry.fields or ())


def _place(kind: int, record: bytes) -> bytes:
    return b"record" + kind.to_bytes(2, "big") + record
