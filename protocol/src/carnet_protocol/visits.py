"""What a repair order says of a car: that it was in, since when, and which work was wanted; one rule for hub and desk.

Decides from the state of one order. Does not decide what follows: whether a completion counts (`remedy`) or an owner
was met (`reach`).

Rules
1. An order that is void, not more than a draft, or deleted has had no car on the lift and none in. One that corrects
   another order speaks of the work on its car, but no car came for it.
2. The car came in when the order says that it was opened, but never after that was written down, whatever the clock of
   the desk showed. So an order of former years, taken over today, is a visit of former years, and one that was drafted
   on the telephone is a visit from the day on which the car came. An order that does not say was opened when it was
   first written.
3. A job that the customer declined was not to be done, nor one that was still proposed when the order was over: neither
   it nor its lines are a part of what was done to the car.
"""

from collections.abc import Mapping
from typing import Final

from carnet_protocol.kinds import VISIT
from carnet_protocol.registry import Value
from carnet_protocol.resolvers import resolve, show
from carnet_protocol.state import Entries, buried_in, first_written_ms, happened_ms, heads_of

DECLINED: Final = "declined"
PROPOSED: Final = "proposed"
OVER: Final = ("completed", "settled", "closed")
"""States of an order on which no work is left to do."""

_NO_WORK: Final = frozenset({"draft", "void"})
_STATUS: Final = VISIT.labels["status"]
_VEHICLE: Final = VISIT.labels["vehicle_id"]
_CORRECTED: Final = VISIT.labels["corrects_id"]
_OPENED: Final = VISIT.register_of("opened_at")


def is_correction(visit: Mapping[str, Value]) -> bool:
    """Rule 1: whether an order corrects another one, so that no car came for it.

    Args:
        visit: shown values of an order, by field name.
    """
    return visit.get("corrects_id") is not None


def is_wanted(visit: Mapping[str, Value], job: Mapping[str, Value]) -> bool:
    """Rule 3: whether a job was to be done, or may still be.

    Args:
        visit: shown values of its order, by field name.
        job: shown values of the job, by field name.
    """
    approval = job.get("approval")
    return approval != DECLINED and not (approval == PROPOSED and visit.get("status") in OVER)


def car_worked_on(order: Entries) -> bytes | None:
    """Rule 1: the record of the car that an order speaks of; None where there was no work.

    Args:
        order: state of a record of `kinds.VISIT`.
    """
    shown = show(VISIT, order).values
    vehicle = shown.get(_VEHICLE)
    return vehicle if isinstance(vehicle, bytes) and shown.get(_STATUS) not in _NO_WORK else None


def car_in(order: Entries) -> bytes | None:
    """Rule 1: the record of the car that came for an order; None where none did.

    Args:
        order: state of a record of `kinds.VISIT`.
    """
    return None if show(VISIT, order).values.get(_CORRECTED) is not None else car_worked_on(order)


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
