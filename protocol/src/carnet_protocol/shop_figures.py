"""What a workshop did in a time, as figures that hub and node count by one rule.

Decides which record counts for which day, which advisor and which figure. Every record yields *entries*, each of one
day; a report adds up the entries of its period. So it does not matter in which order or in how many parts anything is
counted: three ten-day periods are the month, all advisors are the site, all sites are the country. Does not decide
where a period begins (`ten_days`), nor how the figures are shown.

    figure               counts                                          on the day that
    -------------------  ----------------------------------------------  --------------------------------------
    visits               an order that is neither draft nor void, and    it was opened
                         corrects no other one
    promised, kept       an order whose work is done; done no later than it was completed
                         the promise that counts
    revenue per pay type a settlement that stands: gross, less discount  it was settled
                         and what the corrected order had settled
    recalls done         a completion that stands, by a closing method   it was done
    appointments, kept   one with a slot that was not cancelled; one     its slot begins
                         whose car came

Rules
1. The promise that counts is the first one, unless the customer wished for another: parts that came late move the
   promise on the board, and do not make it kept.
2. An order that was settled before settlements were kept counts by its totals, on the day of `settled_at`.
3. Work without an advisor counts for nobody (an empty code), and for the site.
4. A day is the calendar day of the site that did the work.
5. However a report is grouped, its groups add up to its total: what has no pay type stands under an empty code.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, fields, replace
from datetime import date
from enum import StrEnum
from operator import add, attrgetter
from typing import Final, assert_never

from carnet_protocol.kinds import PAY_TYPES
from carnet_protocol.registry import Value
from carnet_protocol.remedy import CLOSING
from carnet_protocol.ten_days import Period, ten_days_of
from carnet_protocol.visits import is_correction

Shown = Mapping[str, Value]
"""What a record shows, by field name."""

DayOf = Callable[[int], date]
"""The site's calendar day of a moment, ms since 1970."""

_NO_WORK: Final = frozenset({"draft", "void"})
_BILLED: Final = frozenset({"settled", "closed"})
_WISHED: Final = "customer_wish"
_NOT_EXPECTED: Final = frozenset({"requested", "cancelled"})


@dataclass(frozen=True, slots=True)
class Figures:
    """Counts, and money in whole fen; revenue may be below zero where more was given back than taken."""

    visits: int = 0
    promised: int = 0
    promises_kept: int = 0
    customer_fen: int = 0
    warranty_fen: int = 0
    internal_fen: int = 0
    recalls_done: int = 0
    appointments: int = 0
    appointments_kept: int = 0

    def __add__(self, other: "Figures") -> "Figures":
        return Figures(*map(add, _numbers_of(self), _numbers_of(other)))


FIGURES: Final = tuple(one.name for one in fields(Figures))
"""Names of the figures, in the order in which a report shows them."""

_numbers_of: Final = attrgetter(*FIGURES)

MONEY: Final = tuple(f"{name}_fen" for name in PAY_TYPES)
"""Those that are money, one for each pay type."""


class Grouping(StrEnum):
    """By what a report is split."""

    ADVISOR = "advisor"
    VISIT_KIND = "visit_kind"
    PAY_TYPE = "pay_type"
    DAY = "day"
    TEN_DAYS = "ten_days"


@dataclass(frozen=True, slots=True)
class Entry:
    """Something that counts on one day.

    Attributes:
        advisor: code; empty for nobody's.
        visit_kind: what the car was in for; empty where nobody said.
    """

    on: date
    advisor: str
    figures: Figures
    visit_kind: str = ""


@dataclass(frozen=True, slots=True)
class ShopReport:
    """The figures of a period.

    Attributes:
        groups: by code or day, ascending; they add up to `total`. One in which nothing happened is missing.
    """

    period: Period
    by: Grouping
    total: Figures
    groups: Mapping[str, Figures]


def entries_of_visit(visit: Shown, promises: Iterable[Shown], day_of: DayOf, *, has_settlement: bool) -> list[Entry]:
    """What an order counts.

    Args:
        promises: its `promise_change` records.
        has_settlement: a settlement of it stands, and counts its revenue.
    """
    if visit.get("status") in _NO_WORK:
        return []
    advisor, of, found = _text(visit, "advisor_code"), _text(visit, "visit_kind"), []
    opened_ms, completed_ms = _moment(visit, "opened_at"), _moment(visit, "completed_at")
    settled_ms, promised_ms = _moment(visit, "settled_at"), counted_promise_ms(visit, promises)
    if opened_ms is not None and not is_correction(visit):
        found.append(Entry(day_of(opened_ms), advisor, Figures(visits=1), of))
    if completed_ms is not None and promised_ms is not None:
        kept = int(completed_ms <= promised_ms)
        found.append(Entry(day_of(completed_ms), advisor, Figures(promised=1, promises_kept=kept), of))
    if visit.get("status") in _BILLED and settled_ms is not None and not has_settlement:
        money = {f"{name}_fen": _number(visit, f"{name}_fen") for name in PAY_TYPES}
        found.append(Entry(day_of(settled_ms), advisor, Figures(**money), of))
    return found


def counted_promise_ms(visit: Shown, promises: Iterable[Shown]) -> int | None:
    """The promise that an order is held to (rule 1), ms since 1970; None where none was made."""
    standing = [one for one in promises if not one.get("retracted")]
    moved = sorted(standing, key=_place_of_change)
    if not moved:
        return _moment(visit, "promised_at")
    counted = _moment(moved[0], "promised_before_at")
    for one in moved:
        if one.get("reason") == _WISHED:
            counted = _moment(one, "promised_at")
    return counted


def _place_of_change(change: Shown) -> tuple[int, int, int, str]:
    """By time; of two at one moment the later promise counts, in whatever order they are read."""
    before_ms, after_ms = _number(change, "promised_before_at"), _number(change, "promised_at")
    return _number(change, "changed_at"), before_ms, after_ms, _text(change, "reason")


def entries_of_settlement(settlement: Shown, visit: Shown, day_of: DayOf) -> list[Entry]:
    """What a settlement counts.

    Args:
        visit: its order; nothing where that is not known.
    """
    settled_ms = _moment(settlement, "settled_at")
    if settlement.get("retracted") or settled_ms is None:
        return []
    money = {f"{name}_fen": net_fen(settlement, name) for name in PAY_TYPES}
    return [_of_order(visit, day_of(settled_ms), Figures(**money))]


def net_fen(settlement: Shown, pay_type: str) -> int:
    """What a settlement brought for a pay type, in fen."""
    gross, less = _number(settlement, f"{pay_type}_gross_fen"), ("discount", "credit")
    return gross - sum(_number(settlement, f"{pay_type}_{name}_fen") for name in less)


def entries_of_completion(completion: Shown, visit: Shown, day_of: DayOf) -> list[Entry]:
    """What a recall done counts.

    Args:
        visit: its order; nothing for none.
    """
    done_ms = _moment(completion, "completed_at")
    if completion.get("retracted") or completion.get("method") not in CLOSING or done_ms is None:
        return []
    return [_of_order(visit, day_of(done_ms), Figures(recalls_done=1))]


def entries_of_appointment(appointment: Shown, day_of: DayOf) -> list[Entry]:
    """What an appointment counts."""
    starts_ms, status = _moment(appointment, "starts_at"), appointment.get("status")
    if starts_ms is None or status in _NOT_EXPECTED:
        return []
    kept = int(status == "arrived")
    counted = Figures(appointments=1, appointments_kept=kept)
    return [Entry(day_of(starts_ms), _text(appointment, "advisor_code"), counted)]


def shop_report(entries: Iterable[Entry], period: Period, by: Grouping) -> ShopReport:
    """The figures of a period; entries of other days are left out."""
    groups: dict[str, Figures] = {}
    for one in entries:
        if period.has(one.on):
            for key, figures in _split(one, by):
                groups[key] = groups.get(key, Figures()) + figures
    total = sum(groups.values(), Figures())
    return ShopReport(period, by, total, dict(sorted(groups.items())))


def _split(one: Entry, by: Grouping) -> list[tuple[str, Figures]]:
    """Which group gets what of an entry."""
    match by:
        case Grouping.ADVISOR:
            return [(one.advisor, one.figures)]
        case Grouping.VISIT_KIND:
            return [(one.visit_kind, one.figures)]
        case Grouping.DAY:
            return [(one.on.isoformat(), one.figures)]
        case Grouping.TEN_DAYS:
            return [(ten_days_of(one.on).name, one.figures)]
        case Grouping.PAY_TYPE:
            return _by_pay_type(one.figures)
        case _:
            assert_never(by)


def _by_pay_type(figures: Figures) -> list[tuple[str, Figures]]:
    paid = {code: getattr(figures, name) for code, name in zip(PAY_TYPES, MONEY, strict=True)}
    split = [(code, Figures(**{f"{code}_fen": fen})) for code, fen in paid.items() if fen]
    rest = replace(figures, **dict.fromkeys(MONEY, 0))
    return split if rest == Figures() else [*split, ("", rest)]


def _of_order(visit: Shown, on: date, figures: Figures) -> Entry:
    return Entry(on, _text(visit, "advisor_code"), figures, _text(visit, "visit_kind"))


def _moment(values: Shown, name: str) -> int | None:
    value = values.get(name)
    return value if isinstance(value, int) else None


def _number(values: Shown, name: str) -> int:
    value = values.get(name)
    return value if isinstance(value, int) else 0


def _text(values: Shown, name: str) -> str:
    value = values.get(name)
    return value if isinstance(value, str) else ""
