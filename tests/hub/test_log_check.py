"""Checking the log: an untouched one is whole, and every touch is found and named with its position."""

from collections.abc import Callable
from pathlib import Path

import pytest

from carnet_hub.adapters.store import open_store
from carnet_hub.core import rows
from carnet_hub.core.log.logcheck import verify_log
from support.authors import draft_of
from support.hub_world import CAR, HubWorld, car, customer, make_world
from support.protocol import fixed


@pytest.fixture
def world(tmp_path: Path) -> HubWorld:
    """A hub whose log holds every kind of entry that a push can make; the sites stand at 1 and 2."""
    world = make_world(open_store(f"sqlite:///{tmp_path / 'hub.db'}"))
    one, other = world.site("a"), world.site("b")
    late = one.write(car(color="red"))
    waiting = other.write(draft_of("vehicle", CAR, {"color": "blue"}, based_on=(late.op(),)))
    world.push(
        waiting, late, one.write(customer(id_no="1")), other.write(draft_of("campaign", fixed("c"), {"title": "x"}))
    )
    one.open_epoch()
    world.push_one(one.emit_again(late))
    return world


def change(world: HubWorld, position: int, edit: Callable[[rows.LogRow], rows.LogRow]) -> None:
    """Change an entry behind the hub's back."""
    with world.hub.store.write() as transaction:
        row = transaction.log_rows([position])[position]
        transaction.remove(rows.LogRow, [(position,)])
        transaction.put([edit(row)])


def test_an_untouched_log_is_whole(world: HubWorld):
    """Every entry and every set is counted, and nothing is wrong."""
    report = verify_log(world.hub)

    assert (report.entries, report.sets, report.head, report.faults) == (8, 7, 8, ())


TOUCHES: list[tuple[str, int, Callable[[rows.LogRow], rows.LogRow], str]] = [
    ("flipped bit", 4, lambda row: row._replace(message=(row.message or b"")[:-1] + b"\x00"), "does not verify"),
    ("no bytes", 4, lambda row: row._replace(message=None), "does not verify"),
    ("another seq beside it", 6, lambda row: row._replace(seq=9), "something else"),
    ("another author beside it", 6, lambda row: row._replace(dealer_id=fixed("x")), "something else"),
    ("another nonce beside it", 6, lambda row: row._replace(nonce=fixed("x", 14)), "something else"),
    ("opening of another set", 6, lambda row: row._replace(opening=b"\x01" + bytes(60)), "cannot be decrypted"),
    ("time set back", 6, lambda row: row._replace(received_ms=1), "time goes back"),
    ("release of nothing", 5, lambda row: row._replace(nonce=fixed("x", 14)), "not parked"),
    ("repeat of nothing", 8, lambda row: row._replace(kind=rows.LogKind.ADMIT), "stands in the log already"),
    ("moved away", 6, lambda row: row._replace(position=99), "follows position"),
]


@pytest.mark.parametrize(("position", "edit", "problem"), [pytest.param(*row[1:], id=row[0]) for row in TOUCHES])
def test_a_touched_entry_is_found(
    world: HubWorld, position: int, edit: Callable[[rows.LogRow], rows.LogRow], problem: str
):
    """Whatever is changed in the log behind the hub's back, the check names it."""
    change(world, position, edit)

    faults = verify_log(world.hub).faults

    assert any(problem in fault.problem for fault in faults), faults


def test_a_deleted_entry_is_found(world: HubWorld):
    """A missing position is a hole, and the chain behind it has one too."""
    with world.hub.store.write() as transaction:
        transaction.remove(rows.LogRow, [(4,)])

    problems = [(fault.position, fault.problem) for fault in verify_log(world.hub).faults]

    assert (5, "follows position 3") in problems
    assert any("of its chain" in problem for _, problem in problems)


def test_a_replaced_opening_is_found(world: HubWorld):
    """Personal values that do not match what was signed are named, without being shown."""
    with world.hub.store.write() as transaction:
        row = transaction.log_rows([6])[6]
        transaction.change_opening(6, b"\x01" + world.hub.box.seal(b"\x82\x41\x00\x80", b"opening" + row.nonce))

    faults = verify_log(world.hub).faults

    assert [(fault.position, "opening does not match" in fault.problem) for fault in faults] == [(6, True)]
