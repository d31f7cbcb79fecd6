"""Which days a field may state, and how long its text may be: one rule for forms, API, command line and import."""

from collections.abc import Callable
from datetime import date
from pathlib import Path

import pytest

from carnet_node.core.commands.cleaning import clean_values
from carnet_node.core.commands.customers import AddPart, add_part
from carnet_node.core.commands.drafting import Drafts
from carnet_node.core.commands.settlement import settle_visit
from carnet_node.core.commands.vehicles import (
    AddOwnership,
    AddVehicle,
    ReadOdometer,
    add_ownership,
    add_plate,
    add_vehicle,
    edit_vehicle,
    read_odometer,
)
from carnet_node.core.commands.visits import OpenVisit, Step, complete_visit, open_visit
from carnet_node.core.desk_limits import DAMAGE_MARKS_MAX
from carnet_node.core.numbering import Today
from carnet_node.core.value_bounds import DAY_BOUNDS, chars_max, chars_max_of, day_problem
from carnet_protocol.ids import RecordId
from carnet_protocol.kinds import ADDRESS, CUSTOMER, REGISTRY, VEHICLE, VISIT
from carnet_protocol.limits import TEXT_BYTES_MAX
from carnet_protocol.registry import Kind, Value, ValueType, Writer
from carnet_protocol.vin import VinPolicy
from support.desk import counted_ids, problems_of, read_of
from support.vins import make_vins

DAY_MS = 24 * 3600 * 1000
NOW_MS = 1_789_200_000_000
"""12 September 2026, 08:00 UTC."""

TODAY = Today(date(2026, 9, 12), 480)
CAR, PERSON = RecordId(bytes([1] * 16)), RecordId(bytes([2] * 16))


def test_every_day_a_site_writes_has_bounds():
    """A field of a new kind is decided before it is typed into."""
    written = {
        (kind.name, one.name)
        for kind in REGISTRY.kinds
        if kind.writer is not Writer.HUB
        for _, one in kind.by_label.values()
        if one.type in (ValueType.DATE, ValueType.INSTANT)
    }

    assert written - DAY_BOUNDS.keys() == set()


@pytest.mark.parametrize(
    ("kind", "name", "value", "what"),
    [
        pytest.param("vehicle", "build_on", "2026-09-12", None, id="built today"),
        pytest.param("vehicle", "build_on", "2026-09-13", "The day is still to come.", id="built tomorrow"),
        pytest.param("vehicle", "build_on", "1900-01-01", None, id="built when cars began"),
        pytest.param("vehicle", "build_on", "1899-12-31", "The day lies before 1900.", id="built before"),
        pytest.param("plate", "from_on", "2026-09-13", "The day is still to come.", id="plate from tomorrow"),
        pytest.param("plate", "to_on", "2026-09-13", "The day is still to come.", id="plate until tomorrow"),
        pytest.param("ownership", "from_on", "2099-01-01", "The day is still to come.", id="owner from 2099"),
        pytest.param("ownership", "to_on", "2030-01-01", None, id="a lease runs on"),
        pytest.param(
            "ownership", "to_on", "2099-01-01", "The day lies more than 3660 days ahead.", id="a lease of a lifetime"
        ),
        pytest.param("customer", "birth_on", "2026-09-13", "The birthday is still to come.", id="born tomorrow"),
        pytest.param("customer", "birth_on", "1901-01-01", None, id="as old as people get"),
        pytest.param("customer", "birth_on", "1900-12-31", "Nobody is as old as that.", id="older"),
        pytest.param("visit", "next_service_on", "2027-09-12", None, id="next service"),
        pytest.param("car_dates", "insurance_until_on", "2027-09-12", None, id="insurance runs out"),
        pytest.param("car_dates", "inspection_until_on", "2028-09-12", None, id="inspection is due"),
        pytest.param("appointment", "starts_at", NOW_MS + 30 * DAY_MS, None, id="appointment"),
        pytest.param(
            "visit",
            "promised_at",
            NOW_MS + 367 * DAY_MS,
            "The promised time is more than a year away.",
            id="a promise too far",
        ),
        pytest.param("visit", "opened_at", NOW_MS + 8 * 3600 * 1000 - 1, None, id="late on this day at the site"),
        pytest.param(
            "visit", "opened_at", NOW_MS + 8 * 3600 * 1000, "The day is still to come.", id="midnight at the site"
        ),
        pytest.param("odometer_reading", "read_at", -1, "The day lies before 1970.", id="before moments are counted"),
        pytest.param("vehicle", "color", "red", None, id="no day at all"),
        pytest.param("vehicle", "build_on", None, None, id="no value"),
    ],
)
def test_a_day_lies_within_the_bounds_of_its_field(kind: str, name: str, value: Value, what: str | None):
    """What happened lies behind today, what is agreed or runs out not too far ahead."""
    problem = day_problem(kind, name, value, TODAY)

    assert (None if problem is None else problem.what) == what


@pytest.mark.parametrize(
    ("year", "is_taken"), [(1899, False), (1900, True), (2027, True), (2028, False), (99999, False)]
)
def test_a_model_year_lies_between_the_first_car_and_the_next_year(year: int, is_taken: bool):
    """Told once, with both ends, however far off it is."""
    _, problems = clean_values(VEHICLE, {"model_year": year}, today=TODAY)

    said = [] if is_taken else ["A model year lies between 1900 and 2027."]
    assert [one.what for one in problems] == said


def test_without_a_day_nothing_is_judged():
    """What is on file elsewhere is taken as it is where nobody says which day it is."""
    assert day_problem("vehicle", "build_on", "2099-01-01", None) is None


AHEAD: Value = "2099-01-01"
AHEAD_MS = NOW_MS + 2 * DAY_MS
(VIN,) = make_vins(1)
ORDER = OpenVisit("N1", CAR, NOW_MS, values={"is_odometer_unknown": True}, today=TODAY)


def _step(values: dict[str, Value]) -> Step:
    return Step(read_of(values), AHEAD_MS, today=TODAY)


@pytest.mark.parametrize(
    ("field", "command"),
    [
        pytest.param(
            "build_on",
            lambda: (
                add_vehicle(AddVehicle(VIN, VinPolicy.STRICT, {"build_on": AHEAD}, today=TODAY), counted_ids()).drafts
            ),
            id="a new car",
        ),
        pytest.param("build_on", lambda: edit_vehicle(read_of({}), {"build_on": AHEAD}, TODAY), id="a car"),
        pytest.param(
            "from_on",
            lambda: add_plate(CAR, {"plate_no": "沪A12345", "from_on": AHEAD}, counted_ids(), TODAY),
            id="a plate",
        ),
        pytest.param(
            "from_on",
            lambda: add_ownership(AddOwnership(CAR, PERSON, "owner", {"from_on": AHEAD}, today=TODAY)),
            id="an owner",
        ),
        pytest.param(
            "read_at",
            lambda: (read_odometer(ReadOdometer(CAR, 5, AHEAD_MS, "visit", today=TODAY), counted_ids()),),
            id="a reading",
        ),
        pytest.param(
            "to_on",
            lambda: add_part(AddPart(ADDRESS, PERSON, {"street": "x", "to_on": AHEAD}, TODAY), counted_ids()),
            id="an address",
        ),
        pytest.param(
            "opened_at",
            lambda: open_visit(OpenVisit("N1", CAR, AHEAD_MS, values=ORDER.values, today=TODAY), counted_ids()),
            id="an order",
        ),
        pytest.param("completed_at", lambda: complete_visit(_step({"status": "open"})), id="work done"),
        pytest.param("settled_at", lambda: settle_visit(_step({"status": "completed"})), id="a bill settled"),
    ],
)
def test_every_command_judges_its_days(field: str, command: Callable[[], Drafts]):
    """Whoever writes a record says which day it is, and is refused at the field."""
    assert [name for name, _ in problems_of(command)] == [field]


def test_a_day_that_stays_as_it_was_is_not_judged():
    """What is on file may be older than the rule; who changes the colour is not asked about it."""
    read = read_of({"build_on": "2099-01-01", "color": "red"})

    drafts = edit_vehicle(read, {"build_on": "2099-01-01", "color": "blue"}, TODAY)

    assert drafts[0].values == {"color": "blue"}


@pytest.mark.parametrize(
    ("kind", "name", "chars", "what"),
    [
        pytest.param(CUSTOMER, "full_name", 100, None, id="a name that fits"),
        pytest.param(
            CUSTOMER, "full_name", 101, "This has 101 characters; there is room for 100.", id="one character more"
        ),
        pytest.param(CUSTOMER, "note", 1000, None, id="a long note"),
        pytest.param(CUSTOMER, "note", 1001, "This has 1001 characters; there is room for 1000.", id="a longer one"),
        pytest.param(
            VISIT, "advisor_code", 65, "This has 65 characters; there is room for 64.", id="a code that is none"
        ),
    ],
)
def test_a_text_that_is_too_long_is_told_how_long_it_is(kind: Kind, name: str, chars: int, what: str | None):
    """Characters are counted, as people count them, and none is cut off."""
    _, problems = clean_values(kind, {name: "字" * chars})

    assert [one.what for one in problems] == ([] if what is None else [what])


def test_no_text_that_fits_is_refused_further_in():
    """A character has four bytes at most, so the bound of the registry is never reached; marks are ASCII."""
    fields = [one for kind in REGISTRY.kinds for _, one in kind.by_label.values() if one.type is ValueType.TEXT]

    longest = max(chars_max(one) for one in fields if one.name != "damage_marks")

    assert longest * 4 <= TEXT_BYTES_MAX


def test_all_marks_of_a_walk_round_fit():
    """The longest mark has the longest kind and two places of four digits."""
    assert chars_max_of("damage_marks") >= DAMAGE_MARKS_MAX * len("scratch 1000 1000; ")


def test_a_page_takes_as_many_characters_as_a_save():
    """The length of a field is written down once, and every text field of the forms takes it from there."""
    templates = Path(__file__).parents[2] / "node/src/carnet_node/entrypoints/pages/templates"
    names = {one.name for kind in REGISTRY.kinds for _, one in kind.by_label.values() if one.type is ValueType.TEXT}

    own = {
        (file.name, line.strip())
        for file in templates.glob("*.html")
        for line in file.read_text(encoding="utf-8").splitlines()
        if "maxlength=" in line and any(f'"{name}"' in line for name in names) and "staff" not in file.name
    }

    assert own == set()
