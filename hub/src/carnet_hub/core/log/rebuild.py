"""Folding the log again: the proof that tables are projections, and the repair when they are not.

Decides how projections follow from log entries alone, and what counts as a difference. The rows come from the same
functions that admission uses (`entries`, `releasing`); what admission *decided* (verdicts, set times, void ops) is
read from the log, never decided again. Erasures are known from the start, because their values are gone from the log.

A set on which the count of a recall fails stops no fold, as it stops no admission: the tables of the sums stay empty
and every campaign is counted anew for whoever asks, until a fold comes past it. Everything else is folded to its end.

A check folds into a scratch store and compares row by row; nothing of the hub changes, and nobody waits for it.
"""

from collections.abc import Iterator, Sequence, Set
from dataclasses import dataclass
from hashlib import sha256
from typing import Final

from carnet_hub.core.at_rest import plain_entries
from carnet_hub.core.count_rows import COUNT_PROJECTIONS, CountRow
from carnet_hub.core.hub import Hub
from carnet_hub.core.limits import DIFFERENCES_MAX, LOG_BATCH_ENTRIES, PLACES_PER_POSITION_BITS, TEXT_CHARS_MAX
from carnet_hub.core.log.admission import unknown_bases
from carnet_hub.core.log.entries import (
    note_admission,
    note_sealed,
    take_effect,
    take_place,
    unpack_detail,
    void_whole_set,
)
from carnet_hub.core.log.exclusion import apply_exclusion, log_exclusions, vehicles_named, vehicles_tied
from carnet_hub.core.log.prefetch import prefetch
from carnet_hub.core.log.releasing import declare_lost, note_release, stored_arrival
from carnet_hub.core.log.table_differences import Difference, compare_tables
from carnet_hub.core.ports import HubStore, Snapshot, StoreError, Transaction
from carnet_hub.core.rows import (
    EVERYBODY,
    PROJECTIONS,
    LogHead,
    LogKind,
    LogRow,
    RecordRow,
    WaitingRow,
)
from carnet_hub.core.sets.effects import erasures_in
from carnet_hub.core.sets.folding import fold_set
from carnet_hub.core.sets.following_counts import are_askew, note_askew
from carnet_hub.core.sets.intake import Arrival
from carnet_hub.core.sets.receipts import unpack_voids
from carnet_hub.core.sets.record_book import Key
from carnet_hub.core.sets.routing import append_entry
from carnet_hub.core.sets.workspace import History, Workspace, open_workspace
from carnet_protocol.changeset import reread_set
from carnet_protocol.errors import BadValue
from carnet_protocol.ids import RecordId, golden_op_id, nonce_of, split_op_ids
from carnet_protocol.kinds import CUSTOMER, GOLDEN
from carnet_protocol.messages import Verdict
from carnet_protocol.opened import open_set
from carnet_protocol.reasons import Reason
from carnet_protocol.registry import Writer

FOLDED_AS: Final = b"13"
"""Which fold the tables are from; another value after every change of this program that folds the same log to other
rows. 2: visits and ownerships are found by their customer, and a site's feed holds rulings. 3: what hangs on the
vehicles of an excluded set is sent once more. 4: a ruling in front of an excluded set makes nobody the owner. 5: who
is who. 6: of two changes of a node's key the later one in the log counts, whatever their set times. 7: clusters
say nothing of since when, and an erasure tells sites of them anew. 8: an exclusion is told about records that have left
the car since, and a car of which nothing is left stays with those who work on it. 9: sums of recalls. 10:
which cars records have named. 11: an expired history closes before an entry has ended it, and an exclusion sends what
the shares of days decide otherwise without the excluded sets. 12: nobody is asked about two clusters that are kept
apart. 13: plates are found by their number, an adoption that is taken back ends, and no work
hides that a vehicle is withdrawn."""

_FOLDED_AS: Final = "folded_as"
"""Setting: the value of `FOLDED_AS` when the tables were last folded from nothing; none before version 2."""

_Named = dict[bytes, set[bytes]]


@dataclass(frozen=True, slots=True)
class RebuildReport:
    """What a check found.

    Attributes:
        entries: log entries folded.
        rows: projection rows compared.
        difference_count: 0 when the tables are what the log says.
        differences: the first of them.
        is_counted: False when a set made the count of recalls fail: then nothing is said about the tables of the sums.
    """

    entries: int
    rows: int
    difference_count: int
    differences: tuple[Difference, ...]
    is_counted: bool = True


def rebuild_if_outdated(hub: Hub) -> bool:
    """Fold the log again when the tables were made by a program that folded otherwise; whether it had to.

    Raises:
        StoreBusy, StoreError: nothing was changed.
    """
    with hub.store.read() as snapshot:
        if _is_up_to_date(snapshot):
            return False
    with hub.store.write() as transaction:
        if _is_up_to_date(transaction):
            return False
        fold_again(hub, transaction)
    return True


def rebuild_projections(hub: Hub) -> int:
    """Drop every projection and fold the whole log again, in one transaction.

    Raises:
        StoreError: nothing was changed.

    Returns: entries folded.
    """
    with hub.store.write() as transaction:
        return fold_again(hub, transaction)


def fold_again(hub: Hub, transaction: Transaction) -> int:
    """The same inside a transaction of the caller's."""
    for row_type in PROJECTIONS:
        transaction.clear(row_type)
    note_fold(transaction)
    note_askew(transaction, is_askew=False)
    return replay_log(hub, transaction, transaction)


def note_fold(transaction: Transaction) -> None:
    """The tables of this database are folded as this program folds: it has just made them."""
    transaction.set_setting(_FOLDED_AS, FOLDED_AS)


def _is_up_to_date(snapshot: Snapshot) -> bool:
    return snapshot.setting(_FOLDED_AS) == FOLDED_AS


def exclude_sets(hub: Hub, nonces: Sequence[bytes], *, note: str) -> list[LogRow]:
    """Take folded sets out of the state for good, after a key was compromised.

    Args:
        nonces: of sites' sets, each folded.
        note: why; 1 to 500 characters, kept in the log for ever.

    Raises:
        BadValue: no note.
        NotAllowed: one of them was never folded; nothing was changed.

    Returns: the EXCLUDE entries.
    """
    if not 0 < len(note.strip()) <= TEXT_CHARS_MAX:
        raise BadValue(Reason.BAD_FIELD, "note", f"1 to {TEXT_CHARS_MAX} characters")
    with hub.store.write() as transaction:
        workspace = open_workspace(hub, transaction)
        rows = log_exclusions(workspace, nonces, note)
        workspace.flush(transaction)
        fold_again(hub, transaction)
    return rows


def check_projections(hub: Hub, scratch: HubStore) -> RebuildReport:
    """Fold the log into an empty store and compare.

    Args:
        scratch: with empty tables; filled afterwards.
    """
    with hub.store.read() as log, scratch.write() as transaction:
        entries = replay_log(hub, log, transaction)
        rows, differences = 0, []
        lacking = frozenset(row.campaign for row in transaction.scan(CountRow) if not row.is_whole)
        is_counted = not are_askew(transaction)
        for row_type in (one for one in PROJECTIONS if is_counted or one not in COUNT_PROJECTIONS):
            for compared, difference in compare_tables(hub, row_type, log, transaction, lacking):
                rows += compared
                if difference is not None:
                    differences.append(difference)
    return RebuildReport(entries, rows, len(differences), tuple(differences[:DIFFERENCES_MAX]), is_counted)


def replay_log(hub: Hub, log: Snapshot, transaction: Transaction) -> int:
    """Fold every entry of a log into empty projections.

    Args:
        log: where entries are read.
        transaction: where projections are written; may be the same.

    Returns: entries folded.
    """
    history = read_history(hub, log)
    head = LogHead(0, 0)
    is_counted = True
    while batch := log.log_after(head.position, LOG_BATCH_ENTRIES):
        workspace = Workspace(hub, transaction, head, log=log, history=history)
        arrivals = {row.position: stored_arrival(workspace, row) for row in batch if row.message is not None}
        prefetch(workspace, list(arrivals.values()))
        for row in batch:
            append_entry(workspace, row)
            _replay_entry(workspace, row, arrivals.get(row.position))
        workspace.flush_records(transaction)
        is_counted = is_counted and _count(workspace, transaction)
        head = LogHead(batch[-1].position, batch[-1].received_ms)
    return head.position


def _count(workspace: Workspace, transaction: Transaction) -> bool:
    """Bring the sums up to date; where that fails they are left empty, not believed, and reported.

    Returns: whether it succeeded.
    """
    try:
        workspace.flush_counts(transaction)
    except StoreError:
        raise
    except Exception as error:  # noqa: BLE001  (reported as an alarm; a sum must not keep the hub from starting)
        workspace.hub.alarms.count_failed(workspace.position, error)
        for row_type in COUNT_PROJECTIONS:
            transaction.clear(row_type)
        note_askew(transaction, is_askew=True)
        return False
    return True


def read_history(hub: Hub, log: Snapshot) -> History:
    """What a fold must know from the start: everything ever erased, every set ever excluded."""
    erased: dict[bytes, int] = {}
    excluded: set[bytes] = set()
    position = last_exclusion = 0
    while batch := log.log_after(position, LOG_BATCH_ENTRIES):
        for row in batch:
            if row.kind == LogKind.EXCLUDE:
                excluded.add(row.nonce)
                last_exclusion = row.position
            elif row.is_broadcast:
                for record, groups in erasures_in(hub, row):
                    erased[record] = erased.get(record, 0) | groups
        position = batch[-1].position
    if not excluded:
        return History(erased, frozenset())
    led_to: _Named = {}
    misled: _Named = {}
    founders: dict[Key, bytes] = {}
    first_excluded = 0
    for row, message in _sets_of_sites(hub, log):
        if row.nonce in excluded:
            first_excluded = first_excluded or row.position
            for op in reread_set(message, hub.hub_id).ops:
                if hub.rules[op.kind].writer is Writer.OWNER_SITE:
                    founders.setdefault((op.kind, op.record), row.dealer_id)
            for record, vehicle in vehicles_named(hub, message):
                led_to.setdefault(record, set()).add(vehicle)
                misled.setdefault(vehicle, set()).add(row.dealer_id)
    persons = {record for kind, record in founders if kind == CUSTOMER.number}
    tied = _tied_to(hub, log, persons) if persons else {}
    return History(
        erased,
        frozenset(excluded),
        led_to,
        misled,
        tied,
        founders,
        first_excluded=first_excluded,
        last_exclusion=last_exclusion,
    )


def _tied_to(hub: Hub, log: Snapshot, persons: Set[bytes]) -> dict[bytes, dict[bytes, int]]:
    """The vehicles that sets have tied to some customers, and the position of the first such set."""
    tied: dict[bytes, dict[bytes, int]] = {}
    for row, message in _sets_of_sites(hub, log):
        for person, vehicle in vehicles_tied(hub, message, persons):
            tied.setdefault(person, {}).setdefault(vehicle, row.position)
    return tied


def _sets_of_sites(hub: Hub, log: Snapshot) -> Iterator[tuple[LogRow, bytes]]:
    """Every set of a site in the log, with its message, in log order."""
    position = 0
    while batch := log.log_after(position, LOG_BATCH_ENTRIES):
        for row in batch:
            if row.message is not None and row.dealer_id != hub.hub_id:
                yield row, row.message
        position = batch[-1].position


def site_digest(hub: Hub, dealer_id: bytes) -> bytes:
    """SHA-256 over (kind, id, head op ids) of every record a site receives and of which something is left, ascending.

    A node that has read everything and has nothing unsent computes the same.
    """
    digest = sha256()
    with hub.store.read() as snapshot:
        visible = sorted(
            (row.kind, row.id)
            for dealer in (EVERYBODY, dealer_id)
            for row in snapshot.feed_of(dealer)
            if not row.is_evicted
        )
        for at in range(0, len(visible), LOG_BATCH_ENTRIES):
            for record in _records(snapshot, visible[at : at + LOG_BATCH_ENTRIES]):
                entries = plain_entries(hub.box, record.kind, record.id, record.entries)
                if not entries:
                    continue
                digest.update(record.kind.to_bytes(2, "big") + record.id + len(entries).to_bytes(4, "big"))
                for entry in entries:
                    digest.update(entry.op)
        for row in sorted(
            row for row in snapshot.feed_of(dealer_id) if row.kind == GOLDEN.number and not row.is_evicted
        ):
            digest.update(row.kind.to_bytes(2, "big") + row.id + (1).to_bytes(4, "big"))
            digest.update(golden_op_id(RecordId(row.id), row.place >> PLACES_PER_POSITION_BITS))
    return digest.digest()


def _replay_entry(workspace: Workspace, row: LogRow, arrival: Arrival | None) -> None:
    """Let one entry take effect as it did when it was written."""
    match LogKind(row.kind):
        case LogKind.ADMIT:
            held = _take_in(workspace, row, arrival, void_count=len(unpack_voids(row.voids)))
            _replay_fold(workspace, row, held)
        case LogKind.PARK:
            held = _take_in(workspace, row, arrival, void_count=0)
            if row.reason == Reason.UNKNOWN_BASE:
                bases = unknown_bases(workspace, held)
                workspace.ledger.wait(WaitingRow(base, row.nonce, nonce_of(base)) for base in bases)
        case LogKind.REFUSE:
            held = _take_in(workspace, row, arrival, void_count=0)
            void_whole_set(workspace, held.change_set, row.position, Reason(row.reason or Reason.MALFORMED))
        case LogKind.REPEAT:
            take_place(workspace, _present(arrival).change_set.header, row, is_repeat=True)
        case LogKind.RELEASE:
            _replay_release(workspace, row)
        case LogKind.EXCLUDE:
            apply_exclusion(workspace, row)


def _take_in(workspace: Workspace, row: LogRow, arrival: Arrival | None, *, void_count: int) -> Arrival:
    """What follows from a set's arrival alone."""
    held = _present(arrival)
    take_place(workspace, held.change_set.header, row, is_repeat=False)
    voids = len(held.ops) if row.nonce in workspace.history.excluded else void_count
    note_admission(workspace, row, op_count=len(held.ops), void_count=voids)
    if row.opening:
        note_sealed(workspace, held.ops, row.position)
    return held


def _replay_fold(workspace: Workspace, row: LogRow, held: Arrival) -> None:
    """Fold a set at an entry, unless it was excluded later: then it never had an effect."""
    if row.nonce in workspace.history.excluded:
        void_whole_set(workspace, held.change_set, row.position, Reason.EXCLUDED)
        return
    opened = held.opened or open_set(held.change_set, held.opening, workspace.hub.registry, workspace.is_erased)
    voids = unpack_voids(row.voids)
    folding = fold_set(workspace, opened, author=row.dealer_id, time_ms=row.time_ms, recorded_voids=voids)
    take_effect(workspace, row, folding)


def _replay_release(workspace: Workspace, row: LogRow) -> None:
    for op in split_op_ids(unpack_detail(row.detail).lost):
        declare_lost(workspace, op, position=row.position)
    admission = workspace.ledger.admission(row.nonce)
    if admission is None:
        raise AssertionError("a release without its set")
    held = stored_arrival(workspace, workspace.entry(admission.stored_at))
    is_refused = row.verdict == Verdict.REFUSED
    all_void = is_refused or row.nonce in workspace.history.excluded
    note_release(workspace, row, void_count=len(held.ops) if all_void else len(unpack_voids(row.voids)))
    if is_refused:
        void_whole_set(workspace, held.change_set, row.position, Reason(row.reason or Reason.MALFORMED))
    else:
        _replay_fold(workspace, row, held)


def _present(arrival: Arrival | None) -> Arrival:
    if arrival is None:
        raise AssertionError("an entry without its set")
    return arrival


def _records(snapshot: Snapshot, keys: list[tuple[int, bytes]]) -> list[RecordRow]:
    """Records by kind and id, in that order."""
    by_kind: dict[int, list[bytes]] = {}
    for kind, record in keys:
        by_kind.setdefault(kind, []).append(record)
    found = [row for kind, ids in by_kind.items() for row in snapshot.records(kind, ids).values()]
    return sorted(found, key=lambda row: (row.kind, row.id))
