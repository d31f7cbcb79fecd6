"""SQL of the workshop's day that no other part asks, compiled once for each table."""

from functools import cache
from typing import Final

from sqlalchemy import BindParameter, ColumnElement, FromClause, and_, bindparam, literal_column, select

from carnet_node.adapters.statements import Statement
from carnet_node.adapters.tables import done_at, projection_table

_limit: BindParameter[int] = bindparam("row_limit")


def _states(*names: str) -> list[ColumnElement[str]]:
    """Written out, so that the index on some of them is used."""
    return [literal_column(f"'{one}'") for one in names]


_TO_DO: Final = _states("draft", "open", "completed")
_SETTLED: Final = _states("settled")
_IN_SHOP: Final = [*_TO_DO, *_SETTLED]
_DONE: Final = _states("completed", "settled", "closed")


@cache
def cars_to_do() -> Statement:
    """Cars of the orders that somebody still has to work on, by promised time."""
    return _cars(_TO_DO)


@cache
def cars_settled() -> Statement:
    """Cars of the orders that are settled and not handed over, by promised time."""
    return _cars(_SETTLED)


@cache
def corrections() -> Statement:
    """Orders of a site that correct another one and are not closed, the one opened last first."""
    of = projection_table("visit")
    asked = (of.c.status.in_(_IN_SHOP), of.c.owner == bindparam("owner"), of.c.corrects_id.is_not(None))
    return Statement(select(of.c.id).where(*asked, *_visible(of)).order_by(of.c.opened_at.desc()).limit(_limit))


@cache
def returned_orders() -> Statement:
    """Orders in the shop beside one of the same car that was done shortly before they were opened."""
    again = projection_table("visit")
    before = again.alias("before")
    done = done_at(before)
    beside = and_(
        before.c.vehicle_id == again.c.vehicle_id,
        before.c.id != again.c.id,
        before.c.status.in_(_DONE),
        before.c.corrects_id.is_(None),
        done <= again.c.opened_at,
        done >= again.c.opened_at - bindparam("within"),
        *_visible(before),
    )
    own = (again.c.status.in_(_IN_SHOP), again.c.owner == bindparam("owner"), again.c.corrects_id.is_(None))
    found = select(again.c.id, before.c.id).select_from(again.join(before, beside)).where(*own, *_visible(again))
    return Statement(found.order_by(done).limit(_limit))


@cache
def dated(kind: str, field: str) -> Statement:
    """Visible records by a day, in order of the day."""
    of = projection_table(kind)
    span = (of.c[field] >= bindparam("since"), of.c[field] <= bindparam("until"))
    return Statement(select(of.c.id).where(*span, *_visible(of)).order_by(of.c[field], of.c.id).limit(_limit))


def _cars(states: list[ColumnElement[str]]) -> Statement:
    order, car = projection_table("visit"), projection_table("vehicle")
    of = and_(car.c.id == order.c.vehicle_id, *_visible(car))
    found = select(order.c.id, car.c.id, car.c.vin, car.c.model_name).select_from(order.join(car, of))
    asked = (order.c.status.in_(_IN_SHOP), order.c.status.in_(states), order.c.owner == bindparam("owner"))
    found = found.where(*asked, order.c.corrects_id.is_(None), *_visible(order))
    return Statement(found.order_by(order.c.promised_at).limit(_limit))


def _visible(of: FromClause) -> tuple[ColumnElement[bool], ColumnElement[bool]]:
    return of.c.is_deleted == literal_column("0"), of.c.is_hidden == literal_column("0")
