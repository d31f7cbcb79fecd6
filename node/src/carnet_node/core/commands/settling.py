"""What a bill comes to for each pay type, and who pays which part of it.

Decides whether a settlement adds up, and refuses one that does not; how an amount is split among payers to the last
fen. Does not decide what a line costs (`commands.lines`) nor when an order may be settled (`commands.visits`).

    gross      sum of the lines of the pay type, which must be the total that the person saw
    discount   0 to gross, with a reason
    credit     what the order that this one corrects had settled
    due        gross - discount - credit; below zero it is given back
    shares     add up to due, none of them the other way round

Rules
1. Money is whole fen, and all of it is integers: 0.1 + 0.2 is 0.3. A quantity is an exact decimal with two places, held
   as hundredths. The one place where something is rounded is quantity times price, half a fen up; then sums are exact.
2. Lines of a declined job count nothing. Lines without a job are the customer's.
3. A split by parts gives each payer the whole fen of their part; the fen left over go to the largest remainders, of
   equal ones to the payer named first.
4. A share is stated in fen, as a percentage of what is due, or not at all: one payer of a pay type pays the rest, and
   whose rest is nothing pays nothing.

    >>> split_fen(1_000, (1, 1, 1))
    (334, 333, 333)

Source: 会计基础工作规范 art. 52 (amounts are stated to the fen, finer ones only as unit prices); half a fen up is the
trade's 四舍五入.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Final

from carnet_node.core.commands.customers import Values
from carnet_node.core.commands.drafting import missing
from carnet_node.core.commands.lines import totals_of
from carnet_node.core.refusals import Problem, ProblemCode, refuse_if_any
from carnet_node.core.shop_limits import SHARES_MAX
from carnet_protocol.ids import RecordId
from carnet_protocol.kinds import PAY_TYPES

_MEASURED: Final = ("amount_fen", "price_fen", "rate_fen", "quantity_hundredths", "standard_hours", "actual_hours")
_USUAL: Final = {"customer": ("customer", ""), "warranty": ("maker", "claim"), "internal": ("own_site", "account")}
"""Who pays a pay type, and how, where nobody says otherwise; how a customer pays is not guessed."""

_WHOLE: Final = 10_000
"""A hundred percent, in hundredths of one."""

_LOOK_AGAIN: Final = "Look at the lines again; somebody may have changed them."


@dataclass(frozen=True, slots=True)
class Share:
    """One payer's part of what is due for a pay type.

    Attributes:
        fen: below zero for what is given back.
        payer_kind, method: of the registry; no method where nobody said how it was paid.
        customer: who pays, where it is a customer of this site.
    """

    pay_type: str
    fen: int
    payer_kind: str
    method: str
    customer: RecordId | None = None


@dataclass(frozen=True, slots=True)
class StatedShare:
    """One payer's part as a person states it (rule 4).

    Attributes:
        share: who pays, and how; its amount counts only where `fen` says so.
        fen: the amount; None where it is no amount.
        percent_hundredths: of what is due, 1 to 10,000; None where it is no percentage. With neither, the rest.
        place: in the form, for what is wrong with it.
    """

    share: Share
    fen: int | None
    percent_hundredths: int | None
    place: int


@dataclass(frozen=True, slots=True)
class Settling:
    """What a person states when a bill is settled; amounts in fen by pay type, what is not named is 0.

    Attributes:
        seen: the totals on the page.
        credit: what the corrected order had settled; empty for an order that corrects none.
    """

    seen: Mapping[str, int]
    shares: Sequence[Share]
    discount: Mapping[str, int] = field(default_factory=dict)
    discount_reason: str = ""
    credit: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class PayTypeSum:
    """What one pay type comes to, in fen."""

    gross_fen: int
    discount_fen: int
    credit_fen: int

    @property
    def due_fen(self) -> int:
        """What is to be paid; below zero what is given back."""
        return self.gross_fen - self.discount_fen - self.credit_fen


@dataclass(frozen=True, slots=True)
class Bill:
    """A settlement that adds up: the sum of each pay type, and who pays it."""

    sums: Mapping[str, PayTypeSum]
    shares: tuple[Share, ...]


def settle_bill(jobs: Mapping[RecordId, Values], lines: Sequence[Values], settling: Settling) -> Bill:
    """The bill of an order.

    Args:
        jobs: values by job id.
        lines: labour and part lines.

    Raises:
        CommandRefused: a total is not the sum of its lines, a line is below zero, a discount is too large or has no
            reason, or the shares do not add up; with every problem.
    """
    totals = totals_of(jobs, lines)
    gross = {name: totals[f"{name}_fen"] for name in PAY_TYPES}
    sums = {
        name: PayTypeSum(gross[name], settling.discount.get(name, 0), settling.credit.get(name, 0))
        for name in PAY_TYPES
    }
    refuse_if_any(
        [
            *_line_problems(lines),
            *_seen_problems(gross, settling.seen),
            *_discount_problems(sums, settling),
            *_share_problems(sums, settling.shares),
        ]
    )
    return Bill(sums, tuple(settling.shares))


def split_fen(fen: int, parts: Sequence[int]) -> tuple[int, ...]:
    """An amount split in proportion, to the last fen (rule 3).

    Args:
        fen: below zero for what is given back; split as the same amount above it.
        parts: at least one, none below zero, not all 0: percentages, or anything else in proportion.

    Returns: as many amounts as parts; they add up to `fen`.
    """
    whole, amount, sign = sum(parts), abs(fen), -1 if fen < 0 else 1
    shares = [amount * part // whole for part in parts]
    by_remainder = sorted(range(len(parts)), key=lambda place: (-(amount * parts[place] % whole), place))
    for place in by_remainder[: amount - sum(shares)]:
        shares[place] += 1
    return tuple(sign * share for share in shares)


def shares_of(due: Mapping[str, int], stated: Sequence[StatedShare]) -> dict[int, Share]:
    """The shares that a person stated, in fen (rules 3 and 4), by their place in the form and in its order.

    Args:
        due: in fen by pay type.

    Raises:
        CommandRefused: two payers of a pay type pay the rest, or percentages are none or come to more than all of it;
            each at its place in the form.
    """
    refuse_if_any(_stated_problems(stated))
    amounts: dict[int, int] = {}
    for name in PAY_TYPES:
        own = [one for one in stated if one.share.pay_type == name]
        parts = [one.percent_hundredths or 0 for one in own]
        split = split_fen(due.get(name, 0), (*parts, _WHOLE - sum(parts)))
        amounts |= {
            one.place: one.fen if one.fen is not None else fen for one, fen in zip(own, split[:-1], strict=True)
        }
        rest = due.get(name, 0) - sum(amounts[one.place] for one in own)
        amounts |= {one.place: rest for one in own if _is_rest(one)}
    kept = (one for one in stated if not _is_rest(one) or amounts.get(one.place) != 0)
    return {one.place: replace(one.share, fen=amounts.get(one.place, 0)) for one in kept}


def usual_settling(totals: Mapping[str, int], credit: Mapping[str, int], customer: RecordId | None) -> Settling:
    """A settlement without discounts in which each pay type is paid by whom it is named after.

    Args:
        totals, credit: in fen by pay type.
        customer: of the order.
    """
    due = {name: totals.get(name, 0) - credit.get(name, 0) for name in PAY_TYPES}
    shares = [
        Share(name, due[name], *_USUAL[name], customer if name == "customer" else None)
        for name in PAY_TYPES
        if due[name]
    ]
    return Settling(totals, shares, credit=credit)


def brought_fen(visit: Values, settlement: Values | None) -> dict[str, int]:
    """What an order had settled for each pay type, in fen: what an order that corrects it credits.

    A chain of corrections is credited once: each of them stands for all before it.

    Args:
        settlement: the one that stands; None for an order from before there were settlements.
    """
    if settlement is None:
        return {name: stated_fen(visit, f"{name}_fen") for name in PAY_TYPES}
    return {
        name: stated_fen(settlement, f"{name}_gross_fen") - stated_fen(settlement, f"{name}_discount_fen")
        for name in PAY_TYPES
    }


def _is_rest(one: StatedShare) -> bool:
    return one.fen is None and one.percent_hundredths is None


def _stated_problems(stated: Sequence[StatedShare]) -> list[Problem]:
    """What is wrong with percentages and rests."""
    found = [
        _at(one, "A percentage is more than nothing and at most 100.", "Correct it.")
        for one in stated
        if one.percent_hundredths is not None and not 0 < one.percent_hundredths <= _WHOLE
    ]
    for name in PAY_TYPES:
        own = [one for one in stated if one.share.pay_type == name]
        rests = [one for one in own if _is_rest(one)]
        found += [
            _at(one, "Two payers of one pay type pay the rest.", "Say what one of them pays.") for one in rests[1:]
        ]
        if not found and sum(one.percent_hundredths or 0 for one in own) > _WHOLE:
            found.append(_at(own[-1], "The percentages of this pay type come to more than 100.", "Correct them."))
    return found


def _at(one: StatedShare, what: str, then: str) -> Problem:
    return Problem(f"shares[{one.place}].share_fen", ProblemCode.BAD_VALUE, what, then)


def stated_fen(values: Values, name: str) -> int:
    """An amount of a record, in fen; 0 for one that it does not state."""
    value = values.get(name)
    return value if isinstance(value, int) else 0


def _line_problems(lines: Iterable[Values]) -> list[Problem]:
    """What no line may be: less than nothing."""
    return [
        Problem(name, ProblemCode.BAD_VALUE, "A line is below zero.", "Correct it; what is let off is a discount.")
        for line in lines
        for name in _MEASURED
        if isinstance(value := line.get(name), int) and value < 0
    ]


def _seen_problems(gross: Mapping[str, int], seen: Mapping[str, int]) -> list[Problem]:
    return [
        Problem(f"{name}_gross_fen", ProblemCode.CHANGED, "The total is not the sum of its lines.", _LOOK_AGAIN)
        for name in PAY_TYPES
        if seen.get(name, 0) != gross[name]
    ]


def _discount_problems(sums: Mapping[str, PayTypeSum], settling: Settling) -> list[Problem]:
    found = [
        Problem(
            f"{name}_discount_fen",
            ProblemCode.BAD_VALUE,
            "A discount is neither below zero nor more than the total.",
            "Correct the discount.",
            bounds=(0, one.gross_fen),
        )
        for name, one in sums.items()
        if not 0 <= one.discount_fen <= one.gross_fen
    ]
    found += [
        Problem(f"{name}_credit_fen", ProblemCode.BAD_VALUE, "What was settled before is not below zero.", _LOOK_AGAIN)
        for name, one in sums.items()
        if one.credit_fen < 0
    ]
    if any(one.discount_fen for one in sums.values()) and not settling.discount_reason:
        found.append(missing("discount_reason", "A discount needs a reason."))
    return found


def _share_problems(sums: Mapping[str, PayTypeSum], shares: Sequence[Share]) -> list[Problem]:
    if len(shares) > SHARES_MAX:
        what = f"One settlement has at most {SHARES_MAX} payers."
        return [Problem("shares", ProblemCode.BAD_VALUE, what, "Put payers together.")]
    found = []
    for place, one in enumerate(shares):
        due = sums[one.pay_type].due_fen if one.pay_type in sums else 0
        if one.fen * due <= 0:
            what = "A share is neither nothing nor the other way round than what is due."
            found.append(Problem(f"shares[{place}].share_fen", ProblemCode.BAD_VALUE, what, "Correct the share."))
    for name, total in sums.items():
        paid = sum(one.fen for one in shares if one.pay_type == name)
        if paid != total.due_fen:
            what = "The shares do not add up to what is due."
            found.append(Problem(f"{name}_fen", ProblemCode.BAD_VALUE, what, "Correct the shares of this pay type."))
    return found
