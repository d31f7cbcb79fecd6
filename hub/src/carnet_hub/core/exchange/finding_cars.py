"""Which cars a VIN, a plate or a telephone number leads to.

Decides that alone: not who may ask nor what is shown (`looking_up`). A VIN leads to the one record that derives from
it. Plates and telephone numbers are personal, so they are found by the keyed hashes under which the master finds
customers: the holders that stand under the key, the cars that are tied to them, and of these the ones that wear the
plate. So a plate finds a car whose holder some site has recorded; any other is found by its VIN.

A tie counts while it stands, in a role in which a car is somebody's: a driver's number leads nowhere.
"""

from collections.abc import Collection
from datetime import date
from typing import Final

from carnet_hub.core.counting.completions import car_of
from carnet_hub.core.hub import Hub
from carnet_hub.core.limits import LOOK_UP_HOLDERS_MAX
from carnet_hub.core.ports import Snapshot
from carnet_hub.core.shown import shown_values
from carnet_master.cars import read_plate
from carnet_master.features import RawCustomer, customer_features
from carnet_master.keys import Block, blocking_keys
from carnet_protocol.errors import BadValue
from carnet_protocol.kinds import OWNERSHIP, PLATE, VEHICLE
from carnet_protocol.legal_days import legal_day
from carnet_protocol.look_up import BY_PHONE, BY_PLATE, BY_VIN
from carnet_protocol.reasons import Reason
from carnet_protocol.registry import Value
from carnet_protocol.vin import normalise_vin

_HOLDERS: Final = frozenset({"owner", "lessee"})


def find_cars(hub: Hub, snapshot: Snapshot, way: str, sought: str) -> list[bytes]:
    """The vehicles behind what somebody typed, by id; none for a number that nobody has or that is none.

    Args:
        way: of `look_up.WAYS`.
        sought: at most `SOUGHT_CHARS_MAX` characters.

    Raises:
        BadValue: another way.
    """
    today = legal_day(hub.clock.now_ms())
    if way == BY_VIN:
        car = car_of(normalise_vin(sought))
        found: Collection[bytes] = set() if car is None else {car}
    elif way == BY_PHONE:
        found = cars_held(hub, snapshot, _holders(hub, snapshot, Block.PHONE, RawCustomer(phones=(sought,))), today)
    elif way == BY_PLATE:
        held = cars_held(hub, snapshot, _holders(hub, snapshot, Block.PLATE, RawCustomer(plates=(sought,))), today)
        found = _wearing(hub, snapshot, held, read_plate(sought), today)
    else:
        raise BadValue(Reason.BAD_FIELD, "way", "not in the code list")
    known = snapshot.records(VEHICLE.number, found)
    return sorted(car for car, row in known.items() if shown_values(hub.registry, row))


def cars_held(hub: Hub, snapshot: Snapshot, customers: Collection[bytes], today: date) -> set[bytes]:
    """The vehicles that some customers own or lease now."""
    ties = [row for row in snapshot.party_records(customers) if row.kind == OWNERSHIP.number]
    shown = ((row.anchor, shown_values(hub.registry, row)) for row in ties)
    return {car for car, values in shown if car is not None and _stands(values, today)}


def _holders(hub: Hub, snapshot: Snapshot, block: Block, typed: RawCustomer) -> list[bytes]:
    """Customers under the key of one number; nobody for a number that too many share."""
    letter = block.value.encode()
    keys = [key for key in blocking_keys(customer_features(typed), hub.box.blind_key) if key[:1] == letter]
    found = [one for key in keys for one in snapshot.found_by(key, LOOK_UP_HOLDERS_MAX)]
    return found if len(found) < LOOK_UP_HOLDERS_MAX else []


def _wearing(hub: Hub, snapshot: Snapshot, cars: Collection[bytes], plate: str | None, today: date) -> set[bytes]:
    """Those of some vehicles that wear a plate."""
    plates = {record: car for car, kind, record in snapshot.anchored(cars) if kind == PLATE.number}
    rows = snapshot.records(PLATE.number, plates)
    return {plates[one] for one, row in rows.items() if _is_worn(shown_values(hub.registry, row), plate, today)}


def _is_worn(values: dict[str, Value], plate: str | None, today: date) -> bool:
    number, to_on = values.get("plate_no"), values.get("to_on")
    is_past = isinstance(to_on, str) and to_on < today.isoformat()
    return isinstance(number, str) and plate is not None and read_plate(number) == plate and not is_past


def _stands(values: dict[str, Value], today: date) -> bool:
    to_on = values.get("to_on")
    return values.get("role") in _HOLDERS and (not isinstance(to_on, str) or to_on >= today.isoformat())
