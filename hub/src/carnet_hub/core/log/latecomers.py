"""What comes late about somebody who was erased: a phone on an old stick, a visit from a machine that was off.

Decides that an order is written for them at once, before the transaction that brings them is written down, so that
their values never reach the hub's disk and every node that has them erases them too. A record may have been here before
it belonged to that person: then the store scrubs its files. Does not decide what belongs to an erased person
(`belonging`), nor what does when an order is given (`erasing`).

Rule: the groups of the order are those that were erased of the record it belongs to.
"""

from collections import deque
from typing import Final

from carnet_hub.core.hub import Hub
from carnet_hub.core.log.authoring import write_with
from carnet_hub.core.sets.workspace import Workspace
from carnet_protocol.changeset import Draft
from carnet_protocol.ids import RECORD_RANDOM_BYTES, RecordId, new_record_id
from carnet_protocol.kinds import ERASURE
from carnet_protocol.orders import ERASURE_RECORDS_MAX, ErasureOrder
from carnet_protocol.registry import ErasureGroup

_GROUND: Final = "order"


def order_latecomers(hub: Hub, workspace: Workspace) -> None:
    """Write erasure orders for what has just been folded of erased persons.

    Args:
        workspace: changed in memory, and not flushed yet.
    """
    late = _with_children(workspace)
    workspace.late.clear()
    by_groups: dict[int, list[RecordId]] = {}
    for record, groups in sorted(late.items()):
        by_groups.setdefault(groups, []).append(RecordId(record))
    drafts = [
        _draft(hub, records[at : at + ERASURE_RECORDS_MAX], groups)
        for groups, records in sorted(by_groups.items())
        for at in range(0, len(records), ERASURE_RECORDS_MAX)
    ]
    if drafts:
        write_with(hub, workspace, drafts)


def _with_children(workspace: Workspace) -> dict[bytes, int]:
    """The latecomers and what belongs to them in turn: the jobs of a visit, whichever came first."""
    found: dict[bytes, int] = {}
    queue = deque(workspace.late.items())
    while queue:
        record, groups = queue.popleft()
        found[record] = groups
        for child in workspace.book.children(record):
            workspace.load_erased([child.id])
            if child.id not in found and child.rules.groups & groups & ~workspace.erased[child.id]:
                queue.append((child.id, groups))
    return found


def _draft(hub: Hub, records: list[RecordId], groups: int) -> Draft:
    order = ErasureOrder(tuple(records), frozenset(one for one in ErasureGroup if groups >> (one - 1) & 1))
    record = new_record_id(hub.clock.now_ms(), hub.entropy.random_bytes(RECORD_RANDOM_BYTES))
    return Draft(ERASURE, record, {**order.fields(), "ground": _GROUND})
