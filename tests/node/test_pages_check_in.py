"""Check-in, the page of an order, its steps, and its sheets for paper."""

from functools import partial

import pytest

from carnet_node.core.commands.customers import AddCustomer, add_customer
from carnet_node.core.commands.vehicles import AddVehicle
from carnet_node.core.local_facts import Access
from carnet_node.core.saving.desk import save, save_vehicle
from carnet_node.core.saving.editing import new_owner_drafts
from carnet_node.core.saving.form_drafts import draft_of
from carnet_node.core.showing.views import customer_card, list_records, visit_view
from carnet_node.core.staff.access_log import accesses_of
from carnet_protocol.ids import RecordId, parse_record_text, record_text
from carnet_protocol.kinds import PROMISE_CHANGE
from carnet_protocol.vin import VinPolicy
from support.browsing import Visitor
from support.staffed import Site, hire_with_password
from support.vins import make_vin, make_vins, with_wrong_digit

NEW = "/visits/new"
NUMBER = "13800138000"
TYPED = {
    "car.plate": "津B88K99",
    "party.full_name": "李芳",
    "party.number": NUMBER,
    "sender_name": "李芳",
    "sender_phone": "１３８００１３８０００",
    "odometer_in_km": "５２，３００ km",
    "jobs[0].complaint": "早上启动有异响",
    "jobs[0].estimate_fen": "380",
    "jobs[1].op_name": "更换机油",
    "jobs[1].parts[0].part_no": "15400",
    "jobs[1].parts[0].quantity_hundredths": "1",
    "jobs[1].parts[0].price_fen": "48.5",
    "damage_marks": "scratch 500 480",
    "internal_note": "内部备注不打印",
    "customer_note": "客户备注会打印",
}


def a_returning_car(site: Site) -> tuple[RecordId, RecordId]:
    """A person and their car."""
    command = AddCustomer({"party_kind": "person", "full_name": "王小明"}, [{"number": NUMBER}])
    customer = save(site.as_admin, partial(add_customer, command)).records[0]
    vehicle = save_vehicle(site.as_admin, AddVehicle(make_vins(1)[0], VinPolicy.STRICT, {})).vehicle
    save(site.as_admin, lambda _: new_owner_drafts(site.node, vehicle, customer, "owner", {}))
    return customer, vehicle


def checked_in(desk: Visitor, **more: str) -> str:
    """The address of an order that was just taken in."""
    answered = desk.submit(desk.open(NEW), NEW, {**TYPED, **more})
    assert answered.status_code == 303, answered.text
    return answered.headers["location"]


def record_of(address: str) -> RecordId:
    """The record whose page an address is."""
    return parse_record_text(address.rsplit("/", 1)[1])


def test_a_new_car_and_its_customer_are_checked_in_with_one_save(site: Site, desk: Visitor):
    """Full-width digits, units and yuan are understood; jobs, parts and damage stand in the order."""
    order = visit_view(site.node, record_of(checked_in(desk)))

    assert order is not None
    values = order.visit.values
    assert (values["odometer_in_km"], values["estimate_fen"], values["damage_marks"]) == (
        52300,
        38000,
        "scratch 500 480",
    )
    assert values["advisor_code"] == "B01"
    assert order.totals["customer_fen"] == 4850
    assert [one.job.values.get("complaint") or one.job.values.get("op_name") for one in order.jobs] == [
        "早上启动有异响",
        "更换机油",
    ]
    assert order.customer is not None
    assert order.customer.values["full_name"] == "李芳"


def test_a_returning_car_is_checked_in_with_its_customer(site: Site, desk: Visitor):
    """The form begins with the owner's name and phone, and what was read out is dated as confirmed."""
    customer, vehicle = a_returning_car(site)
    card = customer_card(site.node, customer)
    assert card is not None
    page = desk.open(f"{NEW}?vehicle={record_text(vehicle)}")

    answered = desk.submit(page, NEW, {"odometer_in_km": "60000", "confirmed": record_text(card.phones[0].id)})

    order = visit_view(site.node, record_of(answered.headers["location"]))
    confirmed = customer_card(site.node, customer)
    assert order is not None
    assert confirmed is not None
    assert (order.visit.values["sender_name"], order.visit.values["customer_name"]) == ("王小明", "王小明")
    assert confirmed.phones[0].values["verified_at"] == site.node.clock.now_ms()


def test_everything_that_is_missing_is_said_at_once_and_nothing_is_lost(site: Site, desk: Visitor):
    """The form comes back with all of it, and each mistake names its field."""
    page = desk.open(NEW)

    refused = desk.submit(page, NEW, {**TYPED, "sender_name": "", "odometer_in_km": "many", "promised_at": "tomorrow"})

    assert refused.status_code == 422
    for field in ("odometer_in_km", "promised_at"):
        assert f'href="#f-{field}"' in refused.text
    assert 'value="many"' in refused.text
    assert 'value="早上启动有异响"' in refused.text


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        pytest.param({"car.vin": "LSVI0000000000000"}, "which no VIN has", id="a letter no VIN has"),
        pytest.param(
            {"car.vin": with_wrong_digit(make_vin("LSV", 5))}, "does not fit the others", id="wrong check digit"
        ),
        pytest.param({"odometer_in_km": "", "is_odometer_unknown": ""}, "or says that it is unknown", id="no odometer"),
        pytest.param({"promised_at": "2020-01-01 08:00"}, "The promised time has passed", id="a promise in the past"),
        pytest.param({"party.full_name": ""}, "A person needs a name", id="a phone of nobody"),
        pytest.param(
            {"party.full_name": "", "party.party_kind": "company"}, "A company needs", id="a phone of no company"
        ),
        pytest.param({"damage_marks": "hole 9 9"}, "Set the marks again", id="a mark that is none"),
        pytest.param({"jobs[1].parts[0].quantity_hundredths": "-1"}, "Nothing was saved", id="a negative quantity"),
        pytest.param({"estimate_fen": "1"}, "less than that of its jobs", id="an estimate below its jobs"),
    ],
)
def test_what_cannot_be_is_refused_with_a_sentence(desk: Visitor, typed: dict[str, str], said: str):
    """Each mistake is explained, and nothing is saved."""
    refused = desk.submit(desk.open(NEW), NEW, {**TYPED, **typed})

    assert refused.status_code == 422
    assert said in refused.text


def test_a_vin_with_a_letter_that_none_has_comes_back_with_the_one_that_was_meant(desk: Visitor):
    """O for 0 is offered mended, as one key press beside the field."""
    vin = make_vin("LSV", 5)

    refused = desk.submit(desk.open(NEW), NEW, {**TYPED, "car.vin": vin.replace("0", "O")})

    assert f'data-take="{vin}" data-for="f-car-vin"' in refused.text
    assert f'value="{vin.replace("0", "O")}"' in refused.text


def test_a_wrong_check_digit_is_no_mistyping_that_anybody_can_mend(desk: Visitor):
    """Nothing is offered; the page asks for a look at the car."""
    refused = desk.submit(desk.open(NEW), NEW, {**TYPED, "car.vin": with_wrong_digit(make_vin("LSV", 5))})

    assert "data-take" not in refused.text
    assert "if it is the same there, confirm “VIN compared with the car”" in refused.text


@pytest.mark.parametrize(("name", "text"), [("car.plate", "x" * 4200), ("party.number", "😀"), ("damage_marks", "😀")])
def test_a_sentence_about_a_plate_a_phone_or_a_mark_leads_to_its_field(desk: Visitor, name: str, text: str):
    """The summary links to a place that is on the page, where the sentence stands too."""
    refused = desk.submit(desk.open(NEW), NEW, {**TYPED, "party.number": "13800138000", name: text})

    field = f"f-{name.replace('.', '-')}"
    assert f'href="#{field}"' in refused.text
    assert (f'id="{field}"' in refused.text, f'id="{field}-problem"' in refused.text) == (True, True)


@pytest.mark.parametrize(
    "text", ["😀", "<script>x</script>", "'; DROP TABLE visit; --", '=HYPERLINK("x")', "王" * 1000]
)
def test_whatever_is_typed_into_a_complaint_is_kept_as_text(site: Site, desk: Visitor, text: str):
    """Emoji, markup, SQL and formulas are words of the customer."""
    address = checked_in(desk, **{"jobs[0].complaint": text})

    order = visit_view(site.node, record_of(address))
    assert order is not None
    assert order.jobs[0].job.values["complaint"] == text
    assert "<script>x" not in desk.open(address)


def test_a_wrong_check_digit_is_taken_when_the_car_was_looked_at(site: Site, desk: Visitor):
    """Somebody has compared the number with the car, so it is the maker's."""
    vin = with_wrong_digit(make_vin("LSV", 5))

    order = visit_view(site.node, record_of(checked_in(desk, **{"car.vin": vin, "car.is_vin_compared": "1"})))

    assert order is not None
    assert order.vehicle is not None
    assert order.vehicle.values["vin"] == vin


def test_a_plate_that_nobody_knows_begins_a_check_in(site: Site, desk: Visitor):
    """Enter leads there at once: what was searched for stands in the form, and in no address."""
    begun = desk.submit(desk.open("/"), "/search", {"text": "津B88K99"})

    assert begun.headers["location"].startswith(f"{NEW}?draft=")
    assert 'value="津B88K99"' in desk.open(begun.headers["location"])


def test_a_saved_check_in_leaves_no_draft(site: Site, desk: Visitor):
    """What was kept while typing goes with the save."""
    desk.send(desk.open(NEW), "/drafts/check-in", {"fields": {"sender_name": "李"}, "based_on": ""})

    checked_in(desk)

    assert draft_of(site.node, site.admin, "check-in") is None


def test_somebody_on_file_is_pointed_out_while_typing(site: Site, desk: Visitor):
    """The same phone is a hint, shown with both ways to go on; one that was called another is not shown."""
    customer, _ = a_returning_car(site)
    page = desk.open(NEW)
    typed = {"phones": ["１３８００１３８０００"], "names": [], "plate": None, "vin": None}

    hinted = desk.send(page, "/duplicates", {**typed, "dismissed": []})
    quiet = desk.send(page, "/duplicates", {**typed, "dismissed": [record_text(customer)]})

    assert "same phone" in hinted.json()["html"]
    assert f'data-not-same="{record_text(customer)}"' in hinted.json()["html"]
    assert quiet.json()["html"] == ""


def test_an_order_goes_from_step_to_step(site: Site, desk: Visitor):
    """Each page offers the one step that follows, until the car is handed over."""
    address, offered, states = checked_in(desk), [], []
    steps = {"/step/complete": "", "/settle": "/settle", "/hand-over": "/hand-over"}

    for step, form in steps.items():
        offered.append([one for one in steps if f'{address}{one}"' in desk.open(address)])
        desk.submit(desk.open(address + form), address + step, {})
        order = visit_view(site.node, record_of(address))
        states.append(None if order is None else order.visit.values["status"])

    assert offered == [[one] for one in steps]
    assert states == ["completed", "settled", "closed"]
    assert not any(f'{address}{one}"' in desk.open(address) for one in steps)


def test_a_step_from_a_page_that_is_too_old_is_refused(desk: Visitor):
    """Somebody else has moved the order; the second desk has to look first."""
    address = checked_in(desk)
    old = desk.open(address)
    desk.submit(desk.open(address), f"{address}/step/complete", {})

    again = desk.submit(old, f"{address}/step/complete", {})

    assert again.status_code in {409, 422}
    assert "Somebody else has changed it since it was read." in again.text


def test_more_work_changes_the_totals(site: Site, desk: Visitor):
    """A job with a part is added, and the order's totals follow."""
    address = checked_in(desk)

    desk.submit(
        desk.open(address),
        f"{address}/jobs",
        {
            "jobs[0].op_name": "换灯泡",
            "jobs[0].parts[0].part_no": "L1",
            "jobs[0].parts[0].quantity_hundredths": "2",
            "jobs[0].parts[0].price_fen": "10",
        },
    )

    order = visit_view(site.node, record_of(address))
    assert order is not None
    assert order.totals["customer_fen"] == 4850 + 2000


def test_work_is_changed_taken_away_and_added_with_one_save(site: Site, desk: Visitor):
    """A changed number of hours, one more part and a job that goes: the totals follow all of it."""
    address = checked_in(desk)
    labour = {"labour_name": "工时", "actual_hours": "1", "rate_fen": "100"}
    more = {"jobs[0].op_name": "换机油", **{f"jobs[0].labour[0].{name}": text for name, text in labour.items()}}
    desk.submit(desk.open(address), f"{address}/jobs", more)
    page = desk.open(f"{address}/work")
    part = {"part_name": "机油滤芯", "quantity_hundredths": "1", "price_fen": "50"}
    typed = {
        "labour[0].actual_hours": "2",
        "jobs[0].gone": "1",
        **{f"parts[3].{name}": one for name, one in part.items()},
    }

    answered = desk.submit(page, f"{address}/work", typed)

    after = visit_view(site.node, record_of(address))
    assert answered.status_code == 303
    assert after is not None
    assert [one.job.values["job_no"] for one in after.jobs] == [2, 3]
    assert [line.values["part_name"] for line in after.jobs[1].parts] == ["机油滤芯"]
    assert after.visit.values["customer_fen"] == after.totals["customer_fen"] == 29850


def test_a_line_without_a_name_is_refused_beside_its_field(desk: Visitor):
    """What was typed stays in the form."""
    address = checked_in(desk)
    page = desk.open(f"{address}/work")

    refused = desk.submit(page, f"{address}/work", {"labour[0].labour_name": "", "labour[0].actual_hours": "much"})

    assert refused.status_code == 422
    assert 'href="#f-labour-0-actual_hours"' in refused.text
    assert 'value="much"' in refused.text


def test_a_promise_that_moves_says_why(site: Site, desk: Visitor):
    """The order holds the new time, and the fact of the change stands beside it."""
    address = checked_in(desk)

    typed = {"promised_at": "2026-10-02 17:30", "promise_reason": "parts"}
    desk.submit(desk.open(f"{address}/edit"), f"{address}/edit", typed)

    order = visit_view(site.node, record_of(address))
    moved = list_records(site.node, PROMISE_CHANGE, after=None, limit=5).records
    assert order is not None
    assert [one.values["reason"] for one in moved] == ["parts"]
    assert order.visit.values["promised_at"] == moved[0].values["promised_at"]


def test_a_corrected_odometer_takes_its_reading_along(site: Site, desk: Visitor):
    """The car's odometer follows the correction."""
    address = checked_in(desk)

    desk.submit(desk.open(f"{address}/edit"), f"{address}/edit", {"odometer_in_km": "53,200"})

    order = visit_view(site.node, record_of(address))
    assert order is not None
    assert order.reading is not None
    assert (order.visit.values["odometer_in_km"], order.reading.values["odometer_km"]) == (53200, 53200)


def test_two_windows_that_change_one_order_lose_nothing(site: Site, desk: Visitor):
    """The same field written twice stands twice on the order's page; what only one changed is theirs."""
    address = checked_in(desk)
    mine, theirs = desk.open(f"{address}/edit"), desk.open(f"{address}/edit")

    desk.submit(theirs, f"{address}/edit", {"belongings": "雨伞", "sender_name": "李先生"})
    desk.submit(mine, f"{address}/edit", {"belongings": "文件袋"})

    page = desk.open(address)
    order = visit_view(site.node, record_of(address))
    assert order is not None
    assert [one.register for one in order.visit.contests] == ["belongings"]
    assert order.visit.values["sender_name"] == "李先生"
    assert "Two values for Belongings in the car" in page


def test_an_order_is_voided_with_a_reason_by_whoever_may(site: Site, desk: Visitor):
    """The form is offered to a manager, not to an advisor."""
    address = checked_in(desk)
    advisor = desk.as_session(hire_with_password(site, "A20", "advisor").token)

    desk.submit(desk.open(address), f"{address}/void", {"void_reason": "录入错误"})

    order = visit_view(site.node, record_of(address))
    assert order is not None
    assert order.visit.values["status"] == "void"
    assert f"{address}/void" not in advisor.open(
        checked_in(advisor, **{"party.full_name": "周一", "car.plate": "津B88K98"})
    )


@pytest.mark.parametrize("sheet", ["reception", "order"])
@pytest.mark.parametrize("size", ["A4", "A5"])
def test_a_sheet_never_holds_the_internal_note(site: Site, desk: Visitor, sheet: str, size: str):
    """The customer's note is printed, the internal one is not; the sheet has its number, a code and signatures."""
    address = checked_in(desk)

    page = desk.open(f"{address}/print/{sheet}?size={size}")

    assert "客户备注会打印" in page
    assert "内部备注不打印" not in page
    assert "Issued offline" in page
    assert 'class="qr"' in page
    assert page.count("Signature and date") == 2
    assert Access.PRINTED in {one.access for one in accesses_of(site.node, site.admin)}


@pytest.mark.parametrize("path", ["print/contract", "print/order?size=A0"])
def test_a_sheet_that_does_not_exist_is_said_so(desk: Visitor, path: str):
    """There are two sheets in two sizes."""
    assert desk.ask("GET", f"{checked_in(desk)}/{path}").status_code in (404, 422)


def test_a_new_line_of_a_job_that_goes_is_refused(site: Site, desk: Visitor):
    """Nobody loses a line by ticking its job away: the form comes back, and all work stands."""
    address = checked_in(desk)
    page = desk.open(f"{address}/work")

    refused = desk.submit(page, f"{address}/work", {"jobs[0].gone": "1", "labour[0].labour_name": "检查"})

    order = visit_view(site.node, record_of(address))
    assert refused.status_code == 422
    assert "The job of this line is taken away in the same form." in refused.text
    assert 'value="检查"' in refused.text
    assert order is not None
    assert len(order.jobs) == 2
