"""What attempts to tell an owner of a recall come to: the one rule that desk and hub both count by.

Decides which attempts have failed since the last contact, and how often an owner was told. Pure, and a function of the
set of facts: the order in which they arrive plays no part, nor does the day on which somebody asks. Does not decide
which attempts count at all (those that were taken back do not) nor after how many an owner is unreachable, which a
campaign may say.

Rules
1. An attempt failed when the letter came back, nobody answered or the number was wrong. An owner who was reached,
   whatever they said, is a contact. What failed before the last contact is forgotten.
2. An owner was told by what was sent and did not come back, and by being reached.
3. An attempt happened when it says, but never after it was written down (`state.happened_ms`): a clock that runs ahead
   must not put a failure behind every contact to come.
4. Two facts of the car are contacts too. A dealer had it in (`visits.car_in`), because whoever brought it can be told.
   Somebody was written down as its owner (`owners`), because what failed until then failed with somebody else or with
   what was known of them. Such a tie counts from when it was first written and not from its first day: nobody could
   try an owner of whom nothing was on file, and a day to come would make the count a matter of the calendar.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final, Protocol

POSTED: Final = "post"
SENT: Final = "sent"
RETURNED: Final = "returned"
FAILED: Final = frozenset({RETURNED, "no_answer", "wrong_number"})
REACHED: Final = frozenset({"reached", "refused"})
TRIES_DEFAULT: Final = 3
"""Failed attempts after which an owner is unreachable, where a campaign says nothing: two calls and a letter."""


class Tried(Protocol):
    """One attempt, as far as this rule asks."""

    @property
    def channel(self) -> str:
        """One of `kinds.CONTACT_CHANNELS`."""

    @property
    def result(self) -> str:
        """One of `kinds.CONTACT_RESULTS`."""

    @property
    def at_ms(self) -> int:
        """When it was made, ms since 1970."""


@dataclass(frozen=True, slots=True)
class Reach:
    """What the attempts of one owner come to.

    Attributes:
        failed_tries: since the last contact.
        told_count: how often the owner was told.
        returned_count: letters that came back.
    """

    failed_tries: int = 0
    told_count: int = 0
    returned_count: int = 0


NO_REACH: Final = Reach()
"""Nobody has tried."""


def weigh_attempts(attempts: Iterable[Tried], seen_ms: Iterable[int] = ()) -> Reach:
    """Rules 1 and 2, for one car in one campaign.

    Args:
        attempts: those that stand, in any order.
        seen_ms: rule 4, when dealers had the car in and when owners were written down.
    """
    made = list(attempts)
    last_contact = max([*(one.at_ms for one in made if one.result in REACHED), *seen_ms], default=-1)
    failed = sum(one.result in FAILED and one.at_ms > last_contact for one in made)
    posted = sum(one.channel == POSTED and one.result == SENT for one in made)
    returned = sum(one.channel == POSTED and one.result == RETURNED for one in made)
    sent = sum(one.channel != POSTED and one.result == SENT for one in made)
    reached = sum(one.result in REACHED for one in made)
    return Reach(failed, max(posted - returned, 0) + sent + reached, returned)
