"""A campaign and its member lists on their way from a model hub to a node.

announce(hub, encode_segment([VIN]), count=1)
receive(node, hub, encode_segment([VIN]))
"""

from carnet_node.core.line.inbox import apply_page
from carnet_node.core.node import Node
from carnet_node.core.recalls.recall_set import store_segment
from carnet_protocol.changeset import Draft
from carnet_protocol.ids import OpId
from carnet_protocol.kinds import CAMPAIGN, CAMPAIGN_ITEM
from carnet_protocol.registry import Value
from carnet_protocol.segments import segment_hash
from support.desk import record
from support.model_hub import ModelHub

TEXTS: dict[str, Value] = {
    "campaign_no": "R2026-1",
    "title": "Brake hose",
    "hazard_level": "park_outside",
    "defect": "it leaks",
    "hazard": "it brakes late",
    "emergency_advice": "drive slowly",
    "remedy": "a new hose",
}
"""What a campaign says besides its lists."""


def announce(
    hub: ModelHub,
    *lists: bytes,
    count: int,
    number: int = 70,
    state: str = "published",
    based_on: tuple[OpId, ...] = (),
    **more: Value,
) -> tuple[OpId, ...]:
    """A campaign that names these member lists.

    Args:
        more: fields that a test wants otherwise.
    """
    hashes = b"".join(segment_hash(one) for one in lists)
    values = {**TEXTS, "segment_hashes": hashes, "member_count": count, "state": state, **more}
    return hub.write(Draft(CAMPAIGN, record(number), values, based_on))


def announce_item(hub: ModelHub, item_no: int, label: str, *, part_no: str = "", number: int = 70) -> None:
    """One of the things that the campaign with this number does on a car."""
    values: dict[str, Value] = {
        "campaign_id": record(number),
        "item_no": item_no,
        "label": label,
        "part_no": part_no,
        "is_required": True,
    }
    hub.write(Draft(CAMPAIGN_ITEM, record(number + item_no), values))


def receive(node: Node, hub: ModelHub, *lists: bytes) -> None:
    """The campaign's page and its lists arrive."""
    apply_page(node, hub.page(node))
    for one in lists:
        store_segment(node, one)
