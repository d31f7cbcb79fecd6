"""The sync centre: what waits by document, what came back and where it is corrected, what the hub has signed."""

from pathlib import Path

import pytest

from carnet_node.core.log.acting import acting_for
from carnet_node.core.log.authoring import commit
from carnet_node.core.node import Node
from carnet_node.core.showing.status import status_of
from carnet_node.core.showing.sync_centre import sync_centre
from carnet_protocol.changeset import Draft
from carnet_protocol.kinds import CUSTOMER, JOB, PHONE, STAFF, VEHICLE, VISIT
from carnet_protocol.messages import Verdict
from carnet_protocol.reasons import Reason
from support.desk import record
from support.exchange import answer, deliver
from support.model_hub import ModelHub, Treatment
from support.node_builder import build_node

ME = record(5)


@pytest.fixture
def node(tmp_path: Path) -> Node:
    """A node with somebody who works there."""
    node = build_node(tmp_path)
    commit(node, [Draft(STAFF, ME, {"staff_no": "A07", "role": "advisor", "state": "active"})])
    return node


def test_what_waits_is_named_by_document(node: Node, hub: ModelHub):
    """Three saves of one order, with its jobs, are one order; a phone is its customer; who did it is nothing."""
    answer(node, *deliver(node, hub))
    me = acting_for(node, ME)
    commit(me, [Draft(VISIT, record(1), {"ro_no": "RO-1"})])
    commit(me, [Draft(JOB, record(2), {"visit_id": record(1), "complaint": "noise"})])
    commit(me, [Draft(JOB, record(2), {"op_name": "brake pads"})])
    commit(me, [Draft(CUSTOMER, record(3), {"full_name": "王小明"})])
    commit(me, [Draft(PHONE, record(4), {"customer_id": record(3), "number": "+8613800138000"})])

    waiting = sync_centre(node).waiting

    assert [(one.document.kind, one.document.record, one.saves) for one in waiting] == [
        ("visit", record(1), 3),
        ("customer", record(3), 2),
    ]
    assert status_of(node).waiting.documents == {"customer": 1, "visit": 1}


def test_a_refused_save_leads_to_its_document(node: Node, hub: ModelHub):
    """The save stands there with its reason, its values and the order on which it is corrected."""
    answer(node, *deliver(node, hub))
    commit(node, [Draft(VISIT, record(1), {"ro_no": "RO-1"})])
    answer(node, *deliver(node, hub))
    commit(acting_for(node, ME), [Draft(JOB, record(2), {"visit_id": record(1), "complaint": "noise"})])
    answer(node, *deliver(node, hub, Treatment.REFUSE))

    centre = sync_centre(node)

    (held,) = centre.held
    assert (held.held.is_parked, held.held.reason) == (False, Reason.BAD_FIELD)
    assert [(op.kind.name, op.values.get("complaint")) for op in held.held.ops] == [("job", "noise")]
    assert held.document is not None
    assert centre.waiting == ()


def test_the_last_receipts_are_listed_newest_first(node: Node, hub: ModelHub):
    """Each with the verdict, and that the hub has signed it."""
    answer(node, *deliver(node, hub))
    commit(node, [Draft(VEHICLE, record(1), {"color": "red"})])
    answer(node, *deliver(node, hub, Treatment.PARK))

    receipts = sync_centre(node).receipts

    assert [(one.seq, one.verdict, one.is_signed) for one in receipts] == [
        (2, Verdict.PARKED, True),
        (1, Verdict.ACCEPTED, True),
    ]


def test_both_values_of_a_conflict_are_there(node: Node):
    """What is shown and what was overruled stand side by side."""
    commit(node, [Draft(CUSTOMER, record(1), {"full_name": "王小明"})])
    commit(node, [Draft(CUSTOMER, record(1), {"full_name": "王晓明"})])

    (contested,) = sync_centre(node).conflicts
    conflict = contested.value

    assert conflict.shown is not None
    assert {conflict.shown.values["full_name"], conflict.overruled.values["full_name"]} == {"王小明", "王晓明"}


def test_a_value_that_is_not_shown_is_named_by_its_document(node: Node):
    """The complaint of a job leads to its order."""
    commit(node, [Draft(VISIT, record(1), {"ro_no": "RO-1"})])
    for complaint in ("noise", "smoke"):
        commit(node, [Draft(JOB, record(2), {"visit_id": record(1), "complaint": complaint})])

    (contested,) = sync_centre(node).conflicts

    assert contested.document.view is not None
    assert (contested.document.kind, contested.document.view.values["ro_no"]) == ("visit", "RO-1")


def test_the_epoch_and_the_key_are_named(node: Node):
    """What the hub operator asks for on the telephone is there."""
    centre = sync_centre(node)

    assert (centre.epoch_ordinal, centre.key_id) == (1, node.signer.key_id.hex()[:16])
