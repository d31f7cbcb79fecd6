"""A site that takes appointments, and calls that its desk notes on the pages."""

from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

from carnet_node.core.commands.arranging import arrange
from carnet_node.core.node import Node
from carnet_node.core.saving.desk import save
from carnet_node.core.showing.views import one_record
from carnet_protocol.ids import RecordId, parse_record_text
from carnet_protocol.kinds import APPOINTMENT, BAY, BOOKING_HOURS
from carnet_protocol.registry import Value
from support.browsing import Visitor
from support.node_builder import START_MS, build_node

HOURS: dict[str, Value] = {"opens_minute": 0, "closes_minute": 1440, "slot_minutes": 60, "cars_per_slot_max": 2}
CALL = {"caller_phone": "13800138000", "plate_no": "湘A12345", "wish": "刹车异响"}
LOCAL = datetime.fromtimestamp(START_MS / 1000, UTC) + timedelta(hours=8)


def at(hours: int) -> str:
    """A moment so many hours from now, as somebody at the site types it."""
    return (LOCAL + timedelta(hours=hours)).strftime("%Y-%m-%d %H:%M")


SLOT = {"starts_at": at(2), "planned_minutes": "60", "bay_code": "B1"}


def open_site(folder: Path) -> Node:
    """A site that is open all day, every day, with one bay and room for two cars in an hour."""
    node = build_node(folder)
    for weekday in range(1, 8):
        save(node, partial(arrange, BOOKING_HOURS, {**HOURS, "weekday": weekday}))
    save(node, partial(arrange, BAY, {"bay_code": "B1", "bay_name": "举升机"}))
    return node


def noted(visitor: Visitor, **typed: str) -> str:
    """The address of an appointment that was noted on the form for a new one."""
    answered = visitor.submit(visitor.open("/appointments/new"), "/appointments", {**CALL, **typed})
    assert answered.status_code == 303, answered.text
    return answered.headers["location"]


def values_of(node: Node, address: str) -> dict[str, Any]:
    """What is on file of the appointment at an address."""
    view = one_record(node, APPOINTMENT, RecordId(parse_record_text(address.rsplit("/", 1)[1])))
    assert view is not None
    return dict(view.values)
