"""The day as rows of time and columns of bays or advisors: nothing is left out, and what is taken is not offered."""

from dataclasses import replace
from datetime import date
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from carnet_node.core.commands.appointments import slot_of
from carnet_node.core.commands.booking import MINUTE_MS, DayHours, day_span
from carnet_node.core.heads import NOTHING_READ
from carnet_node.core.records import SyncMark
from carnet_node.core.saving.appointments import TAKES_UP
from carnet_node.core.saving.day_plan import BY_ADVISOR, BY_BAY, Cell, Column, columns_of, rows_of
from carnet_node.core.shop_limits import DAY_ROWS_MAX
from carnet_node.core.showing.record_view import RecordView
from carnet_protocol.kinds import APPOINTMENT, APPOINTMENT_STATES
from carnet_protocol.registry import Value
from support.desk import record

DAY = date(2026, 9, 21)
MIDNIGHT_MS, _ = day_span(DAY, 480)
BAYS = (Column("B1", "lift"), Column("B2"))


def hours(opens: int = 480, closes: int = 1080, slot: int = 30) -> DayHours:
    """Hours by minutes since midnight."""
    return DayHours(MIDNIGHT_MS + opens * MINUTE_MS, MIDNIGHT_MS + closes * MINUTE_MS, slot * MINUTE_MS, None, None)


def booked(number: int, minute: int, minutes: int = 60, bay: str = "B1", **more: Any) -> RecordView:
    """Appointment `number`, so many minutes after midnight."""
    values: dict[str, Value] = {"starts_at": MIDNIGHT_MS + minute * MINUTE_MS, "planned_minutes": minutes}
    values |= {"status": "booked", **({"bay_code": bay} if bay else {}), **more}
    return RecordView(APPOINTMENT, record(number), True, values, {}, NOTHING_READ, (), SyncMark.ACCEPTED, False, 0)


def cells(views: list[RecordView], of: DayHours | None = None, now: int = 0) -> dict[tuple[int, str], Cell]:
    """The cells of a board of bays, by minute and column."""
    columns = columns_of(BAYS, views, BY_BAY)
    rows = rows_of(views, columns, of or hours(), BY_BAY, now_ms=MIDNIGHT_MS + now * MINUTE_MS)
    return {
        ((row.starts_ms - MIDNIGHT_MS) // MINUTE_MS, column.code): cell
        for row in rows
        for column, cell in zip(columns, row.cells, strict=True)
    }


def test_an_appointment_takes_up_every_row_it_reaches_into():
    """An hour and a minute from a quarter past nine: three rows are taken, and it begins in the first of them."""
    board = cells([booked(1, 555, 61)])

    assert [minute for (minute, bay), cell in board.items() if bay == "B1" and cell.is_taken] == [540, 570, 600]
    assert [minute for (minute, _), cell in board.items() if cell.begins] == [540]
    assert not any(cell.is_taken for (_, bay), cell in board.items() if bay == "B2")


def test_a_row_that_begins_as_an_appointment_ends_is_open():
    """A slot is half open: the next car can be booked at that very minute."""
    board = cells([booked(1, 540, 60)])

    assert [board[minute, "B1"].is_open for minute in (510, 540, 570, 600)] == [True, False, False, True]


@pytest.mark.parametrize("status", ["cancelled", "no_show"])
def test_what_takes_nothing_up_is_shown_and_its_cell_is_open(status: str):
    """It stands where it was, beside a cell that can be booked."""
    cell = cells([booked(1, 540, status=status)])[540, "B1"]

    assert (len(cell.begins), cell.is_taken, cell.is_open) == (1, False, True)


def test_a_car_that_has_left_is_shown_and_its_cells_are_open():
    """It stands where it came; every row it reached into can be booked again."""
    came = booked(1, 540, 60, status="arrived")

    rows = rows_of([came], BAYS, hours(), BY_BAY, now_ms=MIDNIGHT_MS, left={came.id})

    first = next(row for row in rows if row.cells[0].begins)
    assert [cell.is_open for row in rows for cell in row.cells if row.starts_ms >= first.starts_ms][:3] == [True] * 3
    assert not any(cell.is_taken for row in rows for cell in row.cells)


def test_two_at_one_place_are_both_shown():
    """Two machines without a line may book one bay twice."""
    cell = cells([booked(1, 540), booked(2, 550)])[540, "B1"]

    assert [one.id for one in cell.begins] == [record(1), record(2)]


@pytest.mark.parametrize(
    ("now", "minute", "is_open"),
    [
        pytest.param(540, 510, False, id="before now"),
        pytest.param(540, 540, True, id="now"),
        pytest.param(0, 480, True, id="as it opens"),
        pytest.param(0, 1050, True, id="the last slot"),
    ],
)
def test_only_what_lies_ahead_is_open(now: int, minute: int, is_open: bool):
    """What has begun cannot be booked any more."""
    assert cells([], now=now)[minute, "B2"].is_open == is_open


def test_rows_reach_as_far_as_appointments_do():
    """Appointments before the day opens and behind its end are on the board, in rows that nobody can book."""
    board = cells([booked(1, 435), booked(2, 1070, 90)])
    minutes = sorted({minute for minute, _ in board})

    assert (minutes[0], minutes[-1]) == (420, 1140)
    assert not board[420, "B2"].is_open
    assert not board[1140, "B2"].is_open


def test_a_day_without_hours_shows_what_is_booked():
    """What is booked stands in half hours, nothing is offered, and without anything booked there is no row."""
    views = [booked(1, 555, 45)]
    rows = rows_of(views, BAYS, None, BY_BAY, now_ms=MIDNIGHT_MS)

    assert [(row.starts_ms - MIDNIGHT_MS) // MINUTE_MS for row in rows] == [540, 570]
    assert not any(cell.is_open for row in rows for cell in row.cells)
    assert rows_of([], BAYS, None, BY_BAY, now_ms=MIDNIGHT_MS) == ()


def test_a_raster_too_fine_for_a_page_is_shown_coarser():
    """Five minutes of a whole day would be 288 rows."""
    rows = rows_of([], BAYS, hours(0, 1440, 5), BY_BAY, now_ms=MIDNIGHT_MS)

    assert len(rows) == 72 <= DAY_ROWS_MAX


def test_columns_are_those_of_the_site_then_others_then_none():
    """A bay that is used no more stays a column while something is booked there."""
    views = [booked(1, 540, bay="Z9"), booked(2, 540, bay=""), booked(3, 540, bay="A0")]

    assert [one.code for one in columns_of(BAYS, views, BY_BAY)] == ["B1", "B2", "A0", "Z9", ""]
    assert columns_of((), (), BY_ADVISOR) == (Column(""),)


@st.composite
def days(draw: st.DrawFn) -> list[RecordView]:
    """Appointments of a day, in any state, with and without a bay."""
    count = draw(st.integers(0, 8))
    return [
        booked(
            number,
            draw(st.integers(0, 1439)),
            draw(st.integers(5, 300)),
            draw(st.sampled_from(["B1", "B2", "B3", ""])),
            status=draw(st.sampled_from([one for one in APPOINTMENT_STATES if one != "requested"])),
        )
        for number in range(1, count + 1)
    ]


def reaches(view: RecordView, bay: str, moment_ms: int) -> bool:
    """Whether an appointment takes its bay up at a moment."""
    slot = slot_of(view.values)
    is_there = slot is not None and bool(bay) and slot.bay == bay and slot.starts_ms <= moment_ms < slot.ends_ms
    return is_there and view.values["status"] in TAKES_UP


@given(days(), st.sampled_from([hours(), hours(0, 1440, 5), hours(540, 545, 480), None]), st.integers(0, 1440))
def test_every_appointment_stands_in_one_cell_and_no_taken_cell_is_open(
    views: list[RecordView], of: DayHours | None, now: int
):
    """Whatever is booked, whenever it is looked at; and an open cell has nothing in its whole span."""
    columns = columns_of(BAYS, views, BY_BAY)

    rows = rows_of(views, columns, of, BY_BAY, now_ms=MIDNIGHT_MS + now * MINUTE_MS)

    shown = [one.id for row in rows for cell in row.cells for one in cell.begins]
    assert sorted(shown) == sorted(one.id for one in views)
    assert len(rows) <= DAY_ROWS_MAX + 1
    assert not any(cell.is_open and cell.is_taken for row in rows for cell in row.cells)
    for row in rows:
        for column, cell in zip(columns, row.cells, strict=True):
            assert not (cell.is_open and any(reaches(one, column.code, row.starts_ms) for one in views))


def test_an_appointment_without_a_slot_stands_nowhere():
    """It waits in the list beside the board."""
    call = replace(booked(1, 540), values={"status": "requested", "caller_phone": "1"})

    assert not any(cell.begins for cell in cells([call]).values())
