"""Whose car it is: the present owner, and whom it was sold to when it was new; one rule for hub and desk.

Decides from the ties between a car and customers, in any order. Does not decide which customers are one person (the
master), which of their records a reader holds, nor how long a first owner is kept: `retention` asks who may have been
first, this module names one.

Rules
1. Ties of one role are weighed together. Whoever tells owners passes those of the role `OWNER`: a driver and a payer
   are told nothing about a car that is not theirs.
2. A tie that has ended, or has not begun, is nobody's present; it stands from its first day to its last. Of the others
   the one that began last counts: whoever sold the car may never have said so.
3. The first-sale owner is the tie that began first. Each tie is a record of its own whose car, customer and role are
   said once and for ever, so no later owner takes that place.
4. A tie without a first day began on the day on which it was first written down. Of those that began on one day the one
   written first began first, and of those written at one moment the one with the lower id.
5. The present owner stays the present owner where a reader does not hold their record: nobody else takes the place.
"""

from collections.abc import Iterable
from datetime import date
from typing import Final, Protocol, TypeVar

from carnet_protocol.legal_days import legal_day

OWNER: Final = "owner"
"""The role of a tie whose customer owns the car."""


class Tie(Protocol):
    """Somebody holds, or held, a car in one role, as far as these rules ask."""

    @property
    def record(self) -> bytes:
        """Its id."""

    @property
    def from_on(self) -> str:
        """First day as ISO text; empty where nothing is said."""

    @property
    def to_on(self) -> str:
        """Last day as ISO text; empty where nothing is said."""

    @property
    def written_ms(self) -> int:
        """When it was first written, see `state.first_written_ms`."""


AnyTie = TypeVar("AnyTie", bound=Tie)


def present_holder(ties: Iterable[AnyTie], today: date) -> AnyTie | None:
    """Rules 2 and 4; None when nobody is known.

    Args:
        ties: of one car and one role, in any order.
        today: where the question is asked.
    """
    return max((one for one in ties if is_present(one, today)), key=_place, default=None)


def first_holder(ties: Iterable[AnyTie]) -> AnyTie | None:
    """Rules 3 and 4; None when nobody is known.

    Args:
        ties: of one car and one role, in any order.
    """
    return min(ties, key=_place, default=None)


def is_present(tie: Tie, today: date) -> bool:
    """Whether a tie has begun and has not ended."""
    day = today.isoformat()
    return tie.from_on <= day and (tie.to_on or day) >= day


def _place(tie: Tie) -> tuple[str, int, bytes]:
    """Rule 4, the tie that began first before all others."""
    return tie.from_on or legal_day(tie.written_ms).isoformat(), tie.written_ms, tie.record
