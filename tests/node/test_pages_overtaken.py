"""Two people who change one customer or one car: the second hears what the first wrote, and can save all the same."""

import re
from functools import partial

import pytest

from carnet_node.core.commands.customers import AddCustomer, add_customer
from carnet_node.core.commands.vehicles import AddVehicle
from carnet_node.core.saving.desk import save, save_vehicle
from carnet_node.core.saving.editing import require_customer, require_vehicle, require_visit
from carnet_node.core.saving.form_drafts import draft_of
from carnet_protocol.ids import RecordId, parse_record_text, record_text
from carnet_protocol.registry import Value
from carnet_protocol.vin import VinPolicy
from support.browsing import Fields, Visitor
from support.staffed import Site, hire_with_password
from support.vins import make_vins

PERSON = {"party_kind": "person", "full_name": "王小明", "sex": "male"}
NUMBER = "13800138000"
CHANGED = "Somebody else has changed it since it was read."


@pytest.fixture
def customer(site: Site) -> RecordId:
    """Somebody with a telephone and an address."""
    command = AddCustomer(PERSON, [{"number": NUMBER}], [{"street": "长江路1号", "city_code": "3301"}])
    return save(site.as_admin, partial(add_customer, command)).records[0]


@pytest.fixture
def at(customer: RecordId) -> str:
    """The form of the customer."""
    return f"/customers/{record_text(customer)}/edit"


@pytest.fixture
def car(site: Site) -> RecordId:
    """A car with what it is."""
    known: dict[str, Value] = {"model_name": "雅阁", "model_year": 2020, "model_code": "CV1"}
    return save_vehicle(site.as_admin, AddVehicle(make_vins(1)[0], VinPolicy.STRICT, known)).vehicle


@pytest.fixture
def colleague(site: Site, desk: Visitor) -> Visitor:
    """The other browser."""
    return desk.as_session(hire_with_password(site, "A01", "advisor").token)


def told_in(page: str) -> list[str]:
    """What the summary of a refused form says."""
    summary = page.partition('id="summary"')[2].partition("</ul>")[0]
    return [re.sub(r"<[^>]+>", "", one) for one in re.findall("<li>(.*?)</li>", summary)]


def test_a_refused_form_says_what_stands_on_file_and_is_saved_at_the_second_try(
    site: Site, desk: Visitor, colleague: Visitor, customer: RecordId, at: str
):
    """What was typed stays, and overrules the other value by somebody who has read it: no two values are left."""
    mine = desk.open(at)
    colleague.submit(colleague.open(at), at, {"full_name": "王晓明"})

    refused = desk.submit(mine, at, {"full_name": "王小鸣", "wechat": "wxming", "note": "周末来店"})
    saved = desk.submit(refused.text, at, {})

    view = require_customer(site.node, customer).customer
    assert refused.status_code == 422
    assert told_in(refused.text) == [
        f"Name: {CHANGED} On file now: 王晓明. Compare the two; saving again keeps what stands here."
    ]
    assert saved.status_code == 303
    assert (view.values["full_name"], view.values["wechat"], view.values["note"]) == ("王小鸣", "wxming", "周末来店")
    assert view.contests == ()


def test_what_the_author_left_alone_is_the_colleagues_value(
    site: Site, desk: Visitor, colleague: Visitor, customer: RecordId, at: str
):
    """It is shown after the refusal, said with its word, and the second save does not write the older one back."""
    mine = desk.open(at)
    colleague.submit(colleague.open(at), at, {"full_name": "王晓明", "sex": "female", "segment": "taxi"})

    refused = desk.submit(mine, at, {"full_name": "王小鸣"})
    desk.submit(refused.text, at, {})

    values = require_customer(site.node, customer).customer.values
    shown = Fields(refused.text).forms[at]
    assert (shown["full_name"], shown["sex"], shown["segment"]) == ("王小鸣", "female", "taxi")
    assert any(one.startswith("Sex: ") and "On file now: Female." in one for one in told_in(refused.text))
    assert (values["full_name"], values["sex"], values["segment"]) == ("王小鸣", "female", "taxi")


def test_a_reopened_draft_of_a_refused_form_is_saved(
    site: Site, desk: Visitor, colleague: Visitor, customer: RecordId, at: str
):
    """The draft moves to the new reading with the page, so the way back over the file is no dead end."""
    mine, draft = desk.open(at), f"customer-{record_text(customer)}"
    form = Fields(mine).forms[at]
    typed = {"full_name": "王小鸣", "wechat": "wxming"}
    sent = {"fields": typed, "based_on": form["based_on"], "was": form["was"], "save_key": "", "action": at}
    desk.send(mine, f"/drafts/{draft}", sent)
    colleague.submit(colleague.open(at), at, {"full_name": "王晓明", "sex": "female"})
    desk.submit(mine, at, typed)

    again = desk.open(at)
    saved = desk.submit(again, at, {})

    values = require_customer(site.node, customer).customer.values
    assert saved.status_code == 303
    assert (values["full_name"], values["wechat"], values["sex"]) == ("王小鸣", "wxming", "female")
    assert draft_of(site.node, site.admin, draft) is None


def test_an_address_that_met_another_is_saved_at_the_second_try(
    site: Site, desk: Visitor, colleague: Visitor, customer: RecordId, at: str
):
    """The same with rows: what the colleague said of them stands beside what was typed."""
    mine = desk.open(at)
    colleague.submit(colleague.open(at), at, {"addresses[0].postcode": "310000", "phones[0].is_bad": "1"})

    refused = desk.submit(mine, at, {"addresses[0].street": "黄河路2号", "phones[0].phone_kind": "home"})
    saved = desk.submit(refused.text, at, {})

    card = require_customer(site.node, customer)
    said = [card.addresses[0].values[name] for name in ("street", "postcode", "city_code")]
    assert (refused.status_code, saved.status_code) == (422, 303)
    assert said == ["黄河路2号", "310000", "3301"]
    assert [(one.values["phone_kind"], one.values["is_bad"]) for one in card.phones] == [("home", True)]


def test_a_row_that_a_colleague_took_away_is_entered_anew(
    site: Site, desk: Visitor, colleague: Visitor, customer: RecordId, at: str
):
    """What was typed into it is not lost: the second save makes a record of its own."""
    mine = desk.open(at)
    colleague.submit(colleague.open(at), at, {"phones[0].gone": "1", "phones[1].number": "13900139000"})

    typed = {"phones[0].number": "13700137000", "phones[1].number": "13600136000"}
    refused = desk.submit(mine, at, typed)
    saved = desk.submit(refused.text, at, {})

    numbers = {one.values["number"] for one in require_customer(site.node, customer).phones}
    assert (refused.status_code, saved.status_code) == (422, 303)
    assert numbers == {"+8613900139000", "+8613700137000", "+8613600136000"}


def test_a_car_names_the_field_that_was_changed_and_not_the_one_that_was_typed(
    site: Site, desk: Visitor, colleague: Visitor, car: RecordId
):
    """Model and year are one register: who typed the year hears of the model, and both stand after the save."""
    at = f"/vehicles/{record_text(car)}/edit"
    mine = desk.open(at)
    colleague.submit(colleague.open(at), at, {"model_name": "雅阁锐混动"})

    refused = desk.submit(mine, at, {"model_year": "2021", "color": "白"})
    saved = desk.submit(refused.text, at, {})

    values = require_vehicle(site.node, car).vehicle.values
    assert told_in(refused.text) == [
        f"Model: {CHANGED} On file now: 雅阁锐混动. Their value stands here now; compare, and save again."
    ]
    assert saved.status_code == 303
    assert (values["model_name"], values["model_year"], values["color"]) == ("雅阁锐混动", 2021, "白")


def test_an_order_that_met_a_change_is_saved_at_the_second_try(site: Site, desk: Visitor, colleague: Visitor):
    """Who brought the car is one register: the number of the one and the name of the other both stand."""
    begun = {"car.plate": "津B88K99", "sender_name": "李芳", "sender_phone": NUMBER, "odometer_in_km": "52300"}
    order = desk.submit(desk.open("/visits/new"), "/visits/new", begun).headers["location"]
    mine = desk.open(f"{order}/edit")
    colleague.submit(colleague.open(f"{order}/edit"), f"{order}/edit", {"sender_name": "李方"})

    refused = desk.submit(mine, f"{order}/edit", {"sender_phone": "13900139000", "odometer_in_km": "52400"})
    saved = desk.submit(refused.text, f"{order}/edit", {})

    values = require_visit(site.node, parse_record_text(order.rsplit("/", 1)[1])).visit.values
    assert (refused.status_code, saved.status_code) == (422, 303)
    assert (values["sender_name"], values["odometer_in_km"]) == ("李方", 52400)
    assert str(values["sender_phone"]).endswith("13900139000")
