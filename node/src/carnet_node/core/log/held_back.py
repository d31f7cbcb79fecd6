"""Own work without effect at the hub, as it was entered: what was parked, refused, or void inside an accepted set.

Decides what the desk gets to read about it. A refused change has no effect in any view, but nobody's typing is lost:
the log holds it, with the reason, and the desk can enter it again. A later own change of the same record answers a
refusal in the record's mark, not in this list: only the desk knows whether it was the same correction.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from carnet_node.core.log.overlay import Fate, fate_of
from carnet_node.core.log.projecting import OwnWork
from carnet_node.core.node import Node
from carnet_node.core.records import LoggedSet, SetVerdict
from carnet_protocol.errors import BrokenRule
from carnet_protocol.ids import RecordId
from carnet_protocol.kinds import STAFF_ACTION
from carnet_protocol.opened import OpenedOp, OpenedSet
from carnet_protocol.reasons import Reason
from carnet_protocol.registry import Kind, Value


@dataclass(frozen=True, slots=True)
class HeldOp:
    """One change of a record that has no effect at the hub.

    Attributes:
        values: as entered, by field name; empty for a delete. Erased ones are missing.
    """

    kind: Kind
    record: RecordId
    values: Mapping[str, Value]
    is_delete: bool
    reason: Reason | None


@dataclass(frozen=True, slots=True)
class HeldBack:
    """One save that was held back, in whole or in part.

    Attributes:
        is_parked: it goes on by itself or when the operator releases it; otherwise it is void for good.
        time_ms: set time.
    """

    seq: int
    time_ms: int
    is_parked: bool
    reason: Reason | None
    ops: tuple[HeldOp, ...]


def list_held_back(node: Node, *, limit: int) -> tuple[HeldBack, ...]:
    """Held-back saves, newest first.

    Args:
        limit: 1 to `LIST_ROWS_MAX`.
    """
    with node.store.read() as tx:
        work = OwnWork(tx, node.identity.hub_id)
        return tuple(_held(*work.opened(logged.log_id)) for logged in tx.sets_held_back(limit))


def _held(logged: LoggedSet, opened: OpenedSet) -> HeldBack:
    verdict = logged.verdict
    if verdict is None:
        raise BrokenRule("a set without a verdict is not held back")
    held = [one for one in opened.ops if fate_of(logged, one.index) is not Fate.FOLDED and one.kind is not STAFF_ACTION]
    ops = tuple(_held_op(one, verdict) for one in held)
    return HeldBack(logged.seq, verdict.time_ms, verdict.is_parked, reason_of(verdict.reason), ops)


def _held_op(one: OpenedOp, verdict: SetVerdict) -> HeldOp:
    fields = one.fields or {}
    values = {field.name: fields[label] for label, (_, field) in one.kind.by_label.items() if label in fields}
    reason = reason_of(verdict.voids.get(one.index, verdict.reason))
    return HeldOp(one.kind, RecordId(one.op.record), values, one.fields is None, reason)


def reason_of(code: str | None) -> Reason | None:
    """The reason behind a code; None for none, and for one that a newer hub knows and this version does not."""
    try:
        return None if code is None else Reason(code)
    except ValueError:
        return None
