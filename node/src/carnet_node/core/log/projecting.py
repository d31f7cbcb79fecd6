"""From log and base rows to projections: the one way business tables are written.

Decides how the own ops on a record are read back from the log, and how a record is folded and shown. Used by the page
application, by receipts, by rebuild, and by commit wherever its short cut does not apply. Does not decide the rule
itself (`overlay`) nor which heads are shown (the protocol's `resolvers`).
"""

from collections.abc import Iterable

from carnet_node.core.limits import OPENED_SETS_KEPT_MAX
from carnet_node.core.log.overlay import OwnOp, fate_of, overlay, standing_writes
from carnet_node.core.ports import ReadTransaction, WriteTransaction
from carnet_node.core.records import Identity, LoggedSet, Projection, SettledValue
from carnet_protocol.changeset import reread_set
from carnet_protocol.ids import HubId, OpId, RecordId
from carnet_protocol.kinds import REGISTRY
from carnet_protocol.opened import OpenedSet, open_set
from carnet_protocol.registry import Kind
from carnet_protocol.resolvers import show
from carnet_protocol.settled import Settled
from carnet_protocol.writes import Write

Key = tuple[int, RecordId]
"""Kind number and record id."""


class OwnWork:
    """Own sets read back from the log, each opened once; lives as long as one transaction."""

    def __init__(self, tx: ReadTransaction, hub: HubId) -> None:
        self._tx = tx
        self._hub = hub
        self._opened: dict[int, tuple[LoggedSet, OpenedSet]] = {}

    def ops_on(self, kind: int, record: RecordId) -> list[OwnOp]:
        """Every own op on a record, in log order."""
        return [self._own_op(place.log_id, place.index) for place in self._tx.own_places(kind, record)]

    def standing_on(self, kind: int, record: RecordId) -> dict[OpId, Write]:
        """The own writes on a record that are not void, by op id in log order."""
        return standing_writes(self._tx.base(kind, record), self.ops_on(kind, record))

    def opened(self, log_id: int) -> tuple[LoggedSet, OpenedSet]:
        """One own set and its values."""
        if log_id not in self._opened:
            if len(self._opened) >= OPENED_SETS_KEPT_MAX:
                self._opened.clear()
            logged = self._tx.set_by_id(log_id)
            change_set = reread_set(logged.message, self._hub)
            self._opened[log_id] = (logged, open_set(change_set, logged.opening, REGISTRY, self._is_erased))
        return self._opened[log_id]

    def _is_erased(self, record: bytes, group: int) -> bool:
        return bool(self._tx.erased_groups(RecordId(record)) >> (group - 1) & 1)

    def _own_op(self, log_id: int, index: int) -> OwnOp:
        logged, opened = self.opened(log_id)
        change_set = opened.change_set
        one = opened.ops[index]
        verdict = logged.verdict
        time_ms = logged.time_ms if verdict is None else verdict.time_ms
        write = one.write(change_set.op_id(index), time_ms, change_set.header.dealer_id, one.op.based_on)
        return OwnOp(write, fate_of(logged, index), logged.folded_at or 0, log_id)


def project_record(
    tx: ReadTransaction, work: OwnWork, identity: Identity, key: Key
) -> tuple[Projection | None, tuple[Settled, ...]]:
    """Fold one record from its base row and own work; reads only.

    Returns: the projection, None for a kind this version does not know and for a record of which nothing is left (all
    own work void, no base row); and the overruled values own work settled.
    """
    kind_number, record = key
    kind = REGISTRY.by_number.get(kind_number)
    if kind is None:
        return None, ()
    base = tx.base(kind_number, record)
    result = overlay(base, work.ops_on(kind_number, record))
    if not result.entries:
        return None, ()
    owner = identity.dealer_id if base is None else base.owner
    shown = show(kind, result.entries)
    return Projection(kind, record, owner, result.entries, shown, result.mark, result.is_hidden), result.settled


def reproject(tx: WriteTransaction, work: OwnWork, identity: Identity, keys: Iterable[Key]) -> int:
    """Write the projections of some records anew.

    Returns: how many records now have one.
    """
    count = 0
    for key in dict.fromkeys(keys):
        projection, settled = project_record(tx, work, identity, key)
        if projection is None:
            kind = REGISTRY.by_number.get(key[0])
            if kind is not None:
                tx.drop_projection(kind, key[1])
                tx.replace_settled(key[0], key[1], (), is_own=True)
            continue
        tx.put_projection(projection)
        tx.replace_settled(key[0], key[1], own_settled(projection.kind, key[1], settled), is_own=True)
        count += 1
    return count


def own_settled(kind: Kind, record: RecordId, settled: Iterable[Settled]) -> tuple[SettledValue, ...]:
    """Overruled values found here, as they are stored."""
    return tuple(SettledValue(kind.number, record, one.register, one.overruled, one.by, True) for one in settled)
