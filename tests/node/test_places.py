"""Codes of places and postcodes in an address: digits that belong into another field are told by name."""

import pytest

from carnet_node.core.commands.cleaning import carried_values, clean_values
from carnet_node.core.commands.customers import AddCustomer, add_customer, carry_customer
from carnet_node.core.refusals import CommandRefused
from carnet_protocol.kinds import ADDRESS, PHONE
from support.desk import counted_ids

AREA = "This is the area code of a telephone"
NONE = "No place has this code"
POSTCODE = "No place has this code; it looks like a postcode."


@pytest.mark.parametrize(
    ("field", "typed", "said"),
    [
        pytest.param("city_code", "0571", f"{AREA} and no code of a place.", id="an area code as a city"),
        pytest.param("district_code", "010", f"{AREA} and no code of a place.", id="an area code as a district"),
        pytest.param("district_code", "310000", POSTCODE, id="the postcode of Hangzhou, which is Shanghai as a code"),
        pytest.param("city_code", "100022", POSTCODE, id="a postcode of Beijing"),
        pytest.param("district_code", "3301", f"{NONE}.", id="a city as a district"),
        pytest.param("city_code", "13800138000", f"{NONE}.", id="a telephone number"),
        pytest.param("city_code", "99", f"{NONE}.", id="two digits of no province"),
        pytest.param("postcode", "0571", f"{AREA} and no postcode.", id="an area code as a postcode"),
        pytest.param("postcode", "9100000", "A postcode has six digits, and the first is no 9.", id="seven digits"),
    ],
)
def test_digits_of_something_else_are_refused_by_name(field: str, typed: str, said: str):
    """At their own field, and nothing is mended in silence."""
    _, problems = clean_values(ADDRESS, {"street": "南京路 1 号", field: typed}, where="addresses[0].")

    assert [(one.field, one.what) for one in problems] == [(f"addresses[0].{field}", said)]


@pytest.mark.parametrize(
    ("field", "typed"),
    [
        ("province_code", "33"),
        ("province_code", "330000"),
        ("city_code", "3301"),
        ("city_code", "330100"),
        ("city_code", "429004"),
        ("city_code", "杭州市"),
        ("district_code", "330106"),
        ("district_code", "441900000000"),
        ("district_code", "西湖区"),
        ("postcode", "010000"),
        ("postcode", "SW1A 1AA"),
    ],
)
def test_codes_of_places_and_names_are_taken(field: str, typed: str):
    """Short and long codes, a city without districts, names, and postcodes of other countries."""
    assert clean_values(ADDRESS, {field: typed})[1] == []


def test_an_area_code_alone_is_no_telephone_number():
    """It says so, instead of counting digits."""
    _, (problem,) = clean_values(PHONE, {"number": "0571"})

    assert (problem.field, problem.what) == ("number", "This is the area code of a telephone without its number.")


def test_what_a_former_system_held_is_carried_as_it_was():
    """An import asks nobody, so it refuses no code."""
    command = AddCustomer({"party_kind": "person", "full_name": "王小明"}, addresses=[{"postcode": "0571"}])

    assert carried_values(ADDRESS, {"postcode": "0571"})[1] == []
    assert carry_customer(command, counted_ids())[1].values["postcode"] == "0571"
    with pytest.raises(CommandRefused):
        add_customer(command, counted_ids())
