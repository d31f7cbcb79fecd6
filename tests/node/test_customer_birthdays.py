"""What the desk may save as a birthday: a day of the calendar that stands beside it."""

from datetime import date

import pytest

from carnet_node.core.commands.customers import AddCustomer, EditCustomer, add_customer, edit_customer
from carnet_node.core.numbering import Today
from carnet_node.core.refusals import ProblemCode
from support.desk import counted_ids, problems_of, read_of

TODAY = Today(date(2026, 11, 22))
WANG = {"party_kind": "person", "full_name": "王小明"}
LUNAR = {"birth_calendar": "lunar"}
LEAP = {**LUNAR, "birth_leap_month": True}


@pytest.mark.parametrize(
    ("values", "is_taken"),
    [
        pytest.param({"birth_on": "1990-02-30", **LUNAR}, True, id="day 30 of a second month"),
        pytest.param({"birth_on": "1990-02-30"}, False, id="30 February"),
        pytest.param({"birth_on": "1990-02-30", "birth_calendar": "solar"}, False, id="30 February, said to be solar"),
        pytest.param({"birth_on": "1987-02-30", **LUNAR}, False, id="a second month of 29 days"),
        pytest.param({"birth_on": "1990-01-31", **LUNAR}, False, id="day 31"),
        pytest.param({"birth_on": "1990-05-12", **LEAP}, True, id="the leap month of the year"),
        pytest.param({"birth_on": "1990-06-12", **LEAP}, False, id="no leap month of the year"),
        pytest.param({"birth_on": "1990-13-01", **LUNAR}, False, id="month 13"),
    ],
)
def test_a_birthday_is_a_day_of_its_calendar(values: dict, is_taken: bool):
    """The solar and the Chinese calendar have different days; one that is none is refused once, when new or changed."""
    new = AddCustomer({**WANG, **values}, today=TODAY)
    change = EditCustomer(read_of(WANG), values, TODAY)

    if is_taken:
        assert add_customer(new, counted_ids())[0].values["birth_on"] == values["birth_on"]
        assert edit_customer(change)[0].values == values
    else:
        assert problems_of(lambda: add_customer(new, counted_ids())) == [("birth_on", ProblemCode.BAD_DATE)]
        assert problems_of(lambda: edit_customer(change)) == [("birth_on", ProblemCode.BAD_DATE)]


def test_another_calendar_is_judged_with_the_day_on_file():
    """A day that only the Chinese calendar has cannot become a solar one."""
    read = read_of({**WANG, "birth_on": "1990-02-30", **LUNAR})

    assert problems_of(lambda: edit_customer(EditCustomer(read, {"birth_calendar": "solar"}, TODAY))) == [
        ("birth_on", ProblemCode.BAD_DATE)
    ]
    assert edit_customer(EditCustomer(read, {"note": "new"}, TODAY))[0].values == {"note": "new"}
