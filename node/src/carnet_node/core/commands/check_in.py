"""What is agreed at check-in: the condition of the car, what the work may cost, when it is to be ready.

Decides how damage marks are written down and read back, when an estimate is plausible, and that a promised time is
never moved without a trace. The car outline is a drawing of 1,000 by 1,000; a mark is a kind of damage and a place on
it, and marks are one text, `scratch 120 450; dent 800 90`, so that paper, export and screen say the same. No mark means
nothing by itself: `is_walked_round` says whether somebody looked.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Final

from carnet_node.core.commands.cleaning import clean_code, clean_values
from carnet_node.core.commands.customers import Values
from carnet_node.core.commands.drafting import Drafts, NewId, Read, draft_new
from carnet_node.core.desk_limits import DAMAGE_MARKS_MAX, OUTLINE_PERMILLE
from carnet_node.core.refusals import Problem, ProblemCode, refuse_if_any
from carnet_protocol.changeset import Draft
from carnet_protocol.kinds import JOB, PROMISE_CHANGE
from carnet_protocol.registry import Value

DEFAULT_OUTLINE: Final = "car"
"""The drawing that marks are placed on when the form names no other."""

OTHER_REASON: Final = "other"

_SPOKEN: Final = {"reason": "promise_reason"}
"""What the form of an order calls a field of the change of its promise."""


class Damage(StrEnum):
    """Kinds of damage that are marked."""

    SCRATCH = "scratch"
    DENT = "dent"
    CRACK = "crack"
    CHIP = "chip"
    RUST = "rust"
    MISSING = "missing"
    OTHER = "other"


@dataclass(frozen=True, slots=True)
class DamageMark:
    """One damage on the outline; `x` and `y` from its upper left corner, 0 to 1,000."""

    damage: Damage
    x_permille: int
    y_permille: int


def marks_text(marks: Iterable[DamageMark]) -> str:
    """Marks as one text, in the order in which they were made."""
    return "; ".join(f"{one.damage.value} {one.x_permille} {one.y_permille}" for one in marks)


def read_marks(text: str) -> tuple[DamageMark, ...] | None:
    """The marks in a text; None when it is none of ours."""
    parts = [part.split() for part in text.split(";") if part.strip()]
    marks = [_mark(part) for part in parts]
    found = tuple(one for one in marks if one is not None)
    return found if len(found) == len(marks) <= DAMAGE_MARKS_MAX else None


def with_condition(values: Values) -> tuple[dict[str, Value], list[Problem]]:
    """The condition fields of a visit as they are stored, and their problems.

    Args:
        values: clean; may hold other fields of a visit.
    """
    stored, text = dict(values), values.get("damage_marks")
    if not isinstance(text, str):
        return stored, []
    marks = read_marks(clean_code(text) or "")
    if marks is None:
        what = f"Damage marks are a kind and a place on the outline each, at most {DAMAGE_MARKS_MAX}."
        return stored, [Problem("damage_marks", ProblemCode.BAD_VALUE, what, "Set the marks again on the outline.")]
    stored["damage_marks"] = marks_text(marks) or None
    if marks:
        stored.setdefault("damage_outline", DEFAULT_OUTLINE)
        stored["is_walked_round"] = True
    return stored, []


def with_estimate(values: Values, jobs: Sequence[Draft]) -> tuple[dict[str, Value], list[Problem]]:
    """The estimate of an order: as stated, else the sum of what the jobs that its customer pays are estimated at.

    Args:
        jobs: drafts of the order's jobs and lines.
    """
    stored = dict(values)
    paid = [draft.values for draft in jobs if draft.kind is JOB and draft.values.get("pay_type") == "customer"]
    estimates = [values.get("estimate_fen") for values in paid]
    known = [one for one in estimates if isinstance(one, int)]
    stated = stored.get("estimate_fen")
    if not known:
        return stored, []
    if not isinstance(stated, int):
        stored["estimate_fen"] = sum(known)
    elif stated < sum(known):
        what = "The estimate of the order is less than that of its jobs together."
        return stored, [Problem("estimate_fen", ProblemCode.BAD_VALUE, what, "Leave it empty to have it added up.")]
    return stored, []


def moved_promise(read: Read, changes: Values, reason: str, now_ms: int, new_id: NewId) -> Drafts:
    """The fact that the promised time of an order was moved; nothing when it was not, or is stated for the first time.

    Args:
        changes: clean.
        reason: one of the registry's codes.

    Raises:
        CommandRefused: another reason.
    """
    before = read.values.get("promised_at")
    after = changes.get("promised_at", before)
    if before is None or after == before:
        return ()
    values: dict[str, Value] = {
        "visit_id": read.record,
        "promised_before_at": before,
        "promised_at": after,
        "changed_at": now_ms,
        "reason": reason,
    }
    cleaned, problems = clean_values(PROMISE_CHANGE, values)
    refuse_if_any(replace(one, field=_SPOKEN.get(one.field, one.field)) for one in problems)
    return (draft_new(PROMISE_CHANGE, new_id(), cleaned),)


def _mark(part: Sequence[str]) -> DamageMark | None:
    match part:
        case [damage, x, y] if damage in set(Damage) and x.isdecimal() and y.isdecimal():
            places = int(x[:5]), int(y[:5])
            return DamageMark(Damage(damage), *places) if max(places) <= OUTLINE_PERMILLE else None
    return None
