"""A bill as people read it: the work of an order grouped by who pays, what it comes to, and what was let off.

Decides under which pay type a job or a line stands; the groups add up to the totals of the order (`commands.lines`),
since both follow one rule. Does not decide whether a bill may be settled (`commands.settling`).

Rules
1. A job stands under its pay type; one without, and lines without a job, under the customer's.
2. A declined job stands in no group: it costs nothing.
3. A job is unanswered while it is only proposed. It counts before settlement, as work that may be done, and no bill is
   settled with it (`commands.settlement`).
4. A job has no price where nothing on it costs and nobody said so: no line, a line that nobody priced, or a price of
   nobody knows how much. It settles as nothing, and whoever settles is told. A price of 0 and no hours are said.
5. Before the bill is settled nothing was let off, and the credit is that of the order which this one corrects.
6. Where nobody says otherwise, the usual payers pay all of it. A correction keeps the discount and the payers of the
   order that it corrects: what it credits is net of that discount.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from carnet_node.core.commands.lines import quantity_and_price
from carnet_node.core.commands.settling import PayTypeSum, Settling, Share
from carnet_node.core.commands.stating import StatedBill, carried_bill, usual_shares
from carnet_node.core.showing.record_view import RecordView
from carnet_node.core.showing.views import JobView, VisitView
from carnet_protocol.ids import RecordId
from carnet_protocol.kinds import PAY_TYPES
from carnet_protocol.visits import DECLINED, PROPOSED

CUSTOMER: Final = "customer"


@dataclass(frozen=True, slots=True)
class PayTypeGroup:
    """What one pay type pays for.

    Attributes:
        labour, parts: lines on no job.
        sum: what it comes to; in fen.
    """

    pay_type: str
    jobs: tuple[JobView, ...]
    labour: tuple[RecordView, ...]
    parts: tuple[RecordView, ...]
    sum: PayTypeSum

    @property
    def is_empty(self) -> bool:
        """Neither work nor money stands here."""
        return not (self.jobs or self.labour or self.parts or self.sum.gross_fen or self.sum.credit_fen)


def bill_of(view: VisitView) -> tuple[PayTypeGroup, ...]:
    """The groups of an order that hold something, in the order of the registry's pay types."""
    groups = (_group(view, pay_type) for pay_type in PAY_TYPES)
    return tuple(one for one in groups if not one.is_empty)


def due_fen(view: VisitView) -> int:
    """What is to be paid in all, in fen; below zero what is given back."""
    return sum(one.sum.due_fen for one in bill_of(view))


def usual_bill(view: VisitView, before: VisitView | None) -> StatedBill:
    """What an order is settled as where nobody says otherwise (rule 6).

    Args:
        before: the order that this one corrects; None for one that corrects none.
    """
    seen = {one.pay_type: one.sum.gross_fen for one in bill_of(view)}
    customer = None if view.customer is None else view.customer.id
    if before is None or before.settlement is None:
        return StatedBill(Settling(seen, (), credit=view.credit), usual_shares(seen, view.credit, customer))
    paid = [_paid(one) for one in before.shares]
    return carried_bill(seen, view.credit, before.settlement.values, paid, customer)


def unanswered_jobs(view: VisitView) -> tuple[JobView, ...]:
    """Jobs that the customer was asked about and that nobody has noted an answer to (rule 3)."""
    return tuple(one for one in view.jobs if one.job.values.get("approval") == PROPOSED)


def unanswered_fen(view: VisitView) -> int:
    """What these come to, in fen; it is part of the totals."""
    return sum(_fen(line, "amount_fen") for one in unanswered_jobs(view) for line in lines_of(one))


def unpriced_jobs(view: VisitView) -> tuple[JobView, ...]:
    """Jobs that would be settled as nothing without anybody having said so (rule 4)."""
    return tuple(one for one in view.jobs if not is_declined(one) and not any(map(_is_priced, lines_of(one))))


def lines_of(job: JobView) -> tuple[RecordView, ...]:
    """Labour and parts of a job."""
    return (*job.labour, *job.parts)


def priced_fen(lines: Iterable[RecordView]) -> int | None:
    """What lines come to, in fen; None where none of them has a price (rule 4)."""
    priced = [_fen(one, "amount_fen") for one in lines if _is_priced(one)]
    return sum(priced) if priced else None


def _is_priced(line: RecordView) -> bool:
    """It costs something, or what was stated makes it cost nothing (rule 4)."""
    quantity, price = quantity_and_price(line.kind, line.values)
    return bool(_fen(line, "amount_fen")) or price == 0 or (quantity is not None and price is not None)


def _fen(view: RecordView, name: str) -> int:
    value = view.values.get(name)
    return value if isinstance(value, int) else 0


def _paid(share: RecordView) -> Share:
    customer = share.values.get("customer_id")
    names = ("pay_type", "payer_kind", "pay_method")
    pay_type, payer, method = (str(share.values.get(name) or "") for name in names)
    paid_by = RecordId(customer) if isinstance(customer, bytes) else None
    return Share(pay_type, _fen(share, "share_fen"), payer, method, paid_by)


def _group(view: VisitView, pay_type: str) -> PayTypeGroup:
    jobs = tuple(one for one in view.jobs if not is_declined(one) and pay_type_of(one) == pay_type)
    is_customer = pay_type == CUSTOMER
    return PayTypeGroup(
        pay_type,
        jobs,
        view.loose_labour if is_customer else (),
        view.loose_parts if is_customer else (),
        PayTypeSum(*(_money(view, pay_type, name) for name in ("gross", "discount", "credit"))),
    )


def pay_type_of(job: JobView) -> str:
    """Who pays a job (rule 1)."""
    pay_type = job.job.values.get("pay_type")
    return pay_type if isinstance(pay_type, str) and pay_type in PAY_TYPES else CUSTOMER


def is_declined(job: JobView) -> bool:
    """The customer does not want it (rule 2)."""
    return job.job.values.get("approval") == DECLINED


def _money(view: VisitView, pay_type: str, name: str) -> int:
    """As it was settled; before that, as it would be."""
    if view.settlement is not None:
        return _fen(view.settlement, f"{pay_type}_{name}_fen")
    before = {"gross": view.totals[f"{pay_type}_fen"], "credit": view.credit.get(pay_type, 0)}
    return before.get(name, 0)
