"""One op: what a single write says about a single record.

Decides the frame of an op, what makes it well formed against the registry, and which registers it writes. Personal
values never stand in an op; a *seal* stands there instead (see `seals`). Does not decide whether the author was allowed
to, nor what the op does to state (see `fold`).

An op is ``[kind, record id, action, based_on, fields, seals]``:

- ``based_on`` is the concatenation of the op ids the author **read** in the registers this op writes. It is never
  refreshed at save time: that would silently overwrite what nobody saw.
- ``fields`` maps labels to public values; only what changed. A register is written as a whole: a label that is left out
  of a written register has no value afterwards.
- ``seals`` maps an erasure group to a 32-byte commitment followed by the numbers of the registers sealed under it, one
  byte each. So anybody can tell what was written without seeing a value.
"""

from collections.abc import Collection, Iterable, Mapping, Set
from enum import IntEnum
from itertools import chain
from typing import Annotated, Any, Final

import msgspec

from carnet_protocol import cbor, limits
from carnet_protocol.errors import BadValue, Malformed
from carnet_protocol.ids import HASH_BYTES, OP_ID_BYTES, OpId, RecordId, split_op_ids
from carnet_protocol.reasons import Reason
from carnet_protocol.registry import (
    FIELDS_PER_REGISTER,
    REGISTER_NUMBER_MAX,
    ErasureGroup,
    Kind,
    Registry,
    Value,
    register_of_label,
    text_bytes,
)

LABEL_MAX: Final = (REGISTER_NUMBER_MAX + 1) * FIELDS_PER_REGISTER - 1
_LABELS: Final = frozenset(range(LABEL_MAX + 1))
_LABEL_TYPES: Final = frozenset({int})
_VALUE_TYPES: Final = frozenset({int, str, bytes, bool, type(None)})

Label = Annotated[int, msgspec.Meta(ge=0, le=LABEL_MAX)]
Fields = Annotated[dict[Label, Any], msgspec.Meta(max_length=limits.FIELDS_PER_OP_MAX)]
Group = Annotated[int, msgspec.Meta(ge=int(min(ErasureGroup)), le=int(max(ErasureGroup)))]
Seal = Annotated[bytes, msgspec.Meta(min_length=HASH_BYTES + 1, max_length=HASH_BYTES + limits.FIELDS_PER_OP_MAX)]
KindNumber = Annotated[int, msgspec.Meta(ge=1, le=65535)]
Id16 = Annotated[bytes, msgspec.Meta(min_length=16, max_length=16)]
BasedOn = Annotated[bytes, msgspec.Meta(max_length=16 * limits.BASED_ON_PER_OP_MAX)]


class Action(IntEnum):
    """What an op does."""

    WRITE = 0
    DELETE = 1
    RULING = 2


_DELETE: Final = int(Action.DELETE)


class Op(msgspec.Struct, array_like=True, frozen=True, forbid_unknown_fields=True, gc=False):
    """One op as it stands in signed bytes.

    Attributes:
        kind: number of the record kind.
        record: id of the record written.
        action: see `Action`; a ruling is a hub's write on a site-owned record.
        based_on_joined: op ids read, concatenated.
        fields: public values by label.
        seals: commitment and register numbers by erasure group.
    """

    kind: KindNumber
    record: Id16
    action: Annotated[int, msgspec.Meta(ge=0, le=2)]
    based_on_joined: BasedOn
    fields: Fields
    seals: dict[Group, Seal]

    @property
    def based_on(self) -> tuple[OpId, ...]:
        """The op ids the author read."""
        return split_op_ids(self.based_on_joined) if self.based_on_joined else ()

    @property
    def sealed_registers(self) -> dict[int, int]:
        """Erasure group by sealed register number."""
        return {number: group for group, seal in self.seals.items() for number in seal[HASH_BYTES:]}

    @property
    def registers(self) -> frozenset[int]:
        """Numbers of all registers this op writes; empty for a delete, which writes every one."""
        return frozenset(map(register_of_label, self.fields)) | self.sealed_registers.keys()


def encode_ops(ops: tuple[Op, ...]) -> bytes:
    """The nested byte string that a change set signs."""
    return cbor.encode(
        [[op.kind, op.record, op.action, op.based_on_joined, _sorted(op.fields), _sorted(op.seals)] for op in ops]
    )


def decode_ops(data: bytes) -> tuple[Op, ...]:
    """The ops of a change set, shape only.

    Raises:
        Malformed: not an array of op frames, none at all, or more than 500.
    """
    listed = cbor.decode(data, bytes_max=limits.SET_BYTES_MAX)
    if type(listed) is not list or not listed:
        raise Malformed(Reason.MALFORMED, "a change set holds at least one op")
    if len(listed) > limits.OPS_PER_SET_MAX:
        raise Malformed(Reason.TOO_MANY_OPS, f"{len(listed)} ops, at most {limits.OPS_PER_SET_MAX}")
    ops = tuple(cbor.to_frame(listed, list[Op]))
    check_wire_types(chain.from_iterable([op.fields.values() for op in ops]))
    for op in ops:
        _check_shape(op)
    return ops


def check_op(op: Op, registry: Registry) -> Kind:
    """Hold an op's public part against the registry.

    Args:
        op: a decoded op.
        registry: the kinds this version knows.

    Raises:
        BadValue: unknown kind, a personal field outside its seal, a public field under a seal, a register sealed under
            another group, or a value its field does not allow. Unknown labels pass with any value of the wire's types.
        Malformed: a value outside the bounds of the wire under an unknown label.

    Returns: the kind.
    """
    kind = registry.by_number.get(op.kind)
    if kind is None:
        raise BadValue(Reason.UNKNOWN_KIND, "kind", str(op.kind))
    tests = kind.public_tests
    for label, value in op.fields.items():
        fits = tests.get(label)
        if fits is None or not fits(value):
            _check_closely(kind, label, value)
    for group, seal in op.seals.items():
        for number in seal[HASH_BYTES:]:
            sealed = kind.by_number.get(number)
            if sealed is not None and sealed.group != group:
                raise BadValue(Reason.BAD_FIELD, sealed.name, "sealed under another erasure group")
    return kind


def check_sealed_values(kind: Kind, registers: Set[int], values: Mapping[int, Value]) -> None:
    """Hold the opened values of one seal against the registry and against what the seal says it covers.

    Args:
        kind: of the record.
        registers: the register numbers that stand in the seal.
        values: opened, by label.

    Raises:
        BadValue: other registers than those, or a value its field does not allow.
        Malformed: a value outside the bounds of the wire under an unknown label.
    """
    if {label // FIELDS_PER_REGISTER for label in values} != registers:
        raise BadValue(Reason.OPENING_MISMATCH, "opening", "other registers than the seal names")
    for label, value in values.items():
        known = kind.by_label.get(label)
        if known is None:
            check_wire_value(value)
        elif not known[1].fits(value):
            known[1].check(value)


def check_wire_value(value: object) -> None:
    """Refuse a value that is none of the wire's types (`type(v) is`: no floats, no tags, no containers).

    Raises:
        Malformed: another type, or an integer outside 64 bits, or a text or byte string over 4 KiB.
    """
    check_wire_types((value,))
    if type(value) is int and not limits.INT_VALUE_MIN <= value <= limits.INT_VALUE_MAX:
        raise Malformed(Reason.MALFORMED, "an integer outside 64 bits")
    size = text_bytes(value) if isinstance(value, str) else len(value) if isinstance(value, bytes) else 0
    if size > limits.TEXT_BYTES_MAX:
        raise Malformed(Reason.TOO_LARGE, f"a value of {size} bytes")


def check_labels(labels: Collection[object]) -> None:
    """Refuse labels outside 0 to 2,047.

    Raises:
        Malformed: one of them is no integer, or outside.
    """
    if not (_LABEL_TYPES.issuperset(map(type, labels)) and _LABELS.issuperset(labels)):
        raise Malformed(Reason.MALFORMED, f"a label outside 0 to {LABEL_MAX}")


def check_wire_types(values: Iterable[object]) -> None:
    """Refuse floats, tags, simple values and containers among values (`type(v) is`).

    Raises:
        Malformed: one of them has another type.
    """
    if not _VALUE_TYPES.issuperset(map(type, values)):
        raise Malformed(Reason.FORBIDDEN_TYPE, "a value is an integer, text, a byte string, true, false or null")


def make_op(
    kind: Kind,
    record: RecordId,
    *,
    fields: Mapping[int, Value],
    seals: Mapping[int, bytes],
    based_on: tuple[OpId, ...],
    action: Action = Action.WRITE,
) -> Op:
    """Build an op; the counterpart of `decode_ops` for authors."""
    return Op(kind.number, record, int(action), b"".join(based_on), dict(fields), dict(seals))


def _check_closely(kind: Kind, label: int, value: object) -> None:
    """A value in the open that is not plainly allowed: say why, or let it pass."""
    known = kind.by_label.get(label)
    if known is None:
        _check_unknown_label(kind, label, value)
        return
    register, one = known
    if register.group is not None:
        raise BadValue(Reason.BAD_FIELD, one.name, "a personal value outside its seal")
    one.check(value)


def _check_shape(op: Op) -> None:
    """What neither the frame's types nor the check of every value of the set say already."""
    if len(op.based_on_joined) % OP_ID_BYTES:
        raise Malformed(Reason.MALFORMED, "based_on is not a whole number of op ids")
    if (op.action == _DELETE) == bool(op.fields or op.seals):
        raise Malformed(Reason.MALFORMED, "a delete writes no field, every other op writes one")
    if op.seals:
        _check_seals(op)


def _check_seals(op: Op) -> None:
    numbers = b"".join([seal[HASH_BYTES:] for seal in op.seals.values()])
    sealed = set(numbers)
    if len(sealed) != len(numbers):
        raise Malformed(Reason.MALFORMED, "a register is sealed twice")
    if not sealed.isdisjoint([label // FIELDS_PER_REGISTER for label in op.fields]):
        raise Malformed(Reason.MALFORMED, "a register is written both openly and under a seal")


def _check_unknown_label(kind: Kind, label: int, value: object) -> None:
    """A label of a newer version: any value of the wire, unless its register is personal here."""
    register = kind.by_number.get(register_of_label(label))
    if register is not None and register.group is not None:
        raise BadValue(Reason.BAD_FIELD, register.name, "a personal register outside its seal")
    check_wire_value(value)


def _sorted(mapping: Mapping[int, object]) -> dict[int, object]:
    return dict(sorted(mapping.items()))
