"""What the desk answers when something cannot be saved as it was entered.

Decides the form of a refusal: every problem at once, each with the field it belongs to, what happened and what to do
next. Nothing is ever saved in part. The text names rules and fields, never what somebody typed: it may end up in a log.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final, TypeVar

from carnet_protocol.errors import Refused
from carnet_protocol.ids import RecordId
from carnet_protocol.reasons import Reason

Made = TypeVar("Made")

NOTHING_SAVED: Final = "Nothing was saved; what you entered is still on the screen."
"""What is safe, for every refusal of the desk."""


class ProblemCode(StrEnum):
    """What kind of mistake; screens translate by this."""

    MISSING = "missing"
    BAD_VALUE = "bad-value"
    BAD_VIN = "bad-vin"
    BAD_DATE = "bad-date"
    BAD_PHONE = "bad-phone"
    BAD_ORDER = "bad-order"
    UNKNOWN_FIELD = "unknown-field"
    ILLEGAL_STEP = "illegal-step"
    LOCKED = "locked"
    FOREIGN = "foreign"
    NOT_FOUND = "not-found"
    ALREADY_THERE = "already-there"
    NO_CHANGE = "no-change"
    CHANGED = "changed"
    NEWER_VERSION = "newer-version"
    READ_AGAIN = "read-again"
    ON_FILE = "on-file"
    NOT_ALLOWED = "not-allowed"
    WRONG_LOGIN = "wrong-login"
    WAIT = "wait"
    WEAK_PASSWORD = "weak-password"


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing to correct.

    Attributes:
        field: registry name, with the place in a list before it where there is one (`phones[1].number`).
        what: what is wrong.
        next: what to do about it.
        suggestion: the text that was probably meant; None where nobody can know.
        bounds: least and greatest number, in the unit of the field; None where no bound was missed.
        records: on file, that may be meant: whoever entered it says of each whether it is the same; or that are in the
            way of a slot.
        is_confirmable: the value may stand as it is, when somebody says that they have compared or read it again.
    """

    field: str
    code: ProblemCode
    what: str
    next: str
    suggestion: str | None = None
    bounds: tuple[int, int] | None = None
    records: tuple[RecordId, ...] = ()
    is_confirmable: bool = False


class CommandRefused(Refused):
    """A command that cannot be saved. Nothing was changed.

    Attributes:
        problems: at least one, in the order of the form.
        safe: what the person need not worry about.
    """

    def __init__(self, problems: Iterable[Problem], reason: Reason = Reason.BAD_FIELD) -> None:
        self.problems = tuple(problems)
        self.safe = NOTHING_SAVED
        super().__init__(reason, ", ".join(f"{one.field} {one.code}" for one in self.problems))


def refuse(
    field: str, code: ProblemCode, what: str, next_step: str, reason: Reason = Reason.BAD_FIELD
) -> CommandRefused:
    """A refusal with one problem."""
    return CommandRefused((Problem(field, code, what, next_step),), reason)


def refuse_if_any(problems: Iterable[Problem]) -> None:
    """Refuse when there is at least one problem.

    Raises:
        CommandRefused: with all of them.
    """
    found = tuple(problems)
    if found:
        raise CommandRefused(found)


def refuse_together(known: Sequence[Problem], work: Callable[[], Made]) -> Made:
    """What a work makes; with problems that are known before it, those and its own at once.

    Args:
        known: found already. What the work says about a field that has one is left out: it was not told what is there.
        work: of everything else; whoever calls takes back what it has changed when this refuses.

    Raises:
        CommandRefused: there is at least one problem.
    """
    try:
        made = work()
    except CommandRefused as refused:
        told = {one.field for one in known}
        reason = Reason.BAD_FIELD if known else refused.reason
        raise CommandRefused([*known, *(one for one in refused.problems if one.field not in told)], reason) from refused
    refuse_if_any(known)
    return made
