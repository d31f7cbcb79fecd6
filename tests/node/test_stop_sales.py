"""Unsold cars and recalls: every one is looked up, and a list that cannot be certain says so wherever it is shown."""

from collections.abc import Sequence
from pathlib import Path

import pytest

from carnet_node.core.commands.drafting import draft_new
from carnet_node.core.desk_limits import STOP_ROWS_MAX
from carnet_node.core.exchange.lists import LISTS
from carnet_node.core.limits import LIST_ROWS_MAX
from carnet_node.core.node import Node
from carnet_node.core.saving.desk import save
from carnet_node.core.saving.stop_sales import UNREAD, stop_list
from carnet_protocol.changeset import Draft
from carnet_protocol.ids import vehicle_id
from carnet_protocol.kinds import VEHICLE
from carnet_protocol.limits import OPS_PER_SET_MAX
from carnet_protocol.segments import encode_segment
from support.browsing import Visitor
from support.desk import record
from support.model_hub import ModelHub
from support.node_builder import TestClock, build_node
from support.recall_lists import announce, receive
from support.vins import make_vins

VINS = make_vins(3)
CAR, OTHER, THIRD = VINS
LIST = encode_segment([CAR])
DAY_MS = 24 * 3600 * 1000
NO_DATA = "no recall data has arrived yet"


@pytest.fixture
def hub() -> ModelHub:
    """A hub without campaigns."""
    return ModelHub()


@pytest.fixture
def node(tmp_path: Path) -> Node:
    """A node without recall data."""
    return build_node(tmp_path)


def in_stock(vin: str) -> Draft:
    """A car that is not sold."""
    return draft_new(VEHICLE, vehicle_id(vin), {"vin": vin, "lifecycle": "in_stock"})


def put_in_stock(node: Node, vins: Sequence[str]) -> None:
    """Cars that are not sold, as many of them in one set as a set takes."""
    step = OPS_PER_SET_MAX - 1
    for at in range(0, len(vins), step):
        some = vins[at : at + step]
        save(node, lambda _: tuple(in_stock(vin) for vin in some))  # noqa: B023  (called here)


def grow_old(node: Node) -> None:
    """So much time goes by that nobody may rely on the recall data any more."""
    assert isinstance(node.clock, TestClock)
    node.clock.ms += node.settings.recall_stale_after_ms + DAY_MS


def publish(node: Node, hub: ModelHub, vins: Sequence[str]) -> None:
    """A recall lists these cars, and the node has heard of it."""
    listed = encode_segment(vins)
    announce(hub, listed, count=len(vins))
    receive(node, hub, listed)


def rows_of(node: Node) -> list[tuple[object, object, object]]:
    """Number of the recall, VIN and doubt of each row of the list that the site may take out."""
    wanted = LISTS["stop_sales"]
    places = [[one.name for one in wanted.columns].index(name) for name in ("campaign_no", "vin", "recalls_unknown")]
    return [(row[places[0]], row[places[1]], row[places[2]]) for row in wanted.rows(node, None)]


def test_without_recall_data_the_list_is_not_certain(node: Node):
    """An empty list says that no recall data has arrived, and of no day."""
    put_in_stock(node, [CAR])

    found = stop_list(node)

    assert (found.cars, found.as_of.as_of_ms, str(found.as_of.because)) == ((), None, NO_DATA)


def test_fresh_data_makes_the_list_certain(node: Node, hub: ModelHub):
    """A car that no recall lists is not on the list, which has a day and no doubt."""
    publish(node, hub, [CAR])
    put_in_stock(node, [OTHER])

    found = stop_list(node)

    assert (found.cars, found.as_of.because) == ((), None)
    assert found.as_of.as_of_ms is not None


def test_a_missing_list_is_a_doubt(node: Node, hub: ModelHub):
    """While the members of a recall have not arrived, the list says so."""
    announce(hub, LIST, count=1)
    receive(node, hub)
    put_in_stock(node, [CAR])

    found = stop_list(node)

    assert (found.cars, str(found.as_of.because)) == ((), "a member list has not arrived yet")


def test_a_car_that_was_found_stays_on_an_old_list(node: Node, hub: ModelHub):
    """What old data lists is stopped all the same, and the list says that there may be more."""
    publish(node, hub, [CAR])
    put_in_stock(node, [CAR, OTHER])
    grow_old(node)

    found = stop_list(node)

    assert [one.vehicle.values["vin"] for one in found.cars] == [CAR]
    assert str(found.as_of.because) == "the recall data is too old"


def test_every_unsold_car_is_looked_up(node: Node, hub: ModelHub):
    """One car more than a page of reading holds is found with the others."""
    vins = make_vins(LIST_ROWS_MAX + 1, seed=3)
    publish(node, hub, vins)

    put_in_stock(node, vins)

    assert {one.vehicle.values["vin"] for one in stop_list(node).cars} == {*vins}


@pytest.mark.parametrize(
    ("values", "is_unread"),
    [
        pytest.param({}, True, id="no number"),
        pytest.param({"vin": "LSVAB2C34RA12345"}, True, id="16 characters"),
        pytest.param({"vin": OTHER}, False, id="a VIN that no recall lists"),
        pytest.param({"vin": CAR}, False, id="a VIN that a recall lists"),
    ],
)
def test_a_car_that_cannot_be_looked_up_is_counted_apart(
    node: Node, hub: ModelHub, values: dict[str, str], is_unread: bool
):
    """An unsold car without a number, or with one that is no VIN, is neither stopped nor free of recalls."""
    publish(node, hub, [CAR])
    save(node, lambda _: (draft_new(VEHICLE, record(5), {"lifecycle": "in_stock", **values}),))

    found = stop_list(node)

    assert [one.id for one in found.unread] == [record(5)] * is_unread


def test_a_list_that_is_taken_out_begins_with_its_doubt(node: Node, hub: ModelHub):
    """Each row has its reason; without any data there is one row, and with fresh data none that names no car."""
    save(node, lambda _: (draft_new(VEHICLE, record(5), {"lifecycle": "in_stock"}),))
    put_in_stock(node, [CAR])

    before = rows_of(node)
    publish(node, hub, [CAR])

    assert before == [(None, None, NO_DATA), (None, None, UNREAD)]
    assert rows_of(node) == [("R2026-1", CAR, None), (None, None, UNREAD)]


ENGLISH = ("Recalls unknown", "No unsold car is part of an open recall.")
CHINESE = ("召回情况未知", "没有未售车辆属于未完成的召回。")


@pytest.mark.parametrize("words", [pytest.param(ENGLISH, id="en"), pytest.param(CHINESE, id="zh")])
@pytest.mark.parametrize(("data", "is_certain"), [("none", False), ("fresh", True), ("old", False)])
def test_the_page_claims_nothing_that_it_cannot_know(
    node: Node, hub: ModelHub, words: tuple[str, str], data: str, is_certain: bool
):
    """It says unknown without data and on old data, and that no car is affected on fresh data alone."""
    put_in_stock(node, [OTHER])
    if data != "none":
        publish(node, hub, [CAR])
    if data == "old":
        grow_old(node)
    desk = Visitor(node).logged_in()

    page = (desk.in_english() if words is ENGLISH else desk).open("/recalls")

    assert [one in page for one in words] == [not is_certain, is_certain]


def test_the_page_says_how_many_rows_follow(node: Node, hub: ModelHub):
    """Of one stopped sale more than a page has room for, the page says that one follows."""
    vins = make_vins(STOP_ROWS_MAX + 1, seed=3)
    publish(node, hub, vins)
    put_in_stock(node, vins)

    page = Visitor(node).logged_in().in_english().open("/recalls")

    assert f"Unsold cars that are part of a recall: {STOP_ROWS_MAX + 1}." in page
    assert "1 more follow; these come first." in page
    assert page.count('name="car"') == STOP_ROWS_MAX


def test_the_page_links_to_cars_that_cannot_be_looked_up(node: Node, hub: ModelHub):
    """A car without a number is counted, and a person gets to its file; nobody is told that no car is affected."""
    publish(node, hub, [CAR])
    save(node, lambda _: (draft_new(VEHICLE, record(5), {"lifecycle": "in_stock", "model_name": "T9"}),))

    page = Visitor(node).logged_in().in_english().open("/recalls")

    assert "Unsold cars whose number cannot be looked up: 1." in page
    assert ">T9</a>" in page
    assert "No unsold car is part of an open recall." not in page
