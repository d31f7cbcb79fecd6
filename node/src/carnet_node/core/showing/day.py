"""The first page: who came today, which cars are in the shop, what is mine to do.

Decides which orders stand in which list and in which order: overdue first, then by promised time, then those without
one. Counts by document. Only this site's own orders stand here: another dealer's car is not in this shop. Nor is the
car of an order that corrects another one: it left with that. Corrections are a list of their own and count as no car.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from carnet_node.core.desk_limits import HOME_ROWS_MAX
from carnet_node.core.node import Node
from carnet_node.core.numbering import local_date, local_midnight
from carnet_node.core.ports import ReadTransaction
from carnet_node.core.showing.record_view import RecordView, view_all, view_record
from carnet_protocol.ids import RecordId
from carnet_protocol.kinds import VEHICLE, VISIT
from carnet_protocol.visits import is_correction

_DAY_MS = 24 * 3600 * 1000
_IN_WORK = ("draft", "open")


@dataclass(frozen=True, slots=True)
class OrderLine:
    """One order in a list.

    Attributes:
        vehicle: None when it has not arrived here.
        is_overdue: promised for a time that has passed, and still in work.
    """

    visit: RecordView
    vehicle: RecordView | None
    is_overdue: bool


@dataclass(frozen=True, slots=True)
class Day:
    """What the day holds.

    Attributes:
        arrivals: taken in today, newest first.
        in_shop: cars that have not been handed over, overdue first.
        mine: those of the person who asks, still to be worked on; corrections among them.
        corrections: orders under way that correct another one, newest first.
        overdue: all of them, listed or not.
        is_more: there are more in the shop than can be listed.
        is_more_arrivals: more came today than can be listed.
    """

    arrivals: tuple[OrderLine, ...]
    in_shop: tuple[OrderLine, ...]
    mine: tuple[OrderLine, ...]
    corrections: tuple[OrderLine, ...]
    overdue: int
    is_more: bool
    is_more_arrivals: bool


def day_of(node: Node, staff_no: str | None = None) -> Day:
    """The day as it stands now, in the site's own time.

    Args:
        staff_no: whose orders are theirs to do; None for nobody's.
    """
    now_ms, owner = node.clock.now_ms(), node.identity.dealer_id
    since_ms = start_of_day(now_ms, node.settings.utc_offset_minutes)
    with node.store.read() as tx:
        came = tx.orders_opened(owner, since_ms, since_ms + _DAY_MS, HOME_ROWS_MAX + 1)
        here = tx.orders_in_shop(owner, HOME_ROWS_MAX + 1)
        own = tx.orders_of_advisor(owner, staff_no, HOME_ROWS_MAX) if staff_no else []
        overdue = tx.overdue_orders(owner, now_ms)
        wrong = [tx.record(VISIT, one) for one in tx.shop.corrections(owner, HOME_ROWS_MAX)]
        corrections = [one for one in wrong if one is not None]
        stored = {one.record: one for one in (*came[:HOME_ROWS_MAX], *here[:HOME_ROWS_MAX], *own, *corrections)}
        lines = {view.id: _line(node, tx, view, now_ms) for view in view_all(tx, node.identity, stored.values())}
    arrivals = [lines[one.record] for one in came[:HOME_ROWS_MAX] if one.record in lines]
    ordered = _by_promise(lines[one.record] for one in here[:HOME_ROWS_MAX] if one.record in lines)
    mine = _by_promise(lines[one.record] for one in own if one.record in lines)
    return Day(
        tuple(one for one in arrivals if _is_arrival(one.visit)),
        ordered,
        mine,
        tuple(lines[one.record] for one in corrections if one.record in lines),
        overdue,
        len(here) > HOME_ROWS_MAX,
        len(came) > HOME_ROWS_MAX,
    )


def start_of_day(now_ms: int, utc_offset_minutes: int) -> int:
    """When the site's present calendar day began, ms since 1970."""
    return local_midnight(local_date(now_ms, utc_offset_minutes), utc_offset_minutes)


def _line(node: Node, tx: ReadTransaction, visit: RecordView, now_ms: int) -> OrderLine:
    vehicle = visit.values.get("vehicle_id")
    found = tx.record(VEHICLE, RecordId(vehicle)) if isinstance(vehicle, bytes) else None
    return OrderLine(visit, view_record(tx, node.identity, found), is_overdue(visit, now_ms))


def _is_arrival(visit: RecordView) -> bool:
    """A car came for it: it is neither void nor does it correct another order."""
    return visit.values.get("status") != "void" and not is_correction(visit.values)


def is_overdue(visit: RecordView, now_ms: int) -> bool:
    """Promised for a time that has passed, and still in work."""
    promised_at = visit.values.get("promised_at")
    return isinstance(promised_at, int) and promised_at < now_ms and visit.values.get("status") in _IN_WORK


def promise_place(visit: RecordView, *, is_late: bool) -> tuple[bool, bool, int, RecordId]:
    """A sort key: overdue first, then by promise, then what has none."""
    promised_at = visit.values.get("promised_at")
    known = promised_at if isinstance(promised_at, int) else None
    return not is_late, known is None, known or 0, visit.id


def _by_promise(lines: Iterable[OrderLine]) -> tuple[OrderLine, ...]:
    return tuple(sorted(lines, key=lambda one: promise_place(one.visit, is_late=one.is_overdue)))
