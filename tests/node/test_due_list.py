"""Whom a site reminds on one day: windows, consent, and what was done already."""

from dataclasses import replace
from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from carnet_node.core.commands.birthdays import Birthday
from carnet_node.core.commands.due_list import CarDates, Due, Hold, Person, Reminded, due_of
from carnet_protocol.kinds import OCCASIONS, REMINDER_RESULTS
from support.desk import record

TODAY = date(2026, 9, 22)
ANNA = Person(record(1), None, is_silent=False, offers=True, service=None)
BORN = replace(ANNA, birthday=Birthday(8, 15, is_lunar=True))
CAR = record(2)


def car(occasion: str, days: int) -> CarDates:
    """A car with one day, so many days from today."""
    text = (TODAY + timedelta(days)).isoformat()
    return CarDates(CAR, *(text if occasion == name else None for name in ("next_service", "insurance", "inspection")))


@pytest.mark.parametrize(
    ("days", "is_due"),
    [(-1, False), (0, True), (3, True), (4, False)],
    ids=["yesterday", "today", "in three days", "in four"],
)
def test_a_birthday_is_due_three_days_ahead(days: int, is_due: bool):
    """Mid-autumn 2026 is 25 September: from the 22nd to the day itself."""
    mid_autumn = date(2026, 9, 25)

    found = due_of(BORN, [], [], mid_autumn - timedelta(days))

    assert [one.due_on for one in found] == ([mid_autumn] if is_due else [])


@pytest.mark.parametrize(("occasion", "ahead"), [("next_service", 14), ("insurance", 30), ("inspection", 60)], ids=str)
def test_a_day_of_a_car_is_due_in_its_window(occasion: str, ahead: int):
    """From so many days ahead to thirty days behind; both ends are inside."""
    due = [
        days
        for days in (-31, -30, 0, ahead, ahead + 1)
        if due_of(ANNA, [car(occasion, days)], [], TODAY)
        == (Due(ANNA.customer, occasion, TODAY + timedelta(days), CAR, None),)
    ]

    assert due == [-30, 0, ahead]


@pytest.mark.parametrize(
    ("person", "birthday", "service"),
    [
        pytest.param(replace(BORN, offers=True), None, None, id="agreed to offers"),
        pytest.param(replace(BORN, offers=None), Hold.NO_CONSENT, None, id="never asked"),
        pytest.param(replace(BORN, offers=False), Hold.DECLINED, None, id="declined offers"),
        pytest.param(replace(BORN, service=True), None, None, id="agreed to service"),
        pytest.param(replace(BORN, service=False), None, Hold.DECLINED, id="declined service"),
        pytest.param(replace(BORN, is_silent=True, service=True), Hold.SILENT, Hold.SILENT, id="not to be contacted"),
    ],
)
def test_consent_decides_who_may_be_called(person: Person, birthday: Hold | None, service: Hold | None):
    """Wishes need a yes, care for a car needs that nobody said no, and silence locks everything; nobody is left out."""
    found = due_of(person, [car("next_service", 3)], [], TODAY)

    assert {one.occasion: one.hold for one in found} == {"birthday": birthday, "next_service": service}


@pytest.mark.parametrize("result", REMINDER_RESULTS)
def test_a_reminder_ends_its_day_unless_nobody_was_there(result: str):
    """After no answer or a wrong number somebody has to try again."""
    day = TODAY.isoformat()

    found = due_of(ANNA, [car("insurance", 0)], [Reminded("insurance", day, CAR, result)], TODAY)

    assert bool(found) == (result in ("no_answer", "wrong_number"))


@pytest.mark.parametrize(
    "made",
    [
        pytest.param(Reminded("inspection", TODAY.isoformat(), CAR, "reached"), id="another occasion"),
        pytest.param(Reminded("insurance", "2025-09-22", CAR, "reached"), id="last year"),
        pytest.param(Reminded("insurance", TODAY.isoformat(), record(3), "reached"), id="another car"),
    ],
)
def test_a_reminder_ends_nothing_else(made: Reminded):
    """Occasion, day and car belong together."""
    assert len(due_of(ANNA, [car("insurance", 0)], [made], TODAY)) == 1


def test_the_list_is_by_day():
    """What is due first stands first; on one day, by occasion."""
    cars = [car("inspection", 1), car("insurance", 1), car("next_service", -2)]

    found = due_of(BORN, cars, [], TODAY)

    assert [one.occasion for one in found] == ["next_service", "inspection", "insurance", "birthday"]


def test_every_occasion_of_the_list_is_one_of_the_registry():
    """What is due can be written down as a reminder."""
    found = due_of(BORN, [car(name, 0) for name in ("next_service", "insurance", "inspection")], [], TODAY)

    assert {one.occasion for one in found} <= set(OCCASIONS)


@given(
    st.builds(
        Person,
        st.just(record(1)),
        st.none() | st.builds(Birthday, st.integers(1, 12), st.integers(1, 28), st.booleans()),
        st.booleans(),
        st.none() | st.booleans(),
        st.none() | st.booleans(),
    ),
    st.lists(
        st.builds(car, st.sampled_from(["next_service", "insurance", "inspection"]), st.integers(-90, 90)), max_size=4
    ),
)
def test_what_a_person_said_changes_no_day(person: Person, cars: list[CarDates]):
    """The same days are due to everybody; only who may be called differs, and nobody who is silent may."""
    willing = replace(person, is_silent=False, offers=True, service=True)

    found, asked = due_of(person, cars, [], TODAY), due_of(willing, cars, [], TODAY)

    assert [replace(one, hold=None) for one in found] == list(asked)
    assert not person.is_silent or all(one.hold is Hold.SILENT for one in found)
