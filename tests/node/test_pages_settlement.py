"""The end of an order on the pages: settled to the fen, handed over, put right by another order, and on paper."""

import re
from pathlib import Path
from typing import Any

import pytest

from carnet_node.core.commands.customers import AddCustomer, add_customer
from carnet_node.core.commands.drafting import Drafts, NewId
from carnet_node.core.commands.lines import NewJob
from carnet_node.core.commands.vehicles import AddVehicle
from carnet_node.core.commands.visits import OpenVisit, Step, add_jobs, complete_visit
from carnet_node.core.node import Node
from carnet_node.core.saving.desk import save, save_visit_by_vin
from carnet_node.core.saving.editing import require_customer, require_visit
from carnet_node.core.showing.views import VisitView
from carnet_protocol.ids import RecordId, record_text
from carnet_protocol.vin import VinPolicy
from support.browsing import Visitor
from support.node_builder import build_node
from support.vins import make_vins

CUSTOMER_FEN, WARRANTY_FEN = 1_500, 900
JOBS = (
    NewJob(
        {"complaint": "It squeals", "pay_type": "customer"},
        [],
        [{"part_no": "BP-1", "quantity_hundredths": 300, "price_fen": 500}],
    ),
    NewJob(
        {"complaint": "It drips", "cause": "Seal torn", "correction": "Seal replaced", "pay_type": "warranty"},
        [{"labour_name": "Seal", "actual_hours": 10, "rate_fen": 9_000}],
    ),
)

ASKED_ABOUT = NewJob(
    {"op_name": "Hose", "approval": "proposed"}, [{"labour_name": "Hose", "actual_hours": 10, "rate_fen": 9_100}]
)
"""9.10 yuan of work to which the customer has not said a word."""


@pytest.fixture
def node(tmp_path: Path) -> Node:
    """A node without records."""
    return build_node(tmp_path)


@pytest.fixture
def visit(node: Node) -> RecordId:
    """An order of 15 yuan for the customer and 9 for the maker; its work is done."""
    command = AddCustomer({"party_kind": "person", "full_name": "王测试"})
    customer = save(node, lambda new_id: add_customer(command, new_id)).records[0]
    order = save_visit_by_vin(
        node,
        AddVehicle(make_vins(1)[0], VinPolicy.STRICT),
        lambda car: OpenVisit("", car, node.clock.now_ms(), customer, {"odometer_in_km": 52_300}, list(JOBS)),
    )
    view = require_visit(node, order.visit)
    save(node, lambda _: complete_visit(Step(view.visit.read(), node.clock.now_ms(), view.work())))
    return order.visit


@pytest.fixture
def desk(node: Node) -> Visitor:
    """The administrator of the site, in English."""
    return Visitor(node).logged_in().in_english()


def address(visit: RecordId, *more: str) -> str:
    """Where an order stands."""
    return "/".join([f"/visits/{record_text(visit)}", *more])


def send(desk: Visitor, visit: RecordId, name: str, **typed: str) -> Any:
    """Open a form of the order, fill it in and send it."""
    return desk.submit(desk.open(address(visit, name)), address(visit, name), typed)


def settled(node: Node, visit: RecordId) -> VisitView:
    """The order as it is now."""
    return require_visit(node, visit)


def more_work(node: Node, visit: RecordId, new_id: NewId) -> Drafts:
    """Another desk adds a job of 7 yuan."""
    view = require_visit(node, visit)
    job = NewJob(
        {"complaint": "More", "pay_type": "customer"},
        [],
        [{"part_no": "X", "quantity_hundredths": 100, "price_fen": 700}],
    )
    return add_jobs(view.visit.read(), view.work(), [job], new_id)


def test_the_bill_is_settled_as_the_page_offers_it(node: Node, desk: Visitor, visit: RecordId):
    """Nothing has to be typed: each pay type is paid in full by whom it is named after."""
    page = desk.open(address(visit, "settle"))

    answer = desk.submit(page, address(visit, "settle"), {})

    view = settled(node, visit)
    assert (answer.status_code, answer.headers["location"]) == (303, address(visit))
    assert view.visit.values["status"] == "settled"
    assert [(one.values["payer_kind"], one.values["share_fen"]) for one in view.shares] == [
        ("customer", CUSTOMER_FEN),
        ("maker", WARRANTY_FEN),
    ]
    assert view.customer is not None
    assert view.shares[0].values["customer_id"] == view.customer.id


def taken_up(node: Node, visit: RecordId, job: NewJob) -> None:
    """One more job on the order, whose work is done."""
    view = require_visit(node, visit)
    save(node, lambda new_id: add_jobs(view.visit.read(), view.work(), [job], new_id))


@pytest.mark.parametrize(
    ("said", "is_named"),
    [
        pytest.param({}, True, id="an estimate alone"),
        pytest.param({"labour": [{"labour_name": "Hose"}]}, True, id="a line without a price"),
        pytest.param({"labour": [{"labour_name": "Hose", "rate_fen": 0}]}, False, id="for nothing, as was said"),
        pytest.param({"labour": [{"labour_name": "Hose", "rate_fen": 9_000}]}, True, id="a rate of no hours"),
        pytest.param({"labour": [{"labour_name": "Hose", "standard_hours": 50}]}, True, id="hours without a rate"),
        pytest.param(
            {"labour": [{"labour_name": "Hose", "actual_hours": 0, "rate_fen": 9_000}]}, False, id="no hours, said"
        ),
        pytest.param({"labour": [{"labour_name": "Hose", "amount_fen": 9_000}]}, False, id="an amount"),
        pytest.param({"approval": "declined"}, False, id="declined"),
    ],
)
def test_a_job_without_a_price_is_named_before_it_is_settled(
    node: Node, desk: Visitor, visit: RecordId, said: dict[str, Any], is_named: bool
):
    """With what was estimated for it; what costs nothing because somebody said so is not."""
    values = {name: value for name, value in said.items() if name != "labour"}
    taken_up(node, visit, NewJob({"op_name": "Hose", "estimate_fen": 30_000, **values}, said.get("labour", ())))

    page = desk.open(address(visit, "settle"))

    notice = page.partition('<form class="bill"')[0]
    assert ("settles as 0.00" in notice, "3. Hose" in notice, "300.00" in notice) == (is_named,) * 3


def test_a_job_that_waits_for_an_answer_is_named_and_not_settled(node: Node, desk: Visitor, visit: RecordId):
    """Page and refusal say which job it is, and the order stays as it was."""
    taken_up(node, visit, ASKED_ABOUT)
    page = desk.open(address(visit, "settle"))

    refused = desk.submit(page, address(visit, "settle"), {}).text

    assert ("The customer has not answered" in page, "3. Hose" in page) == (True, True)
    assert "Job 3 is proposed, and its customer has not answered." in refused
    assert settled(node, visit).visit.values["status"] == "completed"


def test_an_order_says_how_much_of_it_nobody_has_answered(node: Node, desk: Visitor, visit: RecordId):
    """The total holds it as work that may be done."""
    before = desk.open(address(visit))

    taken_up(node, visit, ASKED_ABOUT)

    of_which = 'of which the customer has not answered</td><td class="number">9.10<'
    assert (of_which in before, of_which in desk.open(address(visit))) == (False, True)


def test_a_bill_is_split_by_amount_percentage_and_rest(node: Node, desk: Visitor, visit: RecordId):
    """A discount comes off first; the insurer pays two fifths of what is due, somebody a yuan, the owner the rest."""
    typed = {
        "customer_discount_fen": "0.99",
        "discount_reason": "goodwill",
        "shares[2].pay_type": "customer",
        "shares[2].payer_kind": "insurer",
        "shares[2].share_fen": "40%",
        "shares[2].pay_method": "transfer",
        "shares[3].pay_type": "customer",
        "shares[3].payer_kind": "other",
        "shares[3].share_fen": "1",
    }

    send(desk, visit, "settle", **typed)

    view = settled(node, visit)
    shares = {one.values["payer_kind"]: one.values["share_fen"] for one in view.shares}
    assert shares == {"insurer": 560, "other": 100, "customer": 741, "maker": WARRANTY_FEN}
    assert view.settlement is not None
    assert view.settlement.values["customer_discount_fen"] == 99


def test_a_tenth_and_two_tenths_of_a_yuan_are_three_tenths(node: Node, desk: Visitor, visit: RecordId):
    """Amounts are typed in yuan and never become a fraction: 0.1 and 0.2 let 14.7 of 15 for the rest."""
    typed = {
        "shares[0].share_fen": "0.1",
        "shares[2].pay_type": "customer",
        "shares[2].payer_kind": "other",
        "shares[2].share_fen": "0.2",
        "shares[3].pay_type": "customer",
        "shares[3].payer_kind": "insurer",
        "shares[3].share_fen": "14.7",
    }

    assert send(desk, visit, "settle", **typed).status_code == 303
    assert [one.values["share_fen"] for one in settled(node, visit).shares] == [10, WARRANTY_FEN, 20, 1_470]


@pytest.mark.parametrize(
    ("typed", "fields"),
    [
        pytest.param({"shares[0].share_fen": "14.99"}, ["customer_fen"], id="one fen too little"),
        pytest.param({"seen.customer": "1499"}, ["customer_fen", "customer_gross_fen"], id="another total was seen"),
        pytest.param(
            {"shares[0].share_fen": "-15", "shares[1].share_fen": "-9"},
            ["customer_fen", "shares-0-share_fen", "shares-1-share_fen", "warranty_fen"],
            id="below zero",
        ),
        pytest.param({"customer_discount_fen": "1"}, ["discount_reason"], id="a discount without a reason"),
        pytest.param(
            {"customer_discount_fen": "15.01", "discount_reason": "offer"},
            ["customer_discount_fen"],
            id="more than it costs",
        ),
        pytest.param({"shares[0].share_fen": "1.005"}, ["shares-0-share_fen"], id="half a fen"),
        pytest.param({"shares[0].share_fen": "a third%"}, ["shares-0-share_fen"], id="no percentage"),
        pytest.param({"shares[1].payer_kind": ""}, ["shares-1-payer_kind"], id="nobody"),
        pytest.param(
            {"shares[3].pay_type": "warranty", "shares[3].payer_kind": "other"}, ["shares-3-share_fen"], id="two rests"
        ),
    ],
)
def test_a_bill_that_does_not_add_up_comes_back_with_its_fields(
    node: Node, desk: Visitor, visit: RecordId, typed: dict[str, str], fields: list[str]
):
    """Each problem leads to its field on the page, and the order stays as it was."""
    refused = send(desk, visit, "settle", **typed)

    summary = refused.text.split('id="summary"')[1].split("</div>")[0]
    assert refused.status_code == 422
    assert sorted(one.split('"')[0] for one in summary.split('href="#f-')[1:]) == fields
    assert all(f'id="f-{one}"' in refused.text for one in fields)
    assert settled(node, visit).visit.values["status"] == "completed"


def test_a_line_that_changed_meanwhile_is_not_settled_unseen(node: Node, desk: Visitor, visit: RecordId):
    """The page that was open is refused; it comes back with the new total, and then it is settled."""
    old = desk.open(address(visit, "settle"))
    save(node, lambda new_id: more_work(node, visit, new_id))

    refused = desk.submit(old, address(visit, "settle"), {})
    again = desk.submit(refused.text, address(visit, "settle"), {})

    assert (refused.status_code, again.status_code) == (422, 303)
    assert settled(node, visit).settlement.values["customer_gross_fen"] == CUSTOMER_FEN + 700  # type: ignore[union-attr]


def test_an_order_that_is_not_done_has_no_bill(node: Node, desk: Visitor):
    """The page says which state it is in and what to do."""
    order = save_visit_by_vin(
        node,
        AddVehicle(make_vins(1)[0], VinPolicy.STRICT),
        lambda car: OpenVisit("", car, node.clock.now_ms(), values={"is_odometer_unknown": True}),
    )

    answers = [desk.ask("GET", address(order.visit, name)) for name in ("settle", "hand-over")]

    assert [one.status_code for one in answers] == [409, 409]
    assert "cannot become" in answers[0].text


def test_a_car_is_handed_over_with_its_next_service_and_a_consent(node: Node, desk: Visitor, visit: RecordId):
    """The day stands on the order, what the customer said on their card."""
    send(desk, visit, "settle")

    send(desk, visit, "hand-over", odometer_out_km="52320", next_service_on="2027-03-21", may_call="yes")

    view = settled(node, visit)
    values = view.visit.values
    assert (values["status"], values["odometer_out_km"], values["next_service_on"]) == ("closed", 52_320, "2027-03-21")
    assert view.customer is not None
    (consent,) = require_customer(node, view.customer.id).consents
    assert (consent.values["purpose"], consent.values["statement"]) == ("service", "granted")


def test_the_page_of_a_car_shows_how_far_it_had_gone_when_it_left(node: Node, desk: Visitor, visit: RecordId):
    """The order keeps the reading of its arrival."""
    send(desk, visit, "settle")

    send(desk, visit, "hand-over", odometer_out_km="52344")

    view = settled(node, visit)
    assert view.vehicle is not None
    assert "<strong>52,344</strong>" in desk.open(f"/vehicles/{record_text(view.vehicle.id)}")
    assert view.reading is not None
    assert view.reading.values["odometer_km"] == 52_300


@pytest.mark.parametrize(
    ("typed", "field"),
    [
        ({"odometer_out_km": "52299"}, "odometer_out_km"),
        ({"next_service_on": "2026-01-01"}, "next_service_on"),
        ({"next_service_on": "2027-02-30"}, "next_service_on"),
        ({"next_service_km": "52300"}, "next_service_km"),
    ],
)
def test_a_hand_over_that_cannot_be_is_refused_at_its_field(
    node: Node, desk: Visitor, visit: RecordId, typed: dict[str, str], field: str
):
    """An odometer that ran back, a service behind today or behind the car; the car stays here."""
    send(desk, visit, "settle")

    refused = send(desk, visit, "hand-over", **typed)

    assert refused.status_code == 422
    assert f'href="#f-{field}"' in refused.text
    assert settled(node, visit).visit.values["status"] == "settled"


def test_an_odometer_that_ran_too_far_is_asked_about(node: Node, desk: Visitor, visit: RecordId):
    """Ten times what it showed is read again; with the box ticked it is taken."""
    send(desk, visit, "settle")

    asked = send(desk, visit, "hand-over", odometer_out_km="523200")
    desk.submit(asked.text, address(visit, "hand-over"), {"is_read_again": "1"})

    assert asked.status_code == 422
    assert settled(node, visit).visit.values["odometer_out_km"] == 523_200


def test_a_settled_order_is_put_right_by_another_one(node: Node, desk: Visitor, visit: RecordId):
    """The page of the first leads to it, and the second is settled for what is left."""
    send(desk, visit, "settle")

    opened = desk.submit(desk.open(address(visit)), address(visit, "correct"), {})
    other = opened.headers["location"]
    page = desk.open(address(visit))
    desk.submit(desk.open(other), f"{other}/step/complete", {})
    bill = desk.open(f"{other}/settle")

    assert other in page
    assert f'action="{address(visit)}/correct"' not in page
    assert "settled before" in bill
    assert desk.submit(bill, f"{other}/settle", {}).status_code == 303


def test_an_order_is_corrected_once(desk: Visitor, visit: RecordId):
    """A page that still offers it is told that there is a correction."""
    send(desk, visit, "settle")
    old, other = desk.open(address(visit)), desk.open(address(visit))
    desk.submit(old, address(visit, "correct"), {})

    refused = desk.submit(other, address(visit, "correct"), {})

    assert refused.status_code == 422
    assert "Another order corrects this one already." in refused.text


def test_a_settled_order_is_not_voided_from_an_old_page(node: Node, desk: Visitor, visit: RecordId):
    """The page that offered it was open before; the refusal says what to do instead."""
    old = desk.open(address(visit))
    send(desk, visit, "settle")

    refused = desk.submit(old, address(visit, "void"), {"void_reason": "wrong"})

    assert refused.status_code == 422
    assert settled(node, visit).visit.values["status"] == "settled"


def test_sheets_say_what_was_settled_and_what_was_repaired_for_nothing(desk: Visitor, visit: RecordId):
    """Before it is settled the sheet says so; the record of the three guarantees holds only their work."""
    before = desk.open(address(visit, "print", "settlement"))
    send(desk, visit, "settle")

    sheet, record = (desk.open(address(visit, "print", name)) for name in ("settlement", "warranty"))

    assert ("not settled yet" in before, "not settled yet" in sheet) == (True, False)
    assert "24.00" in sheet
    assert ("Seal torn" in record, "Seal replaced" in record, "It squeals" in record) == (True, True, False)


def test_the_repair_record_holds_what_the_rule_lists(node: Node, desk: Visitor, visit: RecordId):
    """Arrival, odometer, complaint, findings, work, material and labour, days, hand-over, and room for the pen."""
    record = re.sub(r"\s+", " ", desk.open(address(visit, "print", "warranty")))

    held = dict(re.findall(r"<dt>([^<]+)</dt><dd>([^<]*)</dd>", record))
    wanted = {
        "Complaint": "It drips",
        "Result of the examination": "Seal torn",
        "What was repaired": "Seal replaced",
        "Days under repair": "1",
        "Material cost ¥": "0.00",
        "Labour cost ¥": "9.00",
        "Towing fee ¥": "",
        "Courtesy car, or travel allowance ¥": "",
    }
    assert {name: held.get(name) for name in wanted} == wanted
    assert (record.count("Signature and date"), "In two copies" in record, "52,300 km" in record) == (2, True, True)
