"""What a front desk asks all day, each with the time it may take."""

from collections.abc import Callable, Iterator
from random import Random

from carnet_node.core.commands.lines import NewJob
from carnet_node.core.log.acting import acting_for
from carnet_node.core.name_keys import name_keys
from carnet_node.core.node import Node
from carnet_node.core.saving.duplicates import TypedParty, find_candidates
from carnet_node.core.saving.receiving import ReceivedCar, ReceivedParty, Reception, receive_car
from carnet_node.core.showing.customer_file import customer_file
from carnet_node.core.showing.day import day_of
from carnet_node.core.showing.searching import find
from carnet_node.core.showing.vehicle_file import vehicle_file
from carnet_node.core.staff.staff import add_member, list_staff
from carnet_protocol.ids import RecordId
from carnet_protocol.registry import Value
from tools.desk_bench.data import Desk

SEARCH_MS, PAGE_MS, SAVE_MS = 50.0, 30.0, 15.0
BOARD_MS = 50.0
"""Issue F: the board and the day board with 500 open orders."""

STAFF_NO = "A01"
Question = tuple[str, float, Callable[[], object]]


def questions_of(desk: Desk, dice: Random) -> Iterator[Question]:
    """(what is asked, ms it may take at the 99th percentile, asking it once)."""
    node, samples = desk.node, desk.samples

    def typed(name: str, shape: Callable[[str], str] = str) -> Callable[[], object]:
        """A search for one of the samples, as somebody types it."""
        return lambda: find(node, shape(dice.choice(samples[name])))

    yield "search: plate", SEARCH_MS, typed("plate")
    yield "search: end of plate", SEARCH_MS, typed("plate", lambda one: one[-4:])
    yield "search: beginning of plate", SEARCH_MS, typed("plate", lambda one: one[:3])
    yield "search: VIN", SEARCH_MS, typed("vin")
    yield "search: last 6 of VIN", SEARCH_MS, typed("vin", lambda one: one[-6:])
    yield "search: mobile", SEARCH_MS, typed("phone", lambda one: one[3:])
    yield "search: last 4 of mobile", SEARCH_MS, typed("phone", lambda one: one[-4:])
    yield "search: name", SEARCH_MS, typed("name")
    yield "search: surname", SEARCH_MS, typed("name", lambda one: one[:1])
    yield "search: initials", SEARCH_MS, typed("name", lambda one: min(name_keys(one), key=len))
    yield "search: order number", SEARCH_MS, typed("ro_no")
    yield "search: end of order number", SEARCH_MS, typed("ro_no", lambda one: one[-4:])
    yield "search: tag and end of order", SEARCH_MS, typed("ro_no", lambda one: one[-9:])
    yield "search: nothing", SEARCH_MS, lambda: find(node, f"沪Z{dice.randrange(10**5):05}")
    yield "duplicates while typing", SEARCH_MS, lambda: find_candidates(node, _party(desk, dice))
    yield "page of a car", PAGE_MS, lambda: vehicle_file(node, _one(desk, dice, "vehicle"))
    yield "page of a customer", PAGE_MS, lambda: customer_file(node, _one(desk, dice, "customer"))
    yield "first page", PAGE_MS, lambda: day_of(node, STAFF_NO)


def save_question_of(desk: Desk, dice: Random) -> Question:
    """As `questions_of`: the save of a check-in, which leaves one more order open."""
    advisor = acting_for(desk.node, advisor_of(desk.node))
    return "save of a check-in", SAVE_MS, lambda: _check_in(advisor, desk, dice)


def _one(desk: Desk, dice: Random, name: str) -> RecordId:
    return RecordId(bytes.fromhex(dice.choice(desk.samples[name])))


def _party(desk: Desk, dice: Random) -> TypedParty:
    samples = desk.samples
    return TypedParty((dice.choice(samples["phone"]),), (dice.choice(samples["name"]),), dice.choice(samples["plate"]))


def advisor_of(node: Node) -> RecordId:
    """Who receives the cars; entered when the data is measured first."""
    known = next((one.view.id for one in list_staff(node) if one.view.values.get("staff_no") == STAFF_NO), None)
    values = {"staff_no": STAFF_NO, "full_name": "Advisor Example", "role": "advisor"}
    return known if known is not None else add_member(node, values)[0]


def _check_in(node: Node, desk: Desk, dice: Random) -> object:
    """A returning car with somebody new at the wheel, two complaints, marks, a promise and an estimate."""
    jobs = [NewJob({"complaint": "刹车时有异响", "estimate_fen": 48_000}), NewJob({"complaint": "常规保养"})]
    values: dict[str, Value] = {
        "odometer_in_km": 88_000 + dice.randrange(1_000),
        "fuel_level_percent": 50,
        "sender_name": "Example Person",
        "sender_phone": "13800138000",
        "advisor_code": STAFF_NO,
        "promised_at": node.clock.now_ms() + 3_600_000,
        "damage_marks": "scratch 120 450; dent 800 90",
        "belongings": "儿童座椅",
        "old_part_wish": "show_first",
    }
    party = ReceivedParty(known=_one(desk, dice, "customer"), role="driver")
    return receive_car(
        node, Reception(party, ReceivedCar(known=_one(desk, dice, "vehicle")), values, jobs, is_read_again=True)
    )
