"""The state of one record: the writes that nothing has replaced yet.

Decides how state is held, stored and sent, and what its heads are. A record's state is a list of *entries*, one per
write (or delete) that is still a head of at least one register. Everything else follows from it: heads, shown values,
open overruled values, whether the record is deleted. Does not decide how a new op changes it (`fold`) or which head is
shown (`resolvers`).

Rules:
- An entry keeps only the registers in which it is still a head.
- A delete is an entry without fields. It *buries* the entries its author saw; buried values are shown again only where
  a concurrent edit keeps the record alive and nothing else stands in the register.
- A later write based on a delete answers it in the registers written.
- Entries are sorted by op id, so equal states have equal bytes.
"""

from collections.abc import Iterable, Mapping
from enum import IntEnum
from itertools import pairwise
from typing import Annotated, Any, Final, TypeVar

import msgspec

from carnet_protocol import cbor, limits
from carnet_protocol.errors import Malformed
from carnet_protocol.ids import OpId
from carnet_protocol.ops import Id16, Label, check_wire_value
from carnet_protocol.reasons import Reason
from carnet_protocol.registry import REGISTER_NUMBER_MAX, Value, register_of_label
from carnet_protocol.writes import Write

T = TypeVar("T")


class Withheld(IntEnum):
    """Why a register that was written has no values here."""

    ERASED = 1
    MASKED = 2


RegisterNumber = Annotated[int, msgspec.Meta(ge=0, le=REGISTER_NUMBER_MAX)]
WithheldCode = Annotated[int, msgspec.Meta(ge=int(min(Withheld)), le=int(max(Withheld)))]


class Entry(msgspec.Struct, array_like=True, frozen=True, forbid_unknown_fields=True, gc=False):
    """One write or delete that is still a head.

    Attributes:
        op: its op id.
        time_ms: its set time, fixed at admission; with the op id it is the rank.
        author: the dealer site (or the hub) that wrote it.
        fields: values by label; None for a delete.
        withheld: `Withheld` by register number, for registers written without values here.
        is_buried: a delete was based on it.
        replaced_in: register numbers in which a later write, based on this one, has taken its place. A write that is
            replaced everywhere leaves the state; a delete stays, answered in these registers.
    """

    op: Id16
    time_ms: Annotated[int, msgspec.Meta(ge=limits.INT_VALUE_MIN, le=limits.INT_VALUE_MAX)]
    author: Id16
    fields: dict[Label, Any] | None
    withheld: dict[RegisterNumber, WithheldCode] = {}
    is_buried: bool = False
    replaced_in: bytes = b""

    @property
    def rank(self) -> tuple[int, bytes]:
        """Order among concurrent heads: set time, then op id."""
        return (self.time_ms, self.op)

    @property
    def is_delete(self) -> bool:
        """Whether this entry is a tombstone."""
        return self.fields is None

    def registers(self) -> set[int]:
        """Numbers of the registers in which this write is still a head; empty for a delete."""
        numbers = {label >> 3 for label in self.fields} if self.fields else set()
        return numbers | self.withheld.keys() if self.withheld else numbers


Entries = tuple[Entry, ...]
EMPTY: Final[Entries] = ()

_encoder = msgspec.msgpack.Encoder()
_decoder = msgspec.msgpack.Decoder(tuple[Entry, ...])


def entry_of(write: Write) -> Entry:
    """A write as an entry that is still a head everywhere it wrote."""
    written: Mapping[int, object] | None = write.fields
    fields = None if written is None else _ascending(written)
    withheld = _ascending(write.withheld) if write.withheld else {}
    return Entry(write.op, write.time_ms, write.author, fields, withheld)


def pack_entries(entries: Entries) -> bytes:
    """The stored form (msgpack; equal states give equal bytes)."""
    return _encoder.encode(entries)


def unpack_entries(blob: bytes) -> Entries:
    """The entries of a stored form; only for bytes this program wrote."""
    return _decoder.decode(blob)


def entries_to_wire(entries: Entries) -> list[object]:
    """The form inside a signed page (CBOR arrays)."""
    return [
        [entry.op, entry.time_ms, entry.author, entry.fields, entry.withheld, entry.is_buried, entry.replaced_in]
        for entry in entries
    ]


def entries_from_wire(value: object) -> Entries:
    """Entries from a page.

    Raises:
        Malformed: another shape, unsorted, a label or value outside the wire's types, or an entry no fold produces.
    """
    entries = tuple(cbor.to_frame(value, list[Entry]))
    if any(earlier.op >= later.op for earlier, later in pairwise(entries)):
        raise Malformed(Reason.MALFORMED, "entries are sorted by op id")
    for entry in entries:
        _check_entry(entry)
    return entries


def register_value(entry: Entry, register: int) -> dict[int, Value] | Withheld:
    """What an entry says in a register in which it is a head."""
    code = entry.withheld.get(register)
    if code is not None:
        return Withheld(code)
    fields = entry.fields or {}
    return {label: value for label, value in fields.items() if label >> 3 == register}


def heads_of(entries: Entries, register: int) -> list[Entry]:
    """Every head of a register: writes that nothing replaced or buried, and deletes that nobody answered there."""
    return [entry for entry in entries if _is_head(entry, register)]


def buried_in(entries: Entries, register: int) -> list[Entry]:
    """The buried writes of a register."""
    return [entry for entry in entries if entry.is_buried and register in entry.registers()]


def head_op_ids(entries: Entries, registers: Iterable[int]) -> tuple[OpId, ...]:
    """What an author who reads these registers must name in `based_on`: their heads and what deletes buried."""
    wanted = set(registers)
    return tuple(
        OpId(entry.op)
        for entry in entries
        if (bool(wanted - set(entry.replaced_in)) if entry.is_delete else bool(wanted & entry.registers()))
    )


def is_deleted(entries: Entries) -> bool:
    """Whether all heads are tombstones."""
    has_delete = False
    for entry in entries:
        if entry.is_delete:
            has_delete = True
        elif not entry.is_buried:
            return False
    return has_delete


def first_written_ms(entries: Entries) -> int:
    """When a record was begun: the oldest of its writes that stand, by set time in ms since 1970.

    Nothing replaces the first words of a record that says once what it is about, so this never moves.

    Args:
        entries: at least one.
    """
    return min(entry.time_ms for entry in entries)


def happened_ms(stated: object, written_ms: int) -> int:
    """When something happened: as its author says, but never after that was written down.

    Args:
        stated: ms since 1970 by the author's clock; anything else says nothing.
        written_ms: set time of the write, which admission keeps within bounds.
    """
    return min(stated, written_ms) if isinstance(stated, int) else written_ms


def withhold(entries: Entries, registers: frozenset[int], why: Withheld) -> Entries:
    """The same heads without the values of some registers (masking for another site, or erasure).

    Returns: the same object when none of them has values.
    """
    if not any(registers & entry.registers() for entry in entries if not entry.is_delete):
        return entries
    return tuple(_withhold_one(entry, registers, why) for entry in entries)


def replace_entry(entry: Entry, **changes: object) -> Entry:
    """A copy of an entry with some attributes changed."""
    return msgspec.structs.replace(entry, **changes)


def without_registers(entry: Entry, registers: Iterable[int]) -> Entry | None:
    """The entry where it no longer stands in some registers; None when none is left."""
    gone = set(registers)
    fields = {label: value for label, value in (entry.fields or {}).items() if register_of_label(label) not in gone}
    withheld = {number: code for number, code in entry.withheld.items() if number not in gone}
    if not fields and not withheld:
        return None
    lost = bytes(sorted(set(entry.replaced_in) | (gone & entry.registers())))
    return Entry(entry.op, entry.time_ms, entry.author, fields, withheld, entry.is_buried, lost)


def _ascending(mapping: Mapping[int, T]) -> dict[int, T]:
    """A mapping with its keys in ascending order, as authors write them; the same object when they stand so already."""
    keys = list(mapping)
    if isinstance(mapping, dict) and keys == sorted(keys):
        return mapping
    return {key: mapping[key] for key in sorted(keys)}


def _withhold_one(entry: Entry, registers: frozenset[int], why: Withheld) -> Entry:
    hit = registers & entry.registers()
    if entry.fields is None or not hit:
        return entry
    fields = {label: value for label, value in entry.fields.items() if label >> 3 not in hit}
    codes: Mapping[int, int] = {**entry.withheld, **{number: int(why) for number in hit}}
    withheld = {number: codes[number] for number in sorted(codes)}
    return replace_entry(entry, fields=fields, withheld=withheld)


def _is_head(entry: Entry, register: int) -> bool:
    if entry.is_delete:
        return register not in entry.replaced_in
    return not entry.is_buried and register in entry.registers()


def _check_entry(entry: Entry) -> None:
    if not entry.withheld.keys().isdisjoint(map(register_of_label, entry.fields or ())):
        raise Malformed(Reason.MALFORMED, "a register has values and is withheld")
    if (entry.fields is None and (entry.withheld or entry.is_buried)) or not (
        entry.fields is None or entry.registers()
    ):
        raise Malformed(Reason.MALFORMED, "an entry is a delete, or stands in a register")
    if list(entry.replaced_in) != sorted(set(entry.replaced_in) - entry.registers()):
        raise Malformed(Reason.MALFORMED, "replaced registers are sorted, and none of them stands")
    for value in (entry.fields or {}).values():
        check_wire_value(value)
