"""An account of its own: every op anybody wrote, what the hub's log says became of it, and what should follow.

There is one `Archive` for each history of the hub: what was written is the same in all of them, what became of it is
each one's own. A node is judged by the history it has read.

Decides, without asking the code under test, which ops count in a record as of a hub position, what they are effectively
based on, and whether the hub's verdicts were right. It reads signed sets and log entries; it never looks at a
projection, a base row or a feed.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Final

from carnet_hub.core.at_rest import plain_opening
from carnet_hub.core.hub import Hub
from carnet_hub.core.log.entries import unpack_detail
from carnet_hub.core.rows import LogKind, LogRow
from carnet_hub.core.sets.receipts import unpack_voids
from carnet_protocol.changeset import reread_set
from carnet_protocol.ids import RECORD_ID_BYTES, HubId, OpId, split_op_ids
from carnet_protocol.kinds import ERASURE, REGISTRY, VISIT, VISIT_STATES, VISIT_TRANSITIONS
from carnet_protocol.messages import Verdict
from carnet_protocol.opened import nothing_erased, open_set
from carnet_protocol.reasons import Reason
from carnet_protocol.registry import Writer
from carnet_protocol.writes import Write
from simulation.authored import (
    HUB_AUTHOR,
    AuthoredOp,
    AuthoredSet,
    Key,
    Standing,
    authored,
    has_room,
    index_of,
    references,
    without_erased,
)
from simulation.invariants import Watch
from support.fold_model import model_of

LOG_ROWS: Final = 500
STATUS: Final = VISIT.labels["status"]
_RECORD_IDS: Final = ERASURE.labels["record_ids"]
_GROUPS: Final = ERASURE.labels["groups"]


@dataclass
class Archive:
    """Every set ever sealed, and the hub's log of one history as far as it was read.

    Attributes:
        watch: takes what is wrong with a verdict.
        hub_epoch: of the history.
        sets: by nonce, in the order of sealing.
        logs: what the log of each machine holds, as nonces in the order in which they came to be there.
        given_up: sets of somebody from whom the hub takes nothing any more.
        histories: the accounts of all histories of the hub, this one too, by hub epoch.
        standing: of the sets that stand in the hub's log.
        lost_at: position at which an operator declared an op lost.
        owners: site of the first op that counts, by record.
        erasures: (position, groups as bits) by record.
        buried: nonces of sets that no disk has any more.
    """

    hub_id: HubId
    watch: Watch = field(default_factory=Watch)
    hub_epoch: bytes = b""
    sets: dict[bytes, AuthoredSet] = field(default_factory=dict)
    logs: dict[str, dict[bytes, None]] = field(default_factory=dict)
    given_up: set[bytes] = field(default_factory=set)
    ops: dict[OpId, AuthoredOp] = field(default_factory=dict)
    touching: dict[Key, list[AuthoredOp]] = field(default_factory=dict)
    standing: dict[bytes, Standing] = field(default_factory=dict)
    lost_at: dict[OpId, int] = field(default_factory=dict)
    owners: dict[Key, bytes] = field(default_factory=dict)
    erasures: dict[bytes, list[tuple[int, int]]] = field(default_factory=dict)
    histories: dict[bytes, "Archive"] = field(default_factory=dict)
    buried: set[bytes] = field(default_factory=set)
    position: int = 0

    def __post_init__(self) -> None:
        self.histories[self.hub_epoch] = self

    def begin_history(self, hub_epoch: bytes) -> "Archive":
        """The account of another history: the same sets, and a log that has to be read from its beginning."""
        shared = (self.sets, self.logs, self.given_up, self.ops, self.touching)
        return Archive(self.hub_id, self.watch, hub_epoch, *shared, histories=self.histories)

    def keep(self, author: str, message: bytes, opening: bytes) -> AuthoredSet:
        """Take down a set that was sealed."""
        change_set = reread_set(message, self.hub_id)
        if change_set.nonce in self.sets:
            return self.sets[change_set.nonce]
        opened = open_set(change_set, opening, REGISTRY, self._is_erased if author == HUB_AUTHOR else nothing_erased)
        ops = tuple(authored(change_set.op_id(one.index), one) for one in opened.ops)
        made = AuthoredSet(author, change_set.header.dealer_id, change_set.nonce, ops)
        self.sets[made.nonce] = made
        for one in ops:
            self.ops[one.op] = one
            self.touching.setdefault(one.key, []).append(one)
        return made

    def read_log(self, hub: Hub) -> None:
        """Read what the hub's log says since the last time, and judge each verdict."""
        with hub.store.read() as snapshot:
            while rows := snapshot.log_after(self.position, LOG_ROWS):
                for row in rows:
                    self._read_row(hub, row)
                    self.position = row.position

    def writes_on(self, key: Key, position: int, erased: int = 0) -> list[Write]:
        """The writes that count in a record for somebody who has read the hub up to a position.

        Args:
            erased: groups that this reader knows to be erased besides, as bits.
        """
        found = []
        for one in self.touching.get(key, ()):
            if self.counts(one.op, position):
                made = self.set_of(one.op)
                standing = self.standing[made.nonce]
                based_on = self.effective(one.based_on, standing.folded_at or 0, position)
                bits = erased | self.erased_bits(one.record, position)
                found.append(without_erased(one, bits, time_ms=standing.time_ms, dealer=made.dealer, based_on=based_on))
        return found

    def erased_bits(self, record: bytes, position: int) -> int:
        """Erasure groups of a record that are gone for whoever has read the hub up to a position, as bits."""
        bits = 0
        for erased_at, groups in self.erasures.get(record, ()):
            bits |= groups if erased_at <= position else 0
        return bits

    def _is_erased(self, record: bytes, group: int) -> bool:
        return bool(self.erased_bits(record, self.position) >> (group - 1) & 1)

    def counts(self, op: OpId, position: int) -> bool:
        """Whether an op is folded at the hub as of a position, and not void."""
        return self.has_folded(op, position) and index_of(op) not in self.standing[self.set_of(op).nonce].voids

    def has_folded(self, op: OpId, position: int) -> bool:
        """Whether the set of an op is folded at the hub as of a position, and not excluded."""
        standing = self.standing.get(self.set_of(op).nonce)
        if standing is None or standing.folded_at is None or standing.folded_at > position:
            return False
        return standing.excluded_at is None or standing.excluded_at > position

    def effective(self, based_on: Iterable[OpId], folded_at: int, position: int) -> tuple[OpId, ...]:
        """What a write folded at one position counts as based on, as of another."""
        found: dict[OpId, None] = {}
        seen: set[OpId] = set()
        waiting = list(based_on)[::-1]
        while waiting:
            op = waiting.pop()
            if op in seen:
                continue
            seen.add(op)
            bases = self._void_bases(op, folded_at, position)
            if bases is None:
                found[op] = None
            else:
                waiting.extend(reversed(bases))
        return tuple(found)

    def set_of(self, op: OpId) -> AuthoredSet:
        """The set an op stands in."""
        return self.sets[op[:-2]]

    def sets_of(self, machine: str) -> list[AuthoredSet]:
        """The sets in the log of a machine."""
        return [self.sets[nonce] for nonce in self.logs.get(machine, ())]

    def elsewhere(self, author: str, machine: str) -> list[bytes]:
        """Sets of a node that one of its machines does not hold."""
        held = self.logs.setdefault(machine, {})
        return [nonce for nonce, one in self.sets.items() if one.author == author and nonce not in held]

    def waits_for_nothing(self, nonce: bytes) -> bool:
        """Whether a parked set's bases are all decided and it would fit: somebody has forgotten it."""
        made = self.sets[nonce]
        if self.standing[nonce].parked_reason != Reason.UNKNOWN_BASE.value or self.is_forbidden(made):
            return False
        return not self._is_unknown_base(made, self.position) and not self._is_too_much(made, self.position)

    def bury(self, read: set[bytes]) -> dict[bytes, AuthoredSet]:
        """Sets that were on no other disk than one that is gone, are gone.

        What a former history of the hub had folded may still be seen at nodes that had read it: of that the account
        goes on to know what it says.

        Args:
            read: sets of the hub's own that a node has read; those are not lost with the hub's disk.

        Returns: them, by nonce.
        """
        held = {nonce for log in self.logs.values() for nonce in log}
        lost = {
            nonce: one
            for nonce, one in self.sets.items()
            if nonce not in self.standing and (nonce in self.given_up or not self._is_held(one, held, read))
        }
        self.buried |= lost.keys()
        for nonce in lost:
            if any(nonce in one.standing for one in self.histories.values()):
                continue
            for one in self.sets.pop(nonce).ops:
                del self.ops[one.op]
                self.touching[one.key].remove(one)
        return lost

    def _is_held(self, one: AuthoredSet, held: set[bytes], read: set[bytes]) -> bool:
        """Whether a set is on a disk that is there; couriers lose nothing."""
        if one.author == HUB_AUTHOR:
            return one.nonce in read
        return one.author not in self.logs or one.nonce in held

    def waiting(self) -> list[AuthoredSet]:
        """Sets that are parked at the hub."""
        return [self.sets[nonce] for nonce, one in self.standing.items() if one.is_waiting]

    def _void_bases(self, op: OpId, folded_at: int, position: int) -> tuple[OpId, ...] | None:
        """What a void op is looked through to; None for an op that counts, or is not known."""
        if self.lost_at.get(op, folded_at + 1) <= folded_at:
            return ()
        standing = self.standing.get(op[:-2])
        if standing is not None and op in self.ops:
            decided_at = standing.folded_at if standing.refused_at is None else standing.refused_at
            is_void = standing.refused_at is not None or index_of(op) in standing.voids
            is_excluded = standing.excluded_at is not None and standing.excluded_at <= position
            if (is_void and (decided_at or 0) <= folded_at) or is_excluded:
                return self.ops[op].based_on
        return None

    def _read_row(self, hub: Hub, row: LogRow) -> None:
        if row.nonce not in self.sets:
            opening = plain_opening(hub.box, row.opening, row.nonce)
            self.keep(HUB_AUTHOR, row.message or b"", opening)
        made = self.sets[row.nonce]
        standing = self.standing.setdefault(row.nonce, Standing(row.time_ms))
        match LogKind(row.kind):
            case LogKind.ADMIT:
                self._fold(made, standing, row)
            case LogKind.PARK:
                is_early = self._is_unknown_base(made, row.position)
                self._judge("I18", made, row, expected=is_early or self._is_too_much(made, row.position))
                standing.parked_at, standing.parked_reason = row.position, row.reason
            case LogKind.REFUSE:
                self._judge("I12", made, row, expected=self.is_forbidden(made))
                standing.refused_at = row.position
            case LogKind.RELEASE:
                for op in split_op_ids(unpack_detail(row.detail).lost):
                    if not self._is_decided(op):
                        self.lost_at.setdefault(op, row.position)
                if row.verdict == Verdict.REFUSED:
                    is_given_up = bool(unpack_detail(row.detail).note)
                    self._judge("I12", made, row, expected=is_given_up or self.is_forbidden(made))
                    standing.refused_at = row.position
                else:
                    self._fold(made, standing, row)
            case LogKind.EXCLUDE:
                standing.excluded_at = row.position
                self.owners = self._owners_now()
            case LogKind.REPEAT:
                standing.repeats += 1

    def _fold(self, made: AuthoredSet, standing: Standing, row: LogRow) -> None:
        is_early = self._is_unknown_base(made, row.position)
        self._judge("I12", made, row, expected=not self.is_forbidden(made))
        self._judge("I8", made, row, expected=not is_early)
        self._judge("I5", made, row, expected=standing.folded_at is None)
        standing.folded_at = row.position
        standing.voids = unpack_voids(row.voids)
        standing.time_ms = row.time_ms
        expected = self._expected_voids(made, row.position)
        if set(standing.voids) != expected:
            self.watch.complain(
                "I13", f"{row.position}: ops {sorted(standing.voids)} void instead of {sorted(expected)}"
            )
        for one in made.ops:
            if index_of(one.op) not in standing.voids:
                self.owners.setdefault(one.key, made.dealer)
            if one.kind is ERASURE and one.fields is not None:
                joined, groups = one.fields[_RECORD_IDS], one.fields[_GROUPS]
                assert isinstance(joined, bytes)
                assert isinstance(groups, int)
                for at in range(0, len(joined), RECORD_ID_BYTES):
                    self.erasures.setdefault(joined[at : at + RECORD_ID_BYTES], []).append((row.position, groups))

    def _owners_now(self) -> dict[Key, bytes]:
        """Whose each record is, as if excluded sets had never had an effect; what only they made stays theirs."""
        events = []
        for nonce, one in self.standing.items():
            if one.folded_at is not None:
                events.append((one.excluded_at or one.folded_at, nonce))
        owners: dict[Key, bytes] = {}
        for _, nonce in sorted(events):
            for op in self.sets[nonce].ops:
                is_ruling = self.sets[nonce].dealer == self.hub_id and op.kind.writer is Writer.OWNER_SITE
                is_void = index_of(op.op) in self.standing[nonce].voids and self.standing[nonce].excluded_at is None
                if not is_ruling and not is_void:
                    owners.setdefault(op.key, self.sets[nonce].dealer)
        return owners

    def _judge(self, invariant: str, made: AuthoredSet, row: LogRow, *, expected: bool) -> None:
        if not expected:
            kinds = [one.kind.name for one in made.ops]
            what = f"{row.position}: {LogKind(row.kind).name} ({row.reason}) of {made.author}'s {kinds}"
            self.watch.complain(invariant, what)

    def is_forbidden(self, made: AuthoredSet) -> bool:
        """Whether somebody writes what is another's, as ownership stands now."""
        if made.dealer == self.hub_id:
            return False
        created: set[Key] = set()
        for one in made.ops:
            owner = None if one.key in created else self.owners.get(one.key)
            is_foreign = owner is not None and owner != made.dealer
            if one.kind.writer is Writer.HUB or (one.kind.writer is Writer.OWNER_SITE and is_foreign):
                return True
            if owner is None:
                created.add(one.key)
            if any(self.owners.get(key, made.dealer) != made.dealer for key in references(one)):
                return True
        return False

    def _is_unknown_base(self, made: AuthoredSet, position: int) -> bool:
        """Whether a set is based on something that is not decided, void ops looked through."""
        behind = (base for one in made.ops for base in self.effective(one.based_on, position, position))
        return any(base[:-2] != made.nonce and not self._is_decided(base) for base in behind)

    def _is_too_much(self, made: AuthoredSet, position: int) -> bool:
        """Whether a set wants more values in a register than fit."""
        for key in {one.key for one in made.ops}:
            model = model_of(self.writes_on(key, position))
            for one in made.ops:
                if one.key == key and one.fields is not None:
                    based_on = self.effective(one.based_on, position, position)
                    write = Write(one.op, 0, made.dealer, one.fields, one.withheld, based_on)
                    if not has_room(model, write):
                        return True
                    model.add(write)
        return False

    def _is_decided(self, base: OpId) -> bool:
        standing = self.standing.get(base[:-2])
        return standing is not None and not standing.is_waiting

    def _expected_voids(self, made: AuthoredSet, position: int) -> set[int]:
        voids: set[int] = set()
        for one in made.ops:
            based_on = self.effective(one.based_on, position, position)
            if one.op in self.lost_at or (STATUS in (one.fields or {}) and not self._is_legal(one, based_on)):
                voids.add(index_of(one.op))
        return voids

    def _is_legal(self, one: AuthoredOp, based_on: tuple[OpId, ...]) -> bool:
        if one.kind is not VISIT or one.fields is None:
            return True
        read = [self.ops[base].fields for base in based_on if base in self.ops and self.ops[base].key == one.key]
        states = [str(fields[STATUS]) for fields in read if fields is not None and fields.get(STATUS) is not None]
        furthest = max(states, key=VISIT_STATES.index, default=None)
        return one.fields[STATUS] == furthest or one.fields[STATUS] in VISIT_TRANSITIONS[furthest]
