"""Check-ins that were begun and not saved: side by side, each found by its plate, none in the form of another."""

from dataclasses import replace
from functools import partial

import pytest

from carnet_node.core.commands.customers import AddCustomer, add_customer
from carnet_node.core.commands.vehicles import AddVehicle
from carnet_node.core.saving.desk import save, save_vehicle
from carnet_node.core.saving.form_drafts import draft_of, keep_draft
from carnet_node.core.saving.unsaved import (
    another_form,
    begin_with,
    form_for_car,
    form_of_car,
    form_of_customer,
    form_of_id,
    unsaved_check_ins,
    unsaved_found,
    unsaved_with,
)
from carnet_protocol.ids import RecordId, record_text
from carnet_protocol.vin import VinPolicy
from support.browsing import Fields, Visitor
from support.desk import record
from support.staffed import Site, add_somebody, hire_with_password
from support.vins import make_vins

NEW = "/visits/new"
ONE, OTHER = "浙A55K55", "浙B77777"
VIN = "LSVAA4182E2123456"
NUMBER = "13800138009"


def typed_into(desk: Visitor, address: str, **fields: str) -> str:
    """The page of a check-in, after its script has sent what somebody typed; returns the name of its draft."""
    page = desk.open(address)
    form = Fields(page).forms[NEW]["draft"]
    desk.send(page, f"/drafts/{form}", {"fields": fields, "based_on": ""})
    return form


def a_car(site: Site) -> RecordId:
    """A car on file."""
    return save_vehicle(site.as_admin, AddVehicle(make_vins(1)[0], VinPolicy.STRICT, {})).vehicle


def begun_with(desk: Visitor, plate: str) -> str:
    """Where the search for a plate leads that nobody knows."""
    return desk.submit(desk.open("/"), "/search", {"text": plate}).headers["location"].split("&search=")[0]


def test_a_check_in_of_another_plate_leaves_the_first_as_it_was(site: Site, desk: Visitor):
    """The first one keeps every word, and both are listed."""
    first = typed_into(desk, NEW, **{"car.plate": ONE, "sender_name": "王"})

    second = typed_into(desk, begun_with(desk, OTHER), sender_name="李")

    kept = [draft_of(site.node, site.admin, form) for form in (first, second)]
    assert [one and one.fields["sender_name"] for one in kept] == [("王",), ("李",)]
    assert {one.plate for one in unsaved_check_ins(site.node, site.admin)} == {ONE, OTHER}


def test_what_is_thrown_away_is_named_before_the_others(desk: Visitor):
    """The button stands below the check-in that it throws away, and not below another one."""
    typed_into(desk, NEW, **{"car.plate": ONE})
    typed_into(desk, begun_with(desk, OTHER), sender_name="李")

    page = desk.open(begun_with(desk, OTHER))

    notice = page[page.index('class="notice unsaved"') : page.index('class="stack checkin"')]
    parts = [OTHER, "/drop", ONE]
    assert sorted(parts, key=notice.index) == parts


def test_two_empty_forms_become_two_check_ins(site: Site, desk: Visitor):
    """Two windows in which somebody begins to type share no draft."""
    pages = [desk.open(NEW), desk.open(NEW)]

    names = {Fields(page).forms[NEW]["draft"] for page in pages}

    assert len(names) == 2


def test_a_plate_that_is_searched_again_finds_what_was_begun_for_it(desk: Visitor):
    """However it is spelled, the form comes back as it was left, also after another was begun."""
    typed_into(desk, begun_with(desk, ONE), sender_name="王")
    begun_with(desk, OTHER)

    again = desk.open(begun_with(desk, "浙a·55k55"))

    assert Fields(again).forms[NEW]["sender_name"] == "王"
    assert Fields(again).forms[NEW]["car.plate"] == ONE


@pytest.mark.parametrize(
    ("text", "again", "listed"),
    [
        pytest.param("欧阳小明", " 欧阳小明", "欧阳小明", id="name"),
        pytest.param("138 0013 8009", "+86 13800138009", "*********8009", id="telephone, masked"),
    ],
)
def test_what_was_begun_for_somebody_is_found_again(site: Site, desk: Visitor, text: str, again: str, listed: str):
    """A name or number that is searched in vain twice leaves one check-in, and the list says whose."""
    begun = [begin_with(site.node, site.admin, one) for one in (text, again)]

    assert begun[0] == begun[1]
    assert listed in desk.open("/")


@pytest.mark.parametrize("text", ["王伟", "13800138009"], ids=["name", "telephone"])
@pytest.mark.parametrize(
    "car", [{"car.plate": ONE}, {"car.vin": "LSVAA4182E2123456"}, {"car.known": record_text(record(1))}]
)
def test_whoever_comes_with_another_car_begins_anew(site: Site, text: str, car: dict[str, str]):
    """A namesake, or the same person's second car, does not land in the form that says which car it is."""
    first = begin_with(site.node, site.admin, text)
    begun = draft_of(site.node, site.admin, first)
    assert begun is not None
    keep_draft(site.node, site.admin, first, {**begun.fields, **{name: (said,) for name, said in car.items()}})

    second = begin_with(site.node, site.admin, text)

    assert second != first
    assert draft_of(site.node, site.admin, second) == replace(begun, form=second)


def test_what_is_not_saved_is_listed_where_somebody_would_look(desk: Visitor):
    """On the first page, on the page of the person, and beside the form of another car."""
    address = begun_with(desk, ONE)
    other = begun_with(desk, OTHER)

    for page in ("/", "/staff/me", other):
        assert f'href="{address}"' in desk.open(page)


def test_a_saved_check_in_takes_its_own_draft_alone(site: Site, desk: Visitor):
    """The other one is still there to be gone on with."""
    begun_with(desk, ONE)
    page = desk.open(begun_with(desk, OTHER))
    typed = {"sender_name": "李", "sender_phone": "13800138000", "is_odometer_unknown": "1", "jobs[0].complaint": "x"}

    answered = desk.submit(page, NEW, {**typed, "party.full_name": "李"})

    assert answered.status_code == 303, answered.text
    assert [one.plate for one in unsaved_check_ins(site.node, site.admin)] == [ONE]


def test_a_refused_check_in_stays_under_its_own_name(desk: Visitor):
    """The form that comes back is kept where it was kept before, so that a correction joins the rest."""
    page = desk.open(begun_with(desk, ONE))

    refused = desk.submit(page, NEW, {"promised_at": "tomorrow"})

    assert Fields(refused.text).forms[NEW]["draft"] == Fields(page).forms[NEW]["draft"]


def test_another_car_can_be_begun_without_a_plate(desk: Visitor):
    """The button beside an unsaved check-in opens an empty form."""
    page = desk.open(begun_with(desk, ONE))

    begun = desk.submit(page, "/visits/begin", {})

    assert Fields(desk.open(begun.headers["location"])).forms[NEW]["car.plate"] == ""


@pytest.mark.parametrize(
    ("text", "field"),
    [
        (ONE, "car.plate"),
        ("55K55", "car.plate"),
        ("LSVAA4182E2123456", "car.vin"),
        ("2123456", "car.plate"),
        ("0123456", "car.plate"),
        ("4001234", "car.plate"),
        ("138 0013 8000", "party.number"),
        ("010-65123456", "party.number"),
        ("400-820-8820", "party.number"),
        ("+852 2345 6789", "party.number"),
        ("欧阳小明", "party.full_name"),
        ("阿卜杜拉·买买提", "party.full_name"),
    ],
)
def test_what_was_searched_in_vain_begins_the_field_it_belongs_into(site: Site, text: str, field: str):
    """A name stands in no plate, a telephone in no plate either, and the end of a VIN in no telephone."""
    kept = draft_of(site.node, site.admin, begin_with(site.node, site.admin, text))

    assert kept is not None
    assert kept.fields == {field: (text,)}


@pytest.mark.parametrize("text", ["wxm", "王", "Smith"])
def test_a_text_that_may_be_anything_fills_nothing(site: Site, text: str):
    """Initials are neither a plate nor a name; the form is empty, and nobody takes a wrong word out of it."""
    assert draft_of(site.node, site.admin, begin_with(site.node, site.admin, text)) is None


def test_a_colleague_finds_none_of_it(site: Site):
    """What was begun belongs to one person."""
    colleague = hire_with_password(site, "C02", "advisor")
    begin_with(site.node, site.admin, ONE)

    assert unsaved_check_ins(site.node, colleague.staff) == ()
    assert unsaved_with(site.node, colleague.staff, ONE) is None


def test_a_text_without_a_plate_means_no_check_in(site: Site):
    """An empty search text matches no form whose plate is still missing."""
    keep_draft(site.node, site.admin, another_form(site.node), {"sender_name": ("王",)})

    assert unsaved_with(site.node, site.admin, " ") is None


def test_each_check_in_has_a_name_of_its_own():
    """A car, a customer, an id of its own, and the form from before there were ids."""
    own = "01a0c450-6c00-7c73-a1c7-b51aa134d683"

    names = (form_of_car(record(1)), form_of_customer(record(1)), form_of_id(own), form_of_id(""))

    assert len(set(names)) == 4
    assert names[2:] == (f"check-in-new-{own}", "check-in")


def test_the_screen_key_of_a_customers_page_checks_in_that_customer(site: Site, desk: Visitor):
    """Alt+2 follows the link of the header, which names whom the page is about."""
    customer = record_text(add_somebody(site.as_admin))

    page = desk.open(f"/customers/{customer}")

    assert f'<a href="/visits/new?customer={customer}" data-digit="2"' in page


def test_the_check_in_of_a_customer_holds_nothing_of_another(site: Site, desk: Visitor):
    """What was begun for nobody on file stays out of the form that begins with somebody."""
    typed_into(desk, NEW, **{"car.plate": ONE, "sender_name": "王"})

    page = desk.open(f"{NEW}?customer={record_text(add_somebody(site.as_admin))}")

    assert Fields(page).forms[NEW]["sender_name"] == "Some Body"


@pytest.mark.parametrize(
    ("typed", "text"),
    [
        pytest.param({"car.plate": ONE}, "浙a·55k55", id="plate"),
        pytest.param({"car.plate": ONE}, "5K55", id="end of the plate"),
        pytest.param({"car.vin": VIN}, VIN.lower(), id="VIN"),
        pytest.param({"car.vin": VIN}, "123456", id="end of the VIN"),
        pytest.param({"car.vin": VIN, "party.number": NUMBER}, "138 0013 8009", id="telephone, of a car"),
        pytest.param({"car.plate": ONE, "sender_phone": NUMBER}, "8009", id="end of the sender's telephone"),
        pytest.param({"car.plate": ONE, "sender_name": "李芳"}, "李芳", id="who brings it"),
        pytest.param({"party.company_name": "远途运输"}, "远途运输", id="company"),
    ],
)
def test_what_was_typed_is_found_in_what_is_not_saved(site: Site, desk: Visitor, typed: dict[str, str], text: str):
    """The search lists the check-in with its link, also where somebody on file has the same number."""
    form = typed_into(desk, NEW, **typed)
    save(
        site.as_admin,
        partial(add_customer, AddCustomer({"party_kind": "person", "full_name": "王"}, [{"number": NUMBER}])),
    )

    shown = desk.search(text)
    page = shown.text if shown.status_code == 200 else ""

    assert f"?draft={form.removeprefix('check-in-new-')}" in page


@pytest.mark.parametrize(
    ("typed", "text"),
    [
        pytest.param({"car.plate": ONE}, "K55", id="three characters of a plate"),
        pytest.param({"car.plate": ONE}, OTHER, id="another plate"),
        pytest.param({"jobs[0].complaint": "异响"}, "异响", id="a complaint"),
    ],
)
def test_what_was_not_typed_so_is_not_found(site: Site, typed: dict[str, str], text: str):
    """A search brings no check-in up that has nothing to do with it."""
    keep_draft(site.node, site.admin, another_form(site.node), {name: (one,) for name, one in typed.items()})

    assert unsaved_found(site.node, site.admin, text) == ()


def test_a_check_in_is_found_by_whom_it_names_on_file(site: Site):
    """By the car it is of, by a car or customer that was chosen in it, and by the customer it was begun for."""
    node, staff = site.node, site.admin
    keep_draft(node, staff, form_of_car(record(1)), {"sender_name": ("王",)}, record=record(1))
    keep_draft(node, staff, another_form(node), {"car.known": (record_text(record(2)),)})
    keep_draft(node, staff, another_form(node), {"party.known": (record_text(record(3)),)})
    keep_draft(node, staff, form_of_customer(record(4)), {"sender_name": ("王",)}, record=record(4))

    found = [len(unsaved_found(node, staff, "x", [record(one)])) for one in (1, 2, 3, 4, 5)]

    assert found == [1, 1, 1, 1, 0]


def test_a_colleague_does_not_find_it_by_searching(site: Site, desk: Visitor):
    """What was begun belongs to one person, whatever is searched for."""
    form = typed_into(desk, NEW, sender_phone=NUMBER)
    colleague = desk.as_session(hire_with_password(site, "C02", "advisor").token)

    pages = [one.search(NUMBER).text for one in (desk, colleague)]

    assert [form.removeprefix("check-in-new-") in one for one in pages] == [True, False]


def test_a_car_that_was_chosen_in_a_begun_check_in_has_no_second_one(site: Site, desk: Visitor):
    """Its page opens the form in which it was taken, with every word; an empty one would stand beside it."""
    car = a_car(site)
    begun = typed_into(desk, NEW, **{"car.plate": ONE, "car.known": record_text(car), "belongings": "伞"})

    page = desk.open(f"{NEW}?vehicle={record_text(car)}")

    assert Fields(page).forms[NEW]["draft"] == begun
    assert Fields(page).forms[NEW]["belongings"] == "伞"


def test_the_form_of_a_car_itself_comes_before_one_in_which_it_was_chosen(site: Site, desk: Visitor):
    """What was begun on the page of the car is found there again, whatever was typed later."""
    car = a_car(site)
    own = typed_into(desk, f"{NEW}?vehicle={record_text(car)}", belongings="伞")
    typed_into(desk, NEW, **{"car.known": record_text(car)})

    assert form_for_car(site.node, site.admin, car) == own


@pytest.mark.parametrize(
    ("typed", "brings"),
    [
        pytest.param({}, ("王小明", NUMBER), id="nothing said"),
        pytest.param({"sender_name": "李芳"}, ("李芳", NUMBER), id="somebody else brings it"),
    ],
)
def test_who_brings_the_car_is_offered_from_the_customer_that_was_chosen(
    site: Site, desk: Visitor, typed: dict[str, str], brings: tuple[str, str]
):
    """A customer taken from what their number brought up fills what their own page would; typed words stay."""
    command = AddCustomer({"party_kind": "person", "full_name": "王小明"}, [{"number": NUMBER}])
    customer = save(site.as_admin, partial(add_customer, command)).records[0]
    begun = typed_into(desk, NEW, **{"party.known": record_text(customer), **typed})

    form = Fields(desk.open(f"{NEW}?draft={begun.removeprefix('check-in-new-')}")).forms[NEW]

    assert (form["sender_name"], form["sender_phone"]) == brings
