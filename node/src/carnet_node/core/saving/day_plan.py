"""The day board: what a day holds as rows of time and columns of bays or advisors.

Decides which columns and rows there are, in which cell an appointment stands, and which cells can still be booked. Does
not decide what can be booked (`booking`): a cell that looks free here is judged when it is saved, by minutes of the day
and cars in a slot too.

Rules
1. The columns are the bays that the site uses, or the advisors who work here, then codes that appointments name beside
   them, then one for those that name none.
2. Rows follow the raster of the day from its first to its last minute, and reach as far as appointments do; a raster
   too fine for a page is doubled until it fits.
3. An appointment stands in the row in which it begins, and takes up every row that it reaches into. Two at one place
   are both shown.
4. What was cancelled, or nobody came to, is shown where it was and takes up nothing; so is a car that came and has
   left, whose minutes still count.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Final

from carnet_node.core.commands.appointments import slot_of
from carnet_node.core.commands.booking import MINUTE_MS, DayHours, Slot, day_span, hours_on
from carnet_node.core.limits import LIST_ROWS_MAX
from carnet_node.core.node import Node
from carnet_node.core.ports import ReadTransaction
from carnet_node.core.saving.appointments import TAKES_UP, booked_within, hours_within, left_within
from carnet_node.core.shop_limits import (
    APPOINTMENTS_PER_DAY_MAX,
    DAY_ROWS_MAX,
    REMIND_DAYS_AHEAD,
    REQUESTED_ROWS_MAX,
    SLOT_MINUTES_DEFAULT,
)
from carnet_node.core.showing.record_view import RecordView, view_all
from carnet_protocol.ids import RecordId
from carnet_protocol.kinds import BAY
from carnet_protocol.registry import Value

BY_BAY: Final = "bay_code"
BY_ADVISOR: Final = "advisor_code"
_DAY_MS: Final = 24 * 60 * MINUTE_MS


@dataclass(frozen=True, slots=True)
class Column:
    """A bay or an advisor; the code is empty for appointments that name none."""

    code: str
    name: str = ""


@dataclass(frozen=True, slots=True)
class Cell:
    """One column at one time.

    Attributes:
        begins: appointments whose slot begins here.
        is_taken: something that takes up its column reaches into this row.
        is_open: it lies ahead, within the hours of the day, and nothing takes it up.
    """

    begins: tuple[RecordView, ...]
    is_taken: bool
    is_open: bool


@dataclass(frozen=True, slots=True)
class Row:
    """A line of the board.

    Attributes:
        starts_ms: ms since 1970.
        cells: one for each column.
    """

    starts_ms: int
    cells: tuple[Cell, ...]


@dataclass(frozen=True, slots=True)
class DayPlan:
    """A day of the site.

    Attributes:
        hours: None when nothing can be booked on it.
        cars: appointments that take something up, or whose car came and has left.
        minutes: that they take, or took, altogether.
        requested: calls that wait for a slot, the oldest first; they belong to no day.
        to_remind: booked for that day or later, whose reminder is due by its end; the earliest slot first.
    """

    day: date
    hours: DayHours | None
    columns: tuple[Column, ...]
    rows: tuple[Row, ...]
    cars: int
    minutes: int
    requested: tuple[RecordView, ...]
    to_remind: tuple[RecordView, ...]


def day_plan(node: Node, day: date, advisors: Sequence[Column] | None = None) -> DayPlan:
    """A day of the site as a board.

    Args:
        advisors: the columns, in their order; None for a board of bays.
    """
    by = BY_BAY if advisors is None else BY_ADVISOR
    offset, now_ms = node.settings.utc_offset_minutes, node.clock.now_ms()
    with node.store.read() as tx:
        booked = booked_within(node, tx, day)
        left = left_within(node, tx, booked)
        hours = hours_on(day, hours_within(node, tx), offset)
        known = bays_within(node, tx) if advisors is None else advisors
        waiting = tx.appointments_requested(node.identity.dealer_id, REQUESTED_ROWS_MAX)
        requested = view_all(tx, node.identity, waiting)
        to_remind = _to_remind(node, tx, day)
    columns = columns_of(known, booked, by)
    taking = [slot for one in booked if (slot := _taking(one)) is not None]
    rows = rows_of(booked, columns, hours, by, now_ms=now_ms, left=left)
    minutes = sum(one.minutes for one in taking)
    return DayPlan(day, hours, columns, rows, len(taking), minutes, requested, to_remind)


def columns_of(known: Iterable[Column], booked: Iterable[RecordView], by: str) -> tuple[Column, ...]:
    """Rule 1."""
    columns = {one.code: one for one in known}
    for code in sorted(_code(one.values, by) for one in booked):
        columns.setdefault(code, Column(code))
    without = columns.pop("", None)
    return (*columns.values(), *([Column("")] if without is not None or not columns else ()))


def rows_of(
    booked: Sequence[RecordView],
    columns: Sequence[Column],
    hours: DayHours | None,
    by: str,
    *,
    now_ms: int,
    left: Collection[RecordId] = (),
) -> tuple[Row, ...]:
    """Rules 2 to 4.

    Args:
        booked: of one day; what has no slot is left out.
        now_ms: ms since 1970.
        left: those whose car came and has left.
    """
    slots = [(one, slot) for one in booked if (slot := slot_of(one.values)) is not None]
    axis = _axis([slot for _, slot in slots], hours)
    begins: dict[tuple[int, str], list[RecordView]] = {}
    taken: set[tuple[int, str]] = set()
    for view, slot in slots:
        code, first = _code(view.values, by), (slot.starts_ms - axis.start) // axis.step
        begins.setdefault((first, code), []).append(view)
        if code and view.id not in left and _taking(view) is not None:
            taken |= {(place, code) for place in range(first, 1 + (slot.ends_ms - 1 - axis.start) // axis.step)}
    rows = []
    for place, starts_ms in enumerate(axis):
        is_ahead = hours is not None and starts_ms >= now_ms and hours.opens_ms <= starts_ms < hours.closes_ms
        at = [(place, one.code) for one in columns]
        cells = (Cell(tuple(begins.get(one, ())), one in taken, is_ahead and one not in taken) for one in at)
        rows.append(Row(starts_ms, tuple(cells)))
    return tuple(rows)


def bays_within(node: Node, tx: ReadTransaction) -> tuple[Column, ...]:
    """The bays that the site uses, in their order, inside a snapshot the caller has begun."""
    found = view_all(tx, node.identity, tx.list_records(BAY, None, LIST_ROWS_MAX))
    used = [one for one in found if one.values.get("is_in_use") and one.values.get("bay_code")]
    used.sort(key=lambda one: (_place(one.values.get("place_no")), str(one.values["bay_code"])))
    return tuple(Column(str(one.values["bay_code"]), str(one.values.get("bay_name") or "")) for one in used)


def _to_remind(node: Node, tx: ReadTransaction, day: date) -> tuple[RecordView, ...]:
    since_ms, before_ms = day_span(day, node.settings.utc_offset_minutes)
    until_ms = since_ms + REMIND_DAYS_AHEAD * _DAY_MS
    stored = tx.appointments_of(node.identity.dealer_id, since_ms, until_ms, APPOINTMENTS_PER_DAY_MAX)
    ahead = [one for one in view_all(tx, node.identity, stored) if one.values.get("status") == "booked"]
    return tuple(one for one in ahead if _is_before(one.values.get("remind_at"), before_ms))


def _axis(slots: Sequence[Slot], hours: DayHours | None) -> range:
    """Rule 2: when each row begins, ms since 1970."""
    step = SLOT_MINUTES_DEFAULT * MINUTE_MS if hours is None else hours.slot_ms
    ends = [*((hours.opens_ms, hours.closes_ms) if hours is not None else ())]
    ends += [moment for one in slots for moment in (one.starts_ms, one.ends_ms)]
    if not ends:
        return range(0)
    anchor = step * (min(ends) // step) if hours is None else hours.opens_ms
    first = anchor - step * -((min(ends) - anchor) // step) if min(ends) < anchor else anchor
    while max(ends) - first > step * DAY_ROWS_MAX:
        step *= 2
    return range(first, max(ends), step)


def _taking(view: RecordView) -> Slot | None:
    """The slot of what takes something up; None for the rest."""
    return slot_of(view.values) if view.values.get("status") in TAKES_UP else None


def _code(values: Mapping[str, Value], by: str) -> str:
    return str(values.get(by) or "")


def _place(value: Value) -> tuple[bool, int]:
    return (False, value) if isinstance(value, int) else (True, 0)


def _is_before(moment: Value, before_ms: int) -> bool:
    return isinstance(moment, int) and moment < before_ms
