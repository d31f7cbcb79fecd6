"""What a repair order says of a car: that it was in, and since when; one rule for hub and desk.

Decides from the state of one order. Does not decide what follows: whether a completion counts (`remedy`) or an owner
was met (`reach`).

Rules
1. An order that is void, not more than a draft, or deleted has had no car in.
2. The car came in when the order says that it was opened, but never after that was written down, whatever the clock of
   the desk showed. So an order of former years, taken over today, is a visit of former years, and one that was drafted
   on the telephone is a visit from the day on which the car came. An order that does not say was opened when it was
   first written.
"""

from typing import Final

from carnet_protocol.kinds import VISIT
from carnet_protocol.resolvers import resolve, show
from carnet_protocol.state import Entries, buried_in, first_written_ms, happened_ms, heads_of

_NO_CAR_IN: Final = frozenset({"draft", "void"})
_STATUS: Final = VISIT.labels["status"]
_VEHICLE: Final = VISIT.labels["vehicle_id"]
_OPENED: Final = VISIT.register_of("opened_at")


def car_in(order: Entries) -> bytes | None:
    """Rule 1: the record of the car that was in for an order; None where none was.

    Args:
        order: state of a record of `kinds.VISIT`.
    """
    shown = show(VISIT, order).values
    vehicle = shown.get(_VEHICLE)
    return vehicle if isinstance(vehicle, bytes) and shown.get(_STATUS) not in _NO_CAR_IN else None


def came_in_ms(order: Entries) -> int:
    """Rule 2: since when it was in, ms UTC since 1970.

    Args:
        order: one of which `car_in` names a car.
    """
    number = _OPENED.number
    heads = [entry for entry in heads_of(order, number) if not entry.is_delete] or buried_in(order, number)
    if not heads:
        return first_written_ms(order)
    shown = resolve(_OPENED, number, heads).shown
    stated = (shown.fields or {}).get(_OPENED.label(0))
    return happened_ms(stated, shown.time_ms) if isinstance(stated, int) else first_written_ms(order)
