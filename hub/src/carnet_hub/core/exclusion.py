"""Excluding sets after a key was compromised: as if they had never had an effect.

Decides how folded sets are taken out of the state. The log keeps them, whole, with one EXCLUDE entry each; their ops
are void and transparent from the very beginning. That changes what was folded after them, so all projections are
folded again in the same transaction: rare, slow, and right. Which sets are suspect is the operator's decision.
"""

from collections.abc import Sequence

from carnet_hub.core.entries import Detail, pack_detail
from carnet_hub.core.record_book import Key, RecordState
from carnet_hub.core.routing import audience_of, touch
from carnet_hub.core.rows import FeedRow, LogKind, LogRow, SetState
from carnet_hub.core.workspace import Workspace
from carnet_protocol.changeset import reread_set
from carnet_protocol.errors import NotAllowed
from carnet_protocol.messages import Verdict
from carnet_protocol.reasons import Reason
from carnet_protocol.state import EMPTY


def log_exclusions(workspace: Workspace, nonces: Sequence[bytes], note: str) -> list[LogRow]:
    """Append one EXCLUDE entry per set.

    Args:
        nonces: of folded sets.
        note: why; kept in the log.

    Raises:
        NotAllowed: NOT_FOUND, one of them was never folded; or it is the hub's own.
    """
    return [_log_exclusion(workspace, nonce, note) for nonce in dict.fromkeys(nonces)]


def apply_exclusion(workspace: Workspace, row: LogRow) -> None:
    """Send every record that an excluded set had touched once more; its ops were left out from the start."""
    admission = workspace.ledger.admission(row.nonce)
    if admission is None:
        raise AssertionError("an exclusion without its set")
    decided = admission._replace(decided_at=row.position, state=int(SetState.EXCLUDED), void_count=admission.op_count)
    workspace.ledger.put_admission(decided)
    stored = workspace.entry(admission.stored_at)
    ops = reread_set(stored.message or b"", workspace.hub.hub_id).ops
    keys = dict.fromkeys((op.kind, op.record) for op in ops)
    for kind, record in keys:
        state = workspace.book.state((kind, record))
        if state is None:
            rules = workspace.hub.rules[kind]
            state = RecordState((kind, record), rules, row.dealer_id, EMPTY, row.position, None, None, 0)
        touch(workspace, state, row.position)
    _evict_author(workspace, list(keys), row)


def _evict_author(workspace: Workspace, keys: Sequence[Key], row: LogRow) -> None:
    """Take from the author what it received only because of the excluded set: cars and their history.

    The assignment that the set had made never existed in this fold, so nothing else would tell the author's nodes.
    """
    book = workspace.book
    vehicles = {state.anchor for key in keys if (state := book.state(key)) is not None and state.anchor is not None}
    held = {key for vehicle in vehicles for key in book.anchored(vehicle)}
    for kind, record in sorted(held):
        state = book.state((kind, record))
        if state is not None and row.dealer_id not in audience_of(workspace, state):
            book.feed(FeedRow(row.dealer_id, kind, record, book.next_place(row.position), True))


def _log_exclusion(workspace: Workspace, nonce: bytes, note: str) -> LogRow:
    admission = workspace.ledger.admission(nonce)
    if admission is None or admission.state != SetState.FOLDED or admission.node_id == workspace.hub.node_id:
        raise NotAllowed(Reason.NOT_FOUND, "no folded set of a site has this nonce")
    decided = workspace.entry(admission.decided_at)
    return workspace.append(
        decided._replace(
            position=workspace.position + 1,
            kind=int(LogKind.EXCLUDE),
            hub_epoch=workspace.hub.hub_epoch,
            received_ms=workspace.received_ms,
            verdict=int(Verdict.REFUSED),
            reason=Reason.EXCLUDED.value,
            voids=b"",
            conflicts=0,
            message=None,
            opening=b"",
            detail=pack_detail(Detail(note, b"")),
        )
    )
