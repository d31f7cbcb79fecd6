"""SQL of what a workshop's report counts, compiled once for each table.

Every statement goes by the index of the day it counts by: a month out of ten years reads a month. Which row counts is
decided by `carnet_protocol.shop_figures` alone; here stands only in which rows a span can count at all.
"""

from functools import cache
from typing import Any, Final

from sqlalchemy import ColumnElement, FromClause, Select, and_, bindparam, exists, literal_column, select, union

from carnet_node.adapters.statements import Statement
from carnet_node.adapters.tables import projection_table

ORDER_FIELDS: Final = (
    "status",
    "advisor_code",
    "visit_kind",
    "opened_at",
    "promised_at",
    "completed_at",
    "settled_at",
    "corrects_id",
    "customer_fen",
    "warranty_fen",
    "internal_fen",
)
PROMISE_FIELDS: Final = ("promised_before_at", "promised_at", "changed_at", "reason", "retracted")
SETTLEMENT_FIELDS: Final = (
    "settled_at",
    "retracted",
    *(f"{pay}_{of}_fen" for of in ("gross", "discount", "credit") for pay in ("customer", "warranty", "internal")),
)
COMPLETION_FIELDS: Final = ("completed_at", "method", "retracted")
APPOINTMENT_FIELDS: Final = ("status", "starts_at", "advisor_code")
OF_ORDER: Final = ("advisor_code", "visit_kind")
"""What a settlement or a recall done takes from its order."""


@cache
def counted_orders() -> Statement:
    """Orders of a site by the three days that count, and whether a settlement of each stands."""
    order, bill = projection_table("visit"), projection_table("settlement")
    dates = (order.c.opened_at, order.c.completed_at, order.c.settled_at)
    touched = union(*(select(order.c.id).where(*_in_span(one)) for one in dates))
    stands = exists().where(bill.c.visit_id == order.c.id, bill.c.retracted.is_(None), *_visible(bill))
    asked = select(order.c.id, stands, *_of(order, ORDER_FIELDS)).where(order.c.id.in_(touched), *_own(order))
    return Statement(asked)


@cache
def counted_promises() -> Statement:
    """Changes of the promise of the orders that were completed in a span."""
    order, change = projection_table("visit"), projection_table("promise_change")
    done = select(order.c.id).where(*_in_span(order.c.completed_at))
    asked = select(change.c.visit_id, *_of(change, PROMISE_FIELDS))
    return Statement(asked.where(change.c.visit_id.in_(done), *_own(change)))


@cache
def counted_settlements() -> Statement:
    """Settlements of a site by the day they were made, each with its order."""
    bill = projection_table("settlement")
    return Statement(_with_order(bill, SETTLEMENT_FIELDS).where(*_in_span(bill.c.settled_at), *_own(bill)))


@cache
def counted_completions() -> Statement:
    """Recalls done that a site has recorded, by the day they were done, each with its order."""
    done = projection_table("recall_completion")
    return Statement(_with_order(done, COMPLETION_FIELDS).where(*_in_span(done.c.completed_at), *_own(done)))


@cache
def counted_appointments() -> Statement:
    """Appointments of a site by their slot."""
    of = projection_table("appointment")
    return Statement(select(*_of(of, APPOINTMENT_FIELDS)).where(*_in_span(of.c.starts_at), *_own(of)))


def _with_order(of: FromClause, fields: tuple[str, ...]) -> Select[Any]:
    order = projection_table("visit")
    beside = and_(order.c.id == of.c.visit_id, *_visible(order))
    columns: list[Any] = [*_of(of, fields), *_of(order, OF_ORDER)]
    found: Select[Any] = select(*columns)
    return found.select_from(of.outerjoin(order, beside))


def _of(of: FromClause, fields: tuple[str, ...]) -> list[ColumnElement[object]]:
    return [of.c[name] for name in fields]


def _in_span(moment: ColumnElement[int]) -> tuple[ColumnElement[bool], ColumnElement[bool]]:
    return moment >= bindparam("since"), moment < bindparam("before")


def _own(of: FromClause) -> tuple[ColumnElement[bool], ...]:
    return of.c.owner == bindparam("owner"), *_visible(of)


def _visible(of: FromClause) -> tuple[ColumnElement[bool], ColumnElement[bool]]:
    return of.c.is_deleted == literal_column("0"), of.c.is_hidden == literal_column("0")
