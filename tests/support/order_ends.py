"""An order on its way out, as a person at the desk takes it: its pages, its steps, and the recall of its car.

complete(desk, visit, **LEFT_OPEN)
taken(desk, visit, "settle")
"""

from carnet_node.core.node import Node
from carnet_node.core.saving.receiving import ReceivedCar, ReceivedParty, Reception, receive_car
from carnet_protocol.ids import RecordId, record_text
from carnet_protocol.registry import Value
from support.browsing import Visitor
from support.desk import record
from support.node_builder import START_MS

LEFT_OPEN = {"is_recall_left_open": record_text(record(70))}
"""The tick that the recall of `recall_lists.announce` stays open."""

DAY_MS = 24 * 3600 * 1000


def address(visit: RecordId, *more: str) -> str:
    """Where an order stands."""
    return "/".join([f"/visits/{record_text(visit)}", *more])


def complete(desk: Visitor, visit: RecordId, **typed: str) -> str:
    """The work is said to be done; the page that answers."""
    return desk.submit(desk.open(address(visit)), address(visit, "step", "complete"), typed).text


def taken(desk: Visitor, visit: RecordId, name: str, **typed: str) -> str:
    """A form of the order is filled in and sent; the page that answers."""
    return desk.submit(desk.open(address(visit, name)), address(visit, name), typed).text


def record_it(desk: Visitor, visit: RecordId, method: str = "replaced") -> None:
    """The recall is recorded on the page of the order."""
    desk.submit(desk.open(address(visit)), address(visit, "recalls"), {"method": method})


def order_of(node: Node, vin: str | None) -> RecordId:
    """An open order of a car; of one with a plate alone for None."""
    car = ReceivedCar(vin=vin, plate=None if vin else "浙A12345")
    said: dict[str, Value] = {
        "promised_at": START_MS + 9 * DAY_MS,
        "is_odometer_unknown": True,
        "sender_name": "王小明",
        "sender_phone": "13800138000",
        "advisor_code": "B01",
    }
    return receive_car(node, Reception(ReceivedParty(), car, said)).opened.visit
