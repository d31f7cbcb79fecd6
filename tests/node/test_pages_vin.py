"""A VIN or a plate at the desk, while it is typed: what is wrong with it, and the one that was probably meant."""

import pytest

from support.browsing import Visitor
from support.vins import make_vin, with_wrong_digit

NEW = "/visits/new"
GOOD = make_vin("LSV", 5)


@pytest.mark.parametrize(
    ("vin", "is_compared", "said"),
    [
        pytest.param(GOOD, False, None, id="a good one"),
        pytest.param(GOOD.replace("0", "O"), False, f'data-take="{GOOD}"', id="O for 0"),
        pytest.param(with_wrong_digit(GOOD), False, "does not fit the others", id="wrong check digit"),
        pytest.param(with_wrong_digit(GOOD), True, None, id="wrong, and compared with the car"),
        pytest.param("<script>", False, "other than letters and digits", id="no VIN at all"),
        pytest.param("1" * 5000, False, "not 17 characters", id="far too long"),
    ],
)
def test_what_is_wrong_with_a_vin_is_said_while_it_is_typed(
    desk: Visitor, vin: str, is_compared: bool, said: str | None
):
    """The sentence and the fix of the save, before anything is saved."""
    sent = {"name": "car.vin", "text": vin, "is_compared": is_compared}

    told = desk.send(desk.open(NEW), "/vin", sent).json()["html"].strip()

    assert said in told if said else told == ""


@pytest.mark.parametrize(
    ("plate", "said"),
    [
        pytest.param("浙A12345", None, id="a good one"),
        pytest.param("浙AO2345", 'data-take="浙A02345"', id="O for 0"),
        pytest.param("浙O12345", None, id="O where it may stand"),
        pytest.param("浙", "has seven characters", id="a province alone"),
        pytest.param("浙I12345", "Behind the province", id="no letter of an office"),
        pytest.param("0571", "has a field of its own", id="an area code"),
    ],
)
def test_what_is_wrong_with_a_plate_is_said_while_it_is_typed(desk: Visitor, plate: str, said: str | None):
    """With the plate that was probably meant where there is one, before anything is saved."""
    told = desk.send(desk.open(NEW), "/plate", {"name": "car.plate", "text": plate}).json()["html"].strip()

    assert said in told if said else told == ""
