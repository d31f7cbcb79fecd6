"""Everything one transaction of the hub works on: the log's end, change sets, records, and what it will write.

Decides the order of writing and how far apart facts are fetched, nothing else. All judgement happens in memory
against a workspace (`admission`, `folding`, `routing`, `effects`); `flush` then writes every row at once, so that an
error before it leaves nothing behind. `rebuild` uses the same class with a log of its own.
"""

from collections.abc import Collection, Iterable, Mapping, Set
from dataclasses import dataclass, field
from typing import Final

from carnet_hub.core.at_rest import plain_opening
from carnet_hub.core.hub import Hub
from carnet_hub.core.ports import Snapshot, Transaction
from carnet_hub.core.rows import (
    DealerRow,
    ErasedRow,
    KeyRow,
    LogHead,
    LogRow,
    Node,
    SetState,
)
from carnet_hub.core.sets.following_counts import follow_counts, note_askew
from carnet_hub.core.sets.ledger import Ledger
from carnet_hub.core.sets.master_book import MasterBook
from carnet_hub.core.sets.present import require_present
from carnet_hub.core.sets.record_book import Key, RecordBook
from carnet_master.features import Features
from carnet_protocol.changeset import reread_set
from carnet_protocol.fold import effective_based_on
from carnet_protocol.ids import OpId, index_of, nonce_of
from carnet_protocol.opened import OpenedSet, open_set
from carnet_protocol.writes import Write


@dataclass(frozen=True, slots=True)
class History:
    """What a fold from the log knows in advance.

    Attributes:
        erased: groups (bits) by record that are erased at some time.
        excluded: nonces of sets that are excluded at some time.
        led_to: vehicles that excluded sets have named, by the record that they named them in.
        misled: sites whose excluded sets have named a vehicle, by vehicle.
        founders: the site of the first excluded set on a record that only its owner writes. A ruling on such a record
            may be all that is left in front of it, and makes nobody its owner.
        tied: by customer in an excluded set, the vehicles tied to it and the position of the first set that says so.
        left: by vehicle, the records that were anchored to it and are elsewhere now; noted while the log is folded,
            where sets are excluded.
        first_excluded: position of the first excluded set; 0 for none.
        last_exclusion: position of the last entry that excludes one; 0 for none.
    """

    erased: Mapping[bytes, int]
    excluded: frozenset[bytes]
    led_to: Mapping[bytes, Set[bytes]] = field(default_factory=dict)
    misled: Mapping[bytes, Set[bytes]] = field(default_factory=dict)
    tied: Mapping[bytes, Mapping[bytes, int]] = field(default_factory=dict)
    founders: Mapping[Key, bytes] = field(default_factory=dict)
    left: dict[bytes, dict[Key, None]] = field(default_factory=dict)
    first_excluded: int = 0
    last_exclusion: int = 0

    def note_left(self, vehicle: bytes, key: Key) -> None:
        """Remember that a record left a vehicle, for those who were shown it there because of an excluded set."""
        if self.excluded:
            self.left.setdefault(vehicle, {})[key] = None


NO_HISTORY: Final = History({}, frozenset())


class Workspace:
    """One transaction in memory.

    Attributes:
        position, received_ms: of the log's last entry, advanced by `append`.
        lost: reason by op id, of ops that are void before their set has arrived.
        erased: erased groups (bits) by record, for every record with personal values that was asked for.
        late: groups (bits) by record, of folded records that belong to erased ones and are named by no order yet.
        fresh_parties: customers whose features changed in this transaction and that nobody has matched yet.
        features: what is compared of customers, worked out or opened in this transaction; see `parties.features_of`.
        nodes: by key id, as of now.
        is_counted: whether the sums of campaigns hear of it.
        history: what lies ahead, for a fold from the log.
        clock_offsets: hub clock minus node clock, by node.
    """

    def __init__(
        self,
        hub: Hub,
        snapshot: Snapshot,
        head: LogHead,
        *,
        log: Snapshot | None = None,
        history: History | None = None,
    ) -> None:
        self.hub = hub
        self.snapshot = snapshot
        self.position = head.position
        self.received_ms = head.received_ms
        self.ledger = Ledger(snapshot)
        self.book = RecordBook(hub, snapshot)
        self.master = MasterBook(snapshot)
        self.lost: dict[bytes, str] = {}
        self.erased: dict[bytes, int] = {}
        self.late: dict[bytes, int] = {}
        self.fresh_parties: set[bytes] = set()
        self.features: dict[bytes, Features] = {}
        self.nodes: dict[bytes, Node] = {}
        self.clock_offsets: dict[bytes, int] = {}
        self.appended: dict[int, LogRow] = {}
        self.openings: dict[int, bytes] = {}
        self.new_keys: dict[bytes, KeyRow] = {}
        self.new_dealers: dict[bytes, DealerRow] = {}
        self.new_erased: dict[bytes, int] = {}
        self.is_counted = True
        self.history = history or NO_HISTORY
        self._log = log or snapshot
        self._writes: dict[OpId, tuple[Key, Write] | None] = {}
        self._commit_times: dict[int, int] = {}

    def append(self, row: LogRow) -> LogRow:
        """Add the next entry to the log; its position must be the next one."""
        if row.position != self.position + 1:
            raise AssertionError(f"position {row.position} after {self.position}")
        self.position = row.position
        self.received_ms = row.received_ms
        self.appended[row.position] = row
        return row

    def entry(self, position: int) -> LogRow:
        """An entry of the log, this transaction's own ones among them."""
        own = self.appended.get(position)
        return own if own is not None else self._log.log_rows([position])[position]

    def change_opening(self, row: LogRow, opening: bytes) -> None:
        """Replace the opening of a log entry: an erasure took values out of it."""
        self.openings[row.position] = opening
        if row.position in self.appended:
            self.appended[row.position] = row._replace(opening=opening)

    def load_commit_times(self, positions: Iterable[int]) -> None:
        """Ask when some positions were committed."""
        self._commit_times.update(self._log.commit_times({one for one in positions if one}))

    def commit_time(self, position: int) -> int:
        """When a position was committed; 0 for none."""
        if position in self.appended:
            return self.appended[position].received_ms
        return self._commit_times.get(position, 0)

    def load_nodes(self, key_ids: Collection[bytes], node_ids: Collection[bytes]) -> None:
        """Ask for the present standing of some nodes, and for what their clocks showed."""
        self.nodes.update(self.snapshot.nodes_by_key(key_ids))
        offsets = {row.node_id: row.clock_offset_ms for row in self.snapshot.statuses(node_ids).values()}
        self.clock_offsets.update(offsets)

    def load_erased(self, records: Iterable[bytes]) -> None:
        """Ask what was erased of some records."""
        fresh = [record for record in records if record not in self.erased]
        self.erased.update(dict.fromkeys(fresh, 0))
        self.erased.update(self.snapshot.erased(fresh))

    def is_erased(self, record: bytes, group: int) -> bool:
        """Whether an erasure covers a group of a record."""
        if record not in self.erased:
            self.load_erased([record])
        groups = self.erased[record] | self.history.erased.get(record, 0)
        return bool(groups >> (group - 1) & 1)

    def erase(self, record: bytes, groups: int) -> None:
        """An erasure covers more groups of a record from now on."""
        self.load_erased([record])
        self.erased[record] |= groups
        self.new_erased[record] = self.erased[record]

    def remember(self, writes: dict[OpId, tuple[Key, Write]]) -> None:
        """Keep folded ops at hand for later sets of this transaction."""
        self._writes.update(writes)

    def earlier_write(self, key: Key, op: OpId) -> Write | None:
        """A folded op of a record, from this transaction or the log; None for a void, parked or another record's op."""
        if op not in self._writes:
            self._load_writes(op)
        found = self._writes.get(op)
        return found[1] if found is not None and found[0] == key else None

    def forget_writes(self, key: Key) -> None:
        """Folded ops of a record changed (values were erased): look them up again."""
        self._writes = {op: found for op, found in self._writes.items() if found is None or found[0] != key}

    def keys_of(self, node_id: bytes) -> list[KeyRow]:
        """Every key a node has or had."""
        stored = {row.key_id: row for row in self.snapshot.keys_of([node_id])}
        new = {row.key_id: row for row in self.new_keys.values() if row.node_id == node_id}
        return sorted({**stored, **new}.values())

    def open_entry(self, row: LogRow) -> OpenedSet:
        """The set a log entry holds, with the values that are left.

        Raises:
            Refused: it could not be opened when it arrived either.
        """
        change_set = reread_set(row.message or b"", self.hub.hub_id)
        opening = plain_opening(self.hub.box, self.openings.get(row.position, row.opening), row.nonce)
        return open_set(change_set, opening, self.hub.registry, self.is_erased)

    def _load_writes(self, op: OpId) -> None:
        """Take every op of one op's set from the log."""
        self._writes[op] = None
        admission = self.ledger.admission(nonce_of(op))
        if admission is None or admission.state != SetState.FOLDED or index_of(op) >= admission.op_count:
            return
        row = self.entry(admission.stored_at)
        for one in self.open_entry(row).ops:
            op_id = OpId(row.nonce + one.index.to_bytes(2, "big"))
            if self.ledger.void(op_id) is not None:
                self._writes[op_id] = None
                continue
            based_on = effective_based_on(one.op.based_on, self.ledger.void_bases)
            write = one.write(op_id, row.time_ms, row.dealer_id, based_on)
            self._writes[op_id] = ((one.op.kind, one.op.record), write)

    def load_lost(self, ops: Iterable[OpId]) -> None:
        """Ask which ops of an arriving set were declared lost before."""
        for op in ops:
            row = self.ledger.void(op)
            if row is not None:
                self.lost[op] = row.reason

    def flush(self, transaction: Transaction) -> None:
        """Write everything, once all judgement is done."""
        transaction.put(list(self.appended.values()))
        for position, opening in self.openings.items():
            if position not in self.appended:
                transaction.change_opening(position, opening)
        self.flush_projections(transaction)

    def flush_projections(self, transaction: Transaction) -> None:
        """Write everything but the log, which a fold from the log only reads."""
        self.flush_records(transaction)
        if self.is_counted:
            self.flush_counts(transaction)
        else:
            note_askew(transaction, is_askew=True)

    def flush_records(self, transaction: Transaction) -> None:
        """The same without the sums of campaigns."""
        self.ledger.flush(transaction)
        self.book.flush(transaction)
        self.master.flush(transaction)
        if self.new_erased:
            transaction.put([ErasedRow(record, groups) for record, groups in self.new_erased.items()])
            transaction.scrub_after()
        transaction.put(list(self.new_keys.values()))
        transaction.put(list(self.new_dealers.values()))

    def flush_counts(self, transaction: Transaction) -> None:
        """Bring the sums of campaigns up to date, once the records are written."""
        follow_counts(self.hub, transaction, self.book.changed(), self.book.left_anchors)


def open_workspace(hub: Hub, transaction: Transaction) -> Workspace:
    """A workspace at the end of the log, at this moment of the hub's clock.

    Raises:
        HistoryEnded: see `present`.
    """
    require_present(hub, transaction)
    head = transaction.head()
    return Workspace(hub, transaction, LogHead(head.position, max(hub.clock.now_ms(), head.received_ms)))
