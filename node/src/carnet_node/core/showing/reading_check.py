"""Whether an odometer that was typed is to be read again before it is saved.

Decides when a number looks like a slip of the finger beside what is on file: lower than a reading before it, further
than a car drives in that time, or ten times what it was; of a car without a reading, more than cars live to. Nothing is
forbidden by that: whoever has read the odometer again says so, and the number is kept as it is. Programs and imports
are not asked; what they bring is flagged where it is shown (`odometer`).
"""

from collections.abc import Iterable
from enum import StrEnum
from typing import Final

from carnet_node.core.desk_limits import FIRST_READING_KM_MAX
from carnet_node.core.limits import ODOMETER_OFTEN_KM_PER_DAY_MAX
from carnet_node.core.refusals import Problem, ProblemCode
from carnet_node.core.showing.odometer import Reading, ReadingFlag, days_between, flags_of, judge_odometer, reading_of
from carnet_node.core.showing.record_view import RecordView
from carnet_protocol.ids import RecordId
from carnet_protocol.kinds import ODOMETER_READING
from carnet_protocol.registry import Value

_FIELD: Final = ODOMETER_READING.by_label[ODOMETER_READING.labels["odometer_km"]][1]
"""A number that no odometer shows is refused by whoever saves it, and not asked about."""

_SLIP: Final = 9.5
"""A digit too many makes at least ten times of it; a little less, because the last digits may be guessed."""


def doubts_of(
    readings: Iterable[RecordView],
    odometer_km: Value,
    read_at: int,
    *,
    field: str,
    besides: RecordId | None = None,
) -> list[Problem]:
    """What speaks against a number, as a question to whoever typed it; nothing when it looks right.

    Args:
        readings: of the car, those that were taken back too.
        odometer_km: as typed; anything but a number of an odometer is no reading.
        read_at: ms since 1970.
        field: of the form.
        besides: an order whose own reading is corrected now.
    """
    others = (one for one in readings if besides is None or one.values.get("visit_id") != besides)
    known = (reading_of(one.id, one.values) for one in others)
    served = judge_odometer(one for one in known if one is not None and one.read_at <= read_at).served
    if not isinstance(odometer_km, int) or not _FIELD.fits(odometer_km):
        return []
    doubt = _first_doubt(odometer_km) if served is None else _doubt(served, odometer_km, read_at)
    if doubt is None:
        return []
    said = [doubt.value, *([] if served is None else [f"It showed {served.odometer_km} km."])]
    then = "Read it again. If it is right, tick that it was read again."
    return [Problem(field, ProblemCode.READ_AGAIN, " ".join(said), then, is_confirmable=True)]


class _Doubt(StrEnum):
    """What may be wrong, as it is said."""

    LESS = "This is less than the odometer showed before."
    FURTHER = "This is further than a car drives in that time."
    TENFOLD = "This is about ten times what the odometer showed before."
    LATE = "Few cars ever run that far, and no reading of this one is on file."


def _first_doubt(odometer_km: int) -> _Doubt | None:
    return _Doubt.LATE if odometer_km > FIRST_READING_KM_MAX else None


def _doubt(served: Reading, odometer_km: int, read_at: int) -> _Doubt | None:
    flags = flags_of(served, odometer_km, read_at)
    if flags:
        return _Doubt.LESS if ReadingFlag.BELOW_EARLIER in flags else _Doubt.FURTHER
    driven = odometer_km - served.odometer_km
    is_often = driven <= days_between(served.read_at, read_at) * ODOMETER_OFTEN_KM_PER_DAY_MAX
    return None if is_often or odometer_km < served.odometer_km * _SLIP else _Doubt.TENFOLD
