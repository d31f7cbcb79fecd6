"""What the desk may save at the end of an order: the bill, the hand-over, and an order that puts another one right."""

from datetime import UTC, date, datetime
from typing import Any

import pytest

from carnet_node.core.commands.drafting import Drafts, Read
from carnet_node.core.commands.lines import Work
from carnet_node.core.commands.settlement import (
    Correction,
    close_visit,
    correct_visit,
    hand_over,
    settle_visit,
)
from carnet_node.core.commands.settling import Settling, Share, brought_fen
from carnet_node.core.commands.visits import Step, open_visit
from carnet_node.core.heads import Head, Heads
from carnet_node.core.numbering import Today
from carnet_node.core.refusals import ProblemCode
from carnet_protocol.ids import OpId, handover_reading_id, settlement_id, settlement_share_id
from carnet_protocol.kinds import (
    CONSENT,
    LABOUR_LINE,
    ODOMETER_READING,
    SETTLEMENT,
    SETTLEMENT_SHARE,
    VISIT,
    VISIT_STATES,
)
from carnet_protocol.registry import Value
from support.desk import counted_ids, problems_of, record

NOW_MS = int(datetime(2026, 9, 21, 4, tzinfo=UTC).timestamp()) * 1000
TODAY = Today(date(2026, 9, 21), 480)
HEADS = Heads((Head(OpId(b"s" * 16), bytes([3]), False), Head(OpId(b"t" * 16), bytes([19]), False)))
VISIT_ID, CUSTOMER, CAR = record(1), record(91), record(90)
BILL = settlement_id(VISIT_ID)


def order(status: str = "completed", **values: Value) -> Read:
    """Order 1 of a customer, in a state."""
    said: dict[str, Value] = {
        "ro_no": "SHA01-RO-1",
        "vehicle_id": CAR,
        "customer_id": CUSTOMER,
        "odometer_in_km": 50_000,
    }
    return Read(VISIT_ID, HEADS, {"status": status, **said, **values})


def line(number: int, fen: int, job: Any = None) -> Read:
    """A labour line that costs so much."""
    return Read(record(number), HEADS, {"labour_name": "check", "amount_fen": fen, "job_id": job})


def step(status: str = "completed", *lines: Read, jobs: tuple[Read, ...] = (), **more: Any) -> Step:
    """A step of the order at noon, with its lines."""
    return Step(order(status), NOW_MS, Work(jobs, lines, ()), today=TODAY, **more)


def of_kind(drafts: Drafts, kind: Any) -> list[dict[str, Value]]:
    """The values of the drafts of a kind."""
    return [dict(one.values) for one in drafts if one.kind is kind]


def test_a_bill_is_paid_in_full_by_the_usual_payers():
    """Customer, maker and the own site pay what is named after them; how a customer pays is not guessed."""
    jobs = (Read(record(7), HEADS, {"pay_type": "warranty"}),)

    drafts = settle_visit(step("completed", line(5, 700), line(6, 300, record(7)), jobs=jobs))

    visit, settlement, *shares = drafts
    assert (visit.kind, visit.values["status"], visit.values["settled_at"]) == (VISIT, "settled", NOW_MS)
    assert (settlement.kind, settlement.record) == (SETTLEMENT, BILL)
    assert dict(settlement.values) == {
        "visit_id": VISIT_ID,
        "settlement_no": "SHA01-RO-1",
        "settled_at": NOW_MS,
        "customer_gross_fen": 700,
        "warranty_gross_fen": 300,
        "internal_gross_fen": 0,
    }
    assert [one.record for one in shares] == [settlement_share_id(BILL, 0), settlement_share_id(BILL, 1)]
    common = {"visit_id": VISIT_ID, "settlement_id": BILL}
    assert of_kind(drafts, SETTLEMENT_SHARE) == [
        {**common, "pay_type": "customer", "payer_kind": "customer", "customer_id": CUSTOMER, "share_fen": 700},
        {**common, "pay_type": "warranty", "payer_kind": "maker", "share_fen": 300, "pay_method": "claim"},
    ]


def test_payers_split_what_is_left_after_a_discount():
    """The discount stands with its reason, and the shares pay the rest."""
    shares = [Share("customer", 600, "customer", "cash", CUSTOMER), Share("customer", 300, "insurer", "transfer")]
    said = Settling({"customer": 1_000}, shares, {"customer": 100}, "goodwill")

    drafts = settle_visit(step("completed", line(5, 1_000)), said)

    (settlement,) = of_kind(drafts, SETTLEMENT)
    assert (settlement["customer_discount_fen"], settlement["discount_reason"]) == (100, "goodwill")
    assert [one["share_fen"] for one in of_kind(drafts, SETTLEMENT_SHARE)] == [600, 300]


@pytest.mark.parametrize(
    ("said", "field"),
    [
        pytest.param(Settling({"customer": 999}, []), "customer_gross_fen", id="another total was seen"),
        pytest.param(Settling({"customer": 1_000}, []), "customer_fen", id="nobody pays"),
    ],
)
def test_a_bill_that_does_not_add_up_settles_nothing(said: Settling, field: str):
    """The order stays completed, and the refusal names the field."""
    found = problems_of(lambda: settle_visit(step("completed", line(5, 1_000)), said))

    assert field in dict(found)


def test_a_payer_that_is_none_is_refused_at_its_share():
    """The registry's codes count, and the refusal points at the share."""
    said = Settling({"customer": 1_000}, [Share("customer", 1_000, "a friend", "cash")])

    found = problems_of(lambda: settle_visit(step("completed", line(5, 1_000)), said))

    assert found == [("shares[0].payer_kind", ProblemCode.BAD_VALUE)]


def test_a_correction_gives_back_what_was_too_much():
    """Work of 1,000 fen that was settled with 1,500 gives 500 back to the customer."""
    drafts = settle_visit(step("completed", line(5, 1_000), credit={"customer": 1_500}))

    (settlement,) = of_kind(drafts, SETTLEMENT)
    assert (settlement["customer_gross_fen"], settlement["customer_credit_fen"]) == (1_000, 1_500)
    assert [one["share_fen"] for one in of_kind(drafts, SETTLEMENT_SHARE)] == [-500]


def asked_about(approval: str | None) -> Step:
    """An order of 700 fen with one job, of whose answer so much is known."""
    job = Read(record(7), HEADS, {"job_no": 1, "pay_type": "customer", "approval": approval})
    return step("completed", line(5, 700, record(7)), jobs=(job,))


def test_nobody_is_billed_for_work_that_was_only_proposed():
    """The bill adds up; the customer's answer is noted before it is settled."""
    assert problems_of(lambda: settle_visit(asked_about("proposed"))) == [("approval", ProblemCode.MISSING)]


@pytest.mark.parametrize(("approval", "fen"), [("approved", 700), ("declined", 0), (None, 700)])
def test_work_that_was_answered_or_never_asked_about_is_settled(approval: str | None, fen: int):
    """Approved work is paid, as is work that nobody had to ask about; declined work costs nothing."""
    (settlement,) = of_kind(settle_visit(asked_about(approval)), SETTLEMENT)

    assert settlement["customer_gross_fen"] == fen


@pytest.mark.parametrize("status", [one for one in VISIT_STATES if one != "completed"])
def test_only_finished_work_is_settled(status: str):
    """From every other state settling is no step."""
    assert problems_of(lambda: settle_visit(step(status))) == [("status", ProblemCode.ILLEGAL_STEP)]


def test_what_a_chain_of_corrections_brought_is_credited_once():
    """A correction stands for all before it: its own lines less its discount, whatever it credited."""
    visit: dict[str, Value] = {"customer_fen": 7}
    settlement: dict[str, Value] = {
        "customer_gross_fen": 1_000,
        "customer_discount_fen": 50,
        "customer_credit_fen": 1_500,
    }

    assert brought_fen(visit, settlement) == {"customer": 950, "warranty": 0, "internal": 0}
    assert brought_fen(visit, None) == {"customer": 7, "warranty": 0, "internal": 0}


def test_a_car_is_handed_over_with_its_next_service():
    """When it left, how far it had gone, and when it should come back."""
    said: dict[str, Value] = {
        "odometer_out_km": 50_010,
        "next_service_on": "2027-03-21",
        "next_service_km": 60_000,
    }

    (draft,) = close_visit(step("settled", values=said))

    assert dict(draft.values) == {"status": "closed", "delivered_at": NOW_MS, **said}


@pytest.mark.parametrize(
    ("said", "found"),
    [
        pytest.param({"odometer_out_km": 49_999}, ("odometer_out_km", ProblemCode.BAD_ORDER), id="backwards"),
        pytest.param({"next_service_on": "2026-09-21"}, ("next_service_on", ProblemCode.BAD_ORDER), id="today"),
        pytest.param({"next_service_km": 50_000}, ("next_service_km", ProblemCode.BAD_ORDER), id="driven already"),
        pytest.param({"advisor_code": "A2"}, ("advisor_code", ProblemCode.LOCKED), id="something else"),
    ],
)
def test_a_hand_over_that_cannot_be_is_refused(said: dict[str, Value], found: tuple[str, ProblemCode]):
    """Nothing runs backwards, and nothing else is said there."""
    assert problems_of(lambda: close_visit(step("settled", values=said))) == [found]


@pytest.mark.parametrize(("answer", "statement"), [(True, "granted"), (False, "withdrawn")])
def test_what_a_customer_says_about_calls_is_a_statement(answer: bool, statement: str):
    """It is about service, of that moment, and cites the order."""
    _, said = hand_over(step("settled"), counted_ids(), may_call=answer)

    assert (said.kind, dict(said.values)) == (
        CONSENT,
        {
            "customer_id": CUSTOMER,
            "purpose": "service",
            "statement": statement,
            "stated_at": NOW_MS,
            "evidence": "SHA01-RO-1",
        },
    )


@pytest.mark.parametrize(
    ("before", "typed"),
    [
        pytest.param({}, {"odometer_out_km": 50_010}, id="typed at hand-over"),
        pytest.param({"odometer_out_km": 50_010}, {}, id="noted when the work was done"),
        pytest.param({"odometer_out_km": 50_003}, {"odometer_out_km": 50_010}, id="read anew"),
        pytest.param({"odometer_in_km": None}, {"odometer_out_km": 50_010}, id="unknown at arrival"),
    ],
)
def test_how_far_a_car_had_gone_when_it_left_is_a_reading(before: dict[str, Value], typed: dict[str, Value]):
    """Of that moment, for its car, and it names the order; two desks that close it apart write one."""
    leaving = Step(order("settled", **before), NOW_MS, values=typed, today=TODAY)

    _, reading = hand_over(leaving, counted_ids(), may_call=None)

    assert (reading.kind, reading.record, dict(reading.values)) == (
        ODOMETER_READING,
        handover_reading_id(VISIT_ID),
        {
            "vehicle_id": CAR,
            "odometer_km": 50_010,
            "read_at": NOW_MS,
            "source": "handover",
            "visit_id": VISIT_ID,
        },
    )


@pytest.mark.parametrize(
    ("before", "typed"),
    [
        pytest.param({}, {}, id="nobody read it"),
        pytest.param({}, {"odometer_out_km": 50_000}, id="as at arrival"),
        pytest.param({"odometer_out_km": 50_010}, {"odometer_out_km": None}, id="taken away at hand-over"),
        pytest.param({"odometer_out_km": 49_990}, {}, id="below arrival, which was corrected since"),
        pytest.param(
            {"corrects_id": record(8), "odometer_in_km": None, "is_odometer_unknown": True},
            {"odometer_out_km": 50_010},
            id="for an order that corrects another, weeks after the car left",
        ),
    ],
)
def test_what_nobody_read_on_the_car_is_no_further_reading(before: dict[str, Value], typed: dict[str, Value]):
    """The car stood where it stands, or it is not here."""
    leaving = Step(order("settled", **before), NOW_MS, values=typed, today=TODAY)

    assert [one.kind for one in hand_over(leaving, counted_ids(), may_call=None)] == [VISIT]


def test_nobody_states_what_nobody_asked():
    """Without an answer there is no statement; without a customer an answer is refused."""
    nameless = Step(order("settled", customer_id=None), NOW_MS)

    assert len(hand_over(step("settled"), counted_ids(), may_call=None)) == 1
    refused = problems_of(lambda: hand_over(nameless, counted_ids(), may_call=True))
    assert refused == [("may_call", ProblemCode.MISSING)]


def correction(status: str = "settled", corrected_by: Any = None) -> Correction:
    """A correction of an order with a job, its line and a loose line."""
    job = Read(record(7), HEADS, {"op_name": "Brakes", "pay_type": "warranty", "approval_at": 5, "job_no": 3})
    work = Work((job,), (line(5, 700, record(7)), line(6, 30)), ())
    return Correction(order(status, advisor_code="A1", customer_name="Test"), CAR, work, corrected_by, NOW_MS)


def test_a_correction_begins_with_the_work_that_was_settled():
    """Jobs, lines and amounts are as they were, and what its sheet says of the arrival; no reading is made twice."""
    command = correct_visit(correction("closed"))

    visit, *rest = open_visit(command, counted_ids())

    assert {name: visit.values.get(name) for name in ("corrects_id", "customer_name", "advisor_code", "status")} == {
        "corrects_id": VISIT_ID,
        "customer_name": "Test",
        "advisor_code": "A1",
        "status": "open",
    }
    assert (visit.values.get("is_odometer_unknown"), visit.values.get("odometer_in_km")) == (None, 50_000)
    assert of_kind(tuple(rest), ODOMETER_READING) == []
    assert (visit.values["warranty_fen"], visit.values["customer_fen"]) == (700, 30)
    assert [one.get("job_id") for one in of_kind(tuple(rest), LABOUR_LINE)] == [rest[0].record, None]
    assert "approval_at" not in rest[0].values


@pytest.mark.parametrize("status", [one for one in VISIT_STATES if one not in ("settled", "closed")])
def test_only_a_settled_order_is_corrected_by_another(status: str):
    """Before settlement an order is changed, or voided."""
    assert problems_of(lambda: correct_visit(correction(status))) == [("status", ProblemCode.LOCKED)]


def test_an_order_is_corrected_by_one_other_order():
    """Who wants to correct the correction names that one."""
    assert problems_of(lambda: correct_visit(correction(corrected_by=record(8)))) == [
        ("corrects_id", ProblemCode.ALREADY_THERE)
    ]
