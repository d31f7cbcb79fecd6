"""A hub that was restored: where its history and ours part, and what is inside a row of the former one."""

import pytest

from carnet_node.core.histories import shared_end
from carnet_node.core.overlay import Fate, OwnOp, is_inside
from carnet_node.core.records import BaseRow
from carnet_protocol.hello import HubEpoch
from carnet_protocol.ids import OpId, RecordId
from carnet_protocol.writes import Write

ONE, TWO, THREE = (bytes([number]) * 8 for number in (1, 2, 3))
WRITE = Write(OpId(b"o" * 16), 1, b"d" * 16, {}, {}, ())


def epoch(name: bytes, position: int) -> HubEpoch:
    """A history that begins here."""
    return HubEpoch(name, position, position << 20)


@pytest.mark.parametrize(
    ("known", "present", "stated", "end"),
    [
        pytest.param([], ONE, [epoch(ONE, 0), epoch(TWO, 40)], 40, id="the first restore"),
        pytest.param([epoch(ONE, 0)], ONE, [epoch(ONE, 0), epoch(TWO, 40), epoch(THREE, 30)], 30, id="two since then"),
        pytest.param(
            [epoch(ONE, 0), epoch(TWO, 40)], TWO, [epoch(ONE, 0), epoch(THREE, 60)], 40, id="ours was forgotten later"
        ),
        pytest.param(
            [epoch(ONE, 0), epoch(TWO, 40)], TWO, [epoch(ONE, 0), epoch(THREE, 30)], 30, id="ours was forgotten earlier"
        ),
        pytest.param([], TWO, [epoch(ONE, 0), epoch(THREE, 30)], 0, id="nothing shared"),
    ],
)
def test_histories_part_at_the_lowest_beginning_since_the_last_shared_one(
    known: list[HubEpoch], present: bytes, stated: list[HubEpoch], end: int
):
    """R counts what began on either side since both last agreed."""
    assert shared_end(known, stated, present) == HubEpoch(stated[-1].hub_epoch, end, end << 20)


@pytest.mark.parametrize(
    ("former_row", "former_op", "fate", "position", "inside"),
    [
        pytest.param(None, None, Fate.FOLDED, 40, True, id="this history, at P"),
        pytest.param(None, None, Fate.FOLDED, 41, False, id="this history, behind P"),
        pytest.param(90, 90, Fate.WAITING, 0, True, id="former row, folded at its P then"),
        pytest.param(90, 91, Fate.WAITING, 0, False, id="former row, folded behind its P then"),
        pytest.param(90, 80, Fate.FOLDED, 70, True, id="former row, folded anew behind R"),
        pytest.param(90, None, Fate.FOLDED, 70, False, id="former row, folded for the first time behind R"),
        pytest.param(90, None, Fate.FOLDED, 30, True, id="former row, folded before the histories parted"),
        pytest.param(None, 80, Fate.WAITING, 0, False, id="new row, not folded again yet"),
    ],
)
def test_an_own_op_is_compared_within_one_history(
    former_row: int | None, former_op: int | None, fate: Fate, position: int, inside: bool
):
    """Where an op was folded in a former history counts for rows of that history, and for no other."""
    base = BaseRow(1, RecordId(b"r" * 16), b"d" * 16, 40, 0, (), former_position=former_row)

    assert is_inside(base, OwnOp(WRITE, fate, position, former_op)) is inside
