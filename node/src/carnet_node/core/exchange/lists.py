"""The lists a site may take out: their columns, and one row after the other.

Decides which columns a list has, what kind of value stands in each, and which are personal. A row holds plain values;
money is fen, moments are ms since 1970. Rows come page by page, each page a snapshot of its own, so a long export keeps
nobody waiting. Does not decide whether somebody may have a list (`access_log.begin_export`) nor how a file is written.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum
from functools import partial
from types import MappingProxyType
from typing import Final

from carnet_node.core.commands.customers import called
from carnet_node.core.commands.due_list import BIRTHDAY
from carnet_node.core.desk_limits import ACCESS_ROWS_MAX, EXPORT_DAYS_MAX, FIRST_YEAR
from carnet_node.core.limits import CHILDREN_MAX, LIST_ROWS_MAX
from carnet_node.core.node import Node
from carnet_node.core.numbering import local_midnight, site_day
from carnet_node.core.ports import ReadTransaction
from carnet_node.core.saving.appointments import booked_within
from carnet_node.core.saving.recall_calls import Call, call_list
from carnet_node.core.saving.reminding import due_today
from carnet_node.core.saving.stop_sales import UNREAD, stop_list
from carnet_node.core.showing.board import board_of
from carnet_node.core.showing.holders import own_owner
from carnet_node.core.showing.record_view import RecordView, view_all
from carnet_node.core.showing.vehicle_file import is_silent
from carnet_node.core.showing.views import vehicle_view_within
from carnet_node.core.staff.staff_list import members
from carnet_protocol.ids import RecordId, record_text
from carnet_protocol.kinds import ADDRESS, APPOINTMENT, CUSTOMER, JOB, PHONE, VEHICLE, VISIT
from carnet_protocol.registry import Kind, Value


class CellKind(StrEnum):
    """What a column holds, so that a spreadsheet can reckon with it."""

    TEXT = "text"
    WHOLE = "whole"
    MONEY = "money"
    DAY = "day"
    MOMENT = "moment"
    YES_NO = "yes or no"


Row = tuple[Value, ...]
"""Values in the order of the columns; money in fen, moments in ms, days as ISO text."""


@dataclass(frozen=True, slots=True)
class ListColumn:
    """One column; `name` is that of the registry where there is one, and what screens translate.

    `is_personal_at` is what stands first in the rows in which a column is personal that is not so in all of them.
    """

    name: str
    kind: CellKind = CellKind.TEXT
    is_personal: bool = False
    is_personal_at: Value = None


@dataclass(frozen=True, slots=True)
class Period:
    """Calendar days of the site, the last one included."""

    first: date
    last: date


def is_period(period: Period) -> bool:
    """Whether it ends after it begins, and spans no more than `EXPORT_DAYS_MAX` days of this age."""
    return period.first.year >= FIRST_YEAR and 0 <= (period.last - period.first).days < EXPORT_DAYS_MAX


@dataclass(frozen=True, slots=True)
class SiteList:
    """A list of the site.

    Attributes:
        has_period: its rows have a day, so that some days of it can be asked for; then only this site's own are listed.
        day: the day that its rows are of; None for a list of the day on which it is made.
        span: which days it counts, and by what, as its file is named in place of a day; empty for any other list.
    """

    name: str
    columns: tuple[ListColumn, ...]
    rows: Callable[[Node, Period | None], Iterator[Row]]
    has_period: bool = False
    day: date | None = None
    span: str = ""


def _personal(name: str) -> ListColumn:
    return ListColumn(name, is_personal=True)


_CUSTOMER_COLUMNS: Final = (
    ListColumn("id"),
    ListColumn("party_kind"),
    _personal("full_name"),
    _personal("company_name"),
    _personal("phone"),
    _personal("street"),
    ListColumn("segment"),
    ListColumn("do_not_contact", CellKind.YES_NO),
)
_VEHICLE_COLUMNS: Final = (
    ListColumn("vin"),
    _personal("plate_no"),
    ListColumn("model_name"),
    ListColumn("model_year", CellKind.WHOLE),
    ListColumn("color"),
    ListColumn("build_on", CellKind.DAY),
    ListColumn("odometer_km", CellKind.WHOLE),
    _personal("owner"),
    ListColumn("lifecycle"),
)
_VISIT_COLUMNS: Final = (
    ListColumn("ro_no"),
    ListColumn("site"),
    ListColumn("status"),
    ListColumn("opened_at", CellKind.MOMENT),
    ListColumn("promised_at", CellKind.MOMENT),
    ListColumn("completed_at", CellKind.MOMENT),
    _personal("plate_at_visit"),
    _personal("customer_name"),
    ListColumn("visit_kind"),
    ListColumn("odometer_in_km", CellKind.WHOLE),
    ListColumn("advisor_code"),
    _personal("complaint"),
    ListColumn("estimate_fen", CellKind.MONEY),
    ListColumn("customer_fen", CellKind.MONEY),
    ListColumn("warranty_fen", CellKind.MONEY),
    ListColumn("internal_fen", CellKind.MONEY),
)
_STAFF_COLUMNS: Final = (ListColumn("staff_no"), _personal("full_name"), ListColumn("role"), ListColumn("state"))
_ACCESS_COLUMNS: Final = (
    ListColumn("at", CellKind.MOMENT),
    ListColumn("staff_no"),
    ListColumn("access"),
    ListColumn("subject"),
    ListColumn("rows", CellKind.WHOLE),
)
_CALL_COLUMNS: Final = (
    ListColumn("hazard_level"),
    ListColumn("campaign_no"),
    ListColumn("title"),
    ListColumn("vin"),
    _personal("plate_no"),
    ListColumn("model_name"),
    _personal("owner"),
    _personal("phone"),
    ListColumn("is_quiet", CellKind.YES_NO),
    ListColumn("failed_tries", CellKind.WHOLE),
    ListColumn("is_unreachable", CellKind.YES_NO),
    ListColumn("contacted_at", CellKind.MOMENT),
    ListColumn("channel"),
    ListColumn("result"),
    ListColumn("emergency_advice"),
)
_STOP_COLUMNS: Final = (
    ListColumn("hazard_level"),
    ListColumn("campaign_no"),
    ListColumn("title"),
    ListColumn("vin"),
    ListColumn("model_name"),
    ListColumn("plan_version", CellKind.WHOLE),
    ListColumn("acknowledged_at", CellKind.MOMENT),
    ListColumn("recalls_as_of", CellKind.MOMENT),
    ListColumn("recalls_unknown"),
)
_BOARD_COLUMNS: Final = (
    ListColumn("ro_no"),
    ListColumn("status"),
    ListColumn("stage"),
    ListColumn("hold_reason"),
    ListColumn("staged_at", CellKind.MOMENT),
    ListColumn("promised_at", CellKind.MOMENT),
    ListColumn("is_overdue", CellKind.YES_NO),
    ListColumn("is_repeat_repair", CellKind.YES_NO),
    _personal("plate_at_visit"),
    _personal("customer_name"),
    ListColumn("model_name"),
    ListColumn("advisor_code"),
)
_APPOINTMENT_COLUMNS: Final = (
    ListColumn("starts_at", CellKind.MOMENT),
    ListColumn("planned_minutes", CellKind.WHOLE),
    ListColumn("bay_code"),
    ListColumn("advisor_code"),
    ListColumn("status"),
    _personal("plate_no"),
    _personal("caller_name"),
    _personal("caller_phone"),
    _personal("wish"),
    ListColumn("requested_at", CellKind.MOMENT),
    ListColumn("cancel_reason"),
)
_DUE_COLUMNS: Final = (
    ListColumn("occasion"),
    ListColumn("due_on", CellKind.DAY, is_personal_at=BIRTHDAY),
    _personal("owner"),
    _personal("phone"),
    _personal("plate_no"),
    ListColumn("vin"),
    ListColumn("model_name"),
    ListColumn("hold"),
)


def _customer_rows(node: Node, _: Period | None) -> Iterator[Row]:
    yield from _pages(node, CUSTOMER, _customer_row)


def _vehicle_rows(node: Node, _: Period | None) -> Iterator[Row]:
    yield from _pages(node, VEHICLE, _vehicle_row)


def _visit_rows(node: Node, period: Period | None) -> Iterator[Row]:
    if period is None:
        yield from _pages(node, VISIT, _visit_row)
        return
    for number in range((period.last - period.first).days + 1):
        since_ms = local_midnight(period.first + timedelta(days=number), node.settings.utc_offset_minutes)
        with node.store.read() as tx:
            opened = tx.orders_opened(node.identity.dealer_id, since_ms, since_ms + _DAY_MS, CHILDREN_MAX)
            page = [_visit_row(node, tx, view) for view in view_all(tx, node.identity, reversed(opened))]
        yield from page


def _staff_rows(node: Node, _: Period | None) -> Iterator[Row]:
    with node.store.read() as tx:
        listed = members(tx, node.identity)
    for view in listed:
        yield _named(view, _STAFF_COLUMNS, {})


def _access_rows(node: Node, _: Period | None) -> Iterator[Row]:
    with node.store.read() as tx:
        numbers = {one.id: one.values.get("staff_no") for one in members(tx, node.identity)}
        noted = tx.local.accesses(None, 0, ACCESS_ROWS_MAX)
    for one in noted:
        who = None if one.staff is None else numbers.get(one.staff)
        yield (one.at_ms, who, one.access.value, one.subject, one.row_count)


def _call_rows(node: Node, _: Period | None) -> Iterator[Row]:
    yield from map(_call_row, call_list(node).calls)


def _stop_rows(node: Node, _: Period | None) -> Iterator[Row]:
    """What is not certain stands on top, without a car: a short list, or none, is no answer by itself."""
    found = stop_list(node)
    why = found.as_of.because
    as_of: dict[str, Value] = {"recalls_as_of": found.as_of.as_of_ms, "recalls_unknown": why.value if why else None}
    if why is not None:
        yield tuple(as_of.get(column.name) for column in _STOP_COLUMNS)
    for one in found.cars:
        said = {} if one.acknowledged is None else one.acknowledged.values
        more = {**one.hit.texts, "plan_version": one.plan_version, "acknowledged_at": said.get("acknowledged_at")}
        yield _named(one.vehicle, _STOP_COLUMNS, {**as_of, **more})
    for car in found.unread:
        yield _named(car, _STOP_COLUMNS, {**as_of, "recalls_unknown": UNREAD})


def _board_rows(node: Node, _: Period | None) -> Iterator[Row]:
    for one in board_of(node).cards:
        more: dict[str, Value] = {
            "stage": one.stage.code,
            "is_overdue": one.is_overdue,
            "is_repeat_repair": one.repeat_of is not None,
            "model_name": None if one.car is None else one.car.model_name or None,
        }
        yield _named(one.visit, _BOARD_COLUMNS, more)


def _appointment_rows(node: Node, period: Period | None) -> Iterator[Row]:
    """Those whose slots begin in a period; without one all, also those that wait for a slot."""
    if period is None:
        yield from _pages(node, APPOINTMENT, lambda _node, _tx, view: _named(view, _APPOINTMENT_COLUMNS, {}))
        return
    for number in range((period.last - period.first).days + 1):
        with node.store.read() as tx:
            booked = booked_within(node, tx, period.first + timedelta(days=number))
        yield from (_named(one, _APPOINTMENT_COLUMNS, {}) for one in booked)


def due_list(asked: date) -> SiteList:
    """Whom to remind on a day of the site; `LISTS` has today's."""
    return SiteList("due", _DUE_COLUMNS, partial(_due_rows, asked=asked), day=asked)


def _due_rows(node: Node, _: Period | None, asked: date | None = None) -> Iterator[Row]:
    for one in due_today(node, asked):
        car = {} if one.vehicle is None else one.vehicle.values
        more: dict[str, Value] = {
            "occasion": one.due.occasion,
            "due_on": one.due.due_on.isoformat(),
            "owner": called(one.customer.values),
            "phone": None if one.phone is None else one.phone.values.get("number"),
            "plate_no": one.plate or None,
            "vin": car.get("vin"),
            "model_name": car.get("model_name"),
            "hold": None if one.due.hold is None else one.due.hold.value,
        }
        yield tuple(more[column.name] for column in _DUE_COLUMNS)


LISTS: Final[Mapping[str, SiteList]] = MappingProxyType(
    {
        one.name: one
        for one in (
            SiteList("customers", _CUSTOMER_COLUMNS, _customer_rows),
            SiteList("vehicles", _VEHICLE_COLUMNS, _vehicle_rows),
            SiteList("visits", _VISIT_COLUMNS, _visit_rows, has_period=True),
            SiteList("staff", _STAFF_COLUMNS, _staff_rows),
            SiteList("accesses", _ACCESS_COLUMNS, _access_rows),
            SiteList("recall_calls", _CALL_COLUMNS, _call_rows),
            SiteList("stop_sales", _STOP_COLUMNS, _stop_rows),
            SiteList("board", _BOARD_COLUMNS, _board_rows),
            SiteList("appointments", _APPOINTMENT_COLUMNS, _appointment_rows, has_period=True),
            SiteList("due", _DUE_COLUMNS, _due_rows),
        )
    }
)
"""Every list that can be exported, by name."""

_DAY_MS: Final = 24 * 3600 * 1000

MakeRow = Callable[[Node, ReadTransaction, RecordView], Row]


def _pages(node: Node, kind: Kind, make: MakeRow) -> Iterator[Row]:
    after: RecordId | None = None
    while True:
        with node.store.read() as tx:
            stored = tx.list_records(kind, after, LIST_ROWS_MAX)
            page = [make(node, tx, view) for view in view_all(tx, node.identity, stored)]
        yield from page
        if len(stored) < LIST_ROWS_MAX:
            return
        after = stored[-1].record


def _customer_row(node: Node, tx: ReadTransaction, view: RecordView) -> Row:
    phones = view_all(tx, node.identity, tx.find_equal(PHONE, "customer_id", view.id, CHILDREN_MAX))
    first = min(phones, key=lambda one: (not one.values.get("is_preferred"), one.id), default=None)
    addresses = view_all(tx, node.identity, tx.find_equal(ADDRESS, "customer_id", view.id, CHILDREN_MAX))
    more: dict[str, Value] = {
        "phone": None if first is None else first.values.get("number"),
        "street": next((one.values.get("street") for one in addresses), None),
        "do_not_contact": is_silent(node, tx, view.id),
    }
    return _named(view, _CUSTOMER_COLUMNS, more)


def _vehicle_row(node: Node, tx: ReadTransaction, view: RecordView) -> Row:
    car = vehicle_view_within(node, tx, view.id)
    if car is None:
        return _named(view, _VEHICLE_COLUMNS, {})
    carried = next((one.values.get("plate_no") for one in car.plates if not one.values.get("to_on")), None)
    owner = own_owner(car, site_day(node))
    more: dict[str, Value] = {
        "plate_no": carried,
        "owner": None if owner is None else called(owner.values),
        "odometer_km": None if car.odometer.served is None else car.odometer.served.odometer_km,
    }
    return _named(view, _VEHICLE_COLUMNS, more)


def _call_row(call: Call) -> Row:
    last = call.attempts[0].values if call.attempts else {}
    more: dict[str, Value] = {
        **call.hit.texts,
        "plate_no": next((one.values.get("plate_no") for one in call.car.plates if not one.values.get("to_on")), None),
        "owner": called(call.owner.values),
        "phone": None if call.phone is None else call.phone.values.get("number"),
        "is_quiet": call.is_quiet,
        "failed_tries": call.reach.failed_tries,
        "is_unreachable": call.is_unreachable,
        **{name: last.get(name) for name in ("contacted_at", "channel", "result")},
    }
    return _named(call.car.vehicle, _CALL_COLUMNS, more)


def _visit_row(node: Node, tx: ReadTransaction, view: RecordView) -> Row:
    jobs = view_all(tx, node.identity, tx.find_equal(JOB, "visit_id", view.id, CHILDREN_MAX))
    said = [str(one.values["complaint"]) for one in jobs if one.values.get("complaint")]
    return _named(view, _VISIT_COLUMNS, {"site": view.site, "complaint": "; ".join(said) or None})


def _named(view: RecordView, columns: tuple[ListColumn, ...], more: Mapping[str, Value]) -> Row:
    known = {"id": record_text(view.id), **view.values, **more}
    return tuple(known.get(column.name) for column in columns)
