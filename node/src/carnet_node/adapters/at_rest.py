"""How record values lie on the disk: packed, and encrypted where they are secret.

Decides the stored bytes of entries, openings and secret columns. A blob with a secret value is encrypted as a whole and
begins with `SEALED`; a msgpack array never begins with that byte. The associated data names table, kind and record, so
a ciphertext copied to another row does not open. Personal values that are not secret lie in clear: the disk is the
dealer's, and the search box needs them.
"""

import unicodedata
from hashlib import sha256
from typing import Any, Final

import msgspec

from carnet_node.core.ports import SecretBox
from carnet_protocol.kinds import REGISTRY
from carnet_protocol.registry import Kind, Privacy, Value, register_of_label
from carnet_protocol.state import Entries, Entry, pack_entries, unpack_entries

SEALED: Final = b"\x01"
"""First byte of an encrypted blob."""

_SECRET_REGISTERS: Final = {
    kind.number: frozenset(one.number for one in kind.registers if one.privacy is Privacy.SECRET)
    for kind in REGISTRY.kinds
}
KINDS_WITH_SECRETS: Final = frozenset(number for number, registers in _SECRET_REGISTERS.items() if registers)
"""Numbers of the kinds that have secret fields."""

_NO_REGISTERS: Final[frozenset[int]] = frozenset()


class AtRest:
    """Packs and unpacks stored blobs with the node's data key."""

    def __init__(self, box: SecretBox) -> None:
        self._box = box

    def pack(self, kind: int, record: bytes, entries: Entries) -> bytes:
        """Entries as stored."""
        packed = pack_entries(entries)
        secret = _SECRET_REGISTERS.get(kind, _NO_REGISTERS)
        if not secret or not any(_has_value_in(entry, secret) for entry in entries):
            return packed
        return SEALED + self._box.seal(packed, _place(b"entries", kind, record))

    def unpack(self, kind: int, record: bytes, stored: bytes) -> Entries:
        """The counterpart of `pack`."""
        if stored[:1] == SEALED:
            stored = self._box.open(stored[1:], _place(b"entries", kind, record))
        return unpack_entries(stored)

    def seal_opening(self, nonce: bytes, opening: bytes) -> bytes:
        """The opening of a set with a secret value."""
        return self._box.seal(opening, b"opening\x00" + nonce)

    def open_opening(self, nonce: bytes, stored: bytes) -> bytes:
        """The counterpart of `seal_opening`."""
        return self._box.open(stored, b"opening\x00" + nonce)

    def seal_hub_opening(self, message: bytes, opening: bytes) -> bytes:
        """The values beside a set of the hub's own, encrypted whatever they are; none stay none."""
        return SEALED + self._box.seal(opening, _beside(message)) if opening else b""

    def open_hub_opening(self, message: bytes, stored: bytes) -> bytes:
        """The counterpart of `seal_hub_opening`."""
        return self._box.open(stored[1:], _beside(message)) if stored[:1] == SEALED else stored

    def seal_kept(self, key: bytes, what: str, plain: bytes) -> bytes:
        """What is kept of a request: `asked` or `answer`."""
        return self._box.seal(plain, what.encode() + b"\x00" + key)

    def open_kept(self, key: bytes, what: str, stored: bytes) -> bytes:
        """The counterpart of `seal_kept`."""
        return self._box.open(stored, what.encode() + b"\x00" + key)

    def seal_draft(self, staff: bytes, form: str, plain: bytes) -> bytes:
        """What somebody has typed into a form."""
        return self._box.seal(plain, b"draft\x00" + staff + form.encode())

    def open_draft(self, staff: bytes, form: str, stored: bytes) -> bytes:
        """The counterpart of `seal_draft`."""
        return self._box.open(stored, b"draft\x00" + staff + form.encode())

    def seal_value(self, kind: Kind, record: bytes, field: str, value: Value) -> bytes | None:
        """A secret value for its column; None stays None."""
        if value is None:
            return None
        return self._box.seal(msgspec.msgpack.encode(value), _place(field.encode(), kind.number, record))

    def open_value(self, kind: Kind, record: bytes, field: str, stored: bytes | None) -> Any:
        """The counterpart of `seal_value`."""
        if stored is None:
            return None
        return msgspec.msgpack.decode(self._box.open(stored, _place(field.encode(), kind.number, record)))

    def keyed_hash(self, kind: Kind, field: str, value: Value) -> bytes | None:
        """What a secret text is found by; spelling in full-width or lower case makes no difference."""
        if not isinstance(value, str):
            return None
        plain = unicodedata.normalize("NFKC", value).upper().replace(" ", "")
        return self._box.blind_index(f"{kind.name}.{field}:{plain}")


def _has_value_in(entry: Entry, registers: frozenset[int]) -> bool:
    return any(register_of_label(label) in registers for label in entry.fields or ())


def _beside(message: bytes) -> bytes:
    return b"hub-opening\x00" + sha256(message).digest()


def _place(what: bytes, kind: int, record: bytes) -> bytes:
    return what + b"\x00" + kind.to_bytes(2, "big") + record
