"""What ends at the furnished site: an order whose work is done, one that is settled, and birthdays of today."""

from collections.abc import Callable
from functools import partial

from carnet_node.core.commands.customers import AddCustomer, add_customer
from carnet_node.core.commands.drafting import Drafts
from carnet_node.core.commands.lines import NewJob
from carnet_node.core.commands.settlement import settle_visit
from carnet_node.core.commands.vehicles import AddVehicle
from carnet_node.core.commands.visits import OpenVisit, Step, complete_visit
from carnet_node.core.node import Node
from carnet_node.core.numbering import site_day
from carnet_node.core.saving.desk import save, save_visit_by_vin
from carnet_node.core.saving.editing import require_visit
from carnet_protocol.ids import RecordId, record_text
from carnet_protocol.registry import Value
from support.vins import make_vins

CAR = {"model_name": "雅阁 2.0", "color": "珍珠白"}
JOBS = (
    NewJob(
        {"complaint": "刹车异响", "op_name": "更换制动片", "pay_type": "customer"},
        [{"labour_name": "更换制动片", "actual_hours": 120, "rate_fen": 12_000}],
        [{"part_no": "15400-641", "part_name": "制动片", "quantity_hundredths": 100, "price_fen": 4_800}],
    ),
    NewJob(
        {"complaint": "刹车异响", "op_name": "更换制动片", "cause": "异响", "pay_type": "warranty"},
        [{"labour_name": "更换制动片", "actual_hours": 50, "rate_fen": 12_000}],
    ),
)


def nearly_over(node: Node, customer: RecordId) -> dict[str, str]:
    """Screens of two orders that end: the bill, the hand-over, and the sheets of the settled one."""
    done, settled = (_order(node, customer, vin) for vin in make_vins(3)[1:])
    for visit, step in ((done, complete_visit), (settled, complete_visit), (settled, settle_visit)):
        _take(node, visit, step)
    return {
        "settle": f"/visits/{record_text(done)}/settle",
        "hand-over": f"/visits/{record_text(settled)}/hand-over",
        "order-settled": f"/visits/{record_text(settled)}",
        "print-settlement": f"/visits/{record_text(settled)}/print/settlement",
        "print-warranty": f"/visits/{record_text(settled)}/print/warranty",
    }


def _order(node: Node, customer: RecordId, vin: str) -> RecordId:
    def order(car: RecordId) -> OpenVisit:
        values: dict[str, Value] = {"odometer_in_km": 18_000, "advisor_code": "B01"}
        return OpenVisit("", car, node.clock.now_ms(), customer, values, list(JOBS))

    return save_visit_by_vin(node, AddVehicle(vin, node.settings.vin_policy, CAR), order).visit


def _take(node: Node, visit: RecordId, step: Callable[[Step], Drafts]) -> None:
    view = require_visit(node, visit)
    taken = Step(view.visit.read(), node.clock.now_ms(), view.work())
    save(node, lambda _: step(taken))


def somebody_is_due(node: Node) -> None:
    """Two people have their birthday today; one of them has agreed to be called."""
    born = f"1992-{site_day(node):%m-%d}"
    values = {"party_kind": "person", "full_name": "孙悦", "birth_on": born, "birth_calendar": "solar"}
    agreed: dict[str, Value] = {"purpose": "marketing", "statement": "granted", "stated_at": node.clock.now_ms()}
    for consents in ([agreed], []):
        command = AddCustomer(values, [{"number": "13900008888"}], consents=consents)
        save(node, partial(add_customer, command))
