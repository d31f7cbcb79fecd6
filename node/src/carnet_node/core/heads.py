"""The heads somebody read: what a form carries so that its save says what it was based on.

Decides how the heads of a record travel from a view through a form back into a command. A save names in `based_on`
exactly the heads its author *read* in the registers it writes; they are never refreshed at save time, because that
would silently overwrite what nobody saw. Does not decide what a save does (see the protocol's `fold`).

A form carries the skeleton of the record's entries: op ids and register numbers, never a value.

    >>> NOTHING_READ.of([0, 1])
    ()
"""

import base64
import binascii
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

import msgspec

from carnet_node.core.limits import HEADS_TEXT_CHARS_MAX
from carnet_protocol.errors import Malformed
from carnet_protocol.ids import OP_ID_BYTES, OpId
from carnet_protocol.reasons import Reason
from carnet_protocol.state import Entries, Entry


class Head(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """One entry as its reader knows it.

    Attributes:
        op: its op id.
        registers: numbers of the registers it stands in; for a delete, those in which it was answered.
        is_delete: whether it is a tombstone.
    """

    op: OpId
    registers: bytes
    is_delete: bool


@dataclass(frozen=True, slots=True)
class Heads:
    """Every entry of a record at the moment it was read."""

    read: tuple[Head, ...]

    def of(self, registers: Iterable[int]) -> tuple[OpId, ...]:
        """What a write to these registers is based on."""
        wanted = set(registers)
        return tuple(
            head.op
            for head in self.read
            if (wanted - set(head.registers) if head.is_delete else wanted & set(head.registers))
        )

    def all(self) -> tuple[OpId, ...]:
        """What a delete is based on."""
        return tuple(head.op for head in self.read)

    def seen_anew(self, now: "Heads", registers: Iterable[int]) -> "Heads":
        """These heads, with those of now in some registers: for what a rule ends there, whoever wrote it since."""
        anew = set(registers)
        kept = {one.op: one for one in self.read if one.is_delete or set(one.registers) - anew}
        known = {op: set() if one.is_delete else set(one.registers) - anew for op, one in kept.items()}
        for one in now.read:
            if not one.is_delete and anew & set(one.registers):
                known[one.op] = known.get(one.op, set()) | (anew & set(one.registers))
        written = (Head(op, bytes(sorted(found)), is_delete=False) for op, found in known.items() if found)
        return Heads((*(one for one in kept.values() if one.is_delete), *written))

    def to_text(self) -> str:
        """The form a page or a JSON view carries: base64url, empty when nothing was read."""
        if not self.read:
            return ""
        packed = msgspec.msgpack.encode(self.read)
        return base64.urlsafe_b64encode(packed).rstrip(b"=").decode("ascii")


NOTHING_READ: Final = Heads(())
"""The author saw no such record: what a new record is based on."""


def heads_of_entries(entries: Entries) -> Heads:
    """The heads a view of these entries was rendered from."""
    return Heads(tuple([_head_of(entry) for entry in entries]))


def _head_of(entry: Entry) -> Head:
    if entry.fields is None:
        return Head(OpId(entry.op), entry.replaced_in, is_delete=True)
    return Head(OpId(entry.op), bytes(sorted(entry.registers())), is_delete=False)


def heads_from_text(text: str) -> Heads:
    """The heads a form sends back.

    Raises:
        Malformed: not what `to_text` writes; nothing was changed.
    """
    if not text:
        return NOTHING_READ
    if len(text) > HEADS_TEXT_CHARS_MAX:
        raise Malformed(Reason.TOO_LARGE, "heads")
    try:
        packed = base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
        listed = msgspec.msgpack.decode(packed, type=list[tuple[bytes, bytes, bool]])
    except (binascii.Error, ValueError, msgspec.DecodeError, msgspec.ValidationError) as error:
        raise Malformed(Reason.MALFORMED, "heads") from error
    if any(len(op) != OP_ID_BYTES for op, _, _ in listed):
        raise Malformed(Reason.MALFORMED, "heads")
    return Heads(tuple(Head(OpId(op), registers, is_delete) for op, registers, is_delete in listed))
