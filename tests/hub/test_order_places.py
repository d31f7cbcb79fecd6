"""Whether a set was written, or confirmed, with an order in sight, across the histories of a restored hub."""

import pytest

from carnet_hub.core.lineage import Branch
from carnet_hub.core.sets.order_places import GivenOrder, was_known
from carnet_protocol.changeset import Header
from support.protocol import link, sealed_set, visit_draft

FIRST, SECOND, THIRD, UNKNOWN = b"first..1", b"second.2", b"third..3", b"unknown!"
BRANCHES = [Branch(FIRST, b"", 0), Branch(SECOND, FIRST, 20), Branch(THIRD, SECOND, 10)]
"""The second shares the first's 20, the third 10 of either."""


def header(hub_epoch: bytes, hub_position: int) -> Header:
    """The header of a set whose author had read so far."""
    return sealed_set(visit_draft(), place=link(hub_position=hub_position, hub_epoch=hub_epoch)).change_set.header


def order(now: int, given_in: bytes, position: int) -> GivenOrder:
    """An order that stands at `now` and was given at a position of another history."""
    return GivenOrder(now, header(given_in, position - 1))


@pytest.mark.parametrize(
    ("given", "author", "confirmed_in", "expected"),
    [
        pytest.param(order(5, FIRST, 5), (THIRD, 5), None, True, id="read"),
        pytest.param(order(5, FIRST, 5), (THIRD, 4), None, False, id="not read"),
        pytest.param(order(5, FIRST, 5), (FIRST, 30), None, True, id="read in a history that shares it"),
        pytest.param(order(5, FIRST, 5), (FIRST, 4), None, False, id="not read in a history that shares it"),
        pytest.param(order(11, FIRST, 15), (FIRST, 15), None, True, id="read where it was given"),
        pytest.param(order(11, FIRST, 15), (FIRST, 14), None, False, id="not read where it was given"),
        pytest.param(order(11, FIRST, 15), (SECOND, 15), None, True, id="read in a history that went on from there"),
        pytest.param(order(11, FIRST, 25), (SECOND, 99), None, False, id="it came back there, nobody can tell where"),
        pytest.param(order(11, FIRST, 25), (SECOND, 0), SECOND, True, id="the same, and the set was confirmed there"),
        pytest.param(order(11, FIRST, 15), (THIRD, 10), None, False, id="not read since it came back"),
        pytest.param(order(11, THIRD, 11), (FIRST, 99), None, False, id="given after that history had ended"),
        pytest.param(order(11, THIRD, 11), (FIRST, 99), FIRST, False, id="the same, confirmed before it was given"),
        pytest.param(order(11, FIRST, 15), (FIRST, 3), FIRST, True, id="confirmed with the order in the log"),
        pytest.param(order(11, FIRST, 15), (UNKNOWN, 99), None, False, id="a history that nobody knows"),
        pytest.param(order(11, FIRST, 15), (UNKNOWN, 99), UNKNOWN, True, id="confirmed in one that nobody knows"),
        pytest.param(order(11, THIRD, 11), (UNKNOWN, 99), UNKNOWN, False, id="the same, and given in the present one"),
    ],
)
def test_an_order_is_known_by_reading_it_or_by_a_receipt_from_beside_it(
    given: GivenOrder, author: tuple[bytes, int], confirmed_in: bytes | None, expected: bool
):
    """Positions are compared in the history they are of; a receipt tells that the hub looked beside the order."""
    assert was_known(given, BRANCHES, header(*author), confirmed_in) is expected
