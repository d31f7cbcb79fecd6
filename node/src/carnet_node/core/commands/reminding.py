"""Commands on care: somebody was reminded and this came of it; until when a car is insured and inspected.

Decides what a reminder has to say, and that nobody is called who must not be. On which day what is due is `due_list`.
"""

from dataclasses import dataclass
from typing import Final

from carnet_node.core.commands.cleaning import clean_values
from carnet_node.core.commands.customers import Values
from carnet_node.core.commands.drafting import Drafts, NewId, Read, draft_edit, draft_new, missing
from carnet_node.core.commands.due_list import Hold
from carnet_node.core.numbering import Today
from carnet_node.core.refusals import ProblemCode, refuse, refuse_if_any
from carnet_protocol.ids import RecordId
from carnet_protocol.kinds import CAR_DATES, REMINDER

_NEEDED: Final = {
    "occasion": "Say what the reminder was about.",
    "due_on": "Say which day it was about.",
    "channel": "Say how the customer was reminded.",
    "result": "Say what came of it; a call nobody answered counts too.",
}
_HELD: Final = {
    Hold.SILENT: "This customer is not to be contacted.",
    Hold.NO_CONSENT: "This customer has not agreed to be called about this.",
    Hold.DECLINED: "This customer does not want to be called about this.",
}


@dataclass(frozen=True, slots=True)
class NoteReminder:
    """Somebody was reminded of something.

    Attributes:
        values: occasion, due_on, channel and result of the registry, and the car if it is about one.
        hold: why this customer is left alone; None when they may be called.
        contacted_at: ms since 1970.
    """

    customer: RecordId
    values: Values
    hold: Hold | None
    contacted_at: int


def note_reminder(command: NoteReminder, new_id: NewId, today: Today | None = None) -> Drafts:
    """Note a reminder and what came of it.

    Args:
        today: at the site, by which days are judged; None where no day is known.

    Raises:
        CommandRefused: the customer must not be called, something is missing, or a value is none.
    """
    if command.hold is not None:
        raise refuse("customer_id", ProblemCode.LOCKED, _HELD[command.hold], "Leave them alone.")
    stated = {**command.values, "customer_id": command.customer, "contacted_at": command.contacted_at}
    cleaned, problems = clean_values(REMINDER, stated, today=today)
    told = {one.field for one in problems}
    problems += [missing(name, what) for name, what in _NEEDED.items() if not cleaned.get(name) and name not in told]
    refuse_if_any(problems)
    return (draft_new(REMINDER, new_id(), cleaned),)


def note_car_dates(link: Values, known: Read | None, values: Values, new_id: NewId, today: Today) -> Drafts:
    """Until when a customer's car is insured and inspected; nothing when nothing changes.

    Args:
        link: `vehicle_id` and `customer_id`.
        known: what is on file for the two.
        today: at the site, by which days are judged.

    Raises:
        CommandRefused: no day, or one that cannot be.
    """
    cleaned, problems = clean_values(CAR_DATES, values, today=today)
    if not cleaned:
        problems.append(missing("insurance_until_on", "Enter a day, or take one away."))
    refuse_if_any(problems)
    if known is None:
        return (draft_new(CAR_DATES, new_id(), {**link, **cleaned}),)
    draft = draft_edit(CAR_DATES, known, cleaned)
    return () if draft is None else (draft,)
