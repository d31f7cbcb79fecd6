"""What a site has lost to an exclusion, for its people to look through and confirm.

Decides which sets a node is shown: those of its own site that have no effect because a key was compromised, excluded
after they were folded or given up while they waited. The machine that made them is turned away, so any other node of
the site may ask. What was erased meanwhile is not in them any more.
"""

from collections.abc import Iterator

from carnet_hub.core.at_rest import plain_opening
from carnet_hub.core.hub import Hub
from carnet_hub.core.limits import EXCLUDED_PAGE_BYTES_MAX, LIST_ROWS_MAX
from carnet_hub.core.ports import Snapshot
from carnet_hub.core.rows import AdmissionRow, Node, SetState
from carnet_hub.core.sets.intake import check_welcome
from carnet_protocol import limits
from carnet_protocol.changeset import set_bytes
from carnet_protocol.envelope import Purpose
from carnet_protocol.messages import MESSAGE_VERSION, ExcludedPage, ExcludedSet, sign_frame
from carnet_protocol.reasons import Reason


def read_excluded(hub: Hub, node: Node, *, after: int) -> bytes:
    """The next excluded sets of a node's site, by the position that took their effect.

    Args:
        node: who asks, authenticated by its session.
        after: position of the last one seen, 0 for all.

    Raises:
        NotAllowed: the node or its site is suspended.

    Returns: the signed `ExcludedPage`.
    """
    check_welcome(node)
    with hub.store.read() as snapshot:
        found = sorted(_excluded_of(snapshot, node.dealer_id, after), key=lambda one: one.decided_at)
        sets: list[ExcludedSet] = []
        room = EXCLUDED_PAGE_BYTES_MAX
        for one in found[: limits.BATCH_SETS_MAX]:
            excluded = _excluded_set(hub, snapshot, one)
            room -= set_bytes(excluded.message, excluded.opening)
            if sets and room < 0:
                break
            sets.append(excluded)
    page = ExcludedPage(
        MESSAGE_VERSION, hub.hub_epoch, node.dealer_id, node.node_id, after, len(sets) == len(found), sets
    )
    return sign_frame(page, Purpose.FEED, hub.hub_id, hub.signer)


def _excluded_of(snapshot: Snapshot, dealer_id: bytes, after: int) -> Iterator[AdmissionRow]:
    for state in (SetState.EXCLUDED, SetState.REFUSED):
        position = after
        while rows := snapshot.admissions_in(int(state), position, LIST_ROWS_MAX):
            position = rows[-1].decided_at
            own = [row for row in rows if row.dealer_id == dealer_id]
            deciding = snapshot.log_rows([row.decided_at for row in own])
            yield from (row for row in own if deciding[row.decided_at].reason == Reason.EXCLUDED.value)


def _excluded_set(hub: Hub, snapshot: Snapshot, admission: AdmissionRow) -> ExcludedSet:
    stored = snapshot.log_rows([admission.stored_at])[admission.stored_at]
    opening = plain_opening(hub.box, stored.opening, stored.nonce)
    return ExcludedSet(admission.decided_at, stored.node_id, stored.time_ms, stored.message or b"", opening)
