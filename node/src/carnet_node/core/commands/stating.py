"""A bill as a person states it: what was seen, what is let off, and who pays which part, before it adds up.

Decides how stated shares become fen beside the totals that were seen, and where what is wrong with one stands. Whether
it adds up is `settling`; how a page or a command line spells it is theirs.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Final

from carnet_node.core.commands.drafting import Drafts
from carnet_node.core.commands.settling import Settling, StatedShare, shares_of, usual_settling
from carnet_node.core.refusals import CommandRefused, Problem
from carnet_protocol.ids import RecordId
from carnet_protocol.kinds import PAY_TYPES

_ROW: Final = re.compile(r"shares\[([0-9]+)\]")


@dataclass(frozen=True, slots=True)
class StatedBill:
    """What somebody states, before it is known to add up.

    Attributes:
        said: everything but the shares.
        stated: the shares; their places name what is wrong with them.
    """

    said: Settling
    stated: tuple[StatedShare, ...]

    def settle(self, take: Callable[[Settling], Drafts]) -> Drafts:
        """The drafts of a bill whose shares are known in fen.

        Raises:
            CommandRefused: as `take`, and what is wrong with a share at its own place.
        """
        due = {
            name: self.said.seen.get(name, 0) - self.said.discount.get(name, 0) - self.said.credit.get(name, 0)
            for name in PAY_TYPES
        }
        shares = shares_of(due, self.stated)
        try:
            return take(replace(self.said, shares=tuple(shares.values())))
        except CommandRefused as refused:
            problems = [_at_place(one, tuple(shares)) for one in refused.problems]
            raise CommandRefused(problems, refused.reason) from refused


def usual_shares(
    seen: Mapping[str, int], credit: Mapping[str, int], customer: RecordId | None
) -> tuple[StatedShare, ...]:
    """The usual payers, each of whom pays the rest of their pay type: whatever is let off, they pay what is left.

    Args:
        seen, credit: in fen by pay type.
        customer: of the order.
    """
    usual = usual_settling(seen, credit, customer).shares
    return tuple(StatedShare(one, None, None, place) for place, one in enumerate(usual))


def _at_place(problem: Problem, places: tuple[int, ...]) -> Problem:
    """A problem of a share at the place where it was stated."""
    return replace(problem, field=_ROW.sub(lambda found: f"shares[{places[int(found[1])]}]", problem.field))
