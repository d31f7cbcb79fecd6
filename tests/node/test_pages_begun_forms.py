"""A form that was begun and is opened again says what it said while it was typed: who and which car may be meant."""

from functools import partial

import pytest

from carnet_node.core.commands.customers import AddCustomer, add_customer
from carnet_node.core.commands.vehicles import AddVehicle, add_plate
from carnet_node.core.saving.desk import save, save_vehicle
from carnet_node.core.saving.editing import new_owner_drafts
from carnet_node.core.saving.receiving import ReceivedCar, ReceivedParty, Reception, receive_car
from carnet_node.core.showing.views import visit_view
from carnet_protocol.ids import RecordId, parse_record_text, record_text
from carnet_protocol.registry import Value
from carnet_protocol.vin import VinPolicy
from support.browsing import Fields, Visitor
from support.node_builder import START_MS
from support.staffed import Site
from support.vins import make_vins

NEW = "/visits/new"
(VIN,) = make_vins(1)
PLATE, NAME, NUMBER = "浙A8K471", "王小明", "13800138000"
ASKED = "On file already?"
IN_WORK = "This car has an order whose work is not done"
ELSEWHERE = "Another dealer may have its file"
FOR_OWNER = "The order is for its owner on file"
TYPED = {
    "sender_name": "李芳",
    "sender_phone": "13900139000",
    "odometer_in_km": "52300",
    "jobs[0].complaint": "早上启动有异响",
}
VALUES: dict[str, Value] = {
    "is_odometer_unknown": True,
    "sender_name": NAME,
    "sender_phone": NUMBER,
    "advisor_code": "B01",
    "promised_at": START_MS + 1,
}


def a_customer(site: Site) -> RecordId:
    """Somebody on file."""
    command = AddCustomer({"party_kind": "person", "full_name": NAME}, [{"number": NUMBER}])
    return save(site.as_admin, partial(add_customer, command)).records[0]


def an_owned_car(site: Site) -> tuple[RecordId, RecordId]:
    """A car on file with a plate, and its owner."""
    owner = a_customer(site)
    car = save_vehicle(site.as_admin, AddVehicle(VIN, VinPolicy.STRICT, {})).vehicle
    save(site.as_admin, partial(add_plate, car, {"plate_no": PLATE}))
    save(site.as_admin, lambda _: new_owner_drafts(site.node, car, owner, "owner", {}))
    return car, owner


def a_car_in_work(site: Site) -> RecordId:
    """A car that stands in the shop under an order."""
    car = ReceivedCar(vin=VIN, plate=PLATE)
    return receive_car(site.as_admin, Reception(ReceivedParty(), car, VALUES)).vehicle


def begun(desk: Visitor, **fields: str) -> str:
    """The page of a check-in that is opened again after its script has sent what somebody typed."""
    page = desk.open(NEW)
    form = Fields(page).forms[NEW]["draft"]
    desk.send(page, f"/drafts/{form}", {"fields": fields, "based_on": ""})
    return desk.open(NEW)


@pytest.mark.parametrize(
    "typed",
    [
        pytest.param({"car.plate": "浙a·8k471"}, id="plate"),
        pytest.param({"car.vin": VIN}, id="VIN"),
    ],
)
def test_a_begun_check_in_of_a_known_car_names_the_car_and_its_order(site: Site, desk: Visitor, typed: dict[str, str]):
    """Nothing has to be typed again, and nobody is sent to the hub for a car that stands here."""
    car = a_car_in_work(site)

    page = begun(desk, **typed)

    assert [one in page for one in (ASKED, IN_WORK, f'data-id="{record_text(car)}"', ELSEWHERE)] == [
        True,
        True,
        True,
        False,
    ]


@pytest.mark.parametrize("field", ["party.number", "sender_phone", "party.full_name"])
def test_a_begun_check_in_names_the_customer(site: Site, desk: Visitor, field: str):
    """By a telephone of theirs, whoever brings the car, or by the name."""
    customer = a_customer(site)

    page = begun(desk, **{field: NAME if field == "party.full_name" else NUMBER})

    assert f'data-same="party.known" data-id="{record_text(customer)}"' in page


def test_a_begun_customer_names_the_one_on_file(site: Site, desk: Visitor):
    """The form of somebody new asks as it did while it was typed."""
    customer = a_customer(site)
    desk.send(desk.open("/customers/new"), "/drafts/customer", {"fields": {"full_name": NAME}, "based_on": ""})

    assert f'data-id="{record_text(customer)}"' in desk.open("/customers/new")


def test_whoever_was_told_apart_is_not_named_again(site: Site, desk: Visitor):
    """The answer was kept with the draft."""
    customer = a_customer(site)

    page = begun(desk, **{"party.number": NUMBER, f"alike.{record_text(customer)}": "other"})

    assert f'data-id="{record_text(customer)}"' not in page


def test_a_begun_form_in_which_nothing_speaks_of_anybody_names_nobody(site: Site, desk: Visitor):
    """The place is empty to the last blank, so that it takes no room."""
    a_customer(site)

    page = begun(desk, **{"jobs[0].complaint": NAME})

    assert 'data-candidates role="status" aria-live="polite"></div>' in page


def test_whom_a_refused_save_asks_about_is_named_once(site: Site, desk: Visitor):
    """The question has the answers; the same name above it without them would be asked twice."""
    customer = a_customer(site)

    asked = desk.submit(
        desk.open(NEW), NEW, {**TYPED, "car.plate": PLATE, "party.full_name": NAME, "party.number": NUMBER}
    )

    assert (asked.text.count(f'name="alike.{record_text(customer)}"'), 'data-same="' in asked.text) == (2, False)


def test_the_owner_is_offered_beside_the_answer_that_it_is_the_same_car(site: Site, desk: Visitor):
    """One tick and the order is theirs, without a search for the customer."""
    car, owner = an_owned_car(site)

    asked = desk.submit(desk.open(NEW), NEW, {**TYPED, "car.plate": PLATE})
    answers = {f"alike.{record_text(car)}": "same-car", f"alike.{record_text(owner)}": "same"}
    saved = desk.submit(asked.text, NEW, answers)

    order = visit_view(site.node, parse_record_text(saved.headers["location"].rsplit("/", 1)[1]))
    assert (f"{FOR_OWNER}: {NAME}" in asked.text, f'data-id="{record_text(owner)}"' in asked.text) == (True, False)
    assert order is not None
    assert order.customer is not None
    assert (order.visit.values["vehicle_id"], order.customer.id) == (car, owner)


def test_an_owner_who_is_not_ticked_is_left_out(site: Site, desk: Visitor):
    """The car alone is answered for, and the order has no customer, as before."""
    car, _ = an_owned_car(site)

    asked = desk.submit(desk.open(NEW), NEW, {**TYPED, "car.plate": PLATE})
    saved = desk.submit(asked.text, NEW, {f"alike.{record_text(car)}": "same-car"})

    order = visit_view(site.node, parse_record_text(saved.headers["location"].rsplit("/", 1)[1]))
    assert order is not None
    assert order.customer is None


def test_the_owner_of_a_car_that_was_chosen_while_typing_is_offered(site: Site, desk: Visitor):
    """The car was taken from what its plate brought up; its customer is one button away, and then in the form."""
    car, owner = an_owned_car(site)

    offered = begun(desk, **{"car.known": record_text(car)})
    taken = begun(desk, **{"car.known": record_text(car), "party.known": record_text(owner)})

    button = f'data-same="party.known" data-id="{record_text(owner)}"'
    assert [(button in one, f'<a href="/customers/{record_text(owner)}">' in one) for one in (offered, taken)] == [
        (True, False),
        (False, True),
    ]


def test_no_owner_of_a_chosen_car_is_offered_beside_another_customer(site: Site, desk: Visitor):
    """Somebody else brings it, and was typed in."""
    car, owner = an_owned_car(site)

    page = begun(desk, **{"car.known": record_text(car), "party.full_name": "李芳"})

    assert f'data-id="{record_text(owner)}"' not in page


@pytest.mark.parametrize("typed", [{"party.full_name": "李芳"}, {"party.street": "人民路1号"}])
def test_no_owner_is_offered_where_a_customer_was_entered(site: Site, desk: Visitor, typed: dict[str, str]):
    """Whose the order is was said already."""
    an_owned_car(site)

    asked = desk.submit(desk.open(NEW), NEW, {**TYPED, "car.plate": PLATE, **typed})

    assert (ASKED in asked.text, FOR_OWNER in asked.text) == (True, False)


@pytest.mark.parametrize(
    ("typed", "first"),
    [
        pytest.param({}, "car.plate", id="nothing of the car"),
        pytest.param({"car.plate": PLATE}, "car.vin", id="only the plate"),
        pytest.param({"car.plate": PLATE, "car.vin": VIN}, "car.plate", id="both"),
        pytest.param({"car.vin": VIN}, "car.plate", id="only the VIN"),
    ],
)
def test_the_keyboard_begins_in_the_form_whatever_was_typed(desk: Visitor, typed: dict[str, str], first: str):
    """One field of a check-in asks for it, also when the page is loaded again after a save that was refused."""
    page = begun(desk, sender_name="王", **typed)

    fields = [one for one in page.split("<") if "data-autofocus" in one]
    assert [f'name="{first}"' in one for one in fields] == [True]


def test_what_a_summary_links_to_can_have_the_keyboard(site: Site, desk: Visitor):
    """A question is no field: it takes the focus by itself."""
    an_owned_car(site)

    asked = desk.submit(desk.open(NEW), NEW, {**TYPED, "car.plate": PLATE}).text

    question = next(one for one in asked.split("<") if 'id="f-car-alike"' in one)
    assert ('href="#f-car-alike"' in asked, 'tabindex="-1"' in question) == (True, True)
