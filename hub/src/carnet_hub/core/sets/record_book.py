"""What one transaction knows about records: their state, where they are anchored and who gets to see them.

Decides nothing about an op; it loads records in batches, holds their changing state, and hands the changed rows over
to be written. A `RecordBook` lives for one transaction.
"""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from hashlib import sha256
from typing import Final

from carnet_hub.core.anchor_rows import FormerAnchorRow, PlateKeyRow
from carnet_hub.core.at_rest import keep_entries, plain_entries
from carnet_hub.core.hub import Hub
from carnet_hub.core.kind_rules import KindRules
from carnet_hub.core.limits import LIST_ROWS_MAX, PLACES_PER_POSITION_BITS
from carnet_hub.core.plate_keys import plate_key
from carnet_hub.core.ports import SecretBox, Snapshot, Transaction
from carnet_hub.core.rows import AssignmentDayRow, AssignmentRow, FeedRow, RecordRow, SettledRow
from carnet_protocol.kinds import PLATE
from carnet_protocol.resolvers import resolve
from carnet_protocol.state import Entries, Withheld, buried_in, heads_of, is_deleted, register_value

_LAST_PLACE: Final = (1 << PLACES_PER_POSITION_BITS) - 1
"""The last place of a position belongs to the hub's own sets."""

Key = tuple[int, bytes]
"""(kind number, record id)."""

_NEVER_MS: Final = 1 << 62
"""No assignment is left that could expire."""

_PLATE_NO: Final = PLATE.labels["plate_no"]


@dataclass(slots=True)
class RecordState:
    """A record as it changes inside one transaction; see `rows.RecordRow`."""

    key: Key
    rules: KindRules
    owner: bytes
    entries: Entries
    changed: int
    anchor: bytes | None
    parent: bytes | None
    contests: int

    @property
    def id(self) -> bytes:
        """The record's id."""
        return self.key[1]

    def shown(self, label: int) -> object:
        """The value it shows under a label; a deleted record the last one, None for none."""
        if len(self.entries) == 1 and self.entries[0].fields is not None:
            return self.entries[0].fields.get(label)
        register = label >> 3
        heads = [head for head in heads_of(self.entries, register) if not head.is_delete]
        heads = heads or buried_in(self.entries, register)
        if not heads:
            return None
        shown = resolve(self.rules.kind.by_number.get(register), register, heads).shown
        value = register_value(shown, register)
        return None if isinstance(value, Withheld) else value.get(label)


def place_of(position: int, key: Key) -> int:
    """The place in the feeds of a record that a log entry touches.

    A function of both and of nothing else: an exclusion folds the log again without some ops, and a place that was
    counted would then move to the other side of a cursor that lies inside the entry. Records may share a place; a page
    never ends between them (`feed`).
    """
    kind, record = key
    number = int.from_bytes(sha256(kind.to_bytes(2, "big") + record).digest()[:4], "big") % _LAST_PLACE
    return position << PLACES_PER_POSITION_BITS | number


class RecordBook:
    """Records, assignments and feeds, as of now inside one transaction.

    Attributes:
        touched_parties: customers about whom something was written since somebody last asked (`parties`).
        touched_cars: cars that are new, or whose plates were written.
        left_anchors: vehicles that a record was anchored to and is no longer.
    """

    def __init__(self, hub: Hub, snapshot: Snapshot) -> None:
        self._hub = hub
        self._snapshot = snapshot
        self._states: dict[Key, RecordState | None] = {}
        self._anchored: dict[bytes, dict[Key, None]] = {}
        self._children: dict[bytes, dict[Key, None]] = {}
        self._of_party: dict[bytes, dict[Key, None]] = {}
        self.touched_parties: dict[bytes, None] = {}
        self.touched_cars: dict[bytes, None] = {}
        self.left_anchors: set[bytes] = set()
        self._assignments: dict[bytes, dict[bytes, AssignmentRow]] = {}
        self._former_anchors: dict[tuple[bytes, int, bytes], None] = {}
        self._dirty: dict[Key, None] = {}
        self._new_assignments: dict[tuple[bytes, bytes], None] = {}
        self._ended_assignments: dict[tuple[bytes, bytes], None] = {}
        self._next_expiry_ms = 0
        self._days: dict[tuple[int, bytes], AssignmentDayRow] = {}
        self._new_days: dict[tuple[int, bytes], None] = {}
        self._feed: dict[tuple[bytes, int, bytes], FeedRow] = {}
        self._settled: dict[tuple[int, bytes, int, bytes, bytes], SettledRow] = {}
        self._gone_settled: set[tuple[int, bytes, int, bytes, bytes]] = set()

    def load(self, keys: Collection[Key]) -> None:
        """Ask for many records at once: one look-up per kind."""
        by_kind: dict[int, list[bytes]] = {}
        for key in keys:
            if key not in self._states:
                self._states[key] = None
                by_kind.setdefault(key[0], []).append(key[1])
        for kind, ids in by_kind.items():
            for row in self._snapshot.records(kind, ids).values():
                self._states[kind, row.id] = self._state_of(row)

    def load_anchored(self, vehicles: Collection[bytes]) -> None:
        """Ask what is anchored to some vehicles."""
        fresh = {one for one in vehicles if one not in self._anchored}
        self._anchored.update({vehicle: {} for vehicle in fresh})
        for vehicle, kind, record in self._snapshot.anchored(fresh):
            known = self._states.get((kind, record))
            if known is None or known.anchor == vehicle:
                self._anchored[vehicle][kind, record] = None
        if fresh:
            for state in self.changed():
                if state.anchor in fresh:
                    self._anchored[state.anchor][state.key] = None

    def load_children(self, parents: Collection[bytes]) -> None:
        """Ask for the records that belong to some others."""
        fresh = {one for one in parents if one not in self._children}
        self._children.update({parent: {} for parent in fresh})
        for row in self._snapshot.children(fresh):
            key = (row.kind, row.id)
            state = self._states.setdefault(key, None) or self._state_of(row)
            self._states[key] = state
            if state.parent in self._children:
                self._children[state.parent][key] = None
        if fresh:
            for state in self.changed():
                if state.parent in fresh:
                    self._children[state.parent][state.key] = None

    def load_party(self, customers: Collection[bytes]) -> None:
        """Ask for what says something about some customers."""
        fresh = {one for one in customers if one not in self._of_party}
        self._of_party.update({customer: {} for customer in fresh})
        for row in self._snapshot.party_records(fresh):
            key = (row.kind, row.id)
            state = self._states.setdefault(key, None) or self._state_of(row)
            self._states[key] = state
            if state.parent in self._of_party:
                self._of_party[state.parent][key] = None
        if fresh:
            for state in self.changed():
                if state.parent in fresh and state.rules.tells_of_party:
                    self._of_party[state.parent][state.key] = None

    def load_assignments(self, vehicles: Collection[bytes]) -> None:
        """Ask who receives what is anchored to some vehicles."""
        fresh = {one for one in vehicles if one not in self._assignments}
        self._assignments.update({vehicle: {} for vehicle in fresh})
        for row in self._snapshot.assignments(fresh):
            self._assignments[row.vehicle_id][row.dealer_id] = row

    def expired(self, now_ms: int, limit: int) -> list[AssignmentRow]:
        """The first assignments that have expired, by (expiry, vehicle, dealer)."""
        if now_ms < self._next_expiry_ms:
            return []
        changed = {*self._new_assignments, *self._ended_assignments}
        stored = self._snapshot.next_expiries(limit + len(changed) + 1)
        standing = [row for row in stored if row[:2] not in changed]
        standing += [self._assignments[vehicle][dealer] for vehicle, dealer in self._new_assignments]
        standing.sort(key=lambda row: (row.expires_ms, *row[:2]))
        ended = [row for row in standing[:limit] if row.expires_ms <= now_ms]
        self._next_expiry_ms = standing[len(ended)].expires_ms if len(ended) < len(standing) else _NEVER_MS
        return ended

    def assignments_of(self, dealer: bytes) -> list[AssignmentRow]:
        """Everything that one site is assigned to, by vehicle; read whole, which is for rare work."""
        changed = {*self._new_assignments, *self._ended_assignments}
        standing = [self._assignments[vehicle][site] for vehicle, site in self._new_assignments if site == dealer]
        after = (0, b"")
        while stored := self._snapshot.assignments_of(dealer, after, LIST_ROWS_MAX):
            standing += [row for row in stored if row[:2] not in changed]
            after = (stored[-1].since, stored[-1].vehicle_id)
        return sorted(standing)

    def state(self, key: Key) -> RecordState | None:
        """A record, None when there is none."""
        if key not in self._states:
            self.load([key])
        return self._states[key]

    def owner(self, key: Key) -> bytes | None:
        """Who owns a record, None when there is none."""
        state = self.state(key)
        return None if state is None else state.owner

    def put(self, state: RecordState) -> None:
        """Add a record, or say that it was changed."""
        rules = state.rules
        if rules.tells_of_party:
            self._touch_party(state.parent if rules.is_of_party else state.id)
        elif state.anchor is not None and (rules.is_plate or (rules.is_anchor and self._states.get(state.key) is None)):
            self.touched_cars[state.anchor] = None
        self._states[state.key] = state
        self._dirty[state.key] = None

    def move(self, state: RecordState, *, anchor: bytes | None, parent: bytes | None) -> None:
        """Anchor a record elsewhere."""
        key = state.key
        if state.anchor != anchor:
            if state.anchor is not None:
                self.left_anchors.add(state.anchor)
            if state.anchor is not None and state.rules.anchor_label is not None:
                self._former_anchors[(state.anchor, *key)] = None
            if state.anchor in self._anchored:
                self._anchored[state.anchor].pop(key, None)
            if anchor is not None and anchor in self._anchored:
                self._anchored[anchor][key] = None
            state.anchor = anchor
        if state.parent != parent:
            if state.parent in self._children:
                self._children[state.parent].pop(key, None)
            if parent is not None and parent in self._children:
                self._children[parent][key] = None
            if state.rules.is_of_party:
                self._move_of_party(state, parent)
            state.parent = parent

    def anchored(self, vehicle: bytes) -> list[Key]:
        """Every record anchored to a vehicle, by kind and id."""
        if vehicle not in self._anchored:
            self.load_anchored([vehicle])
        return sorted(self._anchored[vehicle])

    def children(self, parent: bytes) -> list[RecordState]:
        """Every record that belongs to another, by kind and id."""
        if parent not in self._children:
            self.load_children([parent])
        keys = self._children[parent]
        found = [self.state(key) for key in sorted(keys)] if keys else []
        return [state for state in found if state is not None]

    def party_records(self, customer: bytes) -> list[RecordState]:
        """Every record that says something about a customer, by kind and id."""
        if customer not in self._of_party:
            self.load_party([customer])
        found = [self.state(key) for key in sorted(self._of_party[customer])]
        return [state for state in found if state is not None]

    def assignments(self, vehicle: bytes) -> dict[bytes, AssignmentRow]:
        """Who receives what is anchored to a vehicle, by dealer."""
        if vehicle not in self._assignments:
            self.load_assignments([vehicle])
        return self._assignments[vehicle]

    def assign(self, row: AssignmentRow) -> None:
        """Make or renew an assignment."""
        self.assignments(row.vehicle_id)[row.dealer_id] = row
        self._new_assignments[row.vehicle_id, row.dealer_id] = None
        self._ended_assignments.pop((row.vehicle_id, row.dealer_id), None)
        self._next_expiry_ms = min(self._next_expiry_ms, row.expires_ms)

    def end_assignment(self, row: AssignmentRow) -> None:
        """Take an assignment away."""
        self.assignments(row.vehicle_id).pop(row.dealer_id, None)
        self._new_assignments.pop((row.vehicle_id, row.dealer_id), None)
        self._ended_assignments[row.vehicle_id, row.dealer_id] = None

    def assignment_day(self, day: int, dealer: bytes) -> AssignmentDayRow:
        """How many shared histories opened to a site on a day."""
        if (day, dealer) not in self._days:
            found = self._snapshot.assignment_day(day, dealer)
            self._days[day, dealer] = found or AssignmentDayRow(day, dealer, 0, 0)
        return self._days[day, dealer]

    def count_day(self, row: AssignmentDayRow) -> None:
        """Say how many it is now."""
        self._days[row.day, row.dealer_id] = row
        self._new_days[row.day, row.dealer_id] = None

    def feed(self, row: FeedRow) -> None:
        """Put a record into a feed, or move it to its end."""
        self._feed[row.dealer_id, row.kind, row.id] = row

    def settle(self, row: SettledRow) -> None:
        """Record a settled overruled value."""
        self._settled[row[:5]] = row
        self._gone_settled.discard(row[:5])

    def settled(self, key: Key) -> list[SettledRow]:
        """The settled overruled values of a record, by position."""
        stored = {row[:5]: row for row in self._snapshot.settled(key[0], [key[1]])}
        new = {one: row for one, row in self._settled.items() if one[:2] == key}
        found = [row for one, row in {**stored, **new}.items() if one not in self._gone_settled]
        return sorted(found, key=lambda row: (row.position, row[:5]))

    def forget_settled(self, rows: Iterable[SettledRow]) -> None:
        """Take settled values away; only an erasure does."""
        for row in rows:
            self._settled.pop(row[:5], None)
            self._gone_settled.add(row[:5])

    def flush(self, transaction: Transaction) -> None:
        """Write everything that was added or changed; wide rows in the order of their keys: neighbours share a page."""
        box = self._hub.box
        states = sorted(self.changed(), key=lambda state: state.key)
        transaction.put([_row_of(one, keep_entries(box, one.rules, one.key[1], one.entries)) for one in states])
        transaction.put([FormerAnchorRow(*one) for one in self._former_anchors])
        plates = [(one.id, _key_of_plate(box, one)) for one in states if one.rules.is_plate]
        transaction.put([PlateKeyRow(record, key) for record, key in plates if key is not None])
        transaction.remove(PlateKeyRow, [(record,) for record, key in plates if key is None])
        transaction.remove(AssignmentRow, self._ended_assignments)
        transaction.put([self._assignments[vehicle][dealer] for vehicle, dealer in self._new_assignments])
        transaction.put([self._days[one] for one in self._new_days])
        transaction.put(list(self._feed.values()))
        transaction.remove(SettledRow, self._gone_settled)
        transaction.put(list(self._settled.values()))

    def _touch_party(self, customer: bytes | None) -> None:
        if customer is not None:
            self.touched_parties[customer] = None

    def _move_of_party(self, state: RecordState, parent: bytes | None) -> None:
        """A phone or a tie names another customer: both are touched."""
        if state.parent is not None:
            self._of_party.get(state.parent, {}).pop(state.key, None)
            self._touch_party(state.parent)
        if parent is not None and parent in self._of_party:
            self._of_party[parent][state.key] = None

    def changed(self) -> list[RecordState]:
        """Every record that was added or changed."""
        return [state for key in self._dirty if (state := self._states[key]) is not None]

    def _state_of(self, row: RecordRow) -> RecordState:
        entries = plain_entries(self._hub.box, row.kind, row.id, row.entries)
        rules = self._hub.rules[row.kind]
        key = (row.kind, row.id)
        return RecordState(key, rules, row.owner, entries, row.changed, row.anchor, row.parent, row.contests)


def _key_of_plate(box: SecretBox, state: RecordState) -> bytes | None:
    """Under which key a plate is found; None for one that shows no number any more."""
    number = None if is_deleted(state.entries) else state.shown(_PLATE_NO)
    return plate_key(box, number) if isinstance(number, str) else None


def _row_of(state: RecordState, entries: bytes) -> RecordRow:
    kind, record = state.key
    return RecordRow(kind, record, state.owner, state.changed, state.anchor, state.parent, state.contests, entries)
