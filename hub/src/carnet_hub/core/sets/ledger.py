"""What one transaction knows about change sets: chains, admissions, void ops, who waits for whom.

Decides nothing about a set; it loads facts in batches, answers questions about them including what this transaction
itself has added, and hands the new rows over to be written. A `Ledger` lives for one transaction.
"""

from collections.abc import Collection, Iterable
from typing import Final

from carnet_hub.core.limits import EVIDENCE_PER_NODE_MAX
from carnet_hub.core.ports import Snapshot, Transaction
from carnet_hub.core.rows import (
    AdmissionRow,
    ChainRow,
    EpochRow,
    EvidenceRow,
    SealedRow,
    SetState,
    VoidRow,
    WaitingRow,
)
from carnet_protocol.fold import effective_based_on
from carnet_protocol.ids import OpId, nonce_of, split_op_ids

Place = tuple[bytes, bytes, int]
"""(node, epoch, seq)."""

_PARKED: Final = int(SetState.PARKED)


class Ledger:
    """Facts about change sets, as of now inside one transaction."""

    def __init__(self, snapshot: Snapshot) -> None:
        self._snapshot = snapshot
        self._admissions: dict[bytes, AdmissionRow | None] = {}
        self._epochs: dict[bytes, dict[bytes, EpochRow]] = {}
        self._places: dict[Place, ChainRow | None] = {}
        self._voids: dict[bytes, VoidRow | None] = {}
        self._waiting: dict[bytes, set[WaitingRow]] = {}
        self._new_admissions: dict[bytes, None] = {}
        self._new_epochs: dict[tuple[bytes, bytes], None] = {}
        self._new_places: list[ChainRow] = []
        self._new_voids: list[VoidRow] = []
        self._new_waiting: dict[tuple[bytes, bytes], WaitingRow] = {}
        self._done_waiting: set[tuple[bytes, bytes]] = set()
        self._sealed: dict[SealedRow, None] = {}
        self._evidence: dict[bytes, EvidenceRow] = {}
        self._confirmed: dict[bytes, bytes] = {}

    def load(self, *, nonces: Collection[bytes], nodes: Collection[bytes], places: Collection[Place]) -> None:
        """Ask for many facts at once; what is not asked for here is looked up one by one."""
        fresh = {one for one in nonces if one not in self._admissions}
        self._admissions.update(dict.fromkeys(fresh))
        self._admissions.update(self._snapshot.admissions(fresh))
        new_nodes = {one for one in nodes if one not in self._epochs}
        self._epochs.update({node: {} for node in new_nodes})
        for row in self._snapshot.epochs(new_nodes):
            self._epochs[row.node_id][row.epoch] = row
        new_places = {one for one in places if one not in self._places}
        self._places.update(dict.fromkeys(new_places))
        self._places.update(self._snapshot.chain_places(new_places))

    def load_waiting(self, base_nonces: Collection[bytes]) -> None:
        """Ask who waits for some sets."""
        fresh = {one for one in base_nonces if one not in self._waiting}
        self._waiting.update({nonce: set() for nonce in fresh})
        for row in self._snapshot.waiting_for(fresh):
            self._waiting[row.base_nonce].add(row)

    def admission(self, nonce: bytes) -> AdmissionRow | None:
        """What is known of a set."""
        if nonce not in self._admissions:
            self._admissions[nonce] = self._snapshot.admissions([nonce]).get(nonce)
        return self._admissions[nonce]

    def arrived(self, nonce: bytes) -> AdmissionRow | None:
        """What is known of a set that has arrived: one that was only declared lost has not."""
        row = self.admission(nonce)
        return None if row is None or row.state == SetState.LOST else row

    def note_confirmed(self, nonce: bytes, hub_epoch: bytes) -> None:
        """A set came with the receipt by which this hub had accepted it in one of its histories."""
        self._confirmed[nonce] = hub_epoch

    def confirmed_in(self, nonce: bytes) -> bytes | None:
        """The hub epoch of that receipt; None for a set that this transaction did not take in with one."""
        return self._confirmed.get(nonce)

    def epochs_of(self, node_id: bytes) -> dict[bytes, EpochRow]:
        """The epochs of a node."""
        if node_id not in self._epochs:
            self._epochs[node_id] = {row.epoch: row for row in self._snapshot.epochs([node_id])}
        return self._epochs[node_id]

    def place(self, node_id: bytes, epoch: bytes, seq: int) -> ChainRow | None:
        """What stands at a place of a chain."""
        place = (node_id, epoch, seq)
        if place not in self._places:
            self._places[place] = self._snapshot.chain_places([place]).get(place)
        return self._places[place]

    def has_voids(self, op: OpId) -> bool:
        """Whether an op may be void: its set has void ops, or is not known at all."""
        admission = self.admission(nonce_of(op))
        return admission is None or admission.void_count > 0

    def void_bases(self, op: OpId) -> tuple[OpId, ...] | None:
        """For a void op, what it was based on; None for every other op."""
        row = self.void(op)
        return None if row is None else split_op_ids(row.based_on)

    def void(self, op: OpId) -> VoidRow | None:
        """An op's voidness; None when it is not void."""
        if op not in self._voids:
            found = self._snapshot.voids([op]).get(op) if self.has_voids(op) else None
            self._voids[op] = found
        return self._voids[op]

    def waiters(self, nonce: bytes) -> list[bytes]:
        """Nonces of the parked sets that wait for an op of this set, in the order they were parked."""
        self.load_waiting([nonce])
        found = {row.nonce for row in self._waiting[nonce] if (row.base, row.nonce) not in self._done_waiting}
        parked = [row for one in found if (row := self.admission(one)) is not None and row.state == _PARKED]
        return [row.nonce for row in sorted(parked, key=lambda row: row.stored_at)]

    def put_admission(self, row: AdmissionRow) -> None:
        """Add or change what is known of a set."""
        self._admissions[row.nonce] = row
        self._new_admissions[row.nonce] = None

    def put_epoch(self, row: EpochRow) -> None:
        """Add or change an epoch."""
        self.epochs_of(row.node_id)[row.epoch] = row
        self._new_epochs[row.node_id, row.epoch] = None

    def add_place(self, row: ChainRow) -> None:
        """Add a place of a chain."""
        self._places[row.node_id, row.epoch, row.seq] = row
        self._new_places.append(row)

    def add_void(self, row: VoidRow) -> None:
        """Make an op void."""
        self._voids[row.op] = row
        self._new_voids.append(row)

    def wait(self, rows: Iterable[WaitingRow]) -> None:
        """A parked set waits for some ops."""
        for row in rows:
            self.load_waiting([row.base_nonce])
            self._waiting[row.base_nonce].add(row)
            self._new_waiting[row.base, row.nonce] = row
            self._done_waiting.discard((row.base, row.nonce))

    def is_missing(self, op: OpId) -> bool:
        """Whether an op has not arrived, or stands in a parked set; a void one is not missing."""
        known = self.admission(nonce_of(op))
        is_undecided = known is None or known.state in (SetState.PARKED, SetState.LOST)
        return is_undecided and self.void(op) is None

    def pass_on_waiting(self, nonce: bytes) -> None:
        """Whoever waits for an op of a set that has become void waits for what that op was based on instead."""
        self.load_waiting([nonce])
        for row in sorted(self._waiting[nonce]):
            if (row.base, row.nonce) not in self._done_waiting:
                behind = effective_based_on((OpId(row.base),), self.void_bases)
                missing = [one for one in behind if nonce_of(one) != row.nonce and self.is_missing(one)]
                self.wait(WaitingRow(one, row.nonce, nonce_of(one)) for one in missing)

    def stop_waiting(self, nonce: bytes) -> None:
        """A set waits for nothing any more."""
        rows = [row for row in self._new_waiting.values() if row.nonce == nonce]
        for row in rows + self._snapshot.waiting_of([nonce]):
            self._done_waiting.add((row.base, row.nonce))
            self._new_waiting.pop((row.base, row.nonce), None)

    def add_sealed(self, record: bytes, position: int) -> None:
        """A log entry holds personal values of a record."""
        self._sealed[SealedRow(record, position)] = None

    def sealed_positions(self, records: Collection[bytes]) -> list[int]:
        """Log entries that hold personal values of some records, ascending."""
        wanted = set(records)
        new = {row.position for row in self._sealed if row.record in wanted}
        return sorted(new | set(self._snapshot.sealed_positions(wanted)))

    def add_evidence(self, row: EvidenceRow) -> None:
        """Keep a contradicting body, as long as its node has not filled its share."""
        own = sum(1 for one in self._evidence.values() if one.node_id == row.node_id)
        if own + self._snapshot.evidence_count(row.node_id) < EVIDENCE_PER_NODE_MAX:
            self._evidence[row.set_hash] = row

    def flush(self, transaction: Transaction) -> None:
        """Write everything that was added or changed."""
        admissions = [row for nonce in self._new_admissions if (row := self._admissions[nonce]) is not None]
        transaction.put(admissions)
        transaction.put([self._epochs[node][epoch] for node, epoch in self._new_epochs])
        transaction.put(self._new_places)
        transaction.put(self._new_voids)
        transaction.remove(WaitingRow, self._done_waiting)
        transaction.put(list(self._new_waiting.values()))
        transaction.put(list(self._sealed))
        transaction.put(list(self._evidence.values()))
