"""What the desk reads: cards, vehicles, visits, lists."""

from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest

from carnet_node.adapters.store import SqliteNodeStore, driver
from carnet_node.core.commands import customers, settlement, vehicles, visits
from carnet_node.core.commands.drafting import Drafts, NewId
from carnet_node.core.commands.lines import NewJob
from carnet_node.core.line.inbox import apply_page
from carnet_node.core.log.authoring import commit
from carnet_node.core.node import Node
from carnet_node.core.recalls.recall_check import RecallState
from carnet_node.core.records import SyncMark
from carnet_node.core.refusals import CommandRefused
from carnet_node.core.saving import desk
from carnet_node.core.showing.odometer import ReadingFlag
from carnet_node.core.showing.searching import find
from carnet_node.core.showing.views import customer_card, list_records, one_record, vehicle_view, visit_view
from carnet_protocol.changeset import Draft
from carnet_protocol.ids import RecordId, vehicle_id
from carnet_protocol.kinds import CUSTOMER, LABOUR_LINE, ODOMETER_READING, PHONE, PLATE, VEHICLE, VISIT
from carnet_protocol.registry import Value
from carnet_protocol.state import Withheld
from carnet_protocol.vin import VinPolicy
from support.desk import record
from support.exchange import shown
from support.model_hub import ModelHub
from support.node_builder import DEALER_B, START_MS, TestClock, build_node

VIN = "1M8GDM9AXKP042788"
OIL: dict[str, Value] = {"part_name": "oil", "quantity_hundredths": 400, "price_fen": 6_800}
HOUR: dict[str, Value] = {"labour_name": "check", "actual_hours": 100, "rate_fen": 30_000}


@pytest.fixture
def node(tmp_path: Path) -> Node:
    """An enrolled node without data."""
    return build_node(tmp_path)


def add_wang(node: Node, *phones: str) -> RecordId:
    """A customer with phones."""
    command = customers.AddCustomer(
        {"party_kind": "person", "full_name": "王小明", "pinyin": "wang xiaoming"}, [{"number": one} for one in phones]
    )
    return desk.save(node, partial(customers.add_customer, command)).records[0]


def add_car(node: Node, **values: Value) -> RecordId:
    """A car."""
    return desk.save_vehicle(node, vehicles.AddVehicle(VIN, VinPolicy.STRICT, values)).vehicle


def open_order(node: Node, odometer_km: int = 52_000, customer: RecordId | None = None) -> desk.OpenedVisit:
    """A repair order with one job of one hour and four litres of oil."""
    job = NewJob({"complaint": "noise"}, [HOUR], [OIL])
    values: dict[str, Value] = {"odometer_in_km": odometer_km}
    return desk.save_visit(node, visits.OpenVisit("", vehicle_id(VIN), node.clock.now_ms(), customer, values, [job]))


def wait_a_day(node: Node) -> None:
    """A day passes."""
    assert isinstance(node.clock, TestClock)
    node.clock.ms += 24 * 3600 * 1000


def test_a_customer_card_holds_what_belongs_to_the_customer(node: Node):
    """Phones, addresses, consents and vehicles stand on one card, each with its heads."""
    customer = add_wang(node, "13800138000", "021-62345678")
    car = add_car(node)
    desk.save(node, lambda _: vehicles.add_ownership(vehicles.AddOwnership(car, customer, "owner")))

    card = customer_card(node, customer)

    assert card is not None
    assert card.customer.values["full_name"] == "王小明"
    assert [one.values["number"] for one in card.phones] == ["+8613800138000", "02162345678"]
    assert [(one.link.values["role"], one.other and one.other.values) for one in card.vehicles] == [
        ("owner", {"vin": VIN})
    ]
    assert all(view.heads.read for view in (card.customer, *card.phones))


def test_equal_phones_appear_once_and_the_preferred_one_first(node: Node):
    """Two records with one number are shown as one, the preferred number before the others."""
    customer = add_wang(node, "13800138000", "13800138000", "13900139000")
    values: dict[str, Value] = {"number": "13700137000", "is_preferred": True}
    desk.save(node, partial(customers.add_part, customers.AddPart(PHONE, customer, values)))

    card = customer_card(node, customer)

    assert card is not None
    assert [one.values["number"] for one in card.phones] == ["+8613700137000", "+8613800138000", "+8613900139000"]


def test_a_vehicle_shows_plates_owners_odometer_visits_and_recalls(node: Node):
    """The vehicle page is where everything about a car comes together."""
    customer = add_wang(node)
    car = add_car(node, color="red")
    for plate, begin in (("沪A11111", "2020-01-01"), ("沪B22222", "2024-01-01")):
        values: dict[str, Value] = {"plate_no": plate, "from_on": begin}
        desk.save(node, partial(vehicles.add_plate, car, values))
    desk.save(node, lambda _: vehicles.add_ownership(vehicles.AddOwnership(car, customer, "driver")))
    first = open_order(node, 52_000)
    wait_a_day(node)
    second = open_order(node, 51_000)

    view = vehicle_view(node, car)

    assert view is not None
    assert [one.values["plate_no"] for one in view.plates] == ["沪B22222", "沪A11111"]
    assert [one.other and one.other.id for one in view.owners] == [customer]
    assert view.odometer.served is not None
    assert (view.odometer.served.odometer_km, view.odometer.is_flagged) == (52_000, True)
    assert [one.flags for one in view.odometer.readings] == [(), (ReadingFlag.BELOW_EARLIER,)]
    assert [one.id for one in view.visits] == [second.visit, first.visit]
    assert view.recalls is not None
    assert view.recalls.state is RecallState.UNKNOWN


def test_history_from_the_last_century_stands_behind_that_of_today(node: Node):
    """Moments are compared as numbers: those before September 2001 have a digit less."""
    assert isinstance(node.clock, TestClock)
    car = add_car(node)
    opened = []
    for at_ms in (START_MS, 946_684_800_000, 1_000_000_000_000):
        node.clock.ms = at_ms
        opened.append(open_order(node).visit)

    view = vehicle_view(node, car)

    assert view is not None
    assert [one.id for one in view.visits] == [opened[0], opened[2], opened[1]]


def test_a_visit_shows_its_jobs_lines_and_the_sum_of_them(node: Node):
    """Totals are computed from the lines and equal what was written with the order."""
    customer = add_wang(node)
    add_car(node)
    opened = open_order(node, customer=customer)

    view = visit_view(node, opened.visit)

    assert view is not None
    assert view.visit.values["ro_no"] == opened.ro_no
    assert view.customer is not None
    assert [len(part) for job in view.jobs for part in (job.labour, job.parts)] == [1, 1]
    assert (view.totals, view.is_total_stale) == ({"customer_fen": 57_200, "warranty_fen": 0, "internal_fen": 0}, False)
    assert view.reading is not None


def test_totals_that_lag_behind_the_lines_are_marked(node: Node):
    """When somebody else adds a line meanwhile, the view counts it and says that the written sum is old."""
    add_car(node)
    opened = open_order(node)

    commit(node, [Draft(LABOUR_LINE, record(5), {"visit_id": opened.visit, "amount_fen": 1})])

    view = visit_view(node, opened.visit)
    assert view is not None
    assert (view.totals["customer_fen"], view.is_total_stale) == (57_201, True)
    assert [one.id for one in view.loose_labour] == [record(5)]


def test_a_visit_goes_through_its_states_from_what_was_read(node: Node):
    """Each step is based on the view before it, and the last view shows the end."""
    add_car(node)
    opened = open_order(node)

    for step in (visits.complete_visit, settlement.settle_visit, settlement.close_visit):
        view = visit_view(node, opened.visit)
        assert view is not None
        command = visits.Step(view.visit.read(), node.clock.now_ms(), view.work())
        desk.save(node, partial(_without_ids, step, command))

    final = visit_view(node, opened.visit)
    assert final is not None
    assert (final.visit.values["status"], final.visit.contests) == ("closed", ())


def _without_ids(step: Callable[[visits.Step], Drafts], command: visits.Step, _: NewId) -> Drafts:
    return step(command)


def test_a_corrected_odometer_replaces_the_reading(node: Node):
    """After a correction one reading stands, and the served odometer follows it."""
    add_car(node)
    opened = open_order(node, 520_000)
    view = visit_view(node, opened.visit)
    assert view is not None
    assert view.reading is not None

    reading = view.reading.read()
    desk.save(node, partial(visits.edit_visit, view.visit.read(), {"odometer_in_km": 52_000}, reading))

    car = vehicle_view(node, vehicle_id(VIN))
    assert car is not None
    assert [one.odometer_km for one in car.odometer.readings] == [52_000]


def test_numbers_count_up_and_start_again_the_next_day(node: Node):
    """Each node counts its repair orders by day."""
    numbers = [open_order(node).ro_no, open_order(node).ro_no]
    wait_a_day(node)
    numbers.append(open_order(node).ro_no)

    assert [one.rsplit("-", 1)[1] for one in numbers] == ["001", "002", "001"]
    assert numbers[0].startswith("SHA01-RO-260921-")


def test_two_nodes_of_one_site_never_give_one_number(tmp_path: Path):
    """Without any contact the numbers of two nodes differ."""
    numbers = [open_order(build_node(tmp_path, seed=seed)).ro_no for seed in (1, 2)]

    assert len(set(numbers)) == 2


def test_a_refused_order_uses_no_number(node: Node):
    """The counter goes back with the transaction."""
    with pytest.raises(CommandRefused):
        desk.save_visit(node, visits.OpenVisit("", vehicle_id(VIN), START_MS))

    assert open_order(node).ro_no.endswith("-001")


def test_a_number_that_is_taken_is_passed_over(node: Node):
    """When the counter was forgotten (a restored database), the next free number is given."""
    taken = open_order(node).ro_no
    with node.store.write() as tx:
        tx.put_setting("unused", b"")
    _forget_numbers(node)

    assert (taken[-3:], open_order(node).ro_no[-3:]) == ("001", "002")


def _forget_numbers(node: Node) -> None:
    assert isinstance(node.store, SqliteNodeStore)
    connection = driver.connect(node.store._path)
    connection.execute("DELETE FROM series_number")
    connection.commit()
    connection.close()


def test_a_known_car_entered_unseen_is_not_overwritten(node: Node):
    """A colour typed without having read the one on file stands beside it as a second version."""
    add_car(node, color="red", fuel="diesel")

    saved = desk.save_vehicle(node, vehicles.AddVehicle(VIN, VinPolicy.STRICT, {"color": "blue", "fuel": "diesel"}))

    view = one_record(node, VEHICLE, saved.vehicle)
    assert view is not None
    assert [(one.register, len(one.overruled)) for one in view.contests] == [("color", 1)]
    assert saved.saved.records == (saved.vehicle,)


def test_a_known_car_entered_again_as_it_is_writes_nothing(node: Node):
    """Nothing new makes no change set."""
    add_car(node, color="red")

    saved = desk.save_vehicle(node, vehicles.AddVehicle(VIN, VinPolicy.STRICT, {"color": "red"}))

    assert saved.saved == desk.Saved((), None)


def test_masked_values_of_another_site_are_withheld(node: Node):
    """A visit of another site is shown without the values that are masked for others."""
    hub = ModelHub()
    hub.write(Draft(VISIT, record(1), {"ro_no": "X-1", "vehicle_id": vehicle_id(VIN)}), author=DEALER_B)
    page = hub.page(node)
    entry = [bytes(16), 1, DEALER_B, {0: "X-1"}, {2: int(Withheld.MASKED)}, False, b""]
    row = page.rows[0].__class__(VISIT.number, record(1), DEALER_B, 1, [entry], [], False)

    apply_page(node, page.__class__(1, page.hub_epoch, page.dealer_id, page.node_id, 0, 1, 1, True, [row], [], []))

    view = shown(node, kind=VISIT)
    assert (view.values, view.withheld, view.is_own) == ({"ro_no": "X-1"}, {"customer_id": Withheld.MASKED}, False)


def test_a_reference_that_has_not_arrived_is_simply_missing(node: Node):
    """A visit whose vehicle and customer are unknown here is shown without them."""
    opened = open_order(node, customer=record(9))

    view = visit_view(node, opened.visit)

    assert view is not None
    assert (view.vehicle, view.customer) == (None, None)


@pytest.mark.parametrize("look", [customer_card, vehicle_view, visit_view])
def test_what_is_not_known_is_none(node: Node, look):
    """An unknown id is no error."""
    assert look(node, record(99)) is None


def test_a_deleted_record_is_not_shown(node: Node):
    """A removed phone leaves card, lists and search."""
    customer = add_wang(node, "13800138000")
    card = customer_card(node, customer)
    assert card is not None

    desk.save(node, lambda _: customers.remove_part(PHONE, card.phones[0].read()))

    after = customer_card(node, customer)
    assert after is not None
    assert after.phones == ()
    assert find(node, "13800138000") == ()


def test_an_edit_after_a_delete_keeps_the_record_with_a_mark(node: Node):
    """Somebody who edited without having seen the delete keeps the plate visible."""
    car = add_car(node)
    (plate,) = desk.save(node, partial(vehicles.add_plate, car, {"plate_no": "沪A11111"})).records
    view = one_record(node, PLATE, plate)
    assert view is not None
    desk.save(node, lambda _: vehicles.remove_plate(view.read()))

    desk.save(node, lambda _: vehicles.edit_plate(view.read(), {"to_on": "2026-01-01"}))

    kept = one_record(node, PLATE, plate)
    assert kept is not None
    assert (kept.values["plate_no"], kept.is_edit_after_delete) == ("沪A11111", True)


def test_a_list_is_read_page_by_page(node: Node):
    """Pages follow each other by id without gap or repetition."""
    made = [add_wang(node) for _ in range(5)]

    first = list_records(node, CUSTOMER, after=None, limit=3)
    second = list_records(node, CUSTOMER, after=first.after, limit=3)

    assert [one.id for one in first.records + second.records] == sorted(made)
    assert second.after is None


def test_everything_new_is_local_only(node: Node):
    """Before anything is sent every record of a view says so."""
    opened = open_order(node)
    view = visit_view(node, opened.visit)

    assert view is not None
    assert {view.visit.mark, *(job.job.mark for job in view.jobs)} == {SyncMark.LOCAL_ONLY}
    assert one_record(node, ODOMETER_READING, opened.saved.records[-1]) is not None
