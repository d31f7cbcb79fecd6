"""Who holds a car now, as far as this site keeps the record: one answer for call list, pages, check-in and lists.

Decides what the desk makes of `carnet_protocol.owners`, the rule it shares with the hub. All ties that are known here
are weighed, also those of customers whom only another site knows; of those the site has no record and shows none.

Rules
1. The owner is the present one, or nobody: where the present owner's record is another site's, no former owner of this
   site takes the place.
2. Beside a car stands the card of its present owner; where this site does not keep that one, of its present lessee,
   then of its present driver.
3. Where no card stands there, those of this site whose tie has not ended are known here and no more: they are named,
   and offered at check-in without a role, which a person at the desk has to say.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from typing import Final

from carnet_node.core.showing.record_view import RecordView
from carnet_node.core.showing.views import OwnedVehicle, VehicleView
from carnet_protocol.owners import OWNER, is_present, present_holder

_CARD_ROLES: Final = (OWNER, "lessee", "driver")


@dataclass(frozen=True, slots=True)
class Holder:
    """A customer of this site who holds a car now, and in which role."""

    customer: RecordView
    role: str


def own_owner(car: VehicleView, today: date) -> RecordView | None:
    """The present owner, where the record is this site's."""
    held = _holder(car, OWNER, today)
    return held.other if held is not None and held.other is not None and held.other.is_own else None


def card_holder(car: VehicleView, today: date) -> Holder | None:
    """Rule 2: whose card stands beside a car; None when this site keeps nobody of them."""
    held = (_holder(car, role, today) for role in _CARD_ROLES)
    return next((Holder(one.other, one.role) for one in held if one is not None and one.other is not None), None)


def known_beside(car: VehicleView, today: date) -> tuple[Holder, ...] | None:
    """Rule 3: whom this site knows of a car that a customer of another site holds; None where no such one holds it."""
    if card_holder(car, today) is not None or not any(_holder(car, role, today) for role in _CARD_ROLES):
        return None
    present = (one for one in car.owners if one.role in _CARD_ROLES and is_present(one, today))
    return tuple(Holder(one.other, one.role) for one in present if one.other is not None)


def present_customers(owners: Iterable[OwnedVehicle], today: date) -> list[RecordView]:
    """Everybody whom this site keeps and whose time as owner, lessee or driver has begun and not ended."""
    held = (one for one in owners if one.role in _CARD_ROLES and is_present(one, today))
    return [one.other for one in held if one.other is not None]


def _holder(car: VehicleView, role: str, today: date) -> OwnedVehicle | None:
    return present_holder((one for one in car.owners if one.role == role), today)
