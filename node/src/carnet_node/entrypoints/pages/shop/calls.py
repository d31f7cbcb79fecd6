"""The forms of an appointment: from what is on file to texts, and back to what a command is told.

Decides which fields a call and a slot have, and what stands beside them: bays, advisors, free slots. A form for a new
appointment and one that changes an appointment have the same fields. What an appointment needs is decided in
`commands.appointments`.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import timedelta
from itertools import islice
from typing import Any, Final

from carnet_node.core.commands.booking import Slot
from carnet_node.core.node import Node
from carnet_node.core.numbering import local_date, site_day
from carnet_node.core.refusals import ProblemCode
from carnet_node.core.saving.appointments import free_slots_of
from carnet_node.core.saving.day_plan import Column, bays_within
from carnet_node.core.shop_limits import FREE_DAYS_SHOWN, FREE_SLOTS_SHOWN, SLOT_MINUTES_DEFAULT
from carnet_node.core.showing.record_view import RecordView, view_record
from carnet_node.core.staff.staff import list_staff
from carnet_node.core.staff.staff_list import is_working
from carnet_node.entrypoints.pages.customer_forms import text_of
from carnet_node.entrypoints.pages.formats import Clockface, phone_in_field
from carnet_node.entrypoints.pages.forms import FormState, Typed
from carnet_node.entrypoints.pages.phone_forms import doubted_phones
from carnet_node.entrypoints.pages.typed import Reader
from carnet_protocol.ids import RecordId
from carnet_protocol.kinds import APPOINTMENT
from carnet_protocol.registry import Value

SAID: Final = ("caller_phone", "caller_name", "plate_no", "wish", "wished_at", "channel")
SLOT: Final = ("starts_at", "planned_minutes", "bay_code", "advisor_code", "remind_at")
FIELDS: Final = (*SAID, *SLOT)
_MOMENTS: Final = frozenset({"wished_at", "starts_at", "remind_at"})
_ADVISOR: Final = "advisor"
_TAKEN: Final = ("starts_at", "bay_code", "advisor_code")
"""Fields about which a slot that is taken is refused."""


@dataclass(frozen=True, slots=True)
class FreeSlots:
    """What is told of other slots beside a form.

    Attributes:
        starts: the next free ones, as somebody would type them.
        after: the first free one behind a slot that was refused because it is taken; empty for a form that was not.
        held_by: the appointments that are in the way of it.
    """

    starts: tuple[str, ...]
    after: str = ""
    held_by: tuple[RecordView, ...] = ()


def values_of_form(typed: Typed, reader: Reader) -> dict[str, Value]:
    """What a form states of an appointment; an empty field states that there is nothing."""
    reader.problems += doubted_phones(typed, "caller_phone")
    return reader.values(APPOINTMENT, {name: typed.text(name) for name in FIELDS})


def texts_of(view: RecordView, clockface: Clockface) -> dict[str, str]:
    """What is on file, as the fields of the form."""
    said = {name: view.values.get(name) for name in FIELDS}
    texts = {name: clockface.moment(value) if name in _MOMENTS else text_of(value) for name, value in said.items()}
    texts["caller_phone"] = phone_in_field(said["caller_phone"])
    return {name: text for name, text in texts.items() if said[name] is not None}


def beside_form(node: Node, form: FormState, clockface: Clockface, moved: RecordId | None = None) -> Mapping[str, Any]:
    """What the fields of a slot are chosen from: bays, advisors, and the next slots that are free.

    Args:
        form: its minutes, bay and advisor say which slots are meant.
        moved: the appointment that the form changes, whose own slot is free for it; None for a new one.
    """
    taken = [one for name in _TAKEN for one in form.problems(name) if one.code is ProblemCode.ALREADY_THERE]
    named = dict.fromkeys(record for one in taken for record in one.records)
    with node.store.read() as tx:
        bays = bays_within(node, tx)
        held = [view_record(tx, node.identity, tx.record(APPOINTMENT, one)) for one in named]
    starts = islice(_free(node, form, clockface, moved), FREE_SLOTS_SHOWN)
    free = FreeSlots(
        tuple(clockface.moment(one) for one in starts),
        _free_after(node, form, clockface, moved) if taken else "",
        tuple(one for one in held if one is not None),
    )
    return {"bays": bays, "advisors": advisors_of(node), "free": free}


def advisors_of(node: Node) -> tuple[Column, ...]:
    """Everybody who works here as an advisor, by number; where nobody does, whoever works here takes the cars in."""
    working = [one.view.values for one in list_staff(node) if is_working(one.view) and one.view.values.get("staff_no")]
    advising = [one for one in working if one.get("role") == _ADVISOR]
    return tuple(Column(str(one["staff_no"]), str(one.get("full_name") or "")) for one in advising or working)


def _free(node: Node, form: FormState, clockface: Clockface, moved: RecordId | None) -> Iterator[int]:
    """When the next free slots begin, ms since 1970, from the day that is wished or booked."""
    minutes = form.text("planned_minutes")
    length = int(minutes) if minutes.isascii() and minutes.isdigit() and len(minutes) < len("10000") else 0
    wanted = Slot(0, length or SLOT_MINUTES_DEFAULT, form.text("bay_code"), form.text("advisor_code"))
    first = _first_day(node, form, clockface)
    for ahead in range(FREE_DAYS_SHOWN):
        yield from (one.starts_ms for one in free_slots_of(node, first + timedelta(days=ahead), wanted, moved))


def _free_after(node: Node, form: FormState, clockface: Clockface, moved: RecordId | None) -> str:
    """The first free slot behind the one that is typed, as somebody would type it; empty where there is none."""
    asked_ms = _moment_typed(form, "starts_at", clockface) or 0
    found = next((one for one in _free(node, form, clockface, moved) if one > asked_ms), None)
    return "" if found is None else clockface.moment(found)


def _first_day(node: Node, form: FormState, clockface: Clockface) -> Any:
    today = site_day(node)
    for name in ("starts_at", "wished_at"):
        asked_ms = _moment_typed(form, name, clockface)
        if asked_ms is not None:
            return max(today, local_date(asked_ms, node.settings.utc_offset_minutes))
    return today


def _moment_typed(form: FormState, name: str, clockface: Clockface) -> int | None:
    """A moment of the form, ms since 1970; None where nothing is asked for yet, or it is being mended."""
    try:
        return clockface.to_ms(form.text(name).replace(" ", "T"))
    except ValueError:
        return None
