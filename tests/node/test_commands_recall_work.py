"""What the desk may say about recalls that were carried out."""

from dataclasses import replace

import pytest

from carnet_node.core.commands.recall_work import CompleteRecall, complete_recall, retract_completion
from carnet_node.core.refusals import ProblemCode
from carnet_protocol.ids import completion_id
from carnet_protocol.kinds import RECALL_COMPLETION
from support.desk import problems_of, read_of, record

DONE = CompleteRecall(record(70), "1m8gdm9axkp042788", record(90), record(1), "open", 9, "replaced")


def test_a_completion_has_the_id_of_campaign_vin_and_visit():
    """Saying twice that a recall was done on a visit makes one record."""
    (draft,) = complete_recall(DONE)

    assert draft.record == completion_id(record(70), "1M8GDM9AXKP042788", record(1))
    assert draft.kind is RECALL_COMPLETION
    assert draft.values["vin"] == "1M8GDM9AXKP042788"


@pytest.mark.parametrize(
    ("command", "expected"),
    [
        pytest.param(replace(DONE, vin="AE861234567"), ("vin", ProblemCode.BAD_VIN), id="no VIN"),
        pytest.param(replace(DONE, visit_status="void"), ("visit_id", ProblemCode.LOCKED), id="void order"),
        pytest.param(replace(DONE, known=read_of({})), ("campaign_id", ProblemCode.ALREADY_THERE), id="twice"),
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
