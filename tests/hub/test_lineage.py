"""The hub's histories as a tree: what two of them share, and how they are stated in one list."""

import pytest

from carnet_hub.core.cursors import end_of
from carnet_hub.core.lineage import Branch, branches_of, join_branches, shared_between, stated_histories
from carnet_protocol.hello import HubEpoch
from carnet_protocol.limits import EPOCHS_MAX

FIRST, SECOND, THIRD, FOURTH = (bytes([number]) * 8 for number in range(1, 5))

TREE = (Branch(FIRST, b"", 0), Branch(SECOND, FIRST, 5), Branch(THIRD, FIRST, 8), Branch(FOURTH, SECOND, 12))
"""The second went on from the first at 5, the third from a later backup of it, the fourth from the second at 12."""


@pytest.mark.parametrize(
    ("one", "other", "expected"),
    [
        pytest.param(FIRST, SECOND, 5, id="with the one it went on from"),
        pytest.param(FIRST, THIRD, 8, id="with the one it went on from later"),
        pytest.param(SECOND, THIRD, 5, id="beside each other"),
        pytest.param(THIRD, SECOND, 5, id="the other way round"),
        pytest.param(FIRST, FOURTH, 5, id="over two steps"),
        pytest.param(THIRD, FOURTH, 5, id="of two branches"),
        pytest.param(SECOND, b"unknown!", 0, id="with one nobody knows"),
    ],
)
def test_histories_share_what_the_way_between_them_says(one: bytes, other: bytes, expected: int):
    """The lowest position on the way from one history to the other is what both mean alike."""
    assert shared_between(TREE, one, other) == expected


def test_a_history_of_unknown_descent_shares_nothing():
    """Where the history it went on from is forgotten, positions of before it are not believed."""
    assert shared_between([Branch(SECOND, b"gone....", 5), Branch(FIRST, b"", 0)], SECOND, FIRST) == 0


def test_a_file_that_leads_in_a_circle_is_read_to_an_end():
    """Whatever a damaged list says, looking ends."""
    circle = [Branch(FIRST, SECOND, 3), Branch(SECOND, FIRST, 5)]

    assert shared_between(circle, FIRST, THIRD) == 0


def test_a_list_states_what_each_history_shares_with_all_before_it():
    """Of two histories in a list, the lowest position between them is never more than they share."""
    stated = stated_histories(TREE)

    assert [(one.hub_epoch, one.position) for one in stated] == [(FIRST, 0), (SECOND, 5), (THIRD, 5), (FOURTH, 5)]


def test_one_line_of_restores_is_stated_as_it_was():
    """Where no history was forgotten the list is the one a database keeps."""
    line = (HubEpoch(FIRST, 0, 0), HubEpoch(SECOND, 5, end_of(5)), HubEpoch(THIRD, 9, end_of(9)))

    assert stated_histories(branches_of(line)) == line


def test_what_either_place_remembers_is_kept_in_order():
    """A database of before an earlier restore learns of that one, and its own next one comes last."""
    line = (HubEpoch(FIRST, 0, 0), HubEpoch(THIRD, 4, end_of(4)))

    joined = join_branches(branches_of(line), TREE[:2], line)

    assert joined == (Branch(FIRST, b"", 0), Branch(SECOND, FIRST, 5), Branch(THIRD, FIRST, 4))


def test_the_list_is_bounded_and_keeps_the_line():
    """Of many histories that ended the oldest go; those the database went through stay."""
    line = (HubEpoch(FIRST, 0, 0), HubEpoch(SECOND, 5, end_of(5)))
    ended = [Branch(number.to_bytes(8, "big"), FIRST, 1) for number in range(EPOCHS_MAX)]

    joined = join_branches(branches_of(line), ended, line)

    assert joined == (*ended[2:], *branches_of(line))
