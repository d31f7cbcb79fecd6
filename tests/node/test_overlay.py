"""The projection rule, case by case: which own work is folded onto what the hub sent."""

from dataclasses import replace

import pytest

from carnet_node.core.log.overlay import Fate, Overlaid, OwnOp, overlay
from carnet_node.core.records import BaseRow, Mark
from carnet_protocol import limits
from carnet_protocol.ids import DealerId, OpId, RecordId
from carnet_protocol.kinds import VEHICLE
from carnet_protocol.state import EMPTY, Entries, Entry
from carnet_protocol.writes import Write

HERE, THERE = DealerId(b"a" * 16), DealerId(b"b" * 16)
COLOR = VEHICLE.labels["color"]


def op(name: str) -> OpId:
    """An op id for people who read."""
    return OpId(name.encode().ljust(16, b"."))


def entry(name: str, color: str) -> Entry:
    """What the hub holds of somebody's write."""
    return Entry(op(name), 1, THERE, {COLOR: color})


def own(name: str, color: str, *based_on: str, fate: Fate = Fate.WAITING, position: int = 0) -> OwnOp:
    """Own work on the colour of a car."""
    return OwnOp(Write(op(name), 2, HERE, {COLOR: color}, {}, tuple(op(one) for one in based_on)), fate, position)


def base(position: int, *entries: Entry) -> BaseRow:
    """A base row of a page at a position."""
    return BaseRow(VEHICLE.number, RecordId(bytes(16)), THERE, position, position, tuple(entries))


def colors(entries: Entries) -> dict[str, object]:
    """Colours by name of the op that wrote them."""
    return {one.op.decode().rstrip("."): (one.fields or {}).get(COLOR) for one in entries}


@pytest.mark.parametrize(
    ("own_ops", "expected", "mark"),
    [
        pytest.param([], {"x": "red"}, Mark.NOTHING_OWN, id="nothing own"),
        pytest.param([own("a", "blue", "x")], {"a": "blue"}, Mark.WAITING, id="waiting, on top"),
        pytest.param([own("a", "blue")], {"a": "blue", "x": "red"}, Mark.WAITING, id="waiting, concurrent"),
        pytest.param(
            [own("a", "blue", "x", fate=Fate.FOLDED, position=10)], {"x": "red"}, Mark.NOTHING_OWN, id="folded at P"
        ),
        pytest.param(
            [own("a", "blue", "x", fate=Fate.FOLDED, position=11)], {"a": "blue"}, Mark.WAITING, id="folded after P"
        ),
        pytest.param(
            [own("a", "blue", "x", fate=Fate.PARKED, position=5)], {"a": "blue"}, Mark.PARKED, id="parked before P"
        ),
        pytest.param(
            [own("a", "blue", "x", fate=Fate.VOID, position=5)], {"x": "red"}, Mark.REFUSED, id="refused, not answered"
        ),
        pytest.param(
            [own("a", "blue", "x", fate=Fate.VOID, position=5), own("b", "green", "x")],
            {"b": "green"},
            Mark.WAITING,
            id="refused, answered by later work",
        ),
        pytest.param(
            [own("a", "blue", "x", fate=Fate.VOID, position=5), own("b", "green", "a")],
            {"b": "green"},
            Mark.WAITING,
            id="based on a refused op",
        ),
        pytest.param(
            [
                own("a", "blue", "x", fate=Fate.VOID, position=5),
                own("b", "grey", "a", fate=Fate.VOID, position=6),
                own("c", "green", "b"),
            ],
            {"c": "green"},
            Mark.WAITING,
            id="based on a refused op on a refused op",
        ),
        pytest.param(
            [own("a", "blue", "x", fate=Fate.PARKED, position=5), own("b", "green", "a")],
            {"b": "green"},
            Mark.PARKED,
            id="waiting on parked",
        ),
        pytest.param(
            [own("a", "blue", "w", fate=Fate.FOLDED, position=9), own("b", "green", "a")],
            {"b": "green", "x": "red"},
            Mark.WAITING,
            id="based on own work inside that another has replaced",
        ),
    ],
)
def test_own_work_is_folded_onto_the_base_row(own_ops: list[OwnOp], expected: dict, mark: Mark):
    """What is void or inside is left out, what is void is looked through, the rest is folded in log order."""
    result = overlay(base(10, entry("x", "red")), own_ops)

    assert (colors(result.entries), result.mark) == (expected, mark)


def test_without_a_base_row_all_work_that_stands_is_folded():
    """Before the hub has sent a record, work that was accepted long ago is on top all the same."""
    result = overlay(None, [own("a", "blue", fate=Fate.FOLDED, position=0), own("b", "green", "a")])

    assert colors(result.entries) == {"b": "green"}


def test_a_record_of_refused_work_alone_is_empty():
    """What the hub refused leaves nothing to show."""
    assert overlay(None, [own("a", "blue", fate=Fate.VOID, position=3)]) == Overlaid(EMPTY, (), Mark.REFUSED, False)


@pytest.mark.parametrize(
    ("own_ops", "is_hidden"),
    [
        pytest.param([], True, id="nothing own"),
        pytest.param([own("a", "blue", "x")], False, id="waiting"),
        pytest.param([own("a", "blue", "x", fate=Fate.FOLDED, position=10)], True, id="inside"),
        pytest.param([own("a", "blue", "x", fate=Fate.FOLDED, position=99)], True, id="judged, after P"),
        pytest.param([own("a", "blue", "x", fate=Fate.PARKED, position=3)], True, id="parked"),
        pytest.param([own("a", "blue", "x", fate=Fate.VOID, position=3)], True, id="refused"),
    ],
)
def test_an_evicted_record_hides_once_no_own_work_waits(own_ops: list[OwnOp], is_hidden: bool):
    """An eviction takes effect when nothing of this node on the record is without a verdict."""
    evicted = replace(base(10, entry("x", "red")), is_evicted=True)

    assert overlay(evicted, own_ops).is_hidden is is_hidden


def test_work_for_which_a_register_has_no_room_is_left_out_and_marked():
    """A concurrent write beyond 32 heads is not folded here either; the record says that something is parked."""
    full = base(10, *(entry(f"x{number:02}", "red") for number in range(limits.HEADS_PER_REGISTER_MAX)))

    result = overlay(full, [own("a", "blue")])

    assert (result.entries, result.mark) == (full.entries, Mark.PARKED)


def test_own_work_that_decides_between_heads_settles_the_others():
    """What own work on top overruled knowingly is reported with it."""
    result = overlay(base(10, entry("x", "red"), entry("y", "blue")), [own("a", "green", "x", "y")])

    assert {one.overruled.op: one.by for one in result.settled} == {op("x"): op("a"), op("y"): op("a")}
