"""What has to be said to whoever records that a recall was done, where the record will close nothing.

Decides it from what is known here. Refuses nothing: a list may be old, and work that was done was done
(`commands.recall_work`). Does not judge what the work shows (`recall_terms`).
"""

from enum import StrEnum

from carnet_node.core.node import Node
from carnet_node.core.recalls.recall_check import check_recalls_within
from carnet_node.core.recalls.recall_terms import shown_fields
from carnet_protocol.ids import RecordId
from carnet_protocol.kinds import CAMPAIGN


class Remark(StrEnum):
    """Why a record of a recall closes nothing."""

    WITHDRAWN = "withdrawn"
    """The campaign was taken back: work for it stays on record, and nobody counts it."""
    NOT_LISTED = "not-listed"
    """No list that is here names the car."""
    DONE_BEFORE = "done-before"
    """The recall is done on the car, by what was recorded here or by the hub's list."""


def remark_on(node: Node, number: str, campaign: RecordId) -> Remark | None:
    """What to say of work that is about to be recorded; None where it can close the recall.

    Args:
        number: VIN or frame number of the car, as typed.
    """
    with node.store.read() as tx:
        stored = tx.record(CAMPAIGN, campaign)
        if stored is not None and shown_fields(stored).get("state") == "withdrawn":
            return Remark.WITHDRAWN
        hits = [hit for hit in check_recalls_within(tx, node, number).hits if hit.campaign == campaign]
    if not hits:
        return Remark.NOT_LISTED
    return Remark.DONE_BEFORE if hits[0].is_done else None
