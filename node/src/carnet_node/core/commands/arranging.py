"""Commands on how a site arranges its day: bays, hours that can be booked, stages of the board.

Decides what each of them needs. What a record is about (a code, a weekday, a special day) is said once; a bay or stage
that is used no more is marked so and never deleted, because old appointments and orders name it.
"""

from typing import Final

from carnet_node.core.commands.cleaning import clean_values
from carnet_node.core.commands.customers import Values
from carnet_node.core.commands.drafting import Drafts, NewId, Read, draft_edit, draft_new, missing
from carnet_node.core.numbering import Today
from carnet_node.core.refusals import Problem, ProblemCode, refuse_if_any
from carnet_protocol.kinds import BAY, BOARD_STAGE, BOOKING_HOURS
from carnet_protocol.registry import Kind, Resolver

ARRANGED: Final = {kind.name: kind for kind in (BAY, BOOKING_HOURS, BOARD_STAGE)}
"""Kinds of this module by name."""

_NEEDED: Final = {
    BAY.name: (("bay_code", "A bay has a code."),),
    BOARD_STAGE.name: (("stage", "A stage has a code."), ("stage_sense", "Say what the stage means.")),
    BOOKING_HOURS.name: (),
}
_IN_USE: Final = frozenset({BAY.name, BOARD_STAGE.name})


def arrange(kind: Kind, values: Values, new_id: NewId, today: Today | None = None) -> Drafts:
    """A new bay, stage, or set of hours.

    Args:
        kind: one of `ARRANGED`.
        today: at the site, by which days are judged; None where no day is known.

    Raises:
        CommandRefused: something is missing, or a value is none; with every problem.
    """
    cleaned, problems = clean_values(kind, values, today=today)
    refuse_if_any(problems + _problems(kind, cleaned))
    made = {"is_in_use": True, **cleaned} if kind.name in _IN_USE else cleaned
    return (draft_new(kind, new_id(), made),)


def rearrange(kind: Kind, read: Read, changes: Values, today: Today | None = None) -> Drafts:
    """What changes of it; nothing when nothing does.

    Args:
        today: as of `arrange`.

    Raises:
        CommandRefused: what it is about would change, or see `arrange`.
    """
    cleaned, problems = clean_values(kind, changes, today=today)
    for name in cleaned:
        once = kind.register_of(name).resolver is Resolver.ONCE
        if once and cleaned[name] != read.values.get(name):
            problems.append(Problem(name, ProblemCode.LOCKED, "This is not changed here.", "Leave it as it is."))
    refuse_if_any(problems + _problems(kind, {**read.values, **cleaned}))
    draft = draft_edit(kind, read, cleaned)
    return () if draft is None else (draft,)


def _problems(kind: Kind, values: Values) -> list[Problem]:
    found = [missing(name, what) for name, what in _NEEDED[kind.name] if not values.get(name)]
    return [*found, *_hours_problems(values)] if kind is BOOKING_HOURS else found


def _hours_problems(values: Values) -> list[Problem]:
    weekday, special_on = values.get("weekday"), values.get("special_on")
    opens, closes = values.get("opens_minute"), values.get("closes_minute")
    found = []
    if (weekday is None) == (special_on is None):
        found.append(missing("weekday", "Hours are those of a weekday, or of one special day."))
    if (opens is None) != (closes is None):
        found.append(missing("opens_minute" if opens is None else "closes_minute", "Hours have two ends."))
    elif isinstance(opens, int) and isinstance(closes, int) and closes <= opens:
        what = "The day closes no later than it opens."
        found.append(Problem("closes_minute", ProblemCode.BAD_ORDER, what, "Leave both out on a closed day."))
    return found
