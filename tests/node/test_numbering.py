"""Numbers of repair orders, made offline."""

import pytest

from carnet_node.core.numbering import business_day, node_tag, ro_number, ro_prefix
from carnet_node.core.refusals import CommandRefused
from carnet_protocol.ids import NodeId


def test_two_nodes_of_one_site_number_apart():
    """Repair orders of two nodes differ by the tag, whatever their counters say."""
    tags = {node_tag(NodeId(bytes([number]) * 16)) for number in range(200)}

    assert len(tags) == 200


@pytest.mark.parametrize(
    ("now_ms", "offset", "day"),
    [
        pytest.param(1_790_000_000_000, 480, "260921", id="afternoon in Shanghai"),
        pytest.param(1_789_919_999_999, 480, "260920", id="a millisecond before midnight there"),
        pytest.param(1_789_920_000_000, 480, "260921", id="midnight there"),
        pytest.param(1_789_920_000_000, 0, "260920", id="the same moment in Greenwich"),
        pytest.param(-5, 0, "700101", id="clock before its time"),
        pytest.param(2**53, 0, "000101", id="clock far ahead"),
    ],
)
def test_the_date_of_a_number_is_the_sites_day(now_ms: int, offset: int, day: str):
    """The day changes at the site's midnight, and a wrong clock still yields one."""
    assert business_day(now_ms, offset) == day


@pytest.mark.parametrize(("count", "suffix"), [(1, "001"), (999, "999"), (1_000, "1000"), (9_999, "9999")])
def test_a_repair_order_number_is_site_kind_date_tag_and_count(count: int, suffix: str):
    """The parts of a number stand in a fixed order."""
    assert ro_number(ro_prefix("SHA01", "260921", "7KQ3M"), count) == f"SHA01-RO-260921-7KQ3M-{suffix}"


@pytest.mark.parametrize("count", [0, 10_000])
def test_a_days_numbers_are_bounded(count: int):
    """Outside 1 to 9,999 there is no number."""
    with pytest.raises(CommandRefused):
        ro_number("SHA01-RO-260921-7KQ3M", count)


def test_a_restored_node_begins_another_series():
    """What an epoch numbers cannot meet what was numbered before it, even if that was forgotten."""
    node = NodeId(b"n" * 16)

    tags = {node_tag(node), node_tag(node, b"epoch 22"), node_tag(node, b"epoch 33")}

    assert len(tags) == 3
