"""A hub in memory that admits, parks, refuses, folds and makes pages: the other side of the node's engine in tests.

It shares no code with the product's hub. What it decides is told by the test (`Treatment`), except that a set that
builds on something unknown or parked is parked, as the design says.
"""

from dataclasses import dataclass, field
from enum import Enum

from carnet_node.core.node import Node
from carnet_node.core.records import LoggedSet
from carnet_protocol.changeset import ChangeSet, Draft, reread_set
from carnet_protocol.envelope import Purpose
from carnet_protocol.fold import effective_based_on, fold_write
from carnet_protocol.ids import OpId, RecordId
from carnet_protocol.kinds import REGISTRY
from carnet_protocol.messages import Outcome, Page, PageRow, Receipt, SettledRow, Verdict, VoidOp, sign_frame
from carnet_protocol.opened import nothing_erased, open_set
from carnet_protocol.reasons import Reason
from carnet_protocol.settled import Settled
from carnet_protocol.state import EMPTY, Entries, Entry, entries_to_wire
from carnet_protocol.writes import Write
from support.node_builder import HUB, HUB_EPOCH, HUB_SIGNER
from support.protocol import signer

Key = tuple[int, bytes]


class Treatment(Enum):
    """What a test wants to become of a set."""

    ACCEPT = "accept"
    PARK = "park"
    REFUSE = "refuse"


@dataclass
class HubRecord:
    """A record as the hub holds it."""

    owner: bytes
    entries: Entries = EMPTY
    changed: int = 0
    settled: list[Settled] = field(default_factory=list)
    writes: dict[OpId, Write] = field(default_factory=dict)
    evicted_for: set[bytes] = field(default_factory=set)


@dataclass
class Admitted:
    """A set in the hub's log, with its present verdict."""

    node_id: bytes
    change_set: ChangeSet
    opening: bytes
    verdict: Verdict
    reason: Reason | None
    position: int
    time_ms: int
    voids: list[VoidOp] = field(default_factory=list)
    is_held: bool = False


@dataclass
class ModelHub:
    """See the module."""

    position: int = 0
    records: dict[Key, HubRecord] = field(default_factory=dict)
    log: dict[bytes, Admitted] = field(default_factory=dict)
    void: dict[OpId, tuple[OpId, ...]] = field(default_factory=dict)
    known: set[OpId] = field(default_factory=set)

    def receive(
        self,
        node: Node,
        logged: LoggedSet,
        treatment: Treatment = Treatment.ACCEPT,
        *,
        time_ms: int | None = None,
        void_ops: tuple[int, ...] = (),
    ) -> Receipt:
        """Admit a set as told; a known one yields its present receipt again."""
        admitted = self.log.get(logged.nonce)
        if admitted is None:
            change_set = reread_set(logged.message, HUB)
            self.position += 1
            stamp = change_set.header.wall_ms if time_ms is None else time_ms
            admitted = Admitted(
                node.identity.node_id,
                change_set,
                logged.opening,
                Verdict.PARKED,
                Reason.UNKNOWN_BASE,
                self.position,
                stamp,
            )
            admitted.voids = [VoidOp(index, Reason.ILLEGAL_TRANSITION.value) for index in void_ops]
            self.log[logged.nonce] = admitted
            self._settle(admitted, treatment)
        return self._receipt(admitted)

    def decide(self, nonce: bytes, treatment: Treatment) -> None:
        """Rule anew on a parked set: release or refuse it."""
        admitted = self.log[nonce]
        assert admitted.verdict is Verdict.PARKED
        self.position += 1
        admitted.position = self.position
        self._settle(admitted, treatment)

    def write(self, *drafts: Draft, author: bytes = HUB, time_ms: int = 0) -> tuple[OpId, ...]:
        """Fold drafts that came from elsewhere, as if in one set of that author; returns their op ids."""
        self.position += 1
        nonce = b"hub" + self.position.to_bytes(11, "big")
        ops = tuple(OpId(nonce + index.to_bytes(2, "big")) for index in range(len(drafts)))
        for draft, op in zip(drafts, ops, strict=True):
            fields = {draft.kind.labels[name]: value for name, value in draft.values.items()} or None
            self._fold(
                (draft.kind.number, draft.record), Write(op, time_ms, author, fields, {}, draft.based_on), author
            )
        return ops

    def evict(self, node: Node, key: Key) -> None:
        """The node's site is no longer assigned to a record."""
        self.position += 1
        self.records[key].evicted_for.add(node.identity.dealer_id)
        self.records[key].changed = self.position

    def page(self, node: Node, *, rows_max: int = 1000, cursor: int | None = None) -> Page:
        """The next page for a node, read from where the node stands; records of one position stay together."""
        with node.store.read() as tx:
            feed = tx.feed()
        assert feed is not None
        start = feed.cursor if cursor is None else cursor
        waiting = sorted((record.changed, key) for key, record in self.records.items() if record.changed > start)
        taken = [one for place, one in enumerate(waiting) if place < rows_max or one[0] == waiting[rows_max - 1][0]]
        is_last = len(taken) == len(waiting)
        outcomes = [
            self._outcome(one)
            for one in sorted(self.log.values(), key=lambda one: one.position)
            if one.node_id == node.identity.node_id and one.position > feed.outcomes_after
        ]
        return Page(
            version=1,
            hub_epoch=HUB_EPOCH,
            dealer_id=node.identity.dealer_id,
            node_id=node.identity.node_id,
            cursor_from=start,
            cursor_to=self.position if is_last else taken[-1][0],
            position=self.position,
            is_last=is_last,
            rows=[self._row(key, node.identity.dealer_id) for _, key in taken],
            outcomes=outcomes,
            hub_sets=[],
        )

    def _settle(self, admitted: Admitted, treatment: Treatment) -> None:
        change_set = admitted.change_set
        bases = {base for op in change_set.ops for base in op.based_on}
        if treatment is Treatment.REFUSE:
            admitted.verdict, admitted.reason = Verdict.REFUSED, Reason.BAD_FIELD
            for index, op in enumerate(change_set.ops):
                self.void[change_set.op_id(index)] = op.based_on
                self.known.add(change_set.op_id(index))
        elif treatment is Treatment.PARK or not bases <= self.known:
            admitted.verdict, admitted.reason = Verdict.PARKED, Reason.UNKNOWN_BASE
            admitted.is_held = treatment is Treatment.PARK
        else:
            admitted.verdict, admitted.reason = Verdict.ACCEPTED, None
            self._fold_set(admitted)

    def _fold_set(self, admitted: Admitted) -> None:
        change_set = admitted.change_set
        void = {one.index for one in admitted.voids}
        for opened in open_set(change_set, admitted.opening, REGISTRY, nothing_erased).ops:
            op = change_set.op_id(opened.index)
            self.known.add(op)
            if opened.index in void:
                self.void[op] = opened.op.based_on
                continue
            based_on = effective_based_on(opened.op.based_on, self.void.get)
            author = change_set.header.dealer_id
            write = opened.write(op, admitted.time_ms, author, based_on)
            self._fold((opened.kind.number, opened.op.record), write, author)

    def _fold(self, key: Key, write: Write, author: bytes) -> None:
        record = self.records.setdefault(key, HubRecord(author))
        folded = fold_write(record.entries, write, record.writes.get)
        record.writes[write.op] = write
        record.entries = folded.entries
        record.settled.extend(folded.settled)
        record.changed = self.position
        self.known.add(write.op)

    def _row(self, key: Key, reader: bytes) -> PageRow:
        record = self.records[key]
        is_evicted = reader in record.evicted_for
        settled = [SettledRow(one.register, wire_entry(one.overruled), one.by) for one in record.settled]
        return PageRow(
            kind=key[0],
            record=key[1],
            owner=record.owner,
            changed=record.changed,
            entries=[] if is_evicted else entries_to_wire(record.entries),
            settled=[] if is_evicted else settled,
            is_evicted=is_evicted,
        )

    def _outcome(self, one: Admitted) -> Outcome:
        reason = None if one.reason is None else one.reason.value
        return Outcome(one.change_set.nonce, int(one.verdict), reason, one.position, one.time_ms, one.voids, 0)

    def _receipt(self, one: Admitted) -> Receipt:
        header = one.change_set.header
        return Receipt(
            version=1,
            hub_epoch=HUB_EPOCH,
            node_id=one.node_id,
            epoch=header.epoch,
            seq=header.seq,
            nonce=header.nonce,
            set_hash=one.change_set.set_hash,
            verdict=int(one.verdict),
            reason=None if one.reason is None else one.reason.value,
            position=one.position,
            time_ms=one.time_ms,
            voids=one.voids,
            conflicts=0,
        )


def signed(receipt: Receipt) -> bytes:
    """A receipt as it would have travelled."""
    return sign_frame(receipt, Purpose.RECEIPT, HUB, signer(HUB_SIGNER))


def entries_at(node: Node, key: Key) -> Entries:
    """What a node's projection of a record holds; nothing when there is none."""
    with node.store.read() as tx:
        stored = tx.record(REGISTRY.by_number[key[0]], RecordId(key[1]))
    return EMPTY if stored is None else stored.entries


def wire_entry(entry: Entry) -> list[object]:
    """One entry in the form of a page."""
    (wire,) = entries_to_wire((entry,))
    assert isinstance(wire, list)
    return wire
