"""Two dealers and one car: a hub, a dealer that has served the car, and another one that has not seen it."""

from pathlib import Path

from carnet_node.bootstrap import Installation
from carnet_node.core.commands.vehicles import AddVehicle
from carnet_node.core.log.authoring import commit
from carnet_node.core.saving.desk import save_vehicle
from carnet_protocol.changeset import Draft
from carnet_protocol.ids import RecordId, vehicle_id
from carnet_protocol.kinds import CUSTOMER, OWNERSHIP, PART_LINE, PHONE, PLATE, VISIT
from carnet_protocol.limits import ADOPTION_MS
from carnet_protocol.vin import VinPolicy
from support.hub_apps import TestHub
from support.joined import join_site, joined_pair, sync
from support.vins import make_vins

VIN = make_vins(1)[0]
CAR = RecordId(vehicle_id(VIN))
PLATE_NO = "湘A12345"
NUMBER = "13900139001"


def some(number: int) -> RecordId:
    """An id of a record."""
    return RecordId(bytes([number]) * 16)


def two_dealers(folder: Path) -> tuple[TestHub, Installation, Installation]:
    """A hub; a dealer that has served the car and has sent that; and another one."""
    hub, home = joined_pair(folder)
    hub.add_dealer("B001")
    save_vehicle(home.node(), AddVehicle(VIN, VinPolicy.STRICT, {"color": "blue"}), lambda *_: ())
    now_ms = hub.clock.now_ms()
    commit(
        home.node(),
        [
            Draft(CUSTOMER, some(1), {"party_kind": "person", "full_name": "测试甲"}),
            Draft(PHONE, some(2), {"customer_id": some(1), "number": NUMBER}),
            Draft(OWNERSHIP, some(3), {"vehicle_id": CAR, "customer_id": some(1), "role": "owner"}),
            Draft(PLATE, some(4), {"vehicle_id": CAR, "plate_no": PLATE_NO}),
            Draft(
                VISIT,
                some(5),
                {"ro_no": "A-1", "vehicle_id": CAR, "customer_id": some(1), "status": "open", "opened_at": now_ms},
            ),
            Draft(PART_LINE, some(6), {"visit_id": some(5), "part_name": "滤芯", "price_fen": 30, "amount_fen": 30}),
        ],
    )
    sync(home, hub)
    away = join_site(hub, folder / "away", "B001")
    sync(away, hub)
    return hub, home, away


def pass_month(hub: TestHub, home: Installation) -> None:
    """The month passes, and the first dealer writes something."""
    hub.clock.ms += ADOPTION_MS + 1
    commit(home.node(), [Draft(CUSTOMER, some(9), {"party_kind": "person", "full_name": "测试乙"})])
    sync(home, hub)
