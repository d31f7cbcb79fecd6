"""What the desk may save about cars in the shop: where they stand, and what customers say about proposed work."""

from dataclasses import replace

import pytest

from carnet_node.core.commands.approvals import Answer, answer_job, drop_job, offer_again
from carnet_node.core.commands.drafting import Read
from carnet_node.core.commands.lines import Work
from carnet_node.core.commands.staging import (
    DEFAULT_STAGES,
    IN_SHOP,
    Stage,
    resume_visit,
    stage_of,
    stage_visit,
    stages_of,
)
from carnet_node.core.heads import Head, Heads
from carnet_node.core.refusals import ProblemCode
from carnet_protocol.ids import OpId
from carnet_protocol.kinds import LABOUR_LINE, VISIT_STATES
from carnet_protocol.registry import Value
from support.desk import counted_ids, problems_of, record

HEADS = Heads((Head(OpId(b"h" * 16), bytes(range(30)), False),))
STAGES = (Stage("lift", "Lift", "in_work"), Stage("parts", "Parts", "on_hold"))
SAID = Answer("declined", "phone", 9)


def order(status: str = "open", **values: Value) -> Read:
    """Order 1 in a state."""
    return Read(record(1), HEADS, {"status": status, **values})


def job(approval: str | None = "proposed", **values: Value) -> Read:
    """Job 7 with an answer."""
    return Read(record(7), HEADS, {"op_name": "Brakes", "pay_type": "customer", "approval": approval, **values})


def line(fen: int) -> Read:
    """A line of job 7."""
    return Read(record(8), HEADS, {"labour_name": "Brakes", "amount_fen": fen, "job_id": record(7)})


def test_stage_reason_and_moment_are_written_as_one():
    """A car on hold stands there since now, for its reason."""
    (draft,) = stage_visit(order(), "parts", "parts", STAGES, 5)

    assert dict(draft.values) == {"stage": "parts", "hold_reason": "parts", "staged_at": 5}


def test_a_car_that_goes_on_waits_for_nothing():
    """Its reason goes with its hold."""
    (draft,) = stage_visit(order(stage="parts", hold_reason="parts", staged_at=1), "lift", "", STAGES, 5)

    assert dict(draft.values) == {"stage": "lift", "staged_at": 5}


def test_a_car_that_stands_there_already_is_not_moved():
    """Its time there goes on."""
    assert stage_visit(order(stage="lift", staged_at=1), "lift", "", STAGES, 5) == ()


@pytest.mark.parametrize(
    ("stage", "reason", "found"),
    [
        pytest.param("paint", "", ("stage", ProblemCode.NOT_FOUND), id="no such stage"),
        pytest.param("", "", ("stage", ProblemCode.NOT_FOUND), id="no stage"),
        pytest.param("parts", "", ("hold_reason", ProblemCode.MISSING), id="on hold for nothing"),
        pytest.param("lift", "parts", ("hold_reason", ProblemCode.BAD_VALUE), id="a reason without a hold"),
        pytest.param("parts", "lunch", ("hold_reason", ProblemCode.BAD_VALUE), id="no such reason"),
    ],
)
def test_a_place_that_cannot_be_is_refused(stage: str, reason: str, found: tuple[str, ProblemCode]):
    """Each has a field and a code of its own."""
    assert problems_of(lambda: stage_visit(order(), stage, reason, STAGES, 5)) == [found]


@pytest.mark.parametrize("status", VISIT_STATES)
def test_only_a_car_in_the_shop_stands_somewhere(status: str):
    """Void and handed over, it has left the board."""
    if status in IN_SHOP:
        assert len(stage_visit(order(status), "lift", "", STAGES, 5)) == 1
    else:
        assert problems_of(lambda: stage_visit(order(status), "lift", "", STAGES, 5)) == [
            ("status", ProblemCode.LOCKED)
        ]


def test_a_site_has_the_stages_that_it_uses_in_their_order():
    """By place, those without one last; a stage out of use is none, and without any there is one for each sense."""
    arranged: list[dict[str, Value]] = [
        {"stage": "wash", "stage_sense": "finished", "is_in_use": True},
        {"stage": "old", "stage_sense": "in_work", "is_in_use": False, "place_no": 1},
        {"stage": "lift", "stage_sense": "in_work", "is_in_use": True, "place_no": 2, "stage_name": "Lift"},
    ]

    assert stages_of(arranged) == (Stage("lift", "Lift", "in_work"), Stage("wash", "", "finished"))
    assert stages_of([]) == DEFAULT_STAGES


@pytest.mark.parametrize(
    ("visit", "code"),
    [
        pytest.param({"status": "open", "stage": "on_hold"}, "on_hold", id="as it says"),
        pytest.param({"status": "open"}, "waiting", id="open"),
        pytest.param({"status": "completed"}, "finished", id="done"),
        pytest.param({"status": "open", "stage": "gone"}, "waiting", id="a stage that is used no more"),
    ],
)
def test_every_car_in_the_shop_stands_somewhere(visit: dict[str, Value], code: str):
    """Where nobody has put it, its state says what is meant."""
    assert stage_of(visit, DEFAULT_STAGES).code == code


def test_a_declined_job_costs_nothing():
    """The answer stands with its moment and channel, and the totals follow."""
    work = Work((job(),), (line(700),), ())

    answered, totals = answer_job(order(customer_fen=700), work, job(), SAID)

    assert dict(answered.values) == {"approval": "declined", "approval_at": 9, "approval_channel": "phone"}
    assert totals.values["customer_fen"] == 0


@pytest.mark.parametrize(
    ("answer", "found"),
    [
        pytest.param(Answer("maybe", "phone", 9), ("approval", ProblemCode.BAD_VALUE), id="no answer"),
        pytest.param(Answer("approved", "", 9), ("approval_channel", ProblemCode.MISSING), id="nobody was asked"),
        pytest.param(Answer("declined", "pigeon", 9), ("approval_channel", ProblemCode.BAD_VALUE), id="no channel"),
        pytest.param(Answer("proposed", "phone", 9), ("approval", ProblemCode.BAD_VALUE), id="a proposal"),
    ],
)
def test_an_answer_that_is_none_is_refused(answer: Answer, found: tuple[str, ProblemCode]):
    """The customer approves or declines, and somebody asked them."""
    assert problems_of(lambda: answer_job(order(), Work(), job(), answer)) == [found]


@pytest.mark.parametrize("said", ["approved", "declined"])
def test_the_last_answer_ends_a_hold_for_it(said: str):
    """The car stands where its state says, to be put on, since the answer; the order is written once."""
    waiting = order(stage="parts", hold_reason="customer_approval", staged_at=1)
    work = Work((job(), replace(job("approved"), record=record(9))), (line(700),), ())

    _, moved = answer_job(waiting, work, job(), Answer(said, "phone", 9))

    assert {name: moved.values.get(name) for name in ("stage", "hold_reason", "staged_at")} == {
        "stage": None,
        "hold_reason": None,
        "staged_at": 9,
    }


@pytest.mark.parametrize(
    ("reason", "other"),
    [
        pytest.param("customer_approval", "proposed", id="another proposal is open"),
        pytest.param("parts", "approved", id="it waits for something else"),
    ],
)
def test_an_answer_leaves_other_holds_alone(reason: str, other: str):
    """The car waits on where it stood."""
    waiting = order(stage="parts", hold_reason=reason, staged_at=1)
    work = Work((job(), replace(job(other), record=record(9))), (), ())

    drafts = answer_job(waiting, work, job(), Answer("approved", "phone", 9))

    assert not any("staged_at" in one.values for one in drafts)


@pytest.mark.parametrize(
    ("status", "reason", "goes_on"),
    [
        pytest.param("open", "parts", True, id="parts"),
        pytest.param("open", "sublet", True, id="another workshop"),
        pytest.param("open", "other", True, id="something"),
        pytest.param("open", "customer_approval", False, id="the customer's word"),
        pytest.param("open", "claim_authorisation", False, id="the maker's word"),
        pytest.param("open", None, False, id="nothing"),
        pytest.param("closed", "parts", False, id="it has left"),
    ],
)
def test_a_car_that_comes_back_is_put_on_again(status: str, reason: str | None, goes_on: bool):
    """Unless it waits for somebody's word, which coming back does not give."""
    back = resume_visit(order(status, stage="parts", hold_reason=reason, staged_at=1), 9)

    assert [one.values.get("staged_at") for one in back] == ([9] if goes_on else [])


def test_the_same_answer_is_not_given_twice():
    """When and how it was given stays as it was."""
    assert problems_of(lambda: answer_job(order(), Work(), job("declined"), SAID)) == [
        ("approval", ProblemCode.ALREADY_THERE)
    ]


def test_declined_work_is_offered_again_as_it_was_worked_out():
    """The new job names the one that was declined, is proposed, and has its lines; who did it is not taken along."""
    before = Work((job("declined", approval_at=3),), (line(700),), ())

    offered, priced, totals = offer_again(order(), Work(), job("declined"), before, counted_ids())

    assert {name: offered.values.get(name) for name in ("op_name", "approval", "offered_from_id", "approval_at")} == {
        "op_name": "Brakes",
        "approval": "proposed",
        "offered_from_id": record(7),
        "approval_at": None,
    }
    assert (priced.kind, priced.values["amount_fen"], totals.values["customer_fen"]) == (LABOUR_LINE, 700, 700)


@pytest.mark.parametrize(
    "values",
    [
        pytest.param({"approval": "approved"}, id="approved"),
        pytest.param({"approval": "declined", "is_dropped": True}, id="dropped"),
    ],
)
def test_what_is_not_deferred_is_neither_offered_nor_dropped(values: dict[str, Value]):
    """Only declined work that nobody dropped is."""
    read = Read(record(7), HEADS, values)

    works = [lambda: offer_again(order(), Work(), read, Work(), counted_ids()), lambda: drop_job(read)]

    assert [problems_of(one) for one in works] == [[("approval", ProblemCode.LOCKED)]] * 2


def test_dropped_work_stays_declined():
    """It is only offered no more."""
    (draft,) = drop_job(job("declined"))

    assert dict(draft.values) == {"is_dropped": True}
