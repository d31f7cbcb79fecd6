"""Parked sets that can go on: what happens when a base arrives, or an operator says so.

Decides when a parked set is judged again and what log entry that makes. A release is an entry of its own, so that a
fold from the log sets it free at the same moment. A set that still cannot go on stays parked and leaves no entry.
"""

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass

from carnet_hub.core.at_rest import plain_opening
from carnet_hub.core.limits import RELEASES_PER_GROUP_MAX
from carnet_hub.core.log.admission import Fate, Finding, examine_set
from carnet_hub.core.log.entries import Detail, pack_detail, take_effect, void_whole_set
from carnet_hub.core.log.prefetch import prefetch
from carnet_hub.core.rows import AdmissionRow, LogKind, LogRow, Node, SetState, VoidRow
from carnet_hub.core.sets.intake import Arrival, arrive
from carnet_hub.core.sets.receipts import pack_voids
from carnet_hub.core.sets.routing import append_entry
from carnet_hub.core.sets.workspace import Workspace
from carnet_protocol.changeset import reread_set
from carnet_protocol.ids import OpId, nonce_of
from carnet_protocol.messages import Verdict
from carnet_protocol.reasons import Reason


@dataclass(frozen=True, slots=True)
class Releases:
    """What became free in one transaction.

    Attributes:
        rows: the release entries, in order.
        rest: nonces whose waiting sets found no room in this transaction.
    """

    rows: tuple[LogRow, ...]
    rest: tuple[bytes, ...]


def release_waiting(workspace: Workspace, nonces: Sequence[bytes]) -> Releases:
    """Release every set that waited for these, and those that waited for them in turn.

    Args:
        workspace: changed in memory.
        nonces: of sets that have just been decided.
    """
    released: list[LogRow] = []
    queue = deque(nonces)
    while queue:
        nonce = queue.popleft()
        for waiter in workspace.ledger.waiters(nonce):
            if len(released) >= RELEASES_PER_GROUP_MAX:
                return Releases(tuple(released), (nonce, *queue))
            row = release_set(workspace, waiter, Detail("", b""))
            if row is not None:
                released.append(row)
                queue.append(waiter)
    return Releases(tuple(released), tuple(queue))


def release_set(workspace: Workspace, nonce: bytes, detail: Detail) -> LogRow | None:
    """Judge one parked set again and, if it can go on, log and apply its release.

    Args:
        workspace: changed in memory.
        nonce: of a parked set.
        detail: goes into the entry.

    Returns: the release entry; None when the set stays parked.
    """
    parked = parked_row(workspace, nonce)
    if parked is None:
        return None
    arrival = stored_arrival(workspace, parked)
    prefetch(workspace, [arrival])
    finding = examine_set(workspace, arrival, time_ms=parked.time_ms)
    match finding.fate:
        case Fate.PARK | Fate.REJECT:
            return None
        case Fate.SOUND | Fate.REFUSE:
            return log_release(workspace, arrival, parked, finding, detail)


def parked_row(workspace: Workspace, nonce: bytes) -> LogRow | None:
    """The entry that parked a set; None when the set is not parked."""
    admission = workspace.ledger.admission(nonce)
    if admission is None or admission.state != SetState.PARKED:
        return None
    return workspace.entry(admission.stored_at)


def stored_arrival(workspace: Workspace, row: LogRow) -> Arrival:
    """A set from the log as it once arrived."""
    change_set = reread_set(row.message or b"", workspace.hub.hub_id)
    opening = plain_opening(workspace.hub.box, workspace.openings.get(row.position, row.opening), row.nonce)
    author = Node(row.node_id, row.dealer_id, b"", b"", b"", "active", "")
    return arrive(workspace.hub, change_set, opening, author, workspace.is_erased)


def log_release(workspace: Workspace, arrival: Arrival, parked: LogRow, finding: Finding, detail: Detail) -> LogRow:
    """Append a release and let the set take effect, or make it void."""
    folding = finding.folding
    if folding is None:
        verdict = Verdict.REFUSED
    else:
        verdict = Verdict.ACCEPTED_WITH_CONFLICTS if folding.conflicts else Verdict.ACCEPTED
    row = append_entry(
        workspace,
        parked._replace(
            position=workspace.position + 1,
            kind=int(LogKind.RELEASE),
            hub_epoch=workspace.hub.hub_epoch,
            received_ms=workspace.received_ms,
            verdict=int(verdict),
            reason=finding.reason.value if finding.reason is not None else None,
            voids=pack_voids(folding.voids) if folding is not None else b"",
            conflicts=folding.conflicts if folding is not None else 0,
            message=None,
            opening=b"",
            detail=pack_detail(detail),
        ),
    )
    note_release(workspace, row, void_count=len(folding.voids) if folding is not None else len(arrival.ops))
    if folding is None:
        void_whole_set(workspace, arrival.change_set, row.position, finding.reason or Reason.MALFORMED)
    else:
        take_effect(workspace, row, folding)
    return row


def declare_lost(workspace: Workspace, op: OpId, *, position: int) -> None:
    """An op counts as void from now on, whether or not its set ever arrives."""
    ledger = workspace.ledger
    if ledger.void(op) is not None:
        return
    ledger.add_void(VoidRow(op, position, Reason.BASE_LOST.value, b""))
    nonce = nonce_of(op)
    known = ledger.admission(nonce)
    if known is None:
        known = AdmissionRow(nonce, b"", b"", b"", 0, position, position, int(SetState.LOST), 0)
    ledger.put_admission(known._replace(void_count=known.void_count + 1))


def note_release(workspace: Workspace, row: LogRow, *, void_count: int) -> None:
    """A parked set is decided: it waits for nothing, and what is known of it changes."""
    workspace.ledger.stop_waiting(row.nonce)
    admission = workspace.ledger.admission(row.nonce)
    if admission is None:
        raise AssertionError("a release without its set")
    state = SetState.REFUSED if row.verdict == Verdict.REFUSED else SetState.FOLDED
    workspace.ledger.put_admission(admission._replace(decided_at=row.position, state=int(state), void_count=void_count))
