"""Every record of a node is what the writes mean that this node can know of.

Decides which writes those are: what the hub had folded at the position of the base row, in the history of the hub that
the row comes from, and the node's own that are not void.
"""

from collections.abc import Iterable, Iterator
from typing import NamedTuple

from carnet_hub.core.sets.masking import NOBODY
from carnet_node.core.ports import ReadTransaction
from carnet_node.core.records import BaseRow, Mark, SetVerdict, StoredRecord
from carnet_protocol.fold import effective_based_on
from carnet_protocol.ids import RecordId
from carnet_protocol.kinds import REGISTRY
from carnet_protocol.registry import Audience, Kind
from carnet_protocol.writes import Write
from simulation.archive import Archive
from simulation.authored import AuthoredOp, Key, has_room, without_erased
from simulation.invariants import Broken
from simulation.oracle import Difference, first_difference, masked, veiled
from simulation.world import Machine
from support.fold_model import model_of


def check_node(machine: Machine, archive: Archive) -> None:
    """Every record of a node is what the writes mean that this node can know of."""
    with machine.node.store.read() as tx:
        own = _OwnOps(tx, machine, archive)
        for number, record in list(tx.known_keys()):
            kind = REGISTRY.by_number[number]
            _check_record(tx, machine, archive, own.on((number, record)), (kind, record))


class _OwnOp(NamedTuple):
    """An own op with what the node knows about it."""

    op: AuthoredOp
    verdict: SetVerdict | None
    time_ms: int


class _OwnOps:
    """A node's own ops with what the node knows about them."""

    def __init__(self, tx: ReadTransaction, machine: Machine, archive: Archive) -> None:
        self._by_key: dict[Key, list[_OwnOp]] = {}
        found = []
        for made in archive.sets_of(machine.name):
            logged = tx.set_by_nonce(made.nonce)
            if logged is None:
                raise Broken("I3", f"{machine.name}: an own set is missing from the log")
            found.append((logged.log_id, logged, made))
        for _, logged, made in sorted(found, key=lambda one: one[0]):
            time_ms = logged.time_ms if logged.verdict is None else logged.verdict.time_ms
            for one in made.ops:
                own = _OwnOp(one, logged.verdict, time_ms)
                self._by_key.setdefault(one.key, []).append(own)

    def on(self, key: Key) -> list[_OwnOp]:
        """The own ops on a record, in the order of writing."""
        return self._by_key.get(key, [])


def _check_record(
    tx: ReadTransaction,
    machine: Machine,
    archive: Archive,
    own: list[_OwnOp],
    where: tuple[Kind, RecordId],
) -> None:
    kind, record = where
    base = tx.base(kind.number, record)
    stored = tx.record(kind, record)
    dealer = machine.node.identity.dealer_id
    is_foreign = base is not None and base.owner != dealer and kind.audience is not Audience.ALL
    account, position = _as_of(machine, archive, base)
    erased = tx.erased_groups(record)
    received = account.writes_on((kind.number, record), position, erased)
    received = masked(kind, received) if is_foreign else received
    received = veiled(kind, received, dealer) if base is not None and base.owner == NOBODY else received
    on_top = list(_on_top(own, received, base, account, dealer=dealer, erased=erased))
    entries = () if stored is None else stored.entries
    difference = first_difference(kind, entries, [*received, *on_top])
    difference = difference or _fact_difference(machine, base, stored, own)
    if difference is not None:
        raise Broken(difference[0], f"{machine.name}: {kind.name} {record.hex()} at {position}: {difference[1]}")


def _as_of(machine: Machine, archive: Archive, base: BaseRow | None) -> tuple[Archive, int]:
    """The history of the hub that a base row comes from, and the position in it."""
    present = archive.histories[machine.trail[-1]]
    if base is None or (base.is_evicted and not base.entries):
        return present, -1
    if base.former_position is None:
        return present, base.position
    if base.former_epoch not in machine.trail[:-1]:
        raise Broken("I14", f"{machine.name}: a row of a former history that was never read")
    return archive.histories[base.former_epoch], base.former_position


def _on_top(
    own: Iterable[_OwnOp],
    received: list[Write],
    base: BaseRow | None,
    account: Archive,
    *,
    dealer: bytes,
    erased: int,
) -> Iterator[Write]:
    """The own ops that a base row does not hold."""
    held = {write.op for write in received}
    void = {one.op.op: one.op.based_on for one in own if _is_void(one)}
    behind = {op: bases for op, bases in void.items() if op not in held}
    model = model_of(received)
    for one in own:
        if one.op.op in void or _is_inside(one, base, account):
            continue
        bases = effective_based_on(one.op.based_on, behind.get)
        based_on = tuple(base for base in bases if base in model.writes)
        write = without_erased(one.op, erased, time_ms=one.time_ms, dealer=dealer, based_on=based_on)
        if has_room(model, write):
            model.add(write)
            yield write


def _is_inside(one: _OwnOp, base: BaseRow | None, account: Archive) -> bool:
    """Whether a base row holds an own op: by the account of the history that the row comes from."""
    if base is None:
        return False
    if base.former_position is not None and account.has_folded(one.op.op, base.former_position):
        return True
    return one.verdict is not None and one.verdict.is_accepted and one.verdict.position <= base.position


def _is_void(one: _OwnOp) -> bool:
    if one.verdict is None or one.verdict.is_parked:
        return False
    return not one.verdict.is_accepted or int.from_bytes(one.op.op[-2:], "big") in one.verdict.voids


def _fact_difference(
    machine: Machine,
    base: BaseRow | None,
    stored: StoredRecord | None,
    own: list[_OwnOp],
) -> Difference | None:
    """Owner, visibility and mark of a projection."""
    if stored is None:
        return None
    is_waiting = any(one.verdict is None for one in own)
    if stored.owner != (machine.node.identity.dealer_id if base is None else base.owner):
        return "I12", "another owner"
    if stored.is_hidden != (base is not None and base.is_evicted and not is_waiting):
        return "I12", "hidden or not"
    if (stored.mark is Mark.REFUSED) != bool(own and _is_void(own[-1])):
        return "I3", "marked refused or not"
    return None
