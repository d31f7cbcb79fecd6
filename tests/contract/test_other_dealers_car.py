"""Two dealers and one car: looked up at the hub, taken on, read without a line, gone in time, and nothing lost."""

from pathlib import Path
from typing import Any

import anyio
import pytest

from carnet_hub.core.exchange.quarantine import list_parked
from carnet_node.adapters.system import run_blocking
from carnet_node.bootstrap import Installation
from carnet_node.core.failures import HubUnreachable
from carnet_node.core.line.looking_up import OtherCars, Question, look_up
from carnet_node.core.log.authoring import commit
from carnet_node.core.records import Mark
from carnet_node.core.refusals import CommandRefused
from carnet_node.core.saving.taking_on import give_back, take_on
from carnet_node.core.showing.taken_on import Following, cars_taken_on
from carnet_node.core.showing.views import vehicle_view
from carnet_node.entrypoints.looked_up import other_cars_json, taken_on_json
from carnet_node.entrypoints.presenting import Presenter
from carnet_protocol.changeset import Draft
from carnet_protocol.kinds import VEHICLE, VISIT
from carnet_protocol.reasons import Reason
from carnet_protocol.registry import Value
from support.hub_apps import TestHub
from support.joined import sync, transport_to
from support.two_dealers import CAR, NUMBER, PLATE_NO, VIN, pass_month, some, two_dealers


@pytest.fixture
def pair(tmp_path: Path) -> tuple[TestHub, Installation, Installation]:
    """A hub; a dealer that has served the car and has sent that; and another one."""
    return two_dealers(tmp_path)


def ask(hub: TestHub, desk: Installation, way: str, sought: str, reason: str = "at_desk") -> OtherCars:
    """A look-up over the hub's own application."""

    async def once() -> OtherCars:
        async with desk.hub_client("http://hub", transport_to(hub)) as link:
            return await look_up(desk.node(), link, run_blocking, Question(way, sought, reason))

    return anyio.run(once)


@pytest.mark.parametrize(("way", "sought"), [("vin", VIN), ("plate", PLATE_NO), ("phone", NUMBER)])
def test_a_desk_sees_the_technical_history(pair: tuple[TestHub, Installation, Installation], way: str, sought: str):
    """By each number the car comes with its visit, its part and the other site's code, and without prices."""
    hub, _, away = pair

    (car,) = ask(hub, away, way, sought).cars

    (visit,) = car.visits
    assert (car.vehicle, car.values["vin"], car.site_count, car.is_cut) == (CAR, VIN, 1, False)
    assert (visit.site, visit.values["ro_no"]) == ("A001", "A-1")
    assert [(kind, values["part_name"]) for kind, values in visit.work] == [("part_line", "滤芯")]
    assert "price_fen" not in visit.work[0][1]


def test_personal_values_are_masked_unless_asked_for(pair: tuple[TestHub, Installation, Installation]):
    """A plate is masked on a list as everywhere."""
    hub, _, away = pair
    found = ask(hub, away, "vin", VIN)

    def plate(present: Presenter) -> Any:
        return other_cars_json(found, present)["cars"][0]["plates"][0]["plate_no"]

    assert plate(Presenter(show_personal=True)) == PLATE_NO
    assert plate(Presenter(show_personal=False)) != PLATE_NO


def test_looking_stores_nothing_here(pair: tuple[TestHub, Installation, Installation]):
    """What was shown is gone with the answer."""
    hub, _, away = pair

    ask(hub, away, "vin", VIN)
    sync(away, hub)

    assert vehicle_view(away.node(), CAR) is None


def test_a_wrong_reason_is_refused_before_it_is_sent(pair: tuple[TestHub, Installation, Installation]):
    """The desk says which field is wrong; the hub has the same rule."""
    hub, _, away = pair

    with pytest.raises(CommandRefused) as refusal:
        ask(hub, away, "vin", VIN, "curiosity")

    assert (refusal.value.reason, [one.field for one in refusal.value.problems]) == (Reason.LOOK_UP_REASON, ["reason"])


def test_a_car_that_was_taken_on_is_read_without_a_line(pair: tuple[TestHub, Installation, Installation]):
    """The adoption goes with one round, the history comes with it, and stays when the line is gone."""
    hub, _, away = pair

    take_on(away.node(), CAR, "towed_in")
    assert [one.following for one in cars_taken_on(away.node(), 9)] == [Following.AWAITED]
    sync(away, hub)
    sync(away, hub)

    view = vehicle_view(away.node(), CAR)
    assert view is not None
    assert [one.values["ro_no"] for one in view.visits] == ["A-1"]
    assert [(one.vin, one.following) for one in cars_taken_on(away.node(), 9)] == [(VIN, Following.FOLLOWED)]
    assert [one.is_followed for one in ask(hub, away, "vin", VIN).cars] == [True]


def test_a_car_given_back_names_no_day(pair: tuple[TestHub, Installation, Installation]):
    """Before the sync it is still followed, and JSON and command line say no more until when."""
    hub, _, away = pair
    take_on(away.node(), CAR, "towed_in")
    sync(away, hub)
    sync(away, hub)
    before = [taken_on_json(one)["until"] for one in cars_taken_on(away.node(), 9)]

    give_back(away.node(), CAR)

    (listed,) = [taken_on_json(one) for one in cars_taken_on(away.node(), 9)]
    assert None not in before
    assert (listed["following"], listed["taken_back"], listed["until"]) == ("followed", "withdrawn", None)


def evict(hub: TestHub, home: Installation, away: Installation) -> None:
    """The other dealer takes the car on, and its month passes."""
    take_on(away.node(), CAR, "at_desk")
    sync(away, hub)
    sync(away, hub)
    pass_month(hub, home)


def test_a_car_whose_time_is_over_goes_visibly(pair: tuple[TestHub, Installation, Installation]):
    """The history leaves this machine; the list says that the time is over, and which car it was."""
    hub, home, away = pair
    evict(hub, home, away)

    sync(away, hub)

    assert vehicle_view(away.node(), CAR) is None
    assert [(one.vin, one.following) for one in cars_taken_on(away.node(), 9)] == [(VIN, Following.ENDED)]


def test_an_order_that_is_open_keeps_the_car(pair: tuple[TestHub, Installation, Installation]):
    """A visit that began meanwhile takes the place of the adoption, so the end of the month takes nothing."""
    hub, home, away = pair
    take_on(away.node(), CAR, "at_desk")
    visit: dict[str, Value] = {"ro_no": "B-1", "vehicle_id": CAR, "status": "open", "opened_at": hub.clock.now_ms()}
    commit(away.node(), [Draft(VISIT, some(7), visit)])
    sync(away, hub)
    evict(hub, home, away)

    sync(away, hub)

    view = vehicle_view(away.node(), CAR)
    assert view is not None
    assert {one.values["ro_no"] for one in view.visits} == {"A-1", "B-1"}


def test_a_late_write_is_kept_as_a_proposal(pair: tuple[TestHub, Installation, Installation]):
    """What was typed after the car's time, without a line, waits at the hub and is parked here; nothing is lost."""
    hub, home, away = pair
    take_on(away.node(), CAR, "at_desk")
    sync(away, hub)
    sync(away, hub)
    view = vehicle_view(away.node(), CAR)
    assert view is not None
    based_on = view.vehicle.heads.of([VEHICLE.register_of("color").number])
    pass_month(hub, home)
    commit(away.node(), [Draft(VEHICLE, CAR, {"color": "red"}, based_on)])

    sync(away, hub)
    sync(away, hub)

    assert [one.reason for one in list_parked(hub.app.hub)] == [Reason.NO_LONGER_FOLLOWED]
    with away.store.read() as tx:
        stored = tx.record(VEHICLE, CAR)
    assert stored is not None
    assert stored.mark is Mark.PARKED


def test_without_a_line_nothing_is_found_and_nothing_changes(pair: tuple[TestHub, Installation, Installation]):
    """A desk without a line is told so."""
    _, _, away = pair

    async def once() -> OtherCars:
        async with away.hub_client("http://127.0.0.1:9") as link:
            return await look_up(away.node(), link, run_blocking, Question("vin", VIN, "at_desk"))

    with pytest.raises(HubUnreachable):
        anyio.run(once)
    assert cars_taken_on(away.node(), 9) == []
