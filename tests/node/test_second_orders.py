"""A car that stands in the shop is taken in again: its orders are named before the save, and a second one is meant."""

from dataclasses import replace

import pytest

from carnet_node.core.refusals import CommandRefused
from carnet_node.core.saving.receiving import Received, ReceivedCar, ReceivedParty, Reception, receive_car
from carnet_node.core.showing.views import vehicle_view
from carnet_protocol.ids import RecordId, record_text
from carnet_protocol.registry import Value
from support.browsing import Fields, Visitor
from support.node_builder import START_MS
from support.staffed import Site
from support.vins import make_vins

(VIN,) = make_vins(1)
PLATE = "浙A8K471"
NEW = "/visits/new"
NAMED = "This car has an order whose work is not done"
SECOND = "A second order: it goes into the file of this car"
OF_VIN = ReceivedCar(vin=VIN)
VALUES: dict[str, Value] = {
    "is_odometer_unknown": True,
    "sender_name": "王小明",
    "sender_phone": "13800138000",
    "advisor_code": "B01",
    "promised_at": START_MS + 1,
}
TYPED = {
    "sender_name": "王小明",
    "sender_phone": "13800138000",
    "odometer_in_km": "52300",
    "jobs[0].complaint": "早上启动有异响",
}


def taken_in(site: Site, car: ReceivedCar | None = None) -> Received:
    """A car that is new here, or another order of one, whose work is not done."""
    received = car or ReceivedCar(vin=VIN, plate=PLATE)
    return receive_car(site.as_admin, Reception(ReceivedParty(), received, VALUES))


def orders(site: Site, vehicle: RecordId) -> int:
    """How many orders a car has."""
    view = vehicle_view(site.node, vehicle)
    assert view is not None
    return len(view.visits)


def links(*received: Received) -> list[str]:
    """How a page leads to orders."""
    return [f'href="/visits/{record_text(one.opened.visit)}"' for one in received]


def test_every_order_in_work_stands_beside_the_car_while_somebody_types(site: Site, desk: Visitor):
    """Each is named with a link, before anything is chosen."""
    first = taken_in(site)
    second = taken_in(site, ReceivedCar(known=first.vehicle))
    typed: dict[str, object] = {"phones": [], "names": [], "plate": PLATE, "vin": None, "dismissed": []}

    shown = desk.send(desk.open(NEW), "/duplicates", typed).json()["html"]

    assert [one in shown for one in (NAMED, *links(first, second))] == [True] * 3


def test_every_order_in_work_stands_in_the_banner(site: Site, desk: Visitor):
    """The page of the car names both."""
    first = taken_in(site)
    second = taken_in(site, ReceivedCar(known=first.vehicle))

    banner = desk.open(f"{NEW}?vehicle={record_text(first.vehicle)}")

    assert [one in banner for one in (NAMED, *links(first, second))] == [True] * 3


def test_a_plate_is_asked_about_with_every_order_in_work(site: Site, desk: Visitor):
    """Whoever answers that it is the same car has the orders before their eyes, and is not asked once more."""
    first = taken_in(site)
    second = taken_in(site, ReceivedCar(known=first.vehicle))

    asked = desk.submit(desk.open(NEW), NEW, {**TYPED, "car.plate": PLATE})
    saved = desk.submit(asked.text, NEW, {f"alike.{record_text(first.vehicle)}": "same-car"})

    assert [one in asked.text for one in (NAMED, *links(first, second))] == [True] * 3
    assert (saved.status_code, orders(site, first.vehicle)) == (303, 3)


def test_a_vin_of_a_car_in_the_shop_is_asked_about(site: Site, desk: Visitor):
    """A number says which car it is, so nothing is asked but whether a second order is meant."""
    first = taken_in(site)

    asked = desk.submit(desk.open(NEW), NEW, {**TYPED, "car.vin": VIN})
    again = desk.submit(asked.text, NEW, {})
    kept = orders(site, first.vehicle)
    saved = desk.submit(asked.text, NEW, {f"alike.{record_text(first.vehicle)}": "same-car"})

    assert [one in asked.text for one in (SECOND, *links(first), "Another car:")] == [True, True, False]
    assert (asked.status_code, again.status_code, kept) == (422, 422, 1)
    assert (saved.status_code, orders(site, first.vehicle)) == (303, 2)


def test_a_car_called_another_is_asked_about_under_its_own_vin(site: Site, desk: Visitor):
    """The number says that it is the car on file after all; the old answer does not stand in the way of the new one."""
    first = taken_in(site)
    name = f"alike.{record_text(first.vehicle)}"

    asked = desk.submit(desk.open(NEW), NEW, {**TYPED, "car.vin": VIN, name: "other"})

    assert (asked.status_code, SECOND in asked.text, name in Fields(asked.text).forms[NEW]) == (422, True, False)


def test_a_page_that_named_the_order_is_not_asked_about(site: Site, desk: Visitor):
    """The form of a car on file says it in its banner."""
    first = taken_in(site)

    saved = desk.submit(desk.open(f"{NEW}?vehicle={record_text(first.vehicle)}"), NEW, TYPED)

    assert (saved.status_code, orders(site, first.vehicle)) == (303, 2)


def test_an_order_opened_since_the_page_was_shown_is_asked_about(site: Site, desk: Visitor):
    """Two desks take in one car: the second hears of the first."""
    first = taken_in(site)
    page = desk.open(f"{NEW}?vehicle={record_text(first.vehicle)}")
    other = taken_in(site, ReceivedCar(known=first.vehicle))

    asked = desk.submit(page, NEW, TYPED)

    assert (asked.status_code, [one in asked.text for one in links(first, other)]) == (422, [True, True])


def test_a_save_without_a_form_is_not_asked_about(site: Site):
    """A program that names the car by its VIN has shown nothing to anybody, and goes on as before."""
    first = taken_in(site)

    with pytest.raises(CommandRefused) as refused:
        taken_in(site, replace(OF_VIN, orders_seen=()))
    taken_in(site, OF_VIN)

    assert [(one.field, one.records) for one in refused.value.problems] == [("car.alike", (first.vehicle,))]
    assert orders(site, first.vehicle) == 2


def test_the_question_is_asked_in_the_persons_language(site: Site):
    """What happened and what to do stand there in Chinese."""
    taken_in(site)
    desk = Visitor(site.node).with_session(site.session.token)

    asked = desk.submit(desk.open(NEW), NEW, {**TYPED, "car.vin": VIN})

    for said in ("这辆车有一张未完工的维修单。", "如确需另开一单，请选择后再次保存。", "另开一单："):
        assert said in asked.text
