"""A hub that was restored: where its history and ours part, and what is inside a row of the former one."""

from dataclasses import replace

import pytest

from carnet_node.core.log.histories import shared_end
from carnet_node.core.log.overlay import Fate, OwnOp, is_inside
from carnet_node.core.records import BaseRow
from carnet_protocol.hello import HubEpoch
from carnet_protocol.ids import OpId, RecordId
from carnet_protocol.state import Entries, Entry
from carnet_protocol.writes import Write

ONE, TWO, THREE = (bytes([number]) * 8 for number in (1, 2, 3))
WRITE = Write(OpId(b"o" * 16), 1, b"d" * 16, {}, {}, ())
ENTRY = Entry(WRITE.op, 1, WRITE.author, {})


def epoch(name: bytes, position: int) -> HubEpoch:
    """A history that begins here."""
    return HubEpoch(name, position, position << 20)


def row() -> BaseRow:
    """A base row of the present history, P being 40."""
    return BaseRow(1, RecordId(b"r" * 16), b"d" * 16, 40, 0, ())


def former_row(*sets: int, entries: Entries = ()) -> BaseRow:
    """The same of a former history that has ended at 40, with the log ids of the own sets that it holds."""
    return replace(row(), entries=entries, former_position=90, former_epoch=ONE, former_sets=frozenset(sets))


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
    ("row", "fate", "position", "inside"),
    [
        pytest.param(row(), Fate.FOLDED, 40, True, id="this history, at P"),
        pytest.param(row(), Fate.FOLDED, 41, False, id="this history, behind P"),
        pytest.param(row(), Fate.WAITING, 0, False, id="this history, not folded again yet"),
        pytest.param(row(), Fate.WAITING, 40, True, id="this history, its exclusion taken back"),
        pytest.param(row(), Fate.WAITING, 41, False, id="this history, folded behind P, its exclusion taken back"),
        pytest.param(former_row(7), Fate.WAITING, 0, True, id="former row that holds its set"),
        pytest.param(former_row(8), Fate.WAITING, 0, False, id="former row that holds another set"),
        pytest.param(former_row(7), Fate.FOLDED, 70, True, id="former row that holds it, folded anew behind R"),
        pytest.param(former_row(), Fate.FOLDED, 70, False, id="former row, folded for the first time behind R"),
        pytest.param(former_row(), Fate.FOLDED, 30, True, id="former row, folded before the histories parted"),
        pytest.param(former_row(entries=(ENTRY,)), Fate.WAITING, 0, True, id="former row with the op as a head"),
    ],
)
def test_what_a_former_row_holds_was_noted_when_its_history_ended(
    row: BaseRow, fate: Fate, position: int, inside: bool
):
    """Of a row of this history the positions decide; of a former one what was noted, and what stands in it."""
    assert is_inside(row, OwnOp(WRITE, fate, position, log_id=7)) is inside
