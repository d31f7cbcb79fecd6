"""What the hub did not take stays readable, with its reason, for somebody to enter again."""

from pathlib import Path

import pytest

from carnet_node.bootstrap import open_installation
from carnet_node.core.line.inbox import apply_page
from carnet_node.core.log.authoring import commit
from carnet_node.core.log.held_back import HeldBack, HeldOp, list_held_back
from carnet_node.core.node import Node
from carnet_node.core.records import SetVerdict
from carnet_node.entrypoints.presenting import Presenter
from carnet_node.settings import NodeSettings
from carnet_protocol.changeset import Draft
from carnet_protocol.kinds import CUSTOMER, VEHICLE
from carnet_protocol.messages import Verdict
from carnet_protocol.ops import Action
from carnet_protocol.reasons import Reason
from carnet_protocol.registry import Value
from support.api_node import ApiNode
from support.cli_node import CliNode, enrol_folder
from support.desk import record
from support.exchange import answer, deliver, draft
from support.model_hub import ModelHub, Treatment
from support.node_builder import START_MS, build_node

RED: dict[str, Value] = {"color": "red"}
BLUE: dict[str, Value] = {"color": "blue"}
WANG: dict[str, Value] = {"party_kind": "person", "full_name": "王小明"}


@pytest.fixture
def node(tmp_path: Path) -> Node:
    """An enrolled node without data."""
    return build_node(tmp_path)


def test_accepted_and_waiting_work_is_not_held_back(node: Node, hub: ModelHub):
    """Nothing is listed as long as everything counts."""
    commit(node, [draft(RED)])
    answer(node, *deliver(node, hub))
    commit(node, [draft(BLUE, 2)])

    assert list_held_back(node, limit=10) == ()


@pytest.mark.parametrize(
    ("treatment", "is_parked", "reason"),
    [(Treatment.REFUSE, False, Reason.BAD_FIELD), (Treatment.PARK, True, Reason.UNKNOWN_BASE)],
)
def test_a_save_that_was_not_taken_is_listed_as_entered(
    node: Node, hub: ModelHub, treatment: Treatment, is_parked: bool, reason: Reason
):
    """The values stand there as they were typed, personal ones too, with the hub's reason."""
    commit(node, [draft(WANG, kind=CUSTOMER), draft(RED, 2)])

    answer(node, *deliver(node, hub, treatment))

    ops = (
        HeldOp(CUSTOMER, record(1), WANG, False, reason),
        HeldOp(VEHICLE, record(2), RED, False, reason),
    )
    assert list_held_back(node, limit=10) == (HeldBack(1, START_MS, is_parked, reason, ops),)


def test_of_an_accepted_save_only_what_is_void_is_listed(node: Node, hub: ModelHub):
    """An illegal step inside an otherwise good save is listed alone."""
    commit(node, [draft(RED), draft(BLUE, 2)])

    answer(node, *deliver(node, hub, void_ops=(1,)))

    (held,) = list_held_back(node, limit=10)
    assert held.ops == (HeldOp(VEHICLE, record(2), BLUE, False, Reason.ILLEGAL_TRANSITION),)


def test_a_parked_save_leaves_the_list_when_it_is_released(node: Node, hub: ModelHub):
    """What was accepted in the end is no longer held back."""
    sealed = commit(node, [draft(RED)])
    answer(node, *deliver(node, hub, Treatment.PARK))
    hub.decide(sealed.nonce, Treatment.ACCEPT)

    apply_page(node, hub.page(node))

    assert list_held_back(node, limit=10) == ()


def test_a_refused_delete_says_so(node: Node, hub: ModelHub):
    """A delete without effect is told from an empty save."""
    first = commit(node, [draft(RED)])
    answer(node, *deliver(node, hub))
    commit(node, [Draft(VEHICLE, record(1), {}, first.ops, Action.DELETE)])

    answer(node, *deliver(node, hub, Treatment.REFUSE))

    (held,) = list_held_back(node, limit=10)
    assert [(one.values, one.is_delete) for one in held.ops] == [({}, True)]


def test_the_newest_comes_first_and_the_list_is_bounded(node: Node, hub: ModelHub):
    """The last refusal is the one somebody is looking for."""
    for number in (1, 2, 3):
        commit(node, [draft(RED, number)])
    answer(node, *deliver(node, hub, Treatment.REFUSE))

    assert [one.seq for one in list_held_back(node, limit=2)] == [3, 2]


@pytest.mark.parametrize(("show_personal", "name"), [(True, "王小明"), (False, "王**")])
def test_outside_personal_values_are_masked_unless_asked_for(node: Node, hub: ModelHub, show_personal: bool, name: str):
    """The list follows the same rule as every other view, and explains the reason in three sentences."""
    commit(node, [draft(WANG, kind=CUSTOMER)])
    answer(node, *deliver(node, hub, Treatment.REFUSE))
    (held,) = list_held_back(node, limit=10)

    shown = Presenter(show_personal=show_personal).held_back(held)

    assert shown["changes"][0]["values"] == {"party_kind": "person", "full_name": name}
    assert set(shown["reason"]) == {"code", "what", "safe", "next"}


def test_the_api_lists_what_was_held_back(node: Node, hub: ModelHub):
    """The front desk reads the list under the conflicts."""
    commit(node, [draft(RED)])
    answer(node, *deliver(node, hub, Treatment.PARK))

    (held,) = ApiNode(node).get("/api/conflicts/held")["held"]

    assert (held["seq"], held["state"], held["reason"]["code"]) == (1, "parked", "unknown-base")


def test_the_command_line_lists_what_was_held_back(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
):
    """One line per change says what was entered, why it does not count and what to do next."""
    monkeypatch.setenv("COLUMNS", "400")
    enrol_folder(tmp_path)
    node = open_installation(NodeSettings(data_dir=tmp_path / "data")).node()
    commit(node, [draft(RED), draft(BLUE, 2)])
    with node.store.write() as tx:
        tx.put_verdict(1, SetVerdict(Verdict.REFUSED, Reason.BAD_FIELD.value, 1, START_MS, {}, 0))
    folder = CliNode(tmp_path, capsys)

    held = folder("conflicts", "held")
    folder.run("conflicts", "held")

    assert [(one["state"], len(one["changes"])) for one in held] == [("void", 2)]
    assert "color=red" in folder.said
    assert "Correct the field and save again." in folder.said
