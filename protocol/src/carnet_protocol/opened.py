"""A change set with its personal values beside it: what the fold and the log get.

Decides how ops and opening are put together, and what a missing or erased value means. Values that an erasure record
covers are dropped unread, wherever they come from (a push, a bundle, a page, a backup); a value that is missing without
such a record refuses the set. Does not decide who may write, nor what the writes do.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

import msgspec

from carnet_protocol.changeset import ChangeSet
from carnet_protocol.errors import NotAuthentic
from carnet_protocol.ids import HASH_BYTES, OpId
from carnet_protocol.ops import Action, Op, check_op, check_sealed_values
from carnet_protocol.reasons import Reason
from carnet_protocol.registry import Kind, Registry, Value
from carnet_protocol.seals import SealPlace, decode_values, erase_from_opening, parse_opening, seal_places
from carnet_protocol.state import Withheld
from carnet_protocol.writes import Write

IsErased = Callable[[bytes, int], bool]
"""Whether an erasure record covers (record id, erasure group)."""

NO_CODES: Final[Mapping[int, int]] = {}


class OpenedOp(msgspec.Struct, frozen=True, gc=False):
    """One op with its values. A struct, because a group commit makes thousands.

    Attributes:
        index: position in the set.
        op: as signed.
        kind: from the registry.
        fields: public and opened values by label; None for a delete.
        withheld: `Withheld.ERASED` by register number.
    """

    index: int
    op: Op
    kind: Kind
    fields: Mapping[int, Value] | None
    withheld: Mapping[int, int]

    def write(self, op_id: OpId, time_ms: int, author: bytes, based_on: tuple[OpId, ...]) -> Write:
        """The op with its admission record.

        Args:
            op_id: id of this op.
            time_ms: set time fixed at admission.
            author: dealer site or hub.
            based_on: effective, see `fold.effective_based_on`.
        """
        return Write(op_id, time_ms, author, self.fields, self.withheld, based_on)


@dataclass(frozen=True, slots=True)
class OpenedSet:
    """A change set with values.

    Attributes:
        opening: the opening bytes to keep: as received, or without what erasure records cover.
    """

    change_set: ChangeSet
    ops: tuple[OpenedOp, ...]
    opening: bytes


def nothing_erased(_record: bytes, _group: int) -> bool:
    """The predicate of a place without erasure records."""
    return False


def open_set(change_set: ChangeSet, opening: bytes, registry: Registry, is_erased: IsErased) -> OpenedSet:
    """Put the ops of a verified set and its opening together.

    Args:
        change_set: verified.
        opening: the bytes that came beside it; may be empty.
        registry: kinds this version knows.
        is_erased: erasure records known here.

    Raises:
        Malformed: ops or opening of another shape.
        BadValue: a field outside the registry, or an unknown kind.
        NotAuthentic: a value that does not match its commitment, or is missing without an erasure record.
    """
    ops = change_set.ops
    parsed = parse_opening(opening, ops)
    if parsed.values:
        kept = erase_from_opening(parsed, lambda place: is_erased(ops[place.op_index].record, place.group))
    else:
        kept = parsed
    opened = tuple(_open_op(index, op, registry, kept.values, is_erased) for index, op in enumerate(ops))
    kept_bytes = opening if kept is parsed else kept.encode(seal_places(ops))
    return OpenedSet(change_set, opened, kept_bytes)


def _open_op(
    index: int, op: Op, registry: Registry, values: Mapping[SealPlace, bytes], is_erased: IsErased
) -> OpenedOp:
    kind = check_op(op, registry)
    if op.action == Action.DELETE:
        return OpenedOp(index, op, kind, None, NO_CODES)
    if not op.seals:
        return OpenedOp(index, op, kind, op.fields, NO_CODES)
    fields: dict[int, Value] = dict(op.fields)
    withheld: dict[int, int] = {}
    for group, seal in op.seals.items():
        registers = set(seal[HASH_BYTES:])
        value_bytes = values.get(SealPlace(index, group))
        if value_bytes is not None:
            opened = decode_values(value_bytes)
            check_sealed_values(kind, registers, opened)
            fields.update(opened)
        elif is_erased(op.record, group):
            withheld.update(dict.fromkeys(sorted(registers), int(Withheld.ERASED)))
        else:
            raise NotAuthentic(Reason.OPENING_MISSING, f"op {index}, group {group}")
    return OpenedOp(index, op, kind, fields, withheld)
