"""What the desk may say about recalls that were carried out."""

from dataclasses import replace

import pytest

from carnet_node.core.commands.drafting import Read
from carnet_node.core.commands.recall_work import (
    CompleteRecall,
    MoveCompletions,
    complete_recall,
    move_completions,
    retract_completion,
)
from carnet_node.core.heads import Head, Heads
from carnet_node.core.refusals import ProblemCode
from carnet_protocol.changeset import Draft
from carnet_protocol.ids import OpId, RecordId, completion_id
from carnet_protocol.kinds import RECALL_COMPLETION
from carnet_protocol.registry import Value
from support.desk import problems_of, read_of, record

DONE = CompleteRecall(record(70), "1m8gdm9axkp042788", record(90), record(1), "open", 9, "replaced")
SAID = read_of({"method": "replaced"})
FURTHER = record(7)


def test_a_completion_has_the_id_of_campaign_vin_and_visit():
    """Saying twice that a recall was done on a visit makes one record."""
    (draft,) = complete_recall(DONE)

    assert draft.record == completion_id(record(70), "1M8GDM9AXKP042788", record(1))
    assert draft.kind is RECALL_COMPLETION
    assert draft.values["vin"] == "1M8GDM9AXKP042788"


def test_a_completion_may_name_a_frame_number():
    """A car older than the standard has no VIN, and its recall is done all the same."""
    (draft,) = complete_recall(replace(DONE, vin="jzx100-1234567"))

    assert draft.record == completion_id(record(70), "JZX1001234567", record(1))
    assert draft.values["vin"] == "JZX1001234567"


@pytest.mark.parametrize(
    ("command", "expected"),
    [
        pytest.param(replace(DONE, vin="1m8gdm9axkp04278"), ("vin", ProblemCode.BAD_VIN), id="a character lost"),
        pytest.param(replace(DONE, visit_status="void"), ("visit_id", ProblemCode.LOCKED), id="void order"),
        pytest.param(replace(DONE, earlier=(SAID,)), ("campaign_id", ProblemCode.ALREADY_THERE), id="twice"),
        pytest.param(replace(DONE, method=""), ("method", ProblemCode.MISSING), id="no method"),
        pytest.param(replace(DONE, method="magic"), ("method", ProblemCode.BAD_VALUE), id="unknown method"),
    ],
)
def test_a_completion_is_refused_when_it_proves_nothing(command: CompleteRecall, expected: tuple):
    """A completion needs a VIN, a standing order and a method, and is said once per order."""
    assert problems_of(lambda: complete_recall(command)) == [expected]


def test_a_completion_is_retracted_with_a_reason():
    """What did not happen is taken back and stays readable."""
    assert retract_completion(read_of({}), "entered_in_error")[0].values == {"retracted": "entered_in_error"}


WRONG_VIN, RIGHT_VIN = "1M8GDM9AXKP042788", "LSVAA49J132047371"
WRITTEN, TAKEN_BACK = OpId(b"w" * 16), OpId(b"t" * 16)


def recorded(vin: str, vehicle: RecordId, **more: Value) -> Read:
    """A completion as the author of a correction has read it."""
    values: dict[str, Value] = {**complete_recall(replace(DONE, vin=vin, vehicle=vehicle))[0].values, **more}
    heads = [
        Head(WRITTEN, bytes([0, 1]), False),
        *([Head(TAKEN_BACK, bytes([2]), False)] if "retracted" in more else []),
    ]
    return Read(completion_id(record(70), vin, record(1)), Heads(tuple(heads)), values)


def test_a_completion_follows_its_order_to_the_right_car():
    """It is taken back from the car that was entered by mistake and recorded for the other, with its evidence."""
    wrong = recorded(WRONG_VIN, record(90), part_no="H-1")

    drafts = move_completions(MoveCompletions(RIGHT_VIN, record(91), record(1), [wrong]), lambda: FURTHER)

    right = {**wrong.values, "vin": RIGHT_VIN, "vehicle_id": record(91)}
    assert drafts == (
        Draft(RECALL_COMPLETION, wrong.record, {"retracted": "entered_in_error"}),
        Draft(RECALL_COMPLETION, completion_id(record(70), RIGHT_VIN, record(1)), right),
    )


def test_a_completion_that_comes_back_to_its_first_car_stands_again():
    """A correction that was itself a mistake is undone: the record is there already and only its retraction goes."""
    first = recorded(WRONG_VIN, record(90), retracted="entered_in_error")
    second = recorded(RIGHT_VIN, record(91))

    drafts = move_completions(MoveCompletions(WRONG_VIN, record(90), record(1), [first, second]), lambda: FURTHER)

    assert drafts == (
        Draft(RECALL_COMPLETION, second.record, {"retracted": "entered_in_error"}),
        Draft(RECALL_COMPLETION, first.record, {"retracted": None}, (TAKEN_BACK,)),
    )


def test_a_completion_that_was_taken_back_before_does_not_move():
    """What was said to be wrong for one car is not said of another."""
    gone = recorded(WRONG_VIN, record(90), retracted="duplicate")

    assert move_completions(MoveCompletions(RIGHT_VIN, record(91), record(1), [gone]), lambda: FURTHER) == ()


def test_a_completion_does_not_move_to_a_car_without_a_number():
    """A claim needs the car's number, so the correction is refused whole and says what to do first."""
    move = MoveCompletions("", record(91), record(1), [recorded(WRONG_VIN, record(90))])

    assert problems_of(lambda: move_completions(move, lambda: FURTHER)) == [("vin", ProblemCode.BAD_VIN)]
