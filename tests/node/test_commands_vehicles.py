"""What the desk may save about vehicles: VINs, plates, ownership, odometer."""

from dataclasses import replace

import pytest

from carnet_node.core.commands.drafting import Read
from carnet_node.core.commands.vehicles import (
    AddOwnership,
    AddVehicle,
    ReadOdometer,
    add_ownership,
    add_plate,
    add_vehicle,
    carry_plate,
    edit_ownership,
    edit_plate,
    edit_vehicle,
    read_odometer,
)
from carnet_node.core.heads import Head, Heads
from carnet_node.core.refusals import CommandRefused, ProblemCode
from carnet_node.core.showing.odometer import Odometer, Reading, ReadingFlag, judge_odometer, reading_of
from carnet_protocol.changeset import Draft
from carnet_protocol.ids import OpId, RecordId, ownership_id, vehicle_id
from carnet_protocol.kinds import ODOMETER_READING, OWNERSHIP, PLATE, VEHICLE
from carnet_protocol.registry import Value
from carnet_protocol.vin import VinPolicy
from support.desk import counted_ids, problems_of, record

VIN = "1M8GDM9AXKP042788"
HEAD = OpId(b"h" * 16)
DAY_MS = 24 * 3600 * 1000


def test_a_vehicle_has_the_id_of_its_vin():
    """Two sites that type the same VIN in different spellings draft the same record."""
    here = add_vehicle(AddVehicle("1m8gdm9axkp042788", VinPolicy.STRICT), counted_ids())
    there = add_vehicle(AddVehicle("１M8GDM9A-XKP042788", VinPolicy.STRICT), counted_ids())

    assert here == there
    assert here.drafts == (Draft(VEHICLE, vehicle_id(VIN), {"vin": VIN}),)


@pytest.mark.parametrize(
    ("typed", "policy", "is_accepted"),
    [
        pytest.param(VIN, VinPolicy.STRICT, True, id="valid"),
        pytest.param("1M8GDM9A1KP042788", VinPolicy.STRICT, False, id="check digit, strict"),
        pytest.param("1M8GDM9A1KP042788", VinPolicy.LENIENT, True, id="check digit, lenient"),
        pytest.param("1M8GDM9AXKPO42788", VinPolicy.STRICT, False, id="letter O"),
        pytest.param(VIN[:-1], VinPolicy.STRICT, False, id="sixteen"),
        pytest.param("11111111111111111", VinPolicy.LENIENT, False, id="placeholder"),
        pytest.param("AE86-1234567", VinPolicy.STRICT, False, id="frame number, strict"),
        pytest.param("AE86-1234567", VinPolicy.LENIENT, True, id="frame number, lenient"),
    ],
)
def test_the_market_decides_which_numbers_are_accepted(typed: str, policy: VinPolicy, is_accepted: bool):
    """A strict market takes valid VINs only, a lenient one also what its cars really carry."""
    command = AddVehicle(typed, policy)

    if is_accepted:
        assert len(add_vehicle(command, counted_ids()).drafts) == 1
    else:
        assert problems_of(lambda: add_vehicle(command, counted_ids())) == [("vin", ProblemCode.BAD_VIN)]


def test_a_refused_vin_is_not_repeated_in_the_error():
    """The error says which rule is broken and what would cure it, without the number itself."""
    with pytest.raises(CommandRefused) as refused:
        add_vehicle(AddVehicle("1M8GDM9AXKPO42788", VinPolicy.STRICT), counted_ids())

    (problem,) = refused.value.problems
    assert "1 and 0 instead of I, O and Q" in problem.next
    assert "KPO42788" not in f"{refused.value} {problem}"


def test_a_frame_number_gives_a_random_id_and_no_vin():
    """A car older than the standard gets an id of its own and keeps its number as chassis number."""
    made = add_vehicle(AddVehicle("AE86-1234567", VinPolicy.LENIENT), counted_ids())

    assert made.drafts == (Draft(VEHICLE, record(1), {"chassis_no": "AE861234567"}),)


def test_a_known_vehicle_is_written_only_where_it_changes():
    """Entering a known car again with its colour writes the colour, based on what was read."""
    known = Read(vehicle_id(VIN), Heads((Head(HEAD, bytes([0, 5]), False),)), {"vin": VIN, "color": "red"})
    command = AddVehicle(VIN, VinPolicy.STRICT, {"color": "blue"}, known)

    changed = add_vehicle(command, counted_ids())
    unchanged = add_vehicle(replace(command, values={"color": "red"}), counted_ids())

    assert changed.drafts == (Draft(VEHICLE, vehicle_id(VIN), {"color": "blue"}, (HEAD,)),)
    assert unchanged.drafts == ()


def test_a_vehicle_keeps_its_vin():
    """Another VIN is another vehicle."""
    read = Read(vehicle_id(VIN), Heads(()), {"vin": VIN})

    assert problems_of(lambda: edit_vehicle(read, {"vin": "LSVAA49J132047371"})) == [("vin", ProblemCode.LOCKED)]


def test_a_plate_needs_a_number_and_a_period_in_order():
    """A plate without number, or taken off before it was put on, is refused."""
    values = {"plate_no": " ", "from_on": "2026-03-01", "to_on": "2026-02-28"}

    assert problems_of(lambda: add_plate(record(9), values, counted_ids())) == [
        ("plate_no", ProblemCode.MISSING),
        ("to_on", ProblemCode.BAD_ORDER),
    ]


def test_a_plate_may_begin_and_end_on_one_day():
    """A period of a single day is in order."""
    values = {"plate_no": "沪A·12345", "from_on": "2026-03-01", "to_on": "2026-03-01"}

    (draft,) = add_plate(record(9), values, counted_ids())

    assert draft == Draft(PLATE, record(1), {**values, "vehicle_id": record(9), "plate_no": "沪A12345"})


def test_an_ownership_has_the_id_of_its_link():
    """The same customer, vehicle and role make the same record wherever they are entered."""
    (draft,) = add_ownership(AddOwnership(record(8), record(9), "owner", {"from_on": "2026-01-01"}))

    link: dict[str, Value] = {
        "vehicle_id": record(8),
        "customer_id": record(9),
        "role": "owner",
        "from_on": "2026-01-01",
    }
    assert draft == Draft(OWNERSHIP, ownership_id(record(8), record(9), "owner"), link)


def test_an_ownership_that_is_known_gets_a_new_period():
    """Buying a car back changes the period of the link that was read."""
    record_id = ownership_id(record(8), record(9), "owner")
    known = Read(record_id, Heads((Head(HEAD, bytes([1]), False),)), {"from_on": "2020-01-01", "to_on": "2024-01-01"})
    command = AddOwnership(record(8), record(9), "owner", {"from_on": "2026-01-01", "to_on": None}, known)

    assert add_ownership(command) == (Draft(OWNERSHIP, record_id, {"from_on": "2026-01-01"}, (HEAD,)),)


@pytest.mark.parametrize("role", ["lodger", ""])
def test_a_role_outside_the_list_is_refused(role: str):
    """Owner, lessee, driver and payer are all there is."""
    command = AddOwnership(record(8), record(9), role)

    assert problems_of(lambda: add_ownership(command))[0][0] == "role"


def test_an_ownership_may_not_end_before_it_begins():
    """The end is judged against the beginning that was read."""
    read = Read(record(1), Heads(()), {"from_on": "2026-01-02"})

    assert problems_of(lambda: edit_ownership(read, {"to_on": "2026-01-01"})) == [("to_on", ProblemCode.BAD_ORDER)]


@pytest.mark.parametrize(("km", "is_accepted"), [(-1, False), (0, True), (9_999_999, True), (10_000_000, False)])
def test_a_reading_is_zero_to_9999999_km(km: int, is_accepted: bool):
    """Zero is a reading like any other; what no odometer shows is refused."""
    command = ReadOdometer(record(9), km, 1, "handover")

    if is_accepted:
        assert read_odometer(command, counted_ids()).values["odometer_km"] == km
    else:
        assert problems_of(lambda: read_odometer(command, counted_ids())) == [("odometer_km", ProblemCode.BAD_VALUE)]


def reading(number: int, km: int, day: int, *, new: bool = False) -> Reading:
    """Reading `number`: so many kilometres on a day."""
    return Reading(record(number), km, day * DAY_MS, new)


def flags_of(odometer: Odometer) -> dict[int, tuple[ReadingFlag, ...]]:
    """Flags by number of the reading, where there are any."""
    return {one.record[-1]: one.flags for one in odometer.readings if one.flags}


def served_of(odometer: Odometer) -> int | None:
    """Number of the served reading."""
    return odometer.served.record[-1] if odometer.served else None


@pytest.mark.parametrize(
    ("readings", "served", "flags"),
    [
        pytest.param([], None, {}, id="none"),
        pytest.param([reading(1, 0, 1)], 1, {}, id="a new car at zero"),
        pytest.param([reading(1, 100, 1), reading(2, 100, 2)], 2, {}, id="not driven"),
        pytest.param([reading(1, 100, 1), reading(2, 99, 2)], 1, {2: (ReadingFlag.BELOW_EARLIER,)}, id="one below"),
        pytest.param([reading(1, 100, 1), reading(2, 2_600, 2)], 2, {}, id="as far as two drivers get in a day"),
        pytest.param(
            [reading(1, 100, 1), reading(2, 2_601, 2)],
            2,
            {2: (ReadingFlag.IMPLAUSIBLE_JUMP,)},
            id="one kilometre further",
        ),
        pytest.param(
            [reading(1, 90_000, 1), reading(2, 10, 2, new=True), reading(3, 500, 9)], 3, {}, id="new instrument"
        ),
        pytest.param(
            [reading(3, 500, 9), reading(2, 10, 2, new=True), reading(1, 90_000, 1)], 3, {}, id="in any order"
        ),
        pytest.param(
            [reading(1, 90_000, 1), reading(2, 10, 5, new=True), reading(3, 80_000, 3)],
            2,
            {3: (ReadingFlag.BELOW_EARLIER,)},
            id="a late reading of the old instrument",
        ),
    ],
)
def test_the_served_odometer_is_the_greatest_since_the_last_replacement(readings: list, served: int, flags: dict):
    """Lower and implausible readings are kept and flagged, and never lower what is served."""
    odometer = judge_odometer(readings)

    assert (served_of(odometer), flags_of(odometer)) == (served, flags)
    assert len(odometer.readings) == len(readings)


@pytest.mark.parametrize(
    "values",
    [
        pytest.param({"odometer_km": 5, "read_at": 1, "retracted": "duplicate"}, id="retracted"),
        pytest.param({"read_at": 1}, id="no number"),
        pytest.param({"odometer_km": 5}, id="no moment"),
    ],
)
def test_a_retracted_or_incomplete_reading_does_not_count(values: dict):
    """What was taken back, or has no number or moment, is no reading."""
    assert reading_of(RecordId(bytes(16)), values) is None


def test_a_reading_below_the_last_is_drafted_like_any_other():
    """The command does not know the last reading, so it cannot refuse a lower one."""
    draft = read_odometer(ReadOdometer(record(9), 5, 1, "statement"), counted_ids())

    assert draft == Draft(
        ODOMETER_READING, record(1), {"vehicle_id": record(9), "odometer_km": 5, "read_at": 1, "source": "statement"}
    )


@pytest.mark.parametrize(
    ("typed", "suggestion"),
    [
        pytest.param("浙AO2345", "浙A02345", id="O"),
        pytest.param("浙A·i2345", "浙A12345", id="I, small, with a dot"),
        pytest.param("浙ADIO345", "浙AD10345", id="eight characters"),
    ],
)
def test_a_letter_that_no_plate_has_is_refused_with_what_was_meant(typed: str, suggestion: str):
    """A new plate and a changed one alike."""
    for work in (
        lambda: add_plate(record(9), {"plate_no": typed}, counted_ids()),
        lambda: edit_plate(Read(record(1), Heads(()), {"plate_no": "浙A11111"}), {"plate_no": typed}),
    ):
        with pytest.raises(CommandRefused) as refused:
            work()

        assert [(one.field, one.suggestion) for one in refused.value.problems] == [("plate_no", suggestion)]


@pytest.mark.parametrize("typed", ["🚗🚗🚗", "'; DROP TABLE", "沪A12345<b>", "=1+1", "沪A12345♥"])
def test_what_no_plate_shows_is_refused_in_words(typed: str):
    """A picture, a mark or a piece of a program is nothing that stands on a car, and no guess is offered."""
    for work in (
        lambda: add_plate(record(9), {"plate_no": typed}, counted_ids()),
        lambda: edit_plate(Read(record(1), Heads(()), {"plate_no": "浙A11111"}), {"plate_no": typed}),
    ):
        with pytest.raises(CommandRefused) as refused:
            work()

        said = [(one.field, one.what[:26], one.suggestion) for one in refused.value.problems]
        assert said == [("plate_no", "A plate has letters, digit", None)]


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        pytest.param("浙", "A plate of a province has seven characters", id="a province alone"),
        pytest.param("浙A1234", "A plate of a province has seven characters", id="six characters"),
        pytest.param("浙A1234567", "A plate of a province has seven characters", id="nine characters"),
        pytest.param("浙I12345", "Behind the province a plate has a letter", id="an office that none is"),
        pytest.param("浙112345", "Behind the province a plate has a letter", id="no letter of an office"),
        pytest.param("0571", "A plate has a letter or a Chinese character", id="an area code"),
        pytest.param("３１００００", "A plate has a letter or a Chinese character", id="a postcode, full width"),
        pytest.param("13800138000", "A plate has a letter or a Chinese character", id="a telephone number"),
    ],
)
def test_what_cannot_be_a_plate_is_refused_by_name(typed: str, said: str):
    """A new plate and a changed one alike; no guess is offered."""
    for work in (
        lambda: add_plate(record(9), {"plate_no": typed}, counted_ids()),
        lambda: edit_plate(Read(record(1), Heads(()), {"plate_no": "浙A11111"}), {"plate_no": typed}),
    ):
        with pytest.raises(CommandRefused) as refused:
            work()

        told = [(one.field, one.what[: len(said)], one.suggestion) for one in refused.value.problems]
        assert told == [("plate_no", said, None)]


@pytest.mark.parametrize(
    "typed",
    [
        "浙A12345",
        "浙AD12345",
        "京A1234警",
        "沪A0023领",
        "京X0001应急",
        "临京A1234",
        "京A临1234",
        "使224578",
        "WJ京1234X",
    ],
)
def test_plates_of_every_form_that_is_given_out_are_taken(typed: str):
    """Ordinary, new-energy, police, consular, rescue, temporary, embassy and armed police."""
    assert add_plate(record(9), {"plate_no": typed}, counted_ids())[0].values["plate_no"] == typed


@pytest.mark.parametrize("typed", ["B·MW 1234", "MÜ-AB 123", "А123ВС 77", "กข 1234", "粤Z·1234港", "沪A12345\u200b"])
def test_plates_of_other_countries_are_taken(typed: str):
    """Letters of any script and digits, however they are set apart; unseen marks do no harm."""
    assert add_plate(record(9), {"plate_no": typed}, counted_ids())[0].values["plate_no"]


@pytest.mark.parametrize("typed", ["浙O12345", "浙AQ2345", "DIPLO1", "粤Z1234港", "使014001"])
def test_a_letter_where_some_plates_have_it_is_not_questioned(typed: str):
    """The second character, Q, and plates that no province gave out."""
    assert add_plate(record(9), {"plate_no": typed}, counted_ids())[0].values["plate_no"] == typed


def test_a_plate_that_goes_over_stays_as_it_was_taken():
    """A car that gets its number keeps its plates, whatever was accepted once."""
    (draft,) = carry_plate(record(9), {"plate_no": "浙AO2345"}, counted_ids())

    assert draft.values["plate_no"] == "浙AO2345"
