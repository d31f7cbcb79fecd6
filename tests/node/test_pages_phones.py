"""Telephone numbers at the desk: a digit too few is asked about, while typing and when saving; somebody may insist."""

import re
from functools import partial

import pytest

from carnet_node.core.commands.cleaning import phone_doubts, phone_number
from carnet_node.core.commands.customers import AddCustomer, add_customer
from carnet_node.core.saving.desk import save
from carnet_node.core.saving.editing import require_customer
from carnet_node.core.showing.views import list_records
from carnet_node.entrypoints.pages.formats import phone_in_field
from carnet_protocol.ids import record_text
from carnet_protocol.kinds import CUSTOMER as CUSTOMERS
from carnet_protocol.kinds import PHONE
from support.browsing import Fields, Visitor
from support.staffed import Site

NEW, CUSTOMER = "/visits/new", "/customers/new"
SHORT = "1380013800"
BOX = "phones[0].number_is_read_out"
CHECK_IN = {"car.plate": "津B88K99", "sender_name": "李芳", "odometer_in_km": "52300"}
OWN_CAR = {**CHECK_IN, "party.full_name": "李芳"}
PERSON = {"party_kind": "person", "full_name": "李芳"}


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("138 0013 8000", id="mobile"),
        pytest.param("+86 13800138000", id="mobile with its country"),
        pytest.param("010-65123456", id="landline of Beijing"),
        pytest.param("0312-8765432", id="landline with seven digits"),
        pytest.param("0571-88881234", id="landline with eight digits"),
        pytest.param("0571-88881234-802", id="landline with an extension"),
        pytest.param("1380013-8000", id="mobile with a dash before its end"),
        pytest.param("4008208-820", id="400 with a dash before its end"),
        pytest.param("+86 10 65123456", id="landline with its country"),
        pytest.param("400-820-8820", id="400"),
        pytest.param("88881234", id="landline of the place itself"),
        pytest.param("+852 2345 6789", id="abroad"),
        pytest.param("0044 20 7946 0000", id="abroad, with zeros"),
        pytest.param("12345", id="no number at all, refused elsewhere"),
        pytest.param("", id="nothing"),
    ],
)
def test_numbers_as_people_have_them_are_not_asked_about(text: str):
    """Mobiles, landlines, 400 numbers, numbers abroad."""
    assert phone_doubts(text, field="number") == []


@pytest.mark.parametrize(
    ("text", "said"),
    [
        pytest.param(SHORT, "has 11 digits, and this one has 10.", id="a digit too few"),
        pytest.param("138001380001", "has 11 digits, and this one has 12.", id="a digit too many"),
        pytest.param("+86 1380013800", "has 11 digits, and this one has 10.", id="too few, with its country"),
        pytest.param("1380013-800", "has 11 digits, and this one has 10.", id="too few, with a dash before its end"),
        pytest.param("1380013800-802", "has 11 digits, and this one has 10.", id="too few, with an extension"),
        pytest.param("12800138000", "neither a Chinese mobile", id="no beginning of a mobile"),
        pytest.param("5718888123", "neither a Chinese mobile", id="an area code without its zero"),
        pytest.param("010-6512345", "and this one has 7.", id="a landline of Beijing with a digit too few"),
        pytest.param("0571-8888123", "and this one has 7.", id="one of Hangzhou with a digit too few"),
        pytest.param("0571-888812345", "and this one has 9.", id="one of Hangzhou with a digit too many"),
        pytest.param("+86 571 8888123", "and this one has 7.", id="the same with its country"),
        pytest.param("0571-8888123-802", "and this one has 7.", id="the same with an extension"),
        pytest.param("0312-876543", "neither a Chinese mobile", id="a landline with six digits"),
        pytest.param("01380013800", "neither a Chinese mobile", id="no area code"),
    ],
)
def test_a_number_that_looks_wrong_is_asked_about(text: str, said: str):
    """The question says what is odd, and may be answered with yes."""
    (problem,) = phone_doubts(text, field="number")

    assert (said in problem.what, problem.is_confirmable) == (True, True)


def test_a_missing_digit_is_told_while_typing_with_the_box_that_says_it_is_right(desk: Visitor):
    """Beside the field, before anything is saved."""
    told = desk.send(desk.open(NEW), "/phone", {"name": "sender_phone", "text": SHORT}).json()["html"]

    assert "this one has 10" in told
    assert 'name="sender_phone_is_read_out"' in told


def test_a_good_number_is_told_nothing_while_typing(desk: Visitor):
    """Neither sentence nor box."""
    told = desk.send(desk.open(NEW), "/phone", {"name": "sender_phone", "text": "13800138000"}).json()["html"]

    assert told.strip() == ""


@pytest.mark.parametrize(
    ("address", "action", "typed", "name"),
    [
        pytest.param(NEW, NEW, CHECK_IN, "sender_phone", id="who brings the car"),
        pytest.param(CUSTOMER, CUSTOMER, PERSON, "phones[0].number", id="a new customer"),
        pytest.param("/appointments/new", "/appointments", {"plate_no": "津B88K99"}, "caller_phone", id="who calls"),
    ],
)
def test_a_missing_digit_is_saved_only_when_somebody_insists(
    desk: Visitor, address: str, action: str, typed: dict[str, str], name: str
):
    """The form comes back with the question and its box; ticked, the number is kept as it is."""
    page = desk.open(address)

    refused = desk.submit(page, action, {**typed, name: SHORT})
    saved = desk.submit(page, action, {**typed, name: SHORT, f"{name}_is_read_out": "1"})

    assert (refused.status_code, f'name="{name}_is_read_out"' in refused.text) == (422, True)
    assert "this one has 10" in refused.text
    assert saved.status_code == 303


def test_the_same_number_in_two_fields_is_asked_about_once(desk: Visitor):
    """The customer brings their own car; one box is enough, whichever."""
    typed = {**CHECK_IN, "party.full_name": "李芳", "party.number": SHORT, "sender_phone": SHORT}
    page = desk.open(NEW)

    refused = desk.submit(page, NEW, typed)
    saved = desk.submit(page, NEW, {**typed, "sender_phone_is_read_out": "1"})

    assert refused.text.count("this one has 10") == 2, "in the summary, and at its field"
    assert saved.status_code == 303


def test_a_number_on_file_is_not_asked_about_again(site: Site, desk: Visitor):
    """Who changes the name of a customer says nothing of a number that was insisted on before."""
    saved = desk.submit(desk.open(CUSTOMER), CUSTOMER, {**PERSON, "phones[0].number": SHORT, BOX: "1"})
    edit = f"{saved.headers['location']}/edit"

    changed = desk.submit(desk.open(edit), edit, {"full_name": "李小芳"})

    assert changed.status_code == 303


def test_a_number_on_file_that_gets_shorter_is_asked_about(desk: Visitor):
    """A changed number is a number that was typed."""
    saved = desk.submit(desk.open(CUSTOMER), CUSTOMER, {**PERSON, "phones[0].number": "13800138000"})
    edit = f"{saved.headers['location']}/edit"

    refused = desk.submit(desk.open(edit), edit, {"phones[0].number": SHORT})

    assert (refused.status_code, f'name="{BOX}"' in refused.text) == (422, True)


@pytest.mark.parametrize(
    ("number", "shown"),
    [
        pytest.param("+8613800138000", "13800138000", id="mobile"),
        pytest.param("+8657188881234", "+8657188881234", id="landline with its country: another one without"),
        pytest.param("057188881234", "057188881234", id="landline"),
        pytest.param("+4930123456", "+4930123456", id="abroad"),
        pytest.param("4008001234", "4008001234", id="400"),
        pytest.param(None, "", id="none"),
    ],
)
def test_a_number_stands_in_its_field_as_people_type_it(number: str | None, shown: str):
    """Sent back as it stands it means the number on file, also by a form that does not tell what was left alone."""
    assert (phone_in_field(number), phone_number(shown)) == (shown, number)


def test_a_form_that_is_saved_as_it_was_opened_changes_no_number(site: Site, desk: Visitor):
    """The fields of customer and order show the mobile that was typed; what they say unchanged writes nothing."""
    saved = desk.submit(desk.open(CUSTOMER), CUSTOMER, {**PERSON, "phones[0].number": "138 0013 8000"})
    taken_in = desk.submit(desk.open(NEW), NEW, {**CHECK_IN, "sender_phone": "+8613900139000"})
    forms = [f"{one.headers['location']}/edit" for one in (saved, taken_in)]
    pages = [desk.open(one) for one in forms]
    before = sets_written(site)

    for page, form in zip(pages, forms, strict=True):
        desk.submit(page, form, {})

    fields = [Fields(page).forms[form] for page, form in zip(pages, forms, strict=True)]
    assert (fields[0]["phones[0].number"], fields[1]["sender_phone"]) == ("13800138000", "13900139000")
    assert sets_written(site) == before


def test_the_box_alone_is_no_telephone(site: Site, desk: Visitor):
    """A row whose number was taken out again leaves no phone behind."""
    saved = desk.submit(desk.open(CUSTOMER), CUSTOMER, {**PERSON, "phones[0].number": "", BOX: "1"})

    assert saved.status_code == 303
    with site.node.store.read() as tx:
        assert tx.find_prefix(PHONE, "number", "1", 1) == []


def sets_written(site: Site) -> int:
    """Sets in the log."""
    with site.node.store.read() as tx:
        chain = tx.chain()
    assert chain is not None
    return chain.seq


def with_phone(site: Site, number: str) -> str:
    """A customer on file as an import leaves one: nobody was asked about the number."""
    command = AddCustomer(PERSON, [{"number": number}])
    return record_text(save(site.as_admin, partial(add_customer, command)).records[0])


@pytest.mark.parametrize(("number", "is_doubted"), [(SHORT, True), ("13800138000", False)])
@pytest.mark.parametrize("address", [f"{CUSTOMER.removesuffix('/new')}/{{}}", f"{NEW}?customer={{}}"])
def test_a_number_on_file_is_doubted_where_it_is_shown(
    site: Site, desk: Visitor, address: str, number: str, is_doubted: bool
):
    """Beside the number, on the card and where it is confirmed; a good one is shown as it is."""
    page = desk.open(address.format(with_phone(site, number)))

    assert ("this one has 10" in page) is is_doubted


def test_a_number_that_was_confirmed_is_doubted_no_more(site: Site, desk: Visitor):
    """Ticked at a check-in, it is what the customer said."""
    customer = with_phone(site, SHORT)
    page = desk.open(f"{NEW}?customer={customer}")
    (phone,) = re.findall(r'name="confirmed" value="([0-9a-f-]+)"', page)

    saved = desk.submit(page, NEW, {**CHECK_IN, "sender_phone": "13800138000", "confirmed": phone})

    assert saved.status_code == 303, saved.text
    assert "this one has 10" not in desk.open(f"/customers/{customer}")


@pytest.mark.parametrize(
    ("address", "typed", "name"),
    [
        pytest.param(
            NEW, {**CHECK_IN, "party.full_name": "李芳", "party.number": SHORT}, "sender_phone", id="check-in"
        ),
        pytest.param(CUSTOMER, PERSON, "phones[0].number", id="new customer"),
    ],
)
def test_a_number_that_somebody_insisted_on_is_doubted_no_more(
    site: Site, desk: Visitor, address: str, typed: dict[str, str], name: str
):
    """Whoever read it out again has confirmed it; the card does not doubt what was answered a moment ago."""
    saved = desk.submit(desk.open(address), address, {**typed, name: SHORT, f"{name}_is_read_out": "1"})

    (customer,) = list_records(site.node, CUSTOMERS, after=None, limit=2).records
    (phone,) = require_customer(site.node, customer.id).phones
    assert saved.status_code == 303, saved.text
    assert phone.values["verified_at"] == site.node.clock.now_ms()
    assert "this one has 10" not in desk.open(f"/customers/{record_text(customer.id)}")


def test_a_number_that_nobody_asked_about_is_not_confirmed_by_typing_it(site: Site, desk: Visitor):
    """A good number of a new customer waits for the day on which it is read out."""
    desk.submit(desk.open(CUSTOMER), CUSTOMER, {**PERSON, "phones[0].number": "13800138000"})

    (customer,) = list_records(site.node, CUSTOMERS, after=None, limit=2).records
    (phone,) = require_customer(site.node, customer.id).phones
    assert phone.values.get("verified_at") is None
