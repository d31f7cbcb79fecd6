"""Overruled values at the hub: listed with author, time and rule, and restored by one more op."""

import pytest

from carnet_hub.core.log.conflicts import every_conflict, every_settled, list_conflicts, restore_value, show_conflicts
from carnet_protocol.errors import BadValue, NotAllowed
from carnet_protocol.ids import OpId
from carnet_protocol.kinds import REGISTRY
from carnet_protocol.messages import PushCode
from carnet_protocol.registry import Resolver
from support.authors import MadeSet, draft_of
from support.hub_world import CAR, HubWorld, car, customer
from support.protocol import fixed, record

VEHICLE, CUSTOMER = REGISTRY["vehicle"], REGISTRY["customer"]


def two_colors(world: HubWorld) -> tuple[MadeSet, MadeSet]:
    """A car that two sites paint at the same time; blue is later and shows."""
    one, other = world.site("a"), world.site("b")
    red = one.write(car(color="red"))
    world.clock.ms += 1_000
    other.wall_ms = world.clock.ms
    blue = other.write(car(color="blue"))
    world.push(red, blue)
    return red, blue


def test_both_values_are_kept_and_one_is_shown(world: HubWorld):
    """A conflict names rule, shown and overruled value, each with author and time."""
    red, blue = two_colors(world)

    (conflict,) = list_conflicts(world.hub)

    assert (conflict.kind, conflict.record, conflict.register, conflict.rule) == (
        "vehicle",
        CAR,
        "color",
        Resolver.LATEST,
    )
    assert (conflict.shown.op, conflict.shown.values) == (blue.op(), {"color": "blue"})
    (overruled,) = conflict.overruled
    assert (overruled.op, overruled.values) == (red.op(), {"color": "red"})
    assert (overruled.author, overruled.time_ms) == (world.sites["a"].dealer_id, red.link.wall_ms)


def test_the_set_that_met_another_value_is_told(world: HubWorld):
    """The second writer's verdict is accepted with conflicts; equal values would be none."""
    red, blue = two_colors(world)
    third = world.site("c").write(car(color="blue"))

    receipts = [world.receipt(world.push_one(one)) for one in (red, blue, third)]

    assert [receipt.conflicts for receipt in receipts] == [0, 1, 1]


def test_equal_values_are_no_conflict(world: HubWorld):
    """Two sites that write the same value concurrently agree."""
    one, other = world.site("a"), world.site("b")

    answers = world.push(one.write(car(color="red")), other.write(car(color="red")))

    assert [answer.code for answer in answers] == [PushCode.ACCEPTED, PushCode.ACCEPTED]
    assert list_conflicts(world.hub) == []


def test_a_restored_value_shows_and_the_conflict_is_settled(world: HubWorld):
    """Restoring writes the overruled value once more, based on every head, and records what that overrules."""
    red, blue = two_colors(world)

    written = restore_value(world.hub, VEHICLE, CAR, register="color", op=red.op())

    assert world.shown("vehicle", CAR)["color"] == "red"
    assert (written.conflicts, list_conflicts(world.hub)) == (0, [])
    assert [(one.register, one.overruled.op, one.by) for one in every_settled(world.hub)] == [
        ("color", blue.op(), written.ops[0])
    ]


def test_a_settled_value_can_be_restored_too(world: HubWorld):
    """It comes back by the same command, and the value whose place it takes is listed like any other."""
    red, blue = two_colors(world)
    first = restore_value(world.hub, VEHICLE, CAR, register="color", op=red.op())

    second = restore_value(world.hub, VEHICLE, CAR, register="color", op=blue.op())

    assert (world.shown("vehicle", CAR)["color"], list_conflicts(world.hub)) == ("blue", [])
    assert (first.conflicts, second.conflicts) == (0, 1)
    assert [(one.overruled.values, one.by) for one in every_settled(world.hub)] == [
        ({"color": "blue"}, first.ops[-1]),
        ({"color": "red"}, second.ops[-1]),
    ]


def test_what_a_restore_takes_the_place_of_comes_back_in_turn(world: HubWorld):
    """Two values take turns; each restore leads to one that is shown and one that is listed, and to no third row."""
    red, blue = two_colors(world)
    again = restore_value(world.hub, VEHICLE, CAR, register="color", op=red.op()).ops[-1]

    for op in (blue.op(), again, blue.op(), again):
        restore_value(world.hub, VEHICLE, CAR, register="color", op=op)

    assert world.shown("vehicle", CAR)["color"] == "red"
    assert [one.overruled.values["color"] for one in every_settled(world.hub)] == ["blue", "red"]


def test_a_restore_on_a_site_s_record_is_a_ruling(world: HubWorld):
    """The hub restores a customer's name by a ruling; the record stays its site's, which may go on editing."""
    one, second = world.site("a"), world.site("a2", "a")
    left, right = one.write(customer("c", full_name="测试乙")), second.write(customer("c", full_name="测试丙"))
    world.push(left, right)
    (conflict,) = list_conflicts(world.hub)
    (overruled,) = conflict.overruled

    written = restore_value(world.hub, CUSTOMER, record("c"), register="name", op=overruled.op)

    assert world.shown("customer", record("c"))["full_name"] == overruled.values["full_name"]
    edit = draft_of("customer", record("c"), {"full_name": "测试丁"}, based_on=(written.ops[0],))
    assert world.push_one(one.write(edit)).code == PushCode.ACCEPTED


def test_one_record_shows_everything_that_was_overruled(world: HubWorld):
    """Open and settled values of a record stand together."""
    red, blue = two_colors(world)
    restore_value(world.hub, VEHICLE, CAR, register="color", op=red.op())
    world.push_one(world.site("c").write(car(color="white")))

    found = show_conflicts(world.hub, VEHICLE, CAR)

    assert [one.register for one in found.open] == ["color"]
    assert [one.overruled.op for one in found.settled] == [blue.op()]


def test_lists_continue_behind_the_last_row(world: HubWorld):
    """Conflicts and settled values are listed in pieces without repeating or skipping."""
    one, other = world.site("a"), world.site("b")
    cars = [draft_of("vehicle", record(f"car {number}"), {"color": "red"}) for number in range(3)]
    blue = [draft_of("vehicle", record(f"car {number}"), {"color": "blue"}) for number in range(3)]
    world.push(one.write(*cars), other.write(*blue))

    first = list_conflicts(world.hub, limit=2)
    rest = list_conflicts(world.hub, after=(VEHICLE.number, first[-1].record), limit=2)

    assert sorted(conflict.record for conflict in (*first, *rest)) == sorted(record(f"car {n}") for n in range(3))


@pytest.mark.parametrize("batch", [pytest.param(1, id="one by one"), pytest.param(3, id="all at once")])
def test_every_conflict_is_listed_once(world: HubWorld, batch: int):
    """However many records one look-up brings, each conflict is there, and none twice."""
    one, other = world.site("a"), world.site("b")
    for number in range(3):
        car = record(f"car {number}")
        world.push_one(one.write(draft_of("vehicle", car, {"color": "red"})))
        world.push_one(other.write(draft_of("vehicle", car, {"color": "blue"})))

    found = [conflict.record for conflict in every_conflict(world.hub, batch=batch)]

    assert found == sorted(record(f"car {number}") for number in range(3))


@pytest.mark.parametrize(
    ("register", "op"),
    [
        pytest.param("colour", OpId(fixed("x")), id="no such register"),
        pytest.param("color", OpId(fixed("x")), id="no such value"),
        pytest.param("vin", None, id="not in this register"),
    ],
)
def test_only_an_overruled_value_can_be_restored(world: HubWorld, register: str, op: OpId | None):
    """A register or an op that has no overruled value is refused, and nothing is written."""
    world.push_one(world.site("a").write(draft_of("vehicle", CAR, {"color": "red"})))
    head = OpId(world.entries("vehicle", CAR)[0].op)
    before = world.digest()

    with pytest.raises(BadValue):
        restore_value(world.hub, VEHICLE, CAR, register=register, op=op or head)

    assert world.digest() == before


def test_a_record_that_is_not_there_has_no_conflicts(world: HubWorld):
    """Asking for an unknown record says so."""
    with pytest.raises(NotAllowed):
        show_conflicts(world.hub, VEHICLE, fixed("nothing"))


@pytest.mark.parametrize("batch", [pytest.param(1, id="one by one"), pytest.param(5, id="all at once")])
def test_every_settled_value_is_listed_once(world: HubWorld, batch: int):
    """One set settles several values at one position; a look-up that ends between them goes on behind the last."""
    one, other = world.site("a"), world.site("b")
    for site, color in ((one, "red"), (other, "blue")):
        world.push_one(site.write(*(draft_of("vehicle", record(f"car {n}"), {"color": color}) for n in range(3))))
    heads = [tuple(entry.op for entry in world.entries("vehicle", record(f"car {n}"))) for n in range(3)]
    drafts = [
        draft_of("vehicle", record(f"car {n}"), {"color": "green"}, based_on=tuple(map(OpId, heads[n])))
        for n in range(3)
    ]
    world.push_one(one.write(*drafts))

    found = [(value.record, value.overruled.op) for value in every_settled(world.hub, batch=batch)]

    assert sorted(found) == sorted((record(f"car {n}"), op) for n in range(3) for op in heads[n])
