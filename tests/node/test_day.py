"""What the first page holds: arrivals, cars in the shop, my orders."""

from pathlib import Path

import pytest

from carnet_node.core.commands.visits import OpenVisit
from carnet_node.core.desk_limits import HOME_ROWS_MAX
from carnet_node.core.log.authoring import commit
from carnet_node.core.node import Node
from carnet_node.core.saving.desk import save_visit
from carnet_node.core.showing.day import OrderLine, day_of, start_of_day
from carnet_protocol.changeset import Draft
from carnet_protocol.ids import RecordId
from carnet_protocol.kinds import VEHICLE, VISIT
from carnet_protocol.registry import Value
from support.desk import record
from support.node_builder import START_MS, TestClock, build_node

HOUR_MS = 3600 * 1000
CAR = record(70)


@pytest.fixture
def node(tmp_path: Path) -> Node:
    """A node that knows one car."""
    node = build_node(tmp_path)
    commit(node, [Draft(VEHICLE, CAR, {"vin": "LSVAA49J132047371"})])
    return node


def order(node: Node, **values: Value) -> RecordId:
    """An order opened now."""
    return save_visit(
        node, OpenVisit("", CAR, node.clock.now_ms(), values={"is_odometer_unknown": True, **values})
    ).visit


def stored(node: Node, number: int, status: str, **values: Value) -> RecordId:
    """An order in some state."""
    known: dict[str, Value] = {"ro_no": f"RO-{number}", "vehicle_id": CAR, "status": status, **values}
    commit(node, [Draft(VISIT, record(number), known)])
    return record(number)


def ids(lines: tuple[OrderLine, ...]) -> list[RecordId]:
    """Which orders."""
    return [one.visit.id for one in lines]


def test_todays_arrivals_are_those_since_midnight_at_the_site(node: Node):
    """The day begins at midnight of the site's own time; yesterday's orders are only in the shop."""
    assert isinstance(node.clock, TestClock)
    midnight = start_of_day(START_MS, node.settings.utc_offset_minutes)
    node.clock.ms = midnight - 1
    yesterday = order(node)
    node.clock.ms = midnight
    early = order(node)
    node.clock.ms = midnight + 5 * HOUR_MS
    late = order(node)

    day = day_of(node)

    assert ids(day.arrivals) == [late, early]
    assert set(ids(day.in_shop)) == {yesterday, early, late}


def test_a_day_begins_at_local_midnight():
    """At 2026-09-21 13:33 UTC it is the evening of that day in Shanghai, and noon has not come in Honolulu."""
    assert start_of_day(START_MS, 8 * 60) == START_MS - START_MS % (24 * HOUR_MS) - 8 * HOUR_MS
    assert start_of_day(START_MS, -10 * 60) == START_MS - START_MS % (24 * HOUR_MS) + 10 * HOUR_MS


def test_a_car_is_in_the_shop_until_it_is_handed_over(node: Node):
    """Drafts, open, completed and settled orders stand there; closed and voided ones do not."""
    kept = [stored(node, number, state) for number, state in enumerate(("draft", "open", "completed", "settled"), 1)]
    for number, state in enumerate(("closed", "void"), 10):
        stored(node, number, state)

    assert sorted(ids(day_of(node).in_shop)) == kept


def test_overdue_comes_first_then_the_promised_time(node: Node):
    """Late orders still in work lead; what is completed is not late; without a promise comes last."""
    none = stored(node, 1, "open")
    later = stored(node, 2, "open", promised_at=START_MS + HOUR_MS)
    late = stored(node, 3, "open", promised_at=START_MS - HOUR_MS)
    done = stored(node, 4, "completed", promised_at=START_MS - 2 * HOUR_MS)

    day = day_of(node)

    assert (ids(day.in_shop), day.overdue) == ([late, done, later, none], 1)


def test_my_orders_are_those_i_still_work_on(node: Node):
    """Under my number, in work or completed; settled ones and those of others are not mine to do."""
    mine = [stored(node, 1, "open", advisor_code="A07"), stored(node, 2, "completed", advisor_code="A07")]
    stored(node, 3, "settled", advisor_code="A07")
    stored(node, 4, "open", advisor_code="A08")

    assert sorted(ids(day_of(node, "A07").mine)) == mine
    assert day_of(node).mine == ()


def test_a_correction_is_mine_to_do_and_late_for_nobody(node: Node):
    """It waits for its advisor; no car was promised with it."""
    stored(node, 1, "closed")
    late: dict[str, Value] = {"promised_at": START_MS - HOUR_MS, "advisor_code": "A07", "corrects_id": record(1)}
    correction = stored(node, 2, "open", **late)

    day = day_of(node, "A07")

    assert (ids(day.mine), ids(day.corrections), day.in_shop, day.overdue) == ([correction], [correction], (), 0)


def test_a_voided_arrival_is_none(node: Node):
    """An order voided on the day it was opened is listed nowhere."""
    stored(node, 1, "void", opened_at=START_MS)

    assert day_of(node).arrivals == ()


def test_each_line_names_its_car(node: Node):
    """The car comes along; one that has not arrived here is missing."""
    stored(node, 1, "open")
    commit(node, [Draft(VISIT, record(2), {"ro_no": "RO-2", "vehicle_id": record(71), "status": "open"})])

    found = {line.visit.id: line.vehicle and line.vehicle.values.get("vin") for line in day_of(node).in_shop}

    assert found == {record(1): "LSVAA49J132047371", record(2): None}


def test_my_orders_and_late_ones_are_found_behind_any_number_of_others(node: Node):
    """A site that never closes its orders has many in the shop; what is to be done stands before what is settled."""
    settled = [
        Draft(VISIT, record(number), {"ro_no": f"RO-{number}", "vehicle_id": CAR, "status": "settled"})
        for number in range(100, 101 + HOME_ROWS_MAX)
    ]
    commit(node, settled)
    others = [
        stored(node, number, "open", promised_at=START_MS - HOUR_MS) for number in range(200, 201 + HOME_ROWS_MAX)
    ]
    mine = stored(node, 1, "open", advisor_code="A07", promised_at=START_MS + HOUR_MS)

    day = day_of(node, "A07")

    assert (ids(day.mine), day.overdue, day.is_more) == ([mine], len(others), True)
    assert set(ids(day.in_shop)) < {*others, mine}


def test_a_long_list_says_that_there_is_more(node: Node):
    """The page shows a bounded number of cars and says so."""
    drafts = [
        Draft(
            VISIT,
            record(number),
            {"ro_no": f"RO-{number}", "vehicle_id": CAR, "status": "open", "opened_at": node.clock.now_ms()},
        )
        for number in range(1, HOME_ROWS_MAX + 2)
    ]
    commit(node, drafts)

    day = day_of(node)

    assert (len(day.in_shop), day.is_more) == (HOME_ROWS_MAX, True)
    assert (len(day.arrivals), day.is_more_arrivals) == (HOME_ROWS_MAX, True)
