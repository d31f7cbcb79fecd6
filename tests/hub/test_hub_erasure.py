"""Erasure: values go from everywhere, for ever, also when they arrive late; heads and signatures stay."""

from dataclasses import replace
from pathlib import Path

import pytest

from carnet_hub.adapters.store import SqlStore
from carnet_hub.core import rows
from carnet_hub.core.exchange.ingest import receive_sets
from carnet_hub.core.log.conflicts import every_settled, restore_value
from carnet_hub.core.log.logcheck import verify_log
from carnet_hub.core.log.rebuild import check_projections
from carnet_protocol.errors import BrokenRule, NotAllowed
from carnet_protocol.ids import OpId
from carnet_protocol.kinds import REGISTRY
from carnet_protocol.messages import PushCode
from carnet_protocol.ops import Action
from carnet_protocol.orders import ErasureOrder
from carnet_protocol.registry import ErasureGroup
from carnet_protocol.state import Withheld
from support.authors import draft_of
from support.hub_world import HubWorld, car, customer
from support.protocol import record

NAME = "测试甲"
SECRET = "000000000000000007"


def erase(world: HubWorld, *names: str, groups: frozenset[ErasureGroup] = frozenset(ErasureGroup)) -> None:
    """Order the erasure of some records' personal values."""
    order = ErasureOrder(tuple(record(name) for name in names), groups)
    world.write(draft_of("erasure", record("erasure " + "".join(names)), {**order.fields(), "ground": "request"}))


def everything(world: HubWorld) -> bytes:
    """All that the hub keeps, as bytes that can be searched."""
    kept = []
    with world.hub.store.read() as snapshot:
        for row_type in (rows.LogRow, *rows.PROJECTIONS):
            kept += [one for row in snapshot.scan(row_type) for one in row if isinstance(one, bytes)]
    return b"\0".join(kept)


def test_an_erased_value_is_nowhere_any_more(world: HubWorld):
    """After the order neither log nor state holds the value, and what else the set held is still there."""
    world.push_one(world.site("a").write(customer("gone", full_name=NAME), customer("kept", full_name="测试乙")))

    erase(world, "gone")

    assert NAME.encode() not in everything(world)
    assert "测试乙".encode() in everything(world)
    assert world.shown("customer", record("gone")) == {"party_kind": "person"}


def test_an_erased_value_is_in_no_file_any_more(world: HubWorld, tmp_path: Path):
    """The database's files, its log of pages among them, do not hold the value after the order."""
    name = "测试甲乙丙丁戊己庚辛"
    world.push_one(world.site("a").write(customer("gone", full_name=name)))
    before = _files_with(tmp_path, name)

    erase(world, "gone")

    assert (before != [], _files_with(tmp_path, name)) == (True, [])


def _files_with(folder: Path, text: str) -> list[str]:
    return [path.name for path in folder.iterdir() if path.is_file() and text.encode() in path.read_bytes()]


def test_the_head_stays_without_its_values(world: HubWorld):
    """An erased register is still written by the same op, and says that it was erased."""
    made = world.site("a").write(customer("gone"))
    world.push_one(made)

    erase(world, "gone")

    (entry,) = world.entries("customer", record("gone"))
    name = REGISTRY["customer"].register_of("full_name").number
    assert (entry.op, entry.withheld) == (made.op(), {name: Withheld.ERASED})


def test_only_the_groups_of_the_order_are_erased(world: HubWorld):
    """An order for contact data leaves the identity alone."""
    phone = draft_of("phone", record("phone"), {"customer_id": record("c"), "number": "13800000000"})
    world.push_one(world.site("a").write(customer("c", full_name=NAME), phone))

    erase(world, "c", "phone", groups=frozenset({ErasureGroup.CONTACT}))

    assert world.shown("customer", record("c"))["full_name"] == NAME
    assert "number" not in world.shown("phone", record("phone"))


def test_secret_values_are_erased_too(world: HubWorld):
    """An id number leaves the state although it was kept encrypted."""
    world.push_one(world.site("a").write(customer("gone", id_no=SECRET, id_type="other")))

    erase(world, "gone")

    assert "id_no" not in world.shown("customer", record("gone"))


def test_a_late_set_is_covered_before_it_is_read(world: HubWorld):
    """A set that arrives after the order is accepted, and its erased values are kept nowhere."""
    erase(world, "gone")

    answer = world.push_one(world.site("a").write(customer("gone", full_name=NAME)))

    assert answer.code == PushCode.ACCEPTED
    assert NAME.encode() not in everything(world)
    assert world.shown("customer", record("gone")) == {"party_kind": "person"}


def test_a_missing_opening_is_accepted_with_its_erasure(world: HubWorld):
    """A set whose author has erased the values already comes without them."""
    erase(world, "gone")
    made = world.site("a").write(customer("gone", full_name=NAME))
    (answer,) = receive_sets(world.hub, [(made.message, b"")])

    assert answer.code == PushCode.ACCEPTED


def test_a_parked_set_is_covered_as_well(world: HubWorld):
    """Values of a set that waits are erased where it waits, and stay so when it goes on."""
    one, second = world.site("a"), world.site("a2", "a")
    late = one.write(customer("gone", full_name="测试乙"))
    waiting = second.write(draft_of("customer", record("gone"), {"full_name": NAME}, based_on=(late.op(),)))
    world.push_one(waiting)

    erase(world, "gone")
    world.push_one(late)

    assert NAME.encode() not in everything(world)
    assert {entry.op for entry in world.entries("customer", record("gone"))} == {late.op(), waiting.op()}


def test_overruled_values_are_erased(world: HubWorld):
    """A settled value of the erased group is gone and cannot be restored."""
    one, second = world.site("a"), world.site("a2", "a")
    left, right = one.write(customer("c", full_name=NAME)), second.write(customer("c", full_name="测试乙"))
    world.push(left, right)
    heads = (left.op(), right.op())
    world.push_one(one.write(draft_of("customer", record("c"), {"full_name": "测试丙"}, based_on=heads)))
    assert len([one for one in every_settled(world.hub) if one.register == "name"]) == 2

    erase(world, "c")

    assert [one for one in every_settled(world.hub) if one.register == "name"] == []
    assert NAME.encode() not in everything(world)


def test_an_erased_conflict_cannot_be_decided_by_its_value(world: HubWorld):
    """Restoring an open overruled value that was erased is refused."""
    one, second = world.site("a"), world.site("a2", "a")
    left, right = one.write(customer("c", full_name=NAME)), second.write(customer("c", full_name="测试乙"))
    world.push(left, right)
    erase(world, "c")

    with pytest.raises(NotAllowed):
        restore_value(world.hub, REGISTRY["customer"], record("c"), register="name", op=OpId(left.op()))


def test_every_reader_is_told(world: HubWorld):
    """The erased record stands at the end of its owner's feed, next to the order."""
    site = world.site("a")
    world.push_one(site.write(customer("gone")))
    cursor = world.page(site).cursor_to

    erase(world, "gone")

    page = world.page(site, cursor)
    assert {(REGISTRY.by_number[row.kind].name, row.changed) for row in page.rows} == {
        ("customer", world.position()),
        ("erasure", world.position()),
    }


def test_signatures_and_commitments_still_hold(world: HubWorld):
    """A log with erased values verifies from the first entry to the last."""
    world.push_one(world.site("a").write(customer("gone"), customer("kept"), car()))

    erase(world, "gone")

    assert verify_log(world.hub).faults == ()


def test_the_log_folds_to_the_same_state(world: HubWorld, scratch: SqlStore):
    """Folding the log again, without the erased values, arrives at the same tables."""
    one, second = world.site("a"), world.site("a2", "a")
    left, right = one.write(customer("c", full_name=NAME, id_no=SECRET)), second.write(customer("c", note="x"))
    world.push(left, right)
    world.push_one(
        one.write(draft_of("customer", record("c"), {"full_name": "测试丙"}, based_on=(left.op(), right.op()))),
    )
    erase(world, "c", groups=frozenset({ErasureGroup.IDENTITY}))
    world.push_one(second.write(customer("c", full_name="测试丁", segment="taxi")))

    assert check_projections(world.hub, scratch).differences == ()


def test_erasing_twice_changes_nothing(world: HubWorld):
    """A second order for a group that is erased already changes nothing but its own record."""
    world.push_one(world.site("a").write(customer("gone")))
    erase(world, "gone")
    before = everything(world).count(b"person")

    erase(world, "gone", "other")

    assert everything(world).count(b"person") == before


def test_an_order_for_everybody_travels_alone(world: HubWorld):
    """The hub writes no set that holds an erasure beside a ruling on one site's record."""
    world.push_one(world.site("a").write(customer()))
    ruling = replace(customer(full_name="测试乙"), action=Action.RULING)
    order = ErasureOrder((record("customer"),), frozenset(ErasureGroup))
    before = world.digest()

    with pytest.raises(BrokenRule):
        world.write(ruling, draft_of("erasure", record("order"), {**order.fields(), "ground": "request"}))

    assert world.digest() == before
