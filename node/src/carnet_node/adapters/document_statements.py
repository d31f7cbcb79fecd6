"""SQL of the document query: one statement for each kind of document and each choice of conditions.

Decides where a condition is looked for. What names few documents goes by an index of its own: a customer, a plate (by
way of the cars that carry or carried it), else the days. The other conditions are asked of the rows that are left.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from types import MappingProxyType
from typing import Any, Final

from sqlalchemy import (
    ColumnElement,
    FromClause,
    Select,
    and_,
    bindparam,
    case,
    exists,
    func,
    literal_column,
    or_,
    select,
)

from carnet_node.adapters.statements import Statement
from carnet_node.adapters.tables import projection_table
from carnet_node.core.shop_limits import CUSTOMERS_MEANT_MAX
from carnet_protocol.kinds import PAY_TYPES

CONDITIONS: Final = ("customers", "plate", "status", "advisor_code", "least_fen", "most_fen", "text", "behind")
"""What a filter may ask beside its span, in the order of a statement."""

_WORK_TEXTS: Final[Mapping[str, tuple[str, ...]]] = MappingProxyType(
    {
        "job": ("op_code", "op_name", "complaint", "cause", "correction"),
        "labour_line": ("labour_op_code", "labour_name"),
        "part_line": ("part_no", "part_name"),
    }
)
"""Where free text is looked for in the work of an order, by kind; each is reached by the index of its order."""

Element = ColumnElement[Any]


@dataclass(frozen=True)
class Source:
    """Where the documents of a kind stand.

    Attributes:
        in_span: that its day lies in the span, as an index has it.
        shown: columns of a `DocumentRow` behind the record, in order.
        says: where free text is looked for.
        belongs: that it is one of the customers asked for.
        carries: that it is about the plate asked for.
    """

    own: FromClause
    of: FromClause
    in_span: Element
    shown: Mapping[str, Element]
    says: tuple[Element, ...]
    belongs: Element
    carries: Element


@cache
def documents(kind: str, conditions: frozenset[str]) -> Statement:
    """Documents of a kind, newest first.

    Args:
        conditions: those of `CONDITIONS` that are asked.
    """
    source = _SOURCES[kind]()
    asked = [_condition(source, name) for name in CONDITIONS if name in conditions]
    found: Select[Any] = select(source.own.c.id, *source.shown.values()).select_from(source.of)
    found = found.where(source.in_span, source.own.c.owner == bindparam("owner"), *_visible(source.own), *asked)
    at_ms = source.shown["at_ms"]
    return Statement(found.order_by(at_ms.desc(), source.own.c.id.desc()).limit(bindparam("row_limit")))


def _condition(source: Source, name: str) -> Element:
    shown = source.shown
    match name:
        case "customers":
            return source.belongs
        case "plate":
            return source.carries
        case "status" | "advisor_code":
            return shown[name] == bindparam(name)
        case "least_fen":
            return shown["amount_fen"] >= bindparam(name)
        case "most_fen":
            return shown["amount_fen"] <= bindparam(name)
        case "text":
            return or_(*source.says)
        case _:
            at_ms, record = shown["at_ms"], source.own.c.id
            last: Element = bindparam("behind_ms")
            return or_(at_ms < last, and_(at_ms == last, record < bindparam("behind_id")))


def _orders() -> Source:
    order = projection_table("visit")
    shown = _shown(
        order,
        order.c.id,
        number=order.c.ro_no,
        at_ms=order.c.opened_at,
        status=order.c.status,
        amount=_sum_of(order, "{}_fen"),
    )
    texts = ("ro_no", "customer_note", "internal_note", "belongings", "void_reason", "sender_name", "customer_name")
    in_span = and_(*_span(order.c.opened_at))
    says = (*_say(*(order.c[name] for name in texts)), *(_said_in(kind, order) for kind in _WORK_TEXTS))
    return Source(order, order, in_span, shown, says, _is_of(order), _carried(order))


def _appointments() -> Source:
    of = projection_table("appointment")
    at_ms = func.coalesce(of.c.starts_at, of.c.requested_at)
    without_slot = and_(of.c.starts_at.is_(None), *_span(of.c.requested_at))
    shown = {
        "visit": of.c.visit_id,
        "number": _nothing(),
        "at_ms": at_ms,
        "status": of.c.status,
        "plate_no": of.c.plate_no,
        "customer_name": of.c.caller_name,
        "advisor_code": of.c.advisor_code,
        "amount_fen": _nothing(),
    }
    says = _say(of.c.wish, of.c.caller_name, of.c.caller_phone, of.c.plate_no)
    belongs = or_(_is_of(of), _holds(of.c.caller_name, "caller"), _holds(of.c.caller_phone, "caller"))
    carries = or_(of.c.plate_no == bindparam("plate"), of.c.vehicle_id.in_(_cars()))
    return Source(of, of, or_(and_(*_span(of.c.starts_at)), without_slot), shown, says, belongs, carries)


def _settlements() -> Source:
    bill, order = projection_table("settlement"), projection_table("visit")
    stands = case((bill.c.retracted.is_(None), literal_column("'stands'")), else_=literal_column("'retracted'"))
    net = _sum_of(bill, "{}_gross_fen") - _sum_of(bill, "{}_discount_fen") - _sum_of(bill, "{}_credit_fen")
    shown = _shown(
        order, bill.c.visit_id, number=bill.c.settlement_no, at_ms=bill.c.settled_at, status=stands, amount=net
    )
    says = _say(bill.c.settlement_no, order.c.ro_no, order.c.customer_name)
    in_span = and_(*_span(bill.c.settled_at))
    return Source(bill, _beside(bill, order), in_span, shown, says, _is_of(order), _carried(order))


def _recalls() -> Source:
    done, order, recall = (projection_table(name) for name in ("recall_completion", "visit", "campaign"))
    how = case((done.c.retracted.is_(None), done.c.method), else_=literal_column("'retracted'"))
    shown = _shown(
        order,
        done.c.visit_id,
        number=recall.c.campaign_no,
        at_ms=done.c.completed_at,
        status=how,
        amount=_nothing(),
    )
    says = _say(recall.c.campaign_no, done.c.vin, done.c.part_no, done.c.fitted_serial, order.c.ro_no)
    of = _beside(done, order).outerjoin(recall, recall.c.id == done.c.campaign_id)
    in_span = and_(*_span(done.c.completed_at))
    return Source(done, of, in_span, shown, says, _is_of(order), _carried(order))


_SOURCES: Final[Mapping[str, Callable[[], Source]]] = MappingProxyType(
    {
        "visit": _orders,
        "appointment": _appointments,
        "settlement": _settlements,
        "recall_completion": _recalls,
    }
)


def _shown(order: FromClause, visit: Element, **said: Element) -> dict[str, Element]:
    """The columns of a document that has an order."""
    return {
        "visit": visit,
        "number": said["number"],
        "at_ms": said["at_ms"],
        "status": said["status"],
        "plate_no": order.c.plate_at_visit,
        "customer_name": order.c.customer_name,
        "advisor_code": order.c.advisor_code,
        "amount_fen": said["amount"],
    }


def _beside(of: FromClause, order: FromClause) -> Any:
    return of.outerjoin(order, and_(order.c.id == of.c.visit_id, *_visible(order)))


def _said_in(kind: str, order: FromClause) -> Element:
    """Text in the work of an order: in its jobs, or in its lines of labour or parts."""
    work = projection_table(kind)
    said = or_(*(_holds(work.c[name], "text") for name in _WORK_TEXTS[kind]))
    return exists().where(work.c.visit_id == order.c.id, said, *_visible(work))


def _is_of(of: FromClause) -> Element:
    return of.c.customer_id.in_([bindparam(f"customer_{place}") for place in range(CUSTOMERS_MEANT_MAX)])


def _carried(order: FromClause) -> Element:
    """By the cars, whose orders an index has; of a car that had other plates, the orders under this one."""
    worn = func.coalesce(order.c.plate_at_visit, bindparam("plate")) == bindparam("plate")
    return and_(order.c.vehicle_id.in_(_cars()), worn)


def _cars() -> Select[Any]:
    plate = projection_table("plate")
    return select(plate.c.vehicle_id).where(plate.c.plate_no == bindparam("plate"), *_visible(plate))


def _sum_of(of: FromClause, name: str) -> Element:
    pay, *others = [func.coalesce(of.c[name.format(one)], literal_column("0")) for one in PAY_TYPES]
    total: Element = pay
    for one in others:
        total = total + one
    return total


def _say(*columns: Element) -> tuple[Element, ...]:
    return tuple(_holds(one, "text") for one in columns)


def _holds(column: Element, name: str) -> Element:
    return column.like(bindparam(name), escape="\\")


def _span(moment: Element) -> tuple[Element, Element]:
    return moment >= bindparam("since"), moment < bindparam("before")


def _nothing() -> Element:
    return literal_column("NULL")


def _visible(of: FromClause) -> tuple[Element, Element]:
    return of.c.is_deleted == literal_column("0"), of.c.is_hidden == literal_column("0")
