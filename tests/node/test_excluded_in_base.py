"""An own op that was excluded after the base row here was made."""

from carnet_node.core.log.overlay import Fate, OwnOp, overlay
from carnet_node.core.records import BaseRow
from carnet_protocol.ids import RecordId
from carnet_protocol.state import entry_of
from carnet_protocol.writes import Write
from support.protocol import a_write, fixed, op, record

COLOR = 40


def test_an_excluded_op_that_still_stands_is_read_as_it_stands():
    """As long as the base row shows it, whoever builds on it replaces what is shown."""
    excluded, later = a_write(1, {COLOR: "red"}), a_write(2, {COLOR: "blue"}, based_on=(1,))

    result = overlay(_base(excluded), [OwnOp(excluded, Fate.VOID, 9), OwnOp(later, Fate.WAITING)])

    assert [entry.op for entry in result.entries] == [op(2)]


def test_an_excluded_op_is_looked_through_once_the_row_came_anew():
    """When the hub has sent the record without it, who built on it built on what it was based on."""
    first, other = a_write(1, {COLOR: "red"}), a_write(4, {COLOR: "white"})
    excluded = a_write(2, {COLOR: "blue"}, based_on=(1,))
    later = a_write(3, {COLOR: "green"}, based_on=(2,))

    result = overlay(_base(first, other), [OwnOp(excluded, Fate.VOID, 9), OwnOp(later, Fate.WAITING)])

    assert [entry.op for entry in result.entries] == [op(3), op(4)]


def _base(*standing: Write) -> BaseRow:
    entries = tuple(entry_of(write) for write in standing)
    return BaseRow(8, RecordId(record("car")), fixed("dealer"), 5, 5, entries)
