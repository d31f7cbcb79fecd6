"""The state of a node: one word, the first that fits, from facts."""

import pytest

from carnet_hub.core.limits import SHARED_HISTORIES_PER_DAY_MAX, SILENT_AFTER_MS, STUCK_AFTER_MS
from carnet_hub.core.rows import AssignmentDayRow, Node, NodeStatusRow
from carnet_hub.core.upkeep.overview import NodeLine, NodeState, explain_node, judge_node
from carnet_protocol.hello import Situation
from carnet_protocol.limits import PAGE_ROWS_MAX

NOW_MS = 1_790_000_000_000
NODE = Node(b"n" * 16, b"d" * 16, b"k" * 16, bytes(32), bytes(32), "active", "active")
SEEN = NodeStatusRow(b"n" * 16, NOW_MS - 1000, 0, int(Situation.GO), bytes(8), 5, 7, 0, 0, 1, "carnet-node", 0, "", 0)

QUIET = AssignmentDayRow(0, b"d" * 16, 0, 0)


def state_of(
    node: Node = NODE, status: NodeStatusRow | None = SEEN, *, parked: int = 0, behind: int = 0, is_back: bool = True
) -> NodeState:
    """The state of a node that is healthy but for what the test changes."""
    return judge_node(node, status, parked=parked, behind=behind, now_ms=NOW_MS, is_back=is_back)


@pytest.mark.parametrize(
    ("node", "status", "expected"),
    [
        pytest.param(NODE, SEEN, NodeState.HEALTHY, id="healthy"),
        pytest.param(NODE._replace(key_status="revoked"), SEEN, NodeState.REVOKED, id="revoked key"),
        pytest.param(NODE._replace(key_status="suspended"), SEEN, NodeState.SUSPENDED, id="suspended node"),
        pytest.param(NODE._replace(dealer_status="suspended"), SEEN, NodeState.SUSPENDED, id="suspended dealer"),
        pytest.param(NODE._replace(dealer_status="terminated"), SEEN, NodeState.SUSPENDED, id="terminated dealer"),
        pytest.param(NODE, None, NodeState.NEVER_SEEN, id="no hello"),
        pytest.param(NODE, SEEN._replace(last_seen_ms=0), NodeState.NEVER_SEEN, id="failures only"),
        pytest.param(NODE, SEEN._replace(situation=int(Situation.SUPERSEDED)), NodeState.SUPERSEDED, id="copy"),
        pytest.param(NODE, SEEN._replace(situation=int(Situation.FORK)), NodeState.FORKED, id="fork"),
        pytest.param(NODE, SEEN._replace(situation=int(Situation.ROLLED_BACK)), NodeState.ROLLED_BACK, id="restored"),
        pytest.param(NODE, SEEN._replace(last_seen_ms=NOW_MS - SILENT_AFTER_MS), NodeState.HEALTHY, id="a day"),
        pytest.param(NODE, SEEN._replace(last_seen_ms=NOW_MS - SILENT_AFTER_MS - 1), NodeState.SILENT, id="over a day"),
        pytest.param(NODE, SEEN._replace(failures=1), NodeState.FAILING, id="failing"),
        pytest.param(
            NODE,
            SEEN._replace(unsent_sets=1, oldest_unsent_ms=NOW_MS - STUCK_AFTER_MS),
            NodeState.LAGGING,
            id="unsent for a day",
        ),
        pytest.param(
            NODE,
            SEEN._replace(unsent_sets=1, oldest_unsent_ms=NOW_MS - STUCK_AFTER_MS - 1),
            NodeState.STUCK,
            id="unsent for over a day",
        ),
    ],
)
def test_the_first_state_that_fits_is_given(node: Node, status: NodeStatusRow | None, expected: NodeState):
    """Each row of the table gives its state, at the edge and beyond it."""
    assert state_of(node, status) is expected


@pytest.mark.parametrize(
    ("node", "status", "expected"),
    [
        pytest.param(NODE, SEEN, NodeState.NOT_BACK, id="healthy before"),
        pytest.param(NODE, SEEN._replace(situation=int(Situation.FORK)), NodeState.NOT_BACK, id="forked before"),
        pytest.param(NODE, SEEN._replace(last_seen_ms=0), NodeState.NEVER_SEEN, id="no hello"),
        pytest.param(NODE._replace(dealer_status="suspended"), SEEN, NodeState.SUSPENDED, id="suspended"),
        pytest.param(NODE, SEEN._replace(situation=int(Situation.SUPERSEDED)), NodeState.SUPERSEDED, id="copy"),
    ],
)
def test_a_node_that_spoke_of_another_history_is_not_back(node: Node, status: NodeStatusRow, expected: NodeState):
    """What it said before the hub was restored says nothing of what it holds for this one."""
    assert state_of(node, status, parked=1, is_back=False) is expected


def test_parked_sets_come_before_a_long_queue():
    """A node with parked sets is parked even when its queue is old."""
    old = SEEN._replace(unsent_sets=9, oldest_unsent_ms=0)

    assert state_of(status=old, parked=1) is NodeState.PARKED


@pytest.mark.parametrize(
    ("behind", "expected"), [(PAGE_ROWS_MAX, NodeState.HEALTHY), (PAGE_ROWS_MAX + 1, NodeState.LAGGING)]
)
def test_a_page_behind_is_healthy(behind: int, expected: NodeState):
    """A node is lagging when it is more than a page behind."""
    assert state_of(behind=behind) is expected


@pytest.mark.parametrize("state", list(NodeState))
def test_every_state_has_a_next_step(state: NodeState):
    """Whatever the state, the operator is told what to do, in a sentence."""
    line = NodeLine(NODE, "front desk", "A001", state, 0, 0, 0, QUIET, SEEN)

    assert explain_node(line, NOW_MS)[0].startswith(f"The node is {state.value}. ")
    assert line.next_step.endswith(".")


def test_the_explanation_counts_what_waits():
    """Why a node is stuck names its queue, its parked sets and its last failure in words."""
    status = SEEN._replace(
        unsent_sets=12, oldest_unsent_ms=NOW_MS - 3 * 24 * 3600 * 1000, failures=4, last_failure="bad-token"
    )
    line = NodeLine(NODE, "front desk", "A001", NodeState.FAILING, 70, 2, 0, QUIET, status)

    assert explain_node(line, NOW_MS)[1:] == [
        "It last said hello 0 min ago.",
        "4 attempts failed since; the last for: The session has expired.",
        "It held 12 unsent change sets then, the oldest 3 days old by now.",
        "2 of its change sets are parked here; `quarantine list` shows what they wait for.",
        "It has not read the last 70 positions of the hub.",
        "Its clock differs by 0 s; that decides nothing but a tie.",
    ]


@pytest.mark.parametrize(
    ("granted", "is_told"),
    [
        pytest.param(SHARED_HISTORIES_PER_DAY_MAX - 1, False, id="one below"),
        pytest.param(SHARED_HISTORIES_PER_DAY_MAX, True, id="used up"),
    ],
)
def test_a_site_whose_share_is_used_up_is_told(granted: int, is_told: bool):
    """The operator reads how many histories opened, how many wait, and where to look."""
    day = AssignmentDayRow(0, b"d" * 16, granted, 7)

    said = explain_node(NodeLine(NODE, "front desk", "A001", NodeState.HEALTHY, 0, 0, 0, day, SEEN), NOW_MS)

    assert any("7 more wait" in one and "`dealers assignments A001`" in one for one in said) is is_told
