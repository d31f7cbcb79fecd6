"""Small forms that are refused keep what was typed; nothing stands in full before whoever may not see it."""

from functools import partial

import pytest

from carnet_node.core.commands.customers import AddCustomer, add_customer
from carnet_node.core.commands.drafting import draft_edit
from carnet_node.core.commands.vehicles import AddVehicle, ReadOdometer, read_odometer
from carnet_node.core.commands.visits import OpenVisit
from carnet_node.core.local_facts import Access
from carnet_node.core.log.authoring import commit_within
from carnet_node.core.saving.desk import save, save_vehicle, save_visit
from carnet_node.core.saving.editing import new_owner_drafts
from carnet_node.core.showing.views import list_records, one_record
from carnet_node.core.staff.access_log import accesses_of
from carnet_protocol.ids import RecordId, record_text, vehicle_id
from carnet_protocol.kinds import STAFF, VEHICLE
from carnet_protocol.registry import Value
from carnet_protocol.vin import VinPolicy
from support.browsing import Fields, Visitor
from support.staffed import Site, hire, hire_with_password
from support.vins import make_vins, with_wrong_digit

NUMBER = "13800138000"


def a_customer(site: Site) -> RecordId:
    """A person with a telephone."""
    command = AddCustomer({"party_kind": "person", "full_name": "王小明"}, [{"number": NUMBER}])
    return save(site.as_admin, partial(add_customer, command)).records[0]


def an_order(site: Site, customer: RecordId | None = None) -> tuple[RecordId, RecordId]:
    """A car and its open order, which says whom to call."""
    car = save_vehicle(site.as_admin, AddVehicle(make_vins(1)[0], VinPolicy.STRICT, {})).vehicle
    if customer is not None:
        save(site.as_admin, lambda _: new_owner_drafts(site.node, car, customer, "owner", {}))
    values: dict[str, Value] = {"odometer_in_km": 52_300, "sender_name": "王小明", "sender_phone": NUMBER}
    return car, save_visit(site.as_admin, OpenVisit("", car, site.node.clock.now_ms(), customer, values)).visit


def without_role(site: Site, staff_no: str) -> tuple[RecordId, Visitor]:
    """Somebody whose role says nothing here, as one of a newer version would, and their browser."""
    hired = hire_with_password(site, staff_no, "advisor")
    view = one_record(site.node, STAFF, hired.staff)
    assert view is not None
    draft = draft_edit(STAFF, view.read(), {"role": None})
    assert draft is not None
    with site.node.store.write() as tx:
        commit_within(site.node, tx, [draft])
    return hired.staff, Visitor(site.node).with_session(hired.token).in_english()


@pytest.mark.parametrize(
    ("form", "typed"),
    [
        pytest.param("jobs", {"jobs[0].complaint": "刹车异响", "jobs[0].estimate_fen": "about 300"}, id="more work"),
        pytest.param("step/complete", {"odometer_out_km": "far"}, id="a step"),
        pytest.param("void", {"void_reason": "错" * 1500}, id="void"),
    ],
)
def test_a_small_form_of_an_order_comes_back_as_it_was_typed(
    site: Site, desk: Visitor, form: str, typed: dict[str, str]
):
    """It stands on the order's own page, with a sentence beside the field."""
    _, order = an_order(site)
    address = f"/visits/{record_text(order)}"

    refused = desk.submit(desk.open(address), f"{address}/{form}", typed)

    again = Fields(refused.text).forms[f"{address}/{form}"]
    assert refused.status_code == 422
    assert {name: again[name] for name in typed} == typed
    assert 'aria-invalid="true"' in refused.text


def test_a_refused_form_is_saved_after_it_was_corrected(site: Site, desk: Visitor):
    """The form that came back carries what it needs to be sent once more."""
    _, order = an_order(site)
    address = f"/visits/{record_text(order)}"
    refused = desk.submit(
        desk.open(address), f"{address}/jobs", {"jobs[0].complaint": "异响", "jobs[0].estimate_fen": "x"}
    )

    saved = desk.submit(refused.text, f"{address}/jobs", {"jobs[0].estimate_fen": "300"})

    assert saved.headers["location"] == address
    assert "异响" in desk.open(address)


def test_a_refused_form_leads_back_to_the_page_it_stands_on(site: Site, desk: Visitor):
    """Whoever changes the language after a refusal gets that page, and not the address the form went to."""
    _, order = an_order(site)
    address = f"/visits/{record_text(order)}"

    refused = desk.submit(desk.open(address), f"{address}/step/complete", {"odometer_out_km": "far"})

    assert Fields(refused.text).forms["/language"]["address"] == address


def test_a_refused_statement_stands_on_the_page_of_the_customer(site: Site, desk: Visitor):
    """What it is about stays chosen."""
    address = f"/customers/{record_text(a_customer(site))}"
    page = desk.open(address)

    refused = desk.submit(page, f"{address}/consents", {"purpose": "survey", "statement": "perhaps"})

    assert refused.status_code == 422
    assert Fields(refused.text).forms[f"{address}/consents"]["purpose"] == "survey"
    assert "Not saved" in refused.text


def test_a_departure_that_is_refused_asks_again_who_takes_over(site: Site, desk: Visitor):
    """The colleague who was chosen stays chosen."""
    leaver, heir = hire(site, "A20", "advisor"), hire(site, "C20", "care_clerk")
    address = f"/staff/{record_text(leaver)}/leave"

    refused = desk.submit(desk.open(address), address, {"successor": record_text(heir)})

    assert refused.status_code == 422
    assert Fields(refused.text).forms[address]["successor"] == record_text(heir)
    assert "does not work on orders here" in refused.text


def test_a_role_that_is_refused_is_said_on_the_staff_page(site: Site, desk: Visitor):
    """The last administrator stays one, and the page says why."""
    address = f"/staff/{record_text(site.admin)}/role"

    refused = desk.submit(desk.open("/staff"), address, {"role": "advisor"})

    assert refused.status_code == 422
    assert "This is the last administrator of the site." in refused.text
    assert address in Fields(refused.text).forms


@pytest.mark.parametrize("page", ["/customers/{customer}/edit", "/visits/{order}/edit", "/visits/{order}/print/order"])
def test_forms_and_prints_need_the_right_to_see_values_in_full(site: Site, page: str):
    """A role without it is told so, sees no number, and nothing is noted as shown."""
    customer = a_customer(site)
    _, order = an_order(site, customer)
    staff, newcomer = without_role(site, "T01")

    answered = newcomer.ask("GET", page.format(customer=record_text(customer), order=record_text(order)))

    assert answered.status_code == 422
    assert "Your role does not see personal values in full." in answered.text
    assert "138 0013 8000" not in answered.text
    assert NUMBER not in answered.text
    assert accesses_of(site.node, staff) == ()


def test_a_check_in_shows_a_masked_number_to_whoever_may_not_see_it(site: Site):
    """The form opens, since the car is at the counter; no number of the customer stands in it."""
    car, _ = an_order(site, a_customer(site))
    staff, newcomer = without_role(site, "T01")

    page = newcomer.open(f"/visits/new?vehicle={record_text(car)}")

    assert "138 0013 8000" not in page
    assert Fields(page).forms["/visits/new"]["sender_phone"] == ""
    assert accesses_of(site.node, staff) == ()


def test_the_form_of_an_order_leaves_a_trace(site: Site, desk: Visitor):
    """It shows whom to call in full."""
    _, order = an_order(site)

    desk.open(f"/visits/{record_text(order)}/edit")

    assert [(one.access, one.subject) for one in accesses_of(site.node, site.admin)] == [(Access.SHOWN, "order form")]


@pytest.mark.parametrize(
    ("form", "field", "box"),
    [
        pytest.param("visits/{order}/edit", "odometer_in_km", "is_read_again", id="order"),
        pytest.param("vehicles/{car}/edit", "reading.odometer_km", "reading.is_read_again", id="car"),
        pytest.param("visits/{order}/step/complete", "odometer_out_km", "is_read_again", id="hand-over"),
    ],
)
def test_an_odometer_that_looks_wrong_is_asked_about(site: Site, desk: Visitor, form: str, field: str, box: str):
    """The form offers a box by which somebody says that it was read again, and is saved with it."""
    car, order = an_order(site)
    yesterday = ReadOdometer(car, 60_000, site.node.clock.now_ms() - 24 * 3600 * 1000, "statement")
    save(site.as_admin, lambda new_id: (read_odometer(yesterday, new_id),))
    address = "/" + form.format(car=record_text(car), order=record_text(order))
    page = desk.open(address.replace("/step/complete", ""))

    asked = desk.submit(page, address, {field: "600000"})
    saved = desk.submit(asked.text, address, {box: "1"})

    assert asked.status_code == 422
    assert f'name="{box}"' in asked.text
    assert f'name="{box}"' not in page
    assert saved.status_code == 303


def test_the_vin_of_a_car_known_by_its_plate_is_stated_on_its_page(site: Site, desk: Visitor):
    """A wrong digit is asked about with what was typed; with the right one the page is that of the car of the VIN."""
    vin = make_vins(1)[0]
    typed = {"car.plate": "津B88K99", "party.full_name": "李芳", "sender_name": "李芳", "sender_phone": NUMBER}
    checked_in = desk.submit(desk.open("/visits/new"), "/visits/new", {**typed, "is_odometer_unknown": "1"})
    (car,) = list_records(site.node, VEHICLE, after=None, limit=5).records
    address = f"/vehicles/{record_text(car.id)}"

    asked = desk.submit(desk.open(address), f"{address}/number", {"vin": with_wrong_digit(vin)})
    saved = desk.submit(asked.text, f"{address}/number", {"vin": vin})

    assert checked_in.status_code == 303
    assert asked.status_code == 422
    assert f'value="{with_wrong_digit(vin)}"' in asked.text
    assert saved.headers["location"] == f"/vehicles/{record_text(vehicle_id(vin))}"
    assert "津B88K99" in desk.open(saved.headers["location"])


@pytest.mark.parametrize(
    ("language", "words"),
    [
        ("en", "The birthday is still to come. Correct the date."),
        ("zh_CN", "生日还没有到。请更正日期。"),
    ],
)
@pytest.mark.parametrize("form", ["new", "edit"])
def test_a_birthday_to_come_is_told_at_its_field(site: Site, form: str, language: str, words: str):
    """A form with a birthday in the future comes back with what was typed and says so beside it."""
    at = "/customers/new" if form == "new" else f"/customers/{record_text(a_customer(site))}/edit"
    desk = Visitor(site.node).with_session(site.session.token)
    desk.submit(desk.open("/"), "/language", {"language": language})

    answered = desk.submit(desk.open(at), at, {"full_name": "王小明", "birth_on": "2199-12-31"})

    assert answered.status_code == 422
    told = answered.text.split('id="f-birth_on-problem">')[1].split("</p>")[0]
    assert (told == words, 'value="2199-12-31"' in answered.text) == (True, True)


@pytest.mark.parametrize(
    ("typed", "is_open"),
    [
        pytest.param({}, False, id="nothing in it"),
        pytest.param({"jobs[0].labour[0].actual_hours": "many"}, True, id="no number of hours"),
        pytest.param({"jobs[0].parts[1].price_fen": "12"}, True, id="a price alone"),
    ],
)
def test_a_refused_check_in_comes_back_with_its_lines_unfolded(desk: Visitor, typed: dict[str, str], is_open: bool):
    """What is wrong with hours and parts, or typed there, is seen; an empty block stays folded."""
    page = desk.open("/visits/new")

    refused = desk.submit(page, "/visits/new", {"jobs[0].complaint": "异响", **typed})

    first_block = refused.text.partition("<details")[2].partition(">")[0]
    assert (refused.status_code, first_block.endswith(" open")) == (422, is_open)
