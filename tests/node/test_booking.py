"""What can be booked: hours, overlaps per bay and advisor, capacity, and nothing in the past."""

from dataclasses import replace
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from carnet_node.core.commands.booking import (
    MINUTE_MS,
    DayHours,
    HoursRecord,
    Slot,
    day_of_slot,
    day_span,
    free_slots,
    hours_on,
    slot_problems,
)
from support.desk import record

SHANGHAI = 8 * 60
MONDAY = date(2026, 9, 21)
MIDNIGHT_MS, _ = day_span(MONDAY, SHANGHAI)
HOURS = HoursRecord(record(1), 1, None, 8 * 60, 18 * 60, 30)
OPEN = DayHours(MIDNIGHT_MS + 480 * MINUTE_MS, MIDNIGHT_MS + 1080 * MINUTE_MS, 30 * MINUTE_MS, None, None)


def at(minute: int, minutes: int = 60, bay: str = "", advisor: str = "") -> Slot:
    """A slot that begins so many minutes after midnight."""
    return Slot(MIDNIGHT_MS + minute * MINUTE_MS, minutes, bay, advisor)


def fields(wanted: Slot, *taken: Slot, hours: DayHours | None = OPEN, now: int = 0) -> list[str]:
    """The fields about which a slot is refused, asked so many minutes after midnight."""
    now_ms = MIDNIGHT_MS + now * MINUTE_MS
    return [one.field for one in slot_problems(wanted, taken, hours, now_ms=now_ms)]


@pytest.mark.parametrize(
    ("begin", "problems"),
    [
        pytest.param(479, ["starts_at"], id="a minute before it opens"),
        pytest.param(480, [], id="when it opens"),
        pytest.param(1020, [], id="until it closes"),
        pytest.param(1021, ["starts_at"], id="a minute beyond"),
    ],
)
def test_a_slot_lies_within_the_hours(begin: int, problems: list[str]):
    """An hour's work begins no earlier than the site opens and ends no later than it closes."""
    assert fields(at(begin)) == problems


def test_nothing_is_booked_where_there_are_no_hours():
    """A day that nobody speaks of takes no appointment."""
    assert fields(at(600), hours=None) == ["starts_at"]


@pytest.mark.parametrize(
    ("now", "problems"),
    [
        pytest.param(600, [], id="this very minute"),
        pytest.param(601, ["starts_at"], id="a minute ago"),
        pytest.param(3_000, ["starts_at"], id="the day before"),
    ],
)
def test_nothing_is_booked_in_the_past(now: int, problems: list[str]):
    """A slot that has begun cannot be booked any more."""
    assert fields(at(600), now=now) == problems


@pytest.mark.parametrize(
    ("taken", "problems"),
    [
        pytest.param(at(540, 60, "B1", "A1"), [], id="ends when it begins"),
        pytest.param(at(540, 61, "B1", "A1"), ["bay_code", "advisor_code"], id="a minute into it"),
        pytest.param(at(659, 60, "B1", "A1"), ["bay_code", "advisor_code"], id="begins in its last minute"),
        pytest.param(at(660, 60, "B1", "A1"), [], id="begins when it ends"),
        pytest.param(at(500, 400, "B1", "A1"), ["bay_code", "advisor_code"], id="all around it"),
        pytest.param(at(610, 5, "B1", "A2"), ["bay_code"], id="the same bay"),
        pytest.param(at(610, 5, "B2", "A1"), ["advisor_code"], id="the same advisor"),
        pytest.param(at(610, 5, "B2", "A2"), [], id="neither"),
        pytest.param(at(610, 5), [], id="without bay and advisor"),
    ],
)
def test_two_slots_that_share_a_minute_are_in_the_way(taken: Slot, problems: list[str]):
    """At one bay, and with one advisor; spans are half-open."""
    assert fields(at(600, 60, "B1", "A1"), taken) == problems


def test_a_car_that_has_left_is_in_nobodys_way():
    """Its bay, its advisor and its place in the raster are free; its minutes of the day stay used."""
    left = replace(at(600, 60, "B1", "A1"), has_left=True)
    tight = DayHours(OPEN.opens_ms, OPEN.closes_ms, OPEN.slot_ms, 1, 119)

    assert fields(at(600, 59, "B1", "A1"), left, hours=tight) == []
    assert fields(at(600, 60, "B1", "A1"), left, hours=tight) == ["starts_at"]


def test_what_is_in_the_way_is_named():
    """Each problem names its own appointments: of the bay, of the advisor, of the place in the raster."""
    tight = DayHours(OPEN.opens_ms, OPEN.closes_ms, OPEN.slot_ms, 2, None)
    taken = [
        replace(one, appointment=record(number))
        for number, one in enumerate([at(600, 60, "B1"), at(610, 60, "", "A1"), at(540, 30, "B1", "A1")], 1)
    ]

    found = slot_problems(at(600, 60, "B1", "A1"), taken, tight, now_ms=MIDNIGHT_MS)

    assert {one.field: one.records for one in found} == {
        "bay_code": (record(1),),
        "advisor_code": (record(2),),
        "starts_at": (record(1), record(2)),
    }


def test_a_slot_without_bay_and_advisor_is_in_nobodys_way():
    """What is not said takes nothing up."""
    assert fields(at(600), at(600), at(600, 60, "B1", "A1")) == []


@pytest.mark.parametrize(
    ("begin", "problems"),
    [
        pytest.param(600, ["starts_at"], id="the slot that is full"),
        pytest.param(615, ["starts_at"], id="later in that slot"),
        pytest.param(630, [], id="the next slot"),
    ],
)
def test_a_slot_takes_so_many_cars(begin: int, problems: list[str]):
    """Cars count in the slot of the raster in which they begin."""
    hours = DayHours(OPEN.opens_ms, OPEN.closes_ms, OPEN.slot_ms, 2, None)

    assert fields(at(begin, 10), at(600, 10), at(629, 10), hours=hours) == problems


@pytest.mark.parametrize(("minutes", "problems"), [(60, []), (61, ["starts_at"])])
def test_a_day_takes_so_many_minutes(minutes: int, problems: list[str]):
    """Minutes of all appointments of the day count, wherever they lie."""
    hours = DayHours(OPEN.opens_ms, OPEN.closes_ms, OPEN.slot_ms, None, 180)

    assert fields(at(900, minutes), at(480, 120), hours=hours) == problems


@pytest.mark.parametrize(
    ("records", "opens"),
    [
        pytest.param([HOURS], 480, id="its weekday"),
        pytest.param([HoursRecord(record(1), 2, None, 480, 1080)], None, id="another weekday"),
        pytest.param([], None, id="nobody speaks"),
        pytest.param([HOURS, HoursRecord(record(2), None, "2026-09-21", 600, 720)], 600, id="a special day"),
        pytest.param([HOURS, HoursRecord(record(2), None, "2026-09-22", 600, 720)], 480, id="another special day"),
        pytest.param([HOURS, HoursRecord(record(2), None, "2026-09-21", 0, 0)], None, id="closed on a special day"),
        pytest.param([HoursRecord(record(2), 1, None, 540, 1080), HOURS], 540, id="two machines spoke of Mondays"),
    ],
)
def test_the_hours_of_a_day_are_those_that_speak_of_it(records: list[HoursRecord], opens: int | None):
    """A special day goes before its weekday; of two records the one made last."""
    found = hours_on(MONDAY, records, SHANGHAI)

    assert (found and (found.opens_ms - MIDNIGHT_MS) // MINUTE_MS) == opens


def test_a_day_is_the_sites():
    """Midnight in Shanghai is four in the afternoon in Greenwich, the day before."""
    assert day_of_slot(Slot(MIDNIGHT_MS, 30), SHANGHAI) == MONDAY
    assert day_of_slot(Slot(MIDNIGHT_MS - 1, 30), SHANGHAI) == date(2026, 9, 20)


SLOTS = st.builds(
    at, st.integers(480, 1075), st.integers(5, 120), st.sampled_from(["", "B1", "B2"]), st.sampled_from(["", "A1"])
)


@given(
    st.lists(SLOTS, max_size=8),
    SLOTS,
    st.integers(0, 1080),
    st.none() | st.integers(0, 3),
    st.none() | st.integers(0, 600),
)
def test_every_free_slot_can_be_booked_and_no_other(
    taken: list[Slot], wanted: Slot, now: int, cars: int | None, minutes: int | None
):
    """What is offered is accepted, and what is left out of the raster would be refused."""
    record_of_day = HoursRecord(record(1), 1, None, 480, 1080, 30, cars, minutes)
    now_ms = MIDNIGHT_MS + now * MINUTE_MS
    hours = hours_on(MONDAY, [record_of_day], SHANGHAI)

    free = list(free_slots(MONDAY, taken, [record_of_day], wanted, now_ms=now_ms, utc_offset_minutes=SHANGHAI))

    raster = [at(minute, wanted.minutes, wanted.bay, wanted.advisor) for minute in range(480, 1080, 30)]
    assert free == [one for one in raster if not slot_problems(one, taken, hours, now_ms=now_ms)]


@given(st.lists(SLOTS, max_size=12))
def test_booked_one_after_the_other_no_two_are_in_the_way(wanted: list[Slot]):
    """However people try, no bay and no advisor has two cars in one minute."""
    taken: list[Slot] = []

    for one in wanted:
        if not slot_problems(one, taken, OPEN, now_ms=0):
            taken.append(one)

    for name in ("bay", "advisor"):
        busy = [
            (getattr(one, name), one.starts_ms + minute * MINUTE_MS)
            for one in taken
            if getattr(one, name)
            for minute in range(one.minutes)
        ]
        assert len(busy) == len(set(busy))
