"""How far a car has gone: the served reading, and which readings look wrong.

Decides the served odometer: the greatest reading since the last `odometer_replaced` fact, that fact's own reading
included. It is a function of the readings, never a field that could be overwritten. A reading below an earlier one, or
further above it than a car can drive in that time, is kept and flagged.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum

from carnet_node.core.limits import ODOMETER_KM_PER_DAY_MAX
from carnet_protocol.ids import RecordId
from carnet_protocol.registry import Value

_DAY_MS = 24 * 3600 * 1000


class ReadingFlag(StrEnum):
    """Why somebody should look at a reading."""

    BELOW_EARLIER = "below an earlier reading"
    IMPLAUSIBLE_JUMP = "further than a car drives in that time"


@dataclass(frozen=True, slots=True)
class Reading:
    """One reading.

    Attributes:
        odometer_km: 0 to 9,999,999.
        read_at: ms since 1970.
        is_new_instrument: the odometer was replaced at this moment.
    """

    record: RecordId
    odometer_km: int
    read_at: int
    is_new_instrument: bool
    flags: tuple[ReadingFlag, ...] = ()


@dataclass(frozen=True, slots=True)
class Odometer:
    """All readings by time, and the one that counts; None without any."""

    served: Reading | None
    readings: tuple[Reading, ...]

    @property
    def is_flagged(self) -> bool:
        """Whether any reading looks wrong."""
        return any(reading.flags for reading in self.readings)


def reading_of(record: RecordId, values: Mapping[str, Value]) -> Reading | None:
    """A reading from the values of its record; None when it was retracted or holds no number."""
    odometer_km, read_at = values.get("odometer_km"), values.get("read_at")
    if values.get("retracted") or not isinstance(odometer_km, int) or not isinstance(read_at, int):
        return None
    return Reading(record, odometer_km, read_at, values.get("source") == "odometer_replaced")


def judge_odometer(readings: Iterable[Reading]) -> Odometer:
    """The served odometer and every reading with its flags, by time."""
    ordered = sorted(readings, key=lambda one: (one.read_at, not one.is_new_instrument, one.odometer_km, one.record))
    judged: list[Reading] = []
    served: Reading | None = None
    for reading in ordered:
        is_first = served is None or reading.is_new_instrument
        flags = () if served is None or is_first else flags_of(served, reading.odometer_km, reading.read_at)
        one = Reading(reading.record, reading.odometer_km, reading.read_at, reading.is_new_instrument, flags)
        judged.append(one)
        if served is None or one.is_new_instrument or one.odometer_km >= served.odometer_km:
            served = one
    return Odometer(served, tuple(judged))


def flags_of(highest: Reading, odometer_km: int, read_at: int) -> tuple[ReadingFlag, ...]:
    """Why somebody should look at a number.

    Args:
        highest: the reading that is served before it.
        read_at: ms since 1970.
    """
    driven = odometer_km - highest.odometer_km
    if driven < 0:
        return (ReadingFlag.BELOW_EARLIER,)
    is_jump = driven > days_between(highest.read_at, read_at) * ODOMETER_KM_PER_DAY_MAX
    return (ReadingFlag.IMPLAUSIBLE_JUMP,) if is_jump else ()


def days_between(from_ms: int, to_ms: int) -> int:
    """Days that were begun between two moments, at least one."""
    return max(1, -(-(to_ms - from_ms) // _DAY_MS))
