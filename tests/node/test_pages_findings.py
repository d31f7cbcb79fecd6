"""Everything that is wrong with a form is said at once, and only what matters."""

import re
from functools import partial

import pytest

from carnet_node.core.commands.customers import AddCustomer, add_customer
from carnet_node.core.commands.vehicles import AddVehicle
from carnet_node.core.saving.desk import save, save_vehicle
from carnet_node.core.showing.views import list_records
from carnet_protocol.ids import record_text
from carnet_protocol.kinds import CUSTOMER
from carnet_protocol.vin import VinPolicy
from support.browsing import Visitor
from support.staffed import Site
from support.vins import make_vins, with_wrong_digit

NUMBER = "13800138000"
_PROBLEM = re.compile(r'<p class="problem" id="f-([^"]+)-problem[0-9]*">')


def told(html: str) -> list[str]:
    """Fields that have a sentence beside them, each as often as it has one."""
    return sorted(_PROBLEM.findall(html))


def somebody(site: Site) -> str:
    """The id of a customer on file."""
    command = AddCustomer({"party_kind": "person", "full_name": "郑试"}, [{"number": NUMBER}])
    return record_text(save(site.as_admin, partial(add_customer, command)).records[0])


def test_a_date_that_is_none_hides_no_other_finding_of_a_new_customer(desk: Visitor):
    """Name, telephone and date are all told, each once."""
    typed = {"full_name": "", "birth_on": "yesterday", "phones[0].number": "12"}

    refused = desk.submit(desk.open("/customers/new"), "/customers/new", typed)

    assert told(refused.text) == ["birth_on", "full_name", "phones-0-number"]


def test_a_date_that_is_none_hides_no_other_finding_of_a_customer_on_file(site: Site, desk: Visitor):
    """What is wrong with the customer's own fields is told beside it."""
    at = f"/customers/{somebody(site)}/edit"

    refused = desk.submit(desk.open(at), at, {"full_name": "", "birth_on": "yesterday"})

    assert told(refused.text) == ["birth_on", "full_name"]


def test_a_text_that_is_none_hides_no_other_finding_of_a_check_in(desk: Visitor):
    """A promise that is no moment, a missing sender and a car without a number stand side by side."""
    typed = {"promised_at": "soon", "sender_name": "", "sender_phone": NUMBER, "odometer_in_km": "52300"}

    refused = desk.submit(desk.open("/visits/new"), "/visits/new", typed)

    assert told(refused.text) == ["car-vin", "promised_at", "sender_name"]


def test_a_date_that_is_none_hides_no_other_finding_of_a_car(site: Site, desk: Visitor):
    """The plate's letter and the year are told with it."""
    car = save_vehicle(site.as_admin, AddVehicle(make_vins(1)[0], VinPolicy.STRICT)).vehicle
    at = f"/vehicles/{record_text(car)}/edit"
    typed = {"build_on": "long ago", "model_year": "2200", "plates[0].plate_no": "沪AO2345"}

    refused = desk.submit(desk.open(at), at, typed)

    assert told(refused.text) == ["build_on", "model_year", "plates-0-plate_no"]


@pytest.mark.parametrize(
    ("typed", "fields"),
    [
        pytest.param({"odometer_in_km": "-9"}, ["odometer_in_km"], id="less than nothing"),
        pytest.param({"odometer_in_km": "700000"}, ["odometer_in_km"], id="a first reading beyond cars"),
        pytest.param({"odometer_in_km": "600000"}, [], id="the most that is believed"),
        pytest.param({"odometer_in_km": "700000", "is_read_again": "1"}, [], id="read again"),
    ],
)
def test_an_odometer_is_answered_once(desk: Visitor, typed: dict[str, str], fields: list[str]):
    """A number that none shows is refused, one that few show is asked about."""
    rest = {"car.plate": "沪A12345", "sender_name": "郑试", "sender_phone": NUMBER}

    answered = desk.submit(desk.open("/visits/new"), "/visits/new", {**rest, **typed})

    assert told(answered.text) == fields


@pytest.mark.parametrize(
    ("vin", "is_asked"),
    [
        pytest.param("", False, id="neither plate nor VIN"),
        pytest.param("😀", False, id="no number of a car"),
        pytest.param(with_wrong_digit(make_vins(1)[0]), True, id="a wrong check digit"),
    ],
)
def test_the_box_of_a_compared_vin_is_pointed_at_only_where_it_helps(desk: Visitor, vin: str, is_asked: bool):
    """Ticking it lets a wrong check digit stand, and nothing else."""
    refused = desk.submit(desk.open("/visits/new"), "/visits/new", {"car.vin": vin})

    box = refused.text.partition('id="f-car-is_vin_compared"')[0].rpartition('<div class="')[2].partition('"')[0]
    assert ("asked" in box.split()) is is_asked


def test_an_emoji_in_a_vin_is_one_reason(desk: Visitor):
    """That it is no character of any VIN makes the rest follow."""
    desk.in_english()

    refused = desk.submit(desk.open("/visits/new"), "/visits/new", {"car.vin": "😀"})

    beside = refused.text.split('id="f-car-vin-problem">')[1].split("</p>")[0]
    assert beside == "It holds something other than letters and digits. Compare it with the plate on the car."


def test_a_new_customer_with_name_and_telephone_of_one_on_file_is_asked_about(site: Site, desk: Visitor):
    """Nothing is saved until somebody says whether it is the same."""
    known = somebody(site)

    refused = desk.submit(
        desk.open("/customers/new"), "/customers/new", {"full_name": "郑试", "phones[0].number": NUMBER}
    )

    assert (refused.status_code, f'name="alike.{known}" value="same"' in refused.text) == (422, True)
    assert len(list_records(site.node, CUSTOMER, after=None, limit=9).records) == 1


@pytest.mark.parametrize(
    ("answer", "customers"), [pytest.param("same", 1, id="the same"), pytest.param("other", 2, id="somebody else")]
)
def test_the_answer_decides_whether_there_is_a_second_file(site: Site, desk: Visitor, answer: str, customers: int):
    """The same leads to the file there is; somebody else gets one of their own."""
    known = somebody(site)
    typed = {"full_name": "郑试", "phones[0].number": NUMBER, f"alike.{known}": answer}

    saved = desk.submit(desk.open("/customers/new"), "/customers/new", typed)

    assert (saved.status_code, saved.headers["location"].endswith(known)) == (303, answer == "same")
    assert len(list_records(site.node, CUSTOMER, after=None, limit=9).records) == customers


def test_the_form_of_a_new_customer_asks_while_somebody_types(desk: Visitor):
    """It says to the script what is a name and what a telephone, as the check-in does."""
    page = desk.open("/customers/new")

    assert 'data-duplicates="/duplicates" data-phones="phones[0].number" data-names="full_name company_name"' in page
    assert "data-candidates" in page
