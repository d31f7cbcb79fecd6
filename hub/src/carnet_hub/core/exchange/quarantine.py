"""Parked sets as an operator sees them: which, why, and how to let them go on.

Decides what the lists show and which decisions an operator may take: release a set when what it waited for was declared
lost, or give it up. Both are entries of the log with a reason, never a flag in a table, so that a fold from the log
takes the same decision at the same place. Sets whose base arrives go on by themselves (`releasing`).
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace

from carnet_hub.core.exchange.freeing import free_waiting
from carnet_hub.core.exchange.taking_in import taking_in
from carnet_hub.core.hub import Hub
from carnet_hub.core.limits import LIST_ROWS_MAX, TEXT_CHARS_MAX
from carnet_hub.core.log.admission import Fate, Finding, examine_set
from carnet_hub.core.log.entries import Detail
from carnet_hub.core.log.prefetch import prefetch
from carnet_hub.core.log.releasing import declare_lost, log_release, parked_row, release_waiting, stored_arrival
from carnet_hub.core.ports import Snapshot, StoreError
from carnet_hub.core.rows import AdmissionRow, LogRow, SetState
from carnet_hub.core.sets.ledger import Ledger
from carnet_hub.core.sets.workspace import Workspace
from carnet_protocol.errors import BadValue, NotAllowed, Refused
from carnet_protocol.ids import OpId, nonce_of
from carnet_protocol.reasons import Reason


@dataclass(frozen=True, slots=True)
class ParkedSet:
    """One parked set.

    Attributes:
        position: of the entry that parked it.
        waits_for: ops that have not arrived, or are parked themselves.
    """

    nonce: bytes
    position: int
    parked_ms: int
    dealer_id: bytes
    node_id: bytes
    epoch: bytes
    seq: int
    op_count: int
    reason: Reason
    waits_for: tuple[OpId, ...]


@dataclass(frozen=True, slots=True)
class ParkedView:
    """A parked set and what keeps it there now.

    Attributes:
        obstacle: why it could not go on at this moment; None when a release would succeed.
        detail: more about it, without personal values.
        records: (kind number, record id) it writes.
    """

    parked: ParkedSet
    obstacle: Reason | None
    detail: str
    records: tuple[tuple[int, bytes], ...]


@dataclass(frozen=True, slots=True)
class Released:
    """What a release did.

    Attributes:
        row: the release entry of the set itself.
        followed: nonces of other sets that went on because of it.
    """

    row: LogRow
    followed: tuple[bytes, ...]


def list_parked(hub: Hub, *, after_position: int = 0, limit: int = LIST_ROWS_MAX) -> list[ParkedSet]:
    """Parked sets, oldest first.

    Args:
        after_position: of the last one seen.
        limit: 1 to `LIST_ROWS_MAX`.
    """
    with hub.store.read() as snapshot:
        found = snapshot.admissions_in(SetState.PARKED, after_position, min(limit, LIST_ROWS_MAX))
        return _views(snapshot, found)


def every_parked(hub: Hub, *, batch: int = LIST_ROWS_MAX) -> Iterator[ParkedSet]:
    """All parked sets, oldest first.

    Args:
        batch: sets per look-up, 1 to `LIST_ROWS_MAX`.
    """
    after = 0
    while found := list_parked(hub, after_position=after, limit=batch):
        yield from found
        after = found[-1].position


def explain_parked(hub: Hub, nonce: bytes) -> ParkedView:
    """Why a set is parked, judged against the present state.

    Raises:
        NotAllowed: NOT_FOUND, no parked set has this nonce.
    """
    with hub.store.read() as snapshot:
        workspace = Workspace(hub, snapshot, snapshot.head())
        row = _parked(workspace, nonce)
        arrival = stored_arrival(workspace, row)
        prefetch(workspace, [arrival])
        finding = examine_set(workspace, arrival, time_ms=row.time_ms, is_released=True)
        view = _views(snapshot, list(snapshot.admissions([nonce]).values()))[0]
    obstacle = None if finding.fate is Fate.SOUND else finding.reason
    records = dict.fromkeys((op.kind, op.record) for op in arrival.ops)
    return ParkedView(view, obstacle, finding.detail, tuple(records))


def release_parked(hub: Hub, nonce: bytes, *, note: str, lost: Sequence[OpId] = ()) -> Released:
    """Let a parked set go on.

    Args:
        note: why; 1 to 500 characters, kept in the log for ever.
        lost: ops it waits for that will never come. Each becomes void; whoever builds on it builds on what was known.

    Raises:
        BadValue: no note, or an op that this set does not wait for.
        NotAllowed: NOT_FOUND, or the reason that still keeps it; nothing was changed.
    """
    _check_note(note)

    def release(workspace: Workspace, parked: LogRow) -> LogRow:
        """Count the ops as lost, and log that the set goes on with what it then is."""
        waits = {op for op in _bases(workspace.snapshot, nonce) if workspace.ledger.is_missing(op)}
        for op in lost:
            if op not in waits:
                raise BadValue(Reason.BAD_FIELD, "lost", "the set does not wait for this op")
            declare_lost(workspace, op, position=workspace.position + 1)
        arrival = stored_arrival(workspace, parked)
        prefetch(workspace, [arrival])
        finding = examine_set(workspace, arrival, time_ms=parked.time_ms, is_released=True)
        if finding.fate in (Fate.PARK, Fate.REJECT):
            raise NotAllowed(finding.reason or Reason.INTERNAL, finding.detail or "it still cannot go on")
        return log_release(workspace, arrival, parked, finding, Detail(note, b"".join(lost)))

    return _decide(hub, nonce, [nonce, *(nonce_of(op) for op in lost)], release)


def give_up_parked(hub: Hub, nonce: bytes, *, note: str) -> Released:
    """Decide that a parked set will have no effect; its ops become void and what waits for it goes on.

    Args:
        note: why; 1 to 500 characters, kept in the log for ever.

    Raises:
        BadValue: no note.
        NotAllowed: NOT_FOUND, no parked set has this nonce.
    """
    _check_note(note)

    def refuse(workspace: Workspace, parked: LogRow) -> LogRow:
        """Log that the set has no effect."""
        finding = Finding(Fate.REFUSE, Reason.EXCLUDED)
        return log_release(workspace, stored_arrival(workspace, parked), parked, finding, Detail(note, b""))

    return _decide(hub, nonce, [nonce], refuse)


def _decide(
    hub: Hub, nonce: bytes, awaited: Sequence[bytes], decide: Callable[[Workspace, LogRow], LogRow]
) -> Released:
    """Write a decision about a parked set down, and with it what goes on because of it.

    If the hub fails on one of those, the decision stands and they follow in transactions of their own.

    Args:
        awaited: nonces of the sets for which others may have waited.
        decide: logs the decision, given the entry that parked the set.
    """
    try:
        return _decided(hub, nonce, awaited, decide)
    except (Refused, StoreError):
        raise
    except Exception:  # noqa: BLE001  (`free_waiting` finds and reports the culprit)
        alone = _decided(hub, nonce, (), decide)
        return replace(alone, followed=free_waiting(hub, awaited))


def _decided(
    hub: Hub, nonce: bytes, awaited: Sequence[bytes], decide: Callable[[Workspace, LogRow], LogRow]
) -> Released:
    with taking_in(hub) as workspace:
        row = decide(workspace, _parked(workspace, nonce))
        releases = release_waiting(workspace, awaited)
    return Released(row, (*(one.nonce for one in releases.rows), *free_waiting(hub, releases.rest)))


def _parked(workspace: Workspace, nonce: bytes) -> LogRow:
    row = parked_row(workspace, nonce)
    if row is None:
        raise NotAllowed(Reason.NOT_FOUND, "no parked set has this nonce")
    return row


def _views(snapshot: Snapshot, admissions: list[AdmissionRow]) -> list[ParkedSet]:
    rows = snapshot.log_rows([one.stored_at for one in admissions])
    ledger = Ledger(snapshot)
    views = []
    for one in admissions:
        missing = tuple(op for op in _bases(snapshot, one.nonce) if ledger.is_missing(op))
        views.append(_view(rows[one.stored_at], one, missing))
    return views


def _bases(snapshot: Snapshot, nonce: bytes) -> list[OpId]:
    """The ops a parked set was waiting for when it came, those that have arrived since among them."""
    return [OpId(row.base) for row in snapshot.waiting_of([nonce])]


def _view(row: LogRow, admission: AdmissionRow, waits_for: tuple[OpId, ...]) -> ParkedSet:
    return ParkedSet(
        row.nonce,
        row.position,
        row.received_ms,
        row.dealer_id,
        row.node_id,
        row.epoch,
        row.seq,
        admission.op_count,
        Reason(row.reason or Reason.INTERNAL.value),
        waits_for,
    )


def _check_note(note: str) -> None:
    if not 0 < len(note.strip()) <= TEXT_CHARS_MAX:
        raise BadValue(Reason.BAD_FIELD, "note", f"1 to {TEXT_CHARS_MAX} characters")
