"""A new customer with the name and a telephone of one on file: asked about once, when the check-in is saved."""

from dataclasses import replace
from functools import partial

import pytest

from carnet_node.core.commands.customers import AddCustomer, add_customer
from carnet_node.core.refusals import CommandRefused, ProblemCode
from carnet_node.core.saving.desk import save
from carnet_node.core.saving.duplicates import TypedParty, find_candidates
from carnet_node.core.saving.receiving import ReceivedCar, ReceivedParty, Reception, receive_car
from carnet_node.core.saving.unsaved import CHECK_IN
from carnet_node.core.showing.views import customer_card, list_records, visit_view
from carnet_protocol.ids import RecordId, parse_record_text, record_text
from carnet_protocol.kinds import CUSTOMER
from carnet_protocol.registry import Value
from support.browsing import Fields, Visitor
from support.node_builder import START_MS
from support.staffed import Site

NAME, NUMBER, OTHER_NUMBER = "王小明", "13800138000", "13900139000"
ORDER: dict[str, Value] = {
    "is_odometer_unknown": True,
    "sender_name": NAME,
    "sender_phone": NUMBER,
    "advisor_code": "B01",
    "promised_at": START_MS + 1,
}
QUESTION = 'id="f-party-alike"'
NEW = "/visits/new"
TYPED = {
    "car.plate": "津B88K99",
    "party.full_name": NAME,
    "party.number": NUMBER,
    "sender_name": NAME,
    "sender_phone": NUMBER,
    "odometer_in_km": "52300",
    "jobs[0].complaint": "早上启动有异响",
    "internal_note": "赶时间",
}


def enter(site: Site, name: str = NAME, number: str = NUMBER) -> RecordId:
    """A customer on file."""
    command = AddCustomer({"party_kind": "person", "full_name": name}, [{"number": number}])
    return save(site.as_admin, partial(add_customer, command)).records[0]


def brought_by(name: str = NAME, number: str = NUMBER, **order: Value) -> Reception:
    """A check-in of a new car by somebody who is new here."""
    party = ReceivedParty(new=AddCustomer({"party_kind": "person", "full_name": name}, [{"number": number}]))
    return Reception(party, ReceivedCar(plate="沪A12345"), {**ORDER, **order})


def asked_about(site: Site, reception: Reception) -> tuple[RecordId, ...]:
    """Whom a save asks about; nobody when it is saved."""
    try:
        receive_car(site.as_admin, reception)
    except CommandRefused as refused:
        (problem,) = refused.problems
        assert (problem.field, problem.code) == ("party.alike", ProblemCode.ON_FILE)
        return problem.records
    return ()


def customers_of(site: Site) -> int:
    """How many customers there are."""
    return len(list_records(site.node, CUSTOMER, after=None, limit=500).records)


@pytest.mark.parametrize(
    ("reception", "is_asked"),
    [
        pytest.param(brought_by(), True, id="name and phone"),
        pytest.param(brought_by(number="138 0013 8000"), True, id="the phone in another spelling"),
        pytest.param(brought_by(name="王小明先生"), True, id="the name with a title"),
        pytest.param(brought_by(number=OTHER_NUMBER), True, id="the phone of who brings the car"),
        pytest.param(brought_by(number=OTHER_NUMBER, sender_phone=OTHER_NUMBER), False, id="the name alone"),
        pytest.param(brought_by(name="李芳"), False, id="the phone alone"),
    ],
)
def test_a_name_and_a_telephone_of_somebody_on_file_are_asked_about(site: Site, reception: Reception, is_asked: bool):
    """Families share a phone and strangers a name; who has both is asked about, and nothing is saved meanwhile."""
    known = enter(site)

    assert asked_about(site, reception) == ((known,) if is_asked else ())
    assert customers_of(site) == (1 if is_asked else 2)


def test_somebody_with_a_common_name_is_found_among_all_who_have_it(site: Site):
    """However many are called so, the one with the telephone is asked about."""
    for extra in range(60):
        enter(site, number=f"1370000{extra:04}")
    known = enter(site)

    assert asked_about(site, brought_by()) == (known,)


def test_who_was_told_apart_is_saved_and_not_asked_about_again(site: Site):
    """There are two customers of that name then, and this desk remembers that they are two."""
    known = enter(site)
    asked = brought_by()

    received = receive_car(site.as_admin, replace(asked, party=replace(asked.party, not_same=(known,))))

    assert customers_of(site) == 2
    assert find_candidates(site.node, TypedParty(names=(NAME,)), of=received.customer) == ()


def test_a_number_of_the_customer_that_is_typed_once_more_is_confirmed(site: Site):
    """It stands there once, with the day on which it was said again; another number stands beside it."""
    known = enter(site)
    party = ReceivedParty(known=known, phones=({"number": NUMBER}, {"number": OTHER_NUMBER}))

    receive_car(site.as_admin, replace(brought_by(), party=party))

    card = customer_card(site.node, known)
    assert card is not None
    assert card.repeated_phones == ()
    assert [(one.values["number"], one.values.get("verified_at")) for one in card.phones] == [
        ("+8613800138000", START_MS),
        ("+8613900139000", START_MS),
    ]


def customer_of(site: Site, address: str) -> RecordId:
    """The customer of the order whose page an address is."""
    order = visit_view(site.node, parse_record_text(address.rsplit("/", 1)[1]))
    assert order is not None
    assert order.customer is not None
    return order.customer.id


def test_the_page_comes_back_with_the_question_and_everything_typed(site: Site, desk: Visitor):
    """Two answers stand there, neither of them chosen; the summary leads to them."""
    known = enter(site)

    refused = desk.submit(desk.open(NEW), NEW, TYPED)

    fields = Fields(refused.text).forms[NEW]
    answers = [f'name="alike.{record_text(known)}" value="{answer}"' for answer in ("same", "other")]
    assert (refused.status_code, QUESTION in refused.text) == (422, True)
    assert [one in refused.text for one in ('href="#f-party-alike"', *answers)] == [True] * 3
    assert {name: fields[name] for name in TYPED} == TYPED
    assert f"alike.{record_text(known)}" not in fields


def test_the_same_customer_gets_the_order_and_no_second_file(site: Site, desk: Visitor):
    """One answer is enough; nothing has to be typed again."""
    known = enter(site)
    refused = desk.submit(desk.open(NEW), NEW, TYPED)

    saved = desk.submit(refused.text, NEW, {f"alike.{record_text(known)}": "same"})

    assert saved.status_code == 303
    assert customer_of(site, saved.headers["location"]) == known
    assert customers_of(site) == 1


def test_somebody_else_gets_a_file_of_their_own(site: Site, desk: Visitor):
    """The other answer saves what was typed."""
    known = enter(site)
    refused = desk.submit(desk.open(NEW), NEW, TYPED)

    saved = desk.submit(refused.text, NEW, {f"alike.{record_text(known)}": "other"})

    assert saved.status_code == 303
    assert customer_of(site, saved.headers["location"]) != known
    assert customers_of(site) == 2


@pytest.mark.parametrize("answer", ["same", "other"])
def test_an_answer_outlives_another_mistake(site: Site, desk: Visitor, answer: str):
    """A form that is refused for something else is not asked again who it is about."""
    field = f"alike.{record_text(enter(site))}"
    asked = desk.submit(desk.open(NEW), NEW, TYPED)

    refused = desk.submit(asked.text, NEW, {field: answer, "odometer_in_km": "many"})
    saved = desk.submit(refused.text, NEW, {"odometer_in_km": "52300"})

    assert (refused.status_code, QUESTION in refused.text) == (422, False)
    assert saved.status_code == 303
    assert customers_of(site) == {"same": 1, "other": 2}[answer]


@pytest.mark.parametrize("answer", ["same", "other"])
def test_a_draft_keeps_the_answer(site: Site, desk: Visitor, answer: str):
    """Whoever comes back to the form is not asked again."""
    field = f"alike.{record_text(enter(site))}"
    desk.send(desk.open(NEW), f"/drafts/{CHECK_IN}", {"fields": {**TYPED, field: answer}, "based_on": ""})

    saved = desk.submit(desk.open(NEW), NEW, {})

    assert saved.status_code == 303
    assert customers_of(site) == {"same": 1, "other": 2}[answer]


def test_an_answer_holds_for_nobody_else(site: Site, desk: Visitor):
    """Another name and telephone of somebody else on file are asked about anew."""
    first, second = enter(site), enter(site, "李芳", OTHER_NUMBER)
    asked = desk.submit(desk.open(NEW), NEW, TYPED)
    typed = {"party.full_name": "李芳", "party.number": OTHER_NUMBER, f"alike.{record_text(first)}": "other"}

    again = desk.submit(asked.text, NEW, typed)

    assert (again.status_code, f'name="alike.{record_text(second)}" value="same"' in again.text) == (422, True)


def test_an_answer_about_nothing_is_no_answer(site: Site, desk: Visitor):
    """A field that names no record is left alone."""
    saved = desk.submit(desk.open(NEW), NEW, {**TYPED, "alike.": "same", "alike.<b>": "other"})

    assert saved.status_code == 303


def test_the_question_is_asked_in_the_persons_language(site: Site):
    """What happened, what is safe and what to do stand there in Chinese."""
    enter(site)
    desk = Visitor(site.node).with_session(site.session.token)

    refused = desk.submit(desk.open(NEW), NEW, TYPED)

    for said in ("已有姓名和电话都相同的客户档案。", "是同一客户", "不是同一人"):
        assert said in refused.text
