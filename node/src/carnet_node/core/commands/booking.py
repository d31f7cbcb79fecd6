"""When a car can be booked in: hours and capacity of a day, and what stands in the way of a slot.

Decides what can be booked on a day, whether two appointments are in each other's way, and which slots are free. Does
not decide what an appointment says, nor its states (`commands.appointments`).

Rules
1. The hours of a special day stand instead of those of its weekday; where several records speak of one day, the one
   made last counts. A day nobody speaks of, and one that closes no later than it opens, has no hours.
2. A slot is a half-open span: one may begin at the minute the other ends. Two that share a minute are in each other's
   way at one bay, and with one advisor. A slot without a bay or an advisor takes up none.
3. A day takes so many cars beginning within each slot of its raster, and so many minutes altogether; a bound that is
   not stated bounds nothing.
4. Nothing is booked in the past, nor beyond the hours of its day.
5. What was cancelled, or nobody came to, takes up nothing. What has come takes up its slot until its car leaves: then
   bay, advisor and its place in the raster are free, and its minutes of the day stay used.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final

from carnet_node.core.numbering import local_date, local_midnight
from carnet_node.core.refusals import Problem, ProblemCode
from carnet_node.core.shop_limits import SLOT_MINUTES_DEFAULT
from carnet_protocol.ids import RecordId

MINUTE_MS: Final = 60 * 1000
_DAY: Final = timedelta(1)

_ANOTHER: Final = "Choose another time, bay or advisor."


@dataclass(frozen=True, slots=True)
class HoursRecord:
    """What one record says can be booked.

    Attributes:
        record: its id; ids ascend in the order in which records are made.
        weekday: 1 to 7, Monday first; None for a special day.
        special_on: ISO text; None for a weekday.
        opens_minute, closes_minute: since midnight at the site.
    """

    record: RecordId
    weekday: int | None
    special_on: str | None
    opens_minute: int
    closes_minute: int
    slot_minutes: int = SLOT_MINUTES_DEFAULT
    cars_per_slot_max: int | None = None
    minutes_per_day_max: int | None = None


@dataclass(frozen=True, slots=True)
class DayHours:
    """What can be booked on one day.

    Attributes:
        opens_ms, closes_ms: ms since 1970.
    """

    opens_ms: int
    closes_ms: int
    slot_ms: int
    cars_per_slot_max: int | None
    minutes_per_day_max: int | None


@dataclass(frozen=True, slots=True)
class Slot:
    """When, how long, where and with whom.

    Attributes:
        starts_ms: ms since 1970.
        minutes: 5 and more.
        bay, advisor: codes; empty for none.
        appointment: whose slot it is; None for one that is only looked for.
        has_left: its car came and has left (rule 5).
    """

    starts_ms: int
    minutes: int
    bay: str = ""
    advisor: str = ""
    appointment: RecordId | None = None
    has_left: bool = False

    @property
    def ends_ms(self) -> int:
        """The first moment behind it."""
        return self.starts_ms + self.minutes * MINUTE_MS


def hours_on(day: date, records: Iterable[HoursRecord], utc_offset_minutes: int) -> DayHours | None:
    """What can be booked on a day of the site (rule 1); None for nothing.

    Args:
        utc_offset_minutes: of the site.
    """
    speaking = [one for one in records if one.special_on == day.isoformat() or one.weekday == day.isoweekday()]
    one = max(speaking, key=lambda said: (said.special_on is not None, said.record), default=None)
    if one is None or one.closes_minute <= one.opens_minute:
        return None
    midnight_ms = local_midnight(day, utc_offset_minutes)
    return DayHours(
        midnight_ms + one.opens_minute * MINUTE_MS,
        midnight_ms + one.closes_minute * MINUTE_MS,
        one.slot_minutes * MINUTE_MS,
        one.cars_per_slot_max,
        one.minutes_per_day_max,
    )


def slot_problems(
    wanted: Slot, taken: Sequence[Slot], hours: DayHours | None, *, now_ms: int, field: str = "starts_at"
) -> list[Problem]:
    """What stands in the way of a slot; nothing when it can be booked.

    Args:
        taken: slots that take something up on its day, without its own former one.
        hours: of its day.
        now_ms: ms since 1970.
        field: of the form, for when it begins.
    """
    if wanted.starts_ms < now_ms:
        what = "This time has passed."
        return [Problem(field, ProblemCode.BAD_ORDER, what, "Choose a time to come; whoever is here is checked in.")]
    if hours is None or wanted.starts_ms < hours.opens_ms or wanted.ends_ms > hours.closes_ms:
        what = "Nothing can be booked at this time: it is outside the hours of the day."
        return [Problem(field, ProblemCode.BAD_VALUE, what, "Choose another time, or change the hours of the day.")]
    return [*_overlaps(wanted, taken), *_over_capacity(wanted, taken, hours, field)]


def free_slots(
    day: date,
    taken: Sequence[Slot],
    records: Iterable[HoursRecord],
    wanted: Slot,
    *,
    now_ms: int,
    utc_offset_minutes: int,
) -> Iterator[Slot]:
    """The slots of a day's raster that can be booked, earliest first.

    Args:
        taken: as of `slot_problems`.
        wanted: how long, where and with whom; when it begins is what is looked for.
    """
    hours = hours_on(day, records, utc_offset_minutes)
    if hours is None:
        return
    for starts_ms in range(hours.opens_ms, hours.closes_ms, hours.slot_ms):
        slot = Slot(starts_ms, wanted.minutes, wanted.bay, wanted.advisor)
        if not slot_problems(slot, taken, hours, now_ms=now_ms):
            yield slot


def day_of_slot(slot: Slot, utc_offset_minutes: int) -> date:
    """The day of the site on which a slot begins."""
    return local_date(slot.starts_ms, utc_offset_minutes)


def day_span(day: date, utc_offset_minutes: int) -> tuple[int, int]:
    """First moment of a day of the site, and the first one behind it."""
    return local_midnight(day, utc_offset_minutes), local_midnight(day + _DAY, utc_offset_minutes)


def _overlaps(wanted: Slot, taken: Iterable[Slot]) -> list[Problem]:
    """Rule 2."""
    standing = [one for one in taken if not one.has_left]
    beside = [one for one in standing if one.starts_ms < wanted.ends_ms and wanted.starts_ms < one.ends_ms]
    at_bay = [one for one in beside if wanted.bay and one.bay == wanted.bay]
    with_advisor = [one for one in beside if wanted.advisor and one.advisor == wanted.advisor]
    found = []
    if at_bay:
        found.append(_in_the_way("bay_code", "The bay is booked at this time.", _ANOTHER, at_bay))
    if with_advisor:
        found.append(_in_the_way("advisor_code", "The advisor is booked at this time.", _ANOTHER, with_advisor))
    return found


def _in_the_way(field: str, what: str, advice: str, held: Sequence[Slot]) -> Problem:
    """A problem that names the appointments in the way."""
    records = tuple(one.appointment for one in held if one.appointment is not None)
    return Problem(field, ProblemCode.ALREADY_THERE, what, advice, records=records)


def _over_capacity(wanted: Slot, taken: Sequence[Slot], hours: DayHours, field: str) -> list[Problem]:
    """Rule 3."""
    found = []
    place = (wanted.starts_ms - hours.opens_ms) // hours.slot_ms
    standing = [one for one in taken if not one.has_left]
    cars = [one for one in standing if (one.starts_ms - hours.opens_ms) // hours.slot_ms == place]
    if hours.cars_per_slot_max is not None and len(cars) >= hours.cars_per_slot_max:
        what = "As many cars as the site takes in are expected in this slot."
        found.append(_in_the_way(field, what, "Choose another slot.", cars))
    minutes = wanted.minutes + sum(one.minutes for one in taken)
    if hours.minutes_per_day_max is not None and minutes > hours.minutes_per_day_max:
        what = "The day is booked out."
        found.append(Problem(field, ProblemCode.ALREADY_THERE, what, "Choose another day."))
    return found
