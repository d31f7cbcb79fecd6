"""Records as they stood at an earlier position of the log.

Decides what `RecordReads` answers for a position P that has passed, so that a count made of it gives the same bytes
today and in ten years, and at which position a day ended. Does not decide what is counted (`progress`).

Rules
1. A record that nothing has changed behind P is as its row says. Any other is folded again from the log, from those of
   its ops that had taken effect at or before P, in that order.
2. Its ops are found from its present heads, along what each was based on, and from the sets that were excluded behind
   P: an exclusion takes writes out of the state, and nothing that stands leads to them any more.
3. Void is what was void then: an exclusion behind P has not happened yet.
4. Personal values are no part of what is folded again: they may have been erased since, and no count asks for them.
5. What names a vehicle is looked for among what names it now, what named it once, and what a set named that was
   excluded behind P; each is asked which one it named at P.
"""

from collections.abc import Callable, Collection, Iterable, Iterator
from dataclasses import dataclass
from datetime import date
from functools import cached_property, partial
from itertools import islice
from typing import Final

from carnet_hub.core.at_rest import plain_entries
from carnet_hub.core.failures import Unusable
from carnet_hub.core.hub import Hub
from carnet_hub.core.kind_rules import KindRules
from carnet_hub.core.limits import LIST_ROWS_MAX, LOG_BATCH_ENTRIES, PAST_RECORDS_BATCH
from carnet_hub.core.ports import RecordReads, Snapshot
from carnet_hub.core.rows import AdmissionRow, LogHead, LogKind, LogRow, RecordRow, SetState
from carnet_hub.core.sets.receipts import unpack_voids
from carnet_hub.core.sets.record_book import Key
from carnet_protocol.changeset import reread_set
from carnet_protocol.fold import effective_based_on, fold_write
from carnet_protocol.ids import Nonce, OpId, index_of, nonce_of, op_id, split_op_ids
from carnet_protocol.legal_days import legal_day
from carnet_protocol.ops import Action, Op
from carnet_protocol.reasons import Reason
from carnet_protocol.resolvers import show
from carnet_protocol.state import EMPTY, Entries, Withheld, pack_entries
from carnet_protocol.writes import Write

_MASKED: Final = int(Withheld.MASKED)
_VoidBases = Callable[[OpId], tuple[OpId, ...] | None]


@dataclass(frozen=True, slots=True)
class _HeldSet:
    """A change set of the log, and what became of it by the position that is asked about.

    Attributes:
        folded_at: position of the entry that let it take effect; 0 when none had.
        voids: reason by index, of ops that had none even so.
    """

    row: LogRow
    ops: tuple[Op, ...]
    folded_at: int
    voids: dict[int, str]


@dataclass(frozen=True, slots=True)
class _State:
    """A record as it stood.

    Attributes:
        owner: dealer site of its first op.
        changed: log position of the last change.
        anchor: the vehicle it names, or named last.
    """

    owner: bytes
    changed: int
    anchor: bytes | None
    entries: Entries


@dataclass(frozen=True, slots=True)
class _Placed:
    """An op where it stands in the log."""

    position: int
    index: int
    op: Op
    held: _HeldSet

    @property
    def op_id(self) -> OpId:
        """The op's id."""
        return op_id(Nonce(self.held.row.nonce), self.index)


def reads_at(hub: Hub, snapshot: Snapshot, position: int) -> RecordReads:
    """Records as a log position showed them; at the end of the log the snapshot itself.

    Args:
        position: from 1 to the end of the log.

    Raises:
        Unusable: the log has no such position.
    """
    end = snapshot.head().position
    if not 1 <= position <= end:
        raise Unusable(f"The log has no position {position}.", f"Name one from 1 to {end}.")
    return snapshot if position == end else PastReads(hub, snapshot, position)


def last_position_on(snapshot: Snapshot, day: date) -> int:
    """The last log position of a day, in the days of mainland China; of the days before it when it has none.

    Raises:
        Unusable: the log begins later.
    """
    low, high = 0, snapshot.head().position
    while low < high:
        middle = (low + high + 1) // 2
        if legal_day(snapshot.commit_times([middle])[middle]) <= day:
            low = middle
        else:
            high = middle - 1
    if low == 0:
        raise Unusable(f"Nothing was in the log on {day} yet.", "Name a later day.")
    return low


class PastReads:
    """`RecordReads` at a position behind which the log has gone on."""

    def __init__(self, hub: Hub, snapshot: Snapshot, position: int) -> None:
        self._hub = hub
        self._snapshot = snapshot
        self._position = position

    def head(self) -> LogHead:
        """See `ports.RecordReads`."""
        return LogHead(self._position, self._snapshot.commit_times([self._position])[self._position])

    def log_rows(self, positions: Collection[int]) -> dict[int, LogRow]:
        """See `ports.RecordReads`."""
        return self._snapshot.log_rows([one for one in positions if one <= self._position])

    def log_facts(self, positions: Collection[int]) -> dict[int, LogRow]:
        """See `ports.RecordReads`."""
        return self._snapshot.log_facts([one for one in positions if one <= self._position])

    def admissions(self, nonces: Collection[bytes]) -> dict[bytes, AdmissionRow]:
        """See `ports.RecordReads`."""
        found = self._snapshot.admissions(nonces)
        known = {nonce: row for nonce, row in found.items() if row.stored_at <= self._position}
        changed = {nonce: row for nonce, row in known.items() if row.decided_at > self._position}
        return known | self._admissions_then(changed)

    def records(self, kind: int, ids: Collection[bytes]) -> dict[bytes, RecordRow]:
        """See `ports.RecordReads`."""
        found = self._snapshot.records(kind, ids)
        return {row.id: row for row in self._as_then(list(found.values()))}

    def records_of_kind(self, kind: int) -> Iterator[RecordRow]:
        """See `ports.RecordReads`."""
        rows = self._snapshot.records_of_kind(kind)
        while batch := list(islice(rows, PAST_RECORDS_BATCH)):
            yield from self._as_then(batch)

    def anchored(self, vehicle_ids: Collection[bytes]) -> list[tuple[bytes, int, bytes]]:
        """See `ports.RecordReads`; records that follow the vehicle of another are left out."""
        wanted = frozenset(vehicle_ids)
        named = {*self._snapshot.anchored(wanted), *self._snapshot.formerly_anchored(wanted)}
        by_kind: dict[int, set[bytes]] = {}
        for kind, record in {(kind, record) for _, kind, record in named} | self._excluded_since.keys():
            if self._hub.rules[kind].anchor_label is not None:
                by_kind.setdefault(kind, set()).add(record)
        rows = [row for kind, ids in sorted(by_kind.items()) for row in self.records(kind, ids).values()]
        return [(row.anchor, row.kind, row.id) for row in rows if row.anchor is not None and row.anchor in wanted]

    def _as_then(self, rows: list[RecordRow]) -> Iterator[RecordRow]:
        """The same records, in their order, without those that did not exist yet."""
        changed = [row for row in rows if row.changed > self._position]
        then = self._fold_again(changed) if changed else {}
        for row in rows:
            if row.changed <= self._position:
                yield row
            elif (row.kind, row.id) in then:
                state = then[row.kind, row.id]
                yield row._replace(
                    owner=state.owner, changed=state.changed, anchor=state.anchor, entries=pack_entries(state.entries)
                )

    def _fold_again(self, rows: list[RecordRow]) -> dict[Key, _State]:
        """Records from the ops that had taken effect; those that did not exist yet are left out."""
        keys = {(row.kind, row.id) for row in rows}
        sets: dict[bytes, _HeldSet | None] = {}
        placed: dict[Key, list[_Placed]] = {}
        waiting = {nonce_of(op) for row in rows for op in self._leads_of(row)}
        while waiting:
            fresh = self._load(waiting)
            sets.update(fresh)
            waiting = set()
            for held in fresh.values():
                for index, op in enumerate(held.ops if held is not None else ()):
                    if held is not None and (op.kind, op.record) in keys:
                        placed.setdefault((op.kind, op.record), []).append(_Placed(held.folded_at, index, op, held))
                        waiting.update(nonce for base in op.based_on if (nonce := nonce_of(base)) not in sets)
        void_bases = partial(self._void_bases, sets)
        rules = self._hub.rules
        folded = {key: _folded(rules[key[0]], key[1], found, void_bases) for key, found in placed.items()}
        return {key: state for key, state in folded.items() if state is not None}

    def _leads_of(self, row: RecordRow) -> Iterable[OpId]:
        entries = plain_entries(self._hub.box, row.kind, row.id, row.entries)
        return [*(OpId(entry.op) for entry in entries), *self._excluded_since.get((row.kind, row.id), ())]

    @cached_property
    def _excluded_since(self) -> dict[Key, list[OpId]]:
        """By record, the ops that an exclusion behind the position has taken out."""
        found: dict[Key, list[OpId]] = {}
        after = self._position
        while rows := self._snapshot.admissions_in(int(SetState.EXCLUDED), after, LIST_ROWS_MAX):
            after = rows[-1].decided_at
            for held in self._load({row.nonce for row in rows}).values():
                for index, op in enumerate(held.ops if held is not None else ()):
                    if held is not None:
                        found.setdefault((op.kind, op.record), []).append(op_id(Nonce(held.row.nonce), index))
        return found

    def _load(self, nonces: Collection[bytes]) -> dict[bytes, _HeldSet | None]:
        """Sets of the log; None for one that never came."""
        admissions = self._snapshot.admissions(nonces)
        arrived = {nonce: row for nonce, row in admissions.items() if row.state != SetState.LOST}
        stored = self._snapshot.log_rows({row.stored_at for row in arrived.values()})
        deciding = self._deciding(arrived)
        held: dict[bytes, _HeldSet | None] = dict.fromkeys(nonces)
        for nonce, admission in arrived.items():
            row, entry = stored[admission.stored_at], deciding[nonce]
            is_out = admission.state == SetState.EXCLUDED and admission.decided_at <= self._position
            is_folded = entry is not None and entry.position <= self._position and not is_out
            ops = reread_set(row.message or b"", self._hub.hub_id).ops if admission.op_count else ()
            held[nonce] = _HeldSet(
                row,
                ops,
                entry.position if entry is not None and is_folded else 0,
                unpack_voids(entry.voids) if entry is not None and is_folded else {},
            )
        return held

    def _deciding(self, admissions: dict[bytes, AdmissionRow]) -> dict[bytes, LogRow | None]:
        """By set, the entry that ever let it take effect; None for one that was refused or still waits."""
        places = {row.stored_at for row in admissions.values()} | {row.decided_at for row in admissions.values()}
        rows = self._snapshot.log_facts(places)
        found: dict[bytes, LogRow | None] = {}
        for nonce, admission in admissions.items():
            stored = rows[admission.stored_at]
            if admission.state == SetState.FOLDED:
                found[nonce] = rows[admission.decided_at]
            elif admission.state == SetState.EXCLUDED:
                found[nonce] = stored if stored.kind == LogKind.ADMIT else self._release_of(admission)
            else:
                found[nonce] = None
        return found

    def _release_of(self, admission: AdmissionRow) -> LogRow | None:
        """The entry that set a parked set free which was excluded later; nothing but the log still names it."""
        after = admission.stored_at
        while rows := self._snapshot.log_after(after, LOG_BATCH_ENTRIES):
            for row in rows:
                if row.nonce == admission.nonce and row.kind == LogKind.RELEASE:
                    return row
            after = rows[-1].position
            if after >= admission.decided_at:
                break
        return None

    def _admissions_then(self, changed: dict[bytes, AdmissionRow]) -> dict[bytes, AdmissionRow]:
        """What was known of sets that were decided otherwise behind the position."""
        found: dict[bytes, AdmissionRow] = {}
        for nonce, entry in self._deciding(changed).items():
            row = changed[nonce]
            if entry is not None and entry.position <= self._position:
                voids = len(unpack_voids(entry.voids))
                found[nonce] = row._replace(decided_at=entry.position, state=int(SetState.FOLDED), void_count=voids)
            else:
                found[nonce] = row._replace(decided_at=row.stored_at, state=int(SetState.PARKED), void_count=0)
        return found

    def _void_bases(self, sets: dict[bytes, _HeldSet | None], op: OpId) -> tuple[OpId, ...] | None:
        """For an op that was void by then, what it was based on; None for every other op."""
        held = sets.get(nonce_of(op))
        if held is not None and held.folded_at:
            reason = held.voids.get(index_of(op))
            if reason is None:
                return None
            return () if reason == Reason.BASE_LOST.value else held.ops[index_of(op)].based_on
        row = self._snapshot.voids([op]).get(op)
        return split_op_ids(row.based_on) if row is not None and row.position <= self._position else None


def _folded(rules: KindRules, record: bytes, found: list[_Placed], void_bases: _VoidBases) -> _State | None:
    """One record after its ops, in the order of the log; None for one that did not exist yet."""
    state: _State | None = None
    for one in sorted(found, key=lambda one: (one.position, one.index)):
        if one.position == 0 or one.index in one.held.voids:
            continue
        owner, entries, anchor = one.held.row.dealer_id, EMPTY, None
        if state is not None:
            owner, entries, anchor = state.owner, state.entries, state.anchor
        entries = fold_write(entries, _write(one, void_bases)).entries
        anchor = record if rules.is_anchor else _named(rules, entries) or anchor
        state = _State(owner, one.position, anchor, entries)
    return state


def _named(rules: KindRules, entries: Entries) -> bytes | None:
    """The vehicle that a record shows; None for one that names none."""
    if rules.anchor_label is None:
        return None
    value = show(rules.kind, entries).values.get(rules.anchor_label)
    return value if isinstance(value, bytes) else None


def _write(one: _Placed, void_bases: _VoidBases) -> Write:
    op, row = one.op, one.held.row
    based_on = effective_based_on(op.based_on, void_bases)
    if op.action == Action.DELETE:
        return Write(one.op_id, row.time_ms, row.dealer_id, None, {}, based_on)
    withheld = dict.fromkeys(sorted(op.sealed_registers), _MASKED)
    return Write(one.op_id, row.time_ms, row.dealer_id, op.fields, withheld, based_on)
