"""Which cars a VIN, a plate or a telephone number leads to.

Decides that alone: not who may ask nor what is shown (`looking_up`). A VIN leads to the one record that derives from
it. Plates and telephone numbers are personal, so they are found by keyed hashes: a plate by its own (`plate_keys`), and
of the cars that ever wore it those that wear it now, whether anybody knows the holder or not; a telephone number by the
key under which the master finds customers, and the cars that are tied to them.

A tie counts while it stands, in a role in which a car is somebody's: a driver's number leads nowhere. A number under
which more stand than the bound says leads nowhere either.
"""

from collections.abc import Collection
from datetime import date
from typing import Final

from carnet_hub.core.counting.completions import car_of
from carnet_hub.core.hub import Hub
from carnet_hub.core.limits import LOOK_UP_HOLDERS_MAX, LOOK_UP_PLATES_MAX
from carnet_hub.core.plate_keys import plate_key
from carnet_hub.core.ports import Snapshot
from carnet_hub.core.shown import shown_values
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
        found = cars_held(hub, snapshot, _holders(hub, snapshot, sought), today)
    elif way == BY_PLATE:
        found = _wearing(hub, snapshot, sought, today)
    else:
        raise BadValue(Reason.BAD_FIELD, "way", "not in the code list")
    known = snapshot.records(VEHICLE.number, found)
    return sorted(car for car, row in known.items() if shown_values(hub.registry, row))


def cars_held(hub: Hub, snapshot: Snapshot, customers: Collection[bytes], today: date) -> set[bytes]:
    """The vehicles that some customers own or lease now."""
    ties = [row for row in snapshot.party_records(customers) if row.kind == OWNERSHIP.number]
    shown = ((row.anchor, shown_values(hub.registry, row)) for row in ties)
    return {car for car, values in shown if car is not None and _stands(values, today)}


def _holders(hub: Hub, snapshot: Snapshot, phone: str) -> list[bytes]:
    """Customers under a telephone number; nobody for one that too many share."""
    letter = Block.PHONE.value.encode()
    typed = customer_features(RawCustomer(phones=(phone,)))
    keys = [key for key in blocking_keys(typed, hub.box.blind_key) if key[:1] == letter]
    found = [one for key in keys for one in snapshot.found_by(key, LOOK_UP_HOLDERS_MAX)]
    return found if len(found) < LOOK_UP_HOLDERS_MAX else []


def _wearing(hub: Hub, snapshot: Snapshot, plate: str, today: date) -> set[bytes]:
    """The vehicles that wear a plate; none for one that stands in too many records."""
    key = plate_key(hub.box, plate)
    under = [] if key is None else snapshot.plates_under(key, LOOK_UP_PLATES_MAX)
    if len(under) >= LOOK_UP_PLATES_MAX:
        return set()
    rows = snapshot.records(PLATE.number, under).values()
    return {row.anchor for row in rows if row.anchor is not None and _is_worn(shown_values(hub.registry, row), today)}


def _is_worn(values: dict[str, Value], today: date) -> bool:
    to_on = values.get("to_on")
    return bool(values) and (not isinstance(to_on, str) or to_on >= today.isoformat())


def _stands(values: dict[str, Value], today: date) -> bool:
    to_on = values.get("to_on")
    return values.get("role") in _HOLDERS and (not isinstance(to_on, str) or to_on >= today.isoformat())
