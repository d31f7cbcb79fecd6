"""A bill as a person states it: what was seen, what is let off, and who pays which part, before it adds up.

Decides how stated shares become fen beside the totals that were seen, where what is wrong with one stands, and what a
correction takes over from the order that it corrects. Whether it adds up is `settling`; how a page or a command line
spells it is theirs.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

from carnet_node.core.commands.customers import Values
from carnet_node.core.commands.drafting import Drafts
from carnet_node.core.commands.settling import (
    Settling,
    Share,
    StatedShare,
    shares_of,
    split_fen,
    stated_fen,
    usual_settling,
)
from carnet_node.core.refusals import CommandRefused, Problem
from carnet_protocol.ids import RecordId
from carnet_protocol.kinds import PAY_TYPES

_WHOLE: Final = 10_000
"""A hundred percent, in hundredths of one."""

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


def carried_bill(
    seen: Mapping[str, int],
    credit: Mapping[str, int],
    settled: Values,
    paid: Sequence[Share],
    customer: RecordId | None,
) -> StatedBill:
    """The bill of a correction as the order that it corrects was settled: the same discount, the same payers.

    What was let off stays let off, as far as the lines still cost as much. What is due is paid in the same proportion,
    by the largest payer as the rest; where nobody paid for a pay type before, the usual payer does.

    Args:
        seen, credit: in fen by pay type.
        settled: the settlement of the corrected order.
        paid: its shares, as they were stated.
        customer: of the order.
    """
    discount = {name: min(stated_fen(settled, f"{name}_discount_fen"), seen.get(name, 0)) for name in PAY_TYPES}
    reason = str(settled.get("discount_reason") or "") if any(discount.values()) else ""
    usual = {one.pay_type: one for one in usual_settling(dict.fromkeys(PAY_TYPES, 1), {}, customer).shares}
    kept: list[tuple[Share, int | None]] = []
    for name in PAY_TYPES:
        due = seen.get(name, 0) - discount[name] - credit.get(name, 0)
        if due or discount[name]:
            payers = [one for one in paid if one.pay_type == name] or [usual[name]]
            kept += _in_proportion(payers, is_due=due != 0)
    stated = (StatedShare(share, None, part, place) for place, (share, part) in enumerate(kept))
    return StatedBill(Settling(seen, (), discount, reason, credit), tuple(stated))


def _in_proportion(payers: Sequence[Share], *, is_due: bool) -> list[tuple[Share, int | None]]:
    """Who pays which part, in hundredths of a percent, as before: None for the largest, who pays the rest.

    Where nothing is due the largest one stands alone.
    """
    parts = split_fen(_WHOLE, [abs(one.fen) for one in payers])
    rest = parts.index(max(parts))
    others = {row: part for row, part in enumerate(parts) if row != rest and part and is_due}
    return [(share, others.get(row)) for row, share in enumerate(payers) if row == rest or row in others]


def _at_place(problem: Problem, places: tuple[int, ...]) -> Problem:
    """A problem of a share at the place where it was stated."""
    return replace(problem, field=_ROW.sub(lambda found: f"shares[{places[int(found[1])]}]", problem.field))
