"""Who is expected at the furnished site: hours, bays, a stage of its own, and calls with and without a slot."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

from carnet_node.core.commands.appointments import DayBook, note_appointment
from carnet_node.core.commands.arranging import arrange
from carnet_node.core.commands.booking import MINUTE_MS, HoursRecord, hours_on
from carnet_node.core.node import Node
from carnet_node.core.numbering import local_midnight, site_day
from carnet_node.core.saving.desk import save
from carnet_protocol.ids import RecordId, record_text
from carnet_protocol.kinds import BAY, BOARD_STAGE, BOOKING_HOURS
from carnet_protocol.registry import Value

WEEKDAYS = range(1, 8)
BAYS = {"B1": "举升机", "B2": "钣金"}
STAGES = {"queue": "waiting", "lift": "in_work", "wait": "on_hold", "ready": "finished"}


@dataclass(frozen=True)
class Call:
    """One appointment of today.

    Attributes:
        said: by the caller.
        minute: since midnight at which its slot begins; None for a call that waits for one.
        reminded: minutes before it that somebody is to be reminded; None for nobody.
    """

    said: dict[str, Value]
    minute: int | None = None
    planned_minutes: int = 60
    bay: str = "B1"
    advisor: str = ""
    reminded: int | None = None


CALLS = (
    Call(
        {"plate_no": "津A12345", "caller_phone": "13800138000", "wish": "刹车异响"}, 9 * 60, advisor="A07", reminded=60
    ),
    Call({"caller_phone": "13900002222", "caller_name": "王小明"}, 9 * 60, 90, "B2"),
    Call({"caller_phone": "13900003333", "wish": "更换制动片"}),
)


def a_day(node: Node, calls: Sequence[Call] = CALLS, *, opens: int = 0, closes: int = 24 * 60) -> dict[str, str]:
    """Arrange the site's day and note the calls; screens of the first one and of its day.

    Args:
        opens, closes: minutes since midnight, on every day.
    """
    for weekday in WEEKDAYS:
        hours: dict[str, Value] = {"weekday": weekday, "opens_minute": opens, "closes_minute": closes}
        save(node, partial(arrange, BOOKING_HOURS, hours | {"slot_minutes": 60}))
    for place, (code, name) in enumerate(BAYS.items()):
        save(node, partial(arrange, BAY, {"bay_code": code, "bay_name": name, "place_no": place}))
    noted = [_noted(node, one, opens, closes) for one in calls]
    first, day = f"/appointments/{record_text(noted[0])}", site_day(node).isoformat()
    return {
        "appointment": first,
        "appointment-edit": f"{first}/edit",
        "day": f"/appointments/on/{day}",
        "day-advisors": f"/appointments/on/{day}/advisors",
    }


def own_stages(node: Node, names: Sequence[str]) -> None:
    """Stages of the site's own, by these names in their order."""
    for place, ((code, sense), name) in enumerate(zip(STAGES.items(), names, strict=True)):
        values: dict[str, Value] = {"stage": code, "stage_name": name, "stage_sense": sense, "place_no": place}
        save(node, partial(arrange, BOARD_STAGE, values))


def _noted(node: Node, call: Call, opens: int, closes: int) -> RecordId:
    """Noted when the day began, so that a slot of this morning could still be booked."""
    day, offset = site_day(node), node.settings.utc_offset_minutes
    midnight_ms = local_midnight(day, offset)
    speaking = HoursRecord(RecordId(bytes(16)), day.isoweekday(), None, opens, closes)
    book = DayBook((), hours_on(day, (speaking,), offset), midnight_ms)
    values = dict(call.said)
    if call.minute is not None:
        starts_ms = midnight_ms + call.minute * MINUTE_MS
        values |= {"starts_at": starts_ms, "planned_minutes": call.planned_minutes, "bay_code": call.bay}
        values |= {"advisor_code": call.advisor or None}
        if call.reminded is not None:
            values["remind_at"] = starts_ms - call.reminded * MINUTE_MS
    return save(node, lambda new_id: note_appointment(values, book, new_id)).records[0]
