"""Commands on staff: somebody starts, changes their role or name, leaves, comes back.

Decides what a staff record needs. Numbers are folded to one spelling, because they are typed at every login and stand
on every order. Who is left is never deleted: their number explains old orders. That one administrator remains, and what
moves to a colleague, is decided in `core.staff`, which can see everybody.
"""

import re
from typing import Final

from carnet_node.core.commands.cleaning import clean_code, clean_values, whole_characters
from carnet_node.core.commands.customers import Values
from carnet_node.core.commands.drafting import Drafts, NewId, Read, checked_values, draft_edit, draft_new, missing
from carnet_node.core.desk_limits import STAFF_NO_CHARS_MAX
from carnet_node.core.refusals import Problem, ProblemCode, refuse, refuse_if_any
from carnet_protocol.kinds import STAFF

_NUMBER: Final = re.compile(rf"[0-9A-Z][0-9A-Z._-]{{0,{STAFF_NO_CHARS_MAX - 1}}}", re.ASCII)
_NEEDED: Final = {
    "staff_no": "A member of staff has a number.",
    "full_name": "A member of staff has a name.",
    "role": "A member of staff has a role.",
}


def folded_staff_no(typed: str) -> str:
    """A staff number in one spelling: half width, upper case, no spaces."""
    return "".join((clean_code(whole_characters(typed)) or "").upper().split())


def add_staff(values: Values, new_id: NewId) -> Drafts:
    """Somebody starts to work here.

    Raises:
        CommandRefused: no number, name or role, or one that is none.
    """
    number = values.get("staff_no")
    folded = {**values, "staff_no": folded_staff_no(number) if isinstance(number, str) else number}
    cleaned, problems = clean_values(STAFF, folded)
    problems += [missing(name, what) for name, what in _NEEDED.items() if not cleaned.get(name)]
    staff_no = cleaned.get("staff_no")
    if isinstance(staff_no, str) and not _NUMBER.fullmatch(staff_no):
        what = f"A staff number has 1 to {STAFF_NO_CHARS_MAX} letters and digits."
        problems.append(Problem("staff_no", ProblemCode.BAD_VALUE, what, "Choose a short number, such as A07."))
    refuse_if_any(problems)
    return (draft_new(STAFF, new_id(), {**cleaned, "state": "active"}),)


def edit_staff(read: Read, changes: Values) -> Drafts:
    """Another name or role; the number stays, because old orders name it.

    Raises:
        CommandRefused: a number, a state, or a value that is none.
    """
    cleaned, problems = clean_values(STAFF, changes)
    for name in cleaned.keys() & {"staff_no", "state"}:
        if cleaned[name] != read.values.get(name):
            problems.append(Problem(name, ProblemCode.LOCKED, "This is not changed here.", "Leave it as it is."))
    for name in ("full_name", "role"):
        if name in cleaned and not cleaned[name]:
            problems.append(missing(name, _NEEDED[name]))
    refuse_if_any(problems)
    draft = draft_edit(STAFF, read, cleaned)
    return () if draft is None else (draft,)


def leave_staff(read: Read) -> Drafts:
    """Somebody stops working here.

    Raises:
        CommandRefused: they left before.
    """
    if read.values.get("state") == "left":
        raise refuse("state", ProblemCode.ALREADY_THERE, "This person left before.", "Nothing.")
    return _to_state(read, "left")


def return_staff(read: Read) -> Drafts:
    """Somebody who left works here again, under the same number.

    Raises:
        CommandRefused: they never left.
    """
    if read.values.get("state") == "active":
        raise refuse("state", ProblemCode.ALREADY_THERE, "This person works here.", "Nothing.")
    return _to_state(read, "active")


def _to_state(read: Read, state: str) -> Drafts:
    draft = draft_edit(STAFF, read, checked_values(STAFF, {"state": state}))
    return () if draft is None else (draft,)
