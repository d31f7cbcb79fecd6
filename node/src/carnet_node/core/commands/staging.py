"""Commands on where a car in the shop stands: its stage on the board, and why it waits.

Decides which stages there are and what a hold needs. Stage, reason and moment are one register and are written as one.
Does not decide the order of the board (`board`) nor the states of an order (`visits`).

Rules
1. The stages are those that the site uses; a site that has arranged none has one for each sense.
2. A stage on hold has a reason, and no other stage has one.
3. Work that is done waits for nothing: a car on hold goes to the first stage of what done means. Any other stage that
   was said stays.
4. A customer's last answer ends a hold for it; so does a car that comes back to its order, unless it waits for
   somebody's word. Such a car stands again where its state says, to be put on.
5. A car that has left stands nowhere. Moving it to where it stands changes nothing, and its time there goes on.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from carnet_node.core.commands.cleaning import clean_values
from carnet_node.core.commands.drafting import Drafts, Read, draft_edit, missing
from carnet_node.core.refusals import Problem, ProblemCode, refuse, refuse_if_any
from carnet_protocol.kinds import STAGE_SENSES, VISIT
from carnet_protocol.registry import Value

ON_HOLD: Final = "on_hold"
CUSTOMER_APPROVAL: Final = "customer_approval"
_WORDS: Final = frozenset({CUSTOMER_APPROVAL, "claim_authorisation"})
"""Reasons for which a car waits until somebody says something, wherever it is meanwhile (rule 4)."""

ENDS_BY_RULE: Final = ("stage",)
"""What a hold that ends writes, whoever has put the car there since the order was read (rules 3 and 4)."""

IN_SHOP: Final = frozenset({"draft", "open", "completed", "settled"})
_FIRST_SENSE: Final = {"draft": "waiting", "open": "waiting", "completed": "finished", "settled": "finished"}


@dataclass(frozen=True, slots=True)
class Stage:
    """A column of the board.

    Attributes:
        code: as orders name it.
        name: as people read it; empty for one that nobody has named.
        sense: of the registry.
    """

    code: str
    name: str
    sense: str


DEFAULT_STAGES: Final = tuple(Stage(sense, "", sense) for sense in STAGE_SENSES)
"""Rule 1: of a site that has arranged none."""


def stages_of(records: Iterable[Mapping[str, Value]]) -> tuple[Stage, ...]:
    """The stages that a site uses, in their order.

    Args:
        records: shown values of `board_stage`, in the order in which they were made.
    """
    used = [one for one in records if one.get("is_in_use") and one.get("stage") and one.get("stage_sense")]
    placed = sorted(used, key=lambda one: _place(one.get("place_no")))
    found = {str(one["stage"]): one for one in placed}
    stages = (Stage(code, str(one.get("stage_name") or ""), str(one["stage_sense"])) for code, one in found.items())
    return tuple(stages) or DEFAULT_STAGES


def stage_of(visit: Mapping[str, Value], stages: Sequence[Stage]) -> Stage:
    """Where an order stands: as it says, else the first stage of what its state means.

    Args:
        stages: at least one.
    """
    code = visit.get("stage")
    said = next((one for one in stages if one.code == code), None) if code else None
    if said is not None:
        return said
    sense = _FIRST_SENSE.get(str(visit.get("status")))
    return next((one for one in stages if one.sense == sense), stages[0])


def stage_visit(read: Read, stage: str, hold_reason: str, stages: Sequence[Stage], now_ms: int) -> Drafts:
    """Move a car on the board; nothing when it stands there already for that reason.

    Args:
        hold_reason: of the registry; empty for none.
        stages: of the site.
        now_ms: ms since 1970.

    Raises:
        CommandRefused: the car has left, there is no such stage, or a hold without a reason or the other way round.
    """
    status = str(read.values.get("status"))
    if status not in IN_SHOP:
        what = f"The order is {status}; its car stands on no board."
        raise refuse("status", ProblemCode.LOCKED, what, "Look at the board again.")
    cleaned, problems = clean_values(VISIT, {"stage": stage or None, "hold_reason": hold_reason or None})
    refuse_if_any([*problems, *_stage_problems(cleaned, stages)])
    if all(cleaned[name] == read.values.get(name) for name in ("stage", "hold_reason")):
        return ()
    draft = draft_edit(VISIT, read, {**cleaned, "staged_at": now_ms})
    return () if draft is None else (draft,)


def off_hold(visit: Mapping[str, Value], at_ms: int) -> dict[str, Value]:
    """Rules 3 and 4: what ends a hold at a moment, ms since 1970; nothing without a hold.

    Only a car on hold has a reason for waiting. Without a stage of its own it stands where its state says (`stage_of`).
    """
    return {"stage": None, "hold_reason": None, "staged_at": at_ms} if visit.get("hold_reason") else {}


def resume_visit(read: Read, at_ms: int) -> Drafts:
    """Rule 4: the car has come back to its order, and its work can go on; nothing when it waits for somebody's word.

    Args:
        at_ms: ms since 1970.
    """
    if read.values.get("status") not in IN_SHOP or read.values.get("hold_reason") in _WORDS:
        return ()
    draft = draft_edit(VISIT, read, off_hold(read.values, at_ms))
    return () if draft is None else (draft,)


def _stage_problems(cleaned: Mapping[str, Value], stages: Sequence[Stage]) -> list[Problem]:
    found = next((one for one in stages if one.code == cleaned["stage"]), None)
    if found is None:
        what = "The board of this site has no such stage."
        return [Problem("stage", ProblemCode.NOT_FOUND, what, "Choose one of its stages.")]
    if found.sense == ON_HOLD and not cleaned["hold_reason"]:
        return [missing("hold_reason", "A car on hold waits for something; say for what.")]
    if found.sense != ON_HOLD and cleaned["hold_reason"]:
        what = "Only a car on hold has a reason for waiting."
        return [Problem("hold_reason", ProblemCode.BAD_VALUE, what, "Leave it out, or put the car on hold.")]
    return []


def _place(value: Value) -> tuple[bool, int]:
    """By number; what has none stands behind."""
    return (False, value) if isinstance(value, int) else (True, 0)
