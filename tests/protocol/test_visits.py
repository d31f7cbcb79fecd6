"""Which car was in for an order, and since when, whatever the clock of the desk showed."""

import pytest

from carnet_protocol.fold import fold_record
from carnet_protocol.ids import vehicle_id
from carnet_protocol.kinds import VISIT
from carnet_protocol.registry import Value
from carnet_protocol.state import Entries, happened_ms
from carnet_protocol.visits import came_in_ms, car_in, car_worked_on, is_wanted
from carnet_protocol.writes import Write
from support.protocol import fixed, op

CAR = vehicle_id("1M8GDM9AXKP042788")
DEALER = fixed("dealer")


def order(*writes: tuple[int, dict[str, Value]]) -> Entries:
    """The state of an order after some writes, each at its set time and based on all before it."""
    made: list[Write] = []
    for number, (time_ms, values) in enumerate(writes, start=1):
        fields = {VISIT.labels[name]: value for name, value in values.items()}
        made.append(Write(op(number), time_ms, DEALER, fields, based_on=tuple(one.op for one in made)))
    return fold_record(made).entries


CASES = [
    pytest.param([(50, {"vehicle_id": CAR, "status": "open", "opened_at": 40})], 40, id="opened when it says"),
    pytest.param([(50, {"vehicle_id": CAR, "status": "open", "opened_at": 90})], 50, id="a clock ahead"),
    pytest.param([(50, {"vehicle_id": CAR, "status": "open"})], 50, id="says no moment"),
    pytest.param([(50, {"vehicle_id": CAR, "status": "closed", "opened_at": -9})], -9, id="taken over from before"),
    pytest.param(
        [(10, {"vehicle_id": CAR, "status": "draft"}), (50, {"status": "open", "opened_at": 45})],
        45,
        id="drafted on the telephone, opened when the car came",
    ),
    pytest.param(
        [(10, {"vehicle_id": CAR, "status": "open", "opened_at": 90}), (50, {"opened_at": 70})],
        50,
        id="the moment was mended",
    ),
    pytest.param(
        [(10, {"vehicle_id": CAR, "ro_no": "1", "status": "open"}), (50, {"status": "closed"})],
        10,
        id="says no moment and has gone on",
    ),
    pytest.param([(50, {"vehicle_id": CAR, "status": "draft", "opened_at": 40})], None, id="no more than a draft"),
    pytest.param(
        [(10, {"vehicle_id": CAR, "status": "open", "opened_at": 9}), (50, {"status": "void"})], None, id="void"
    ),
    pytest.param([(50, {"status": "open", "opened_at": 40})], None, id="names no car"),
    pytest.param(
        [(50, {"vehicle_id": CAR, "status": "open", "opened_at": 40, "corrects_id": bytes(16)})],
        None,
        id="corrects another order",
    ),
]


@pytest.mark.parametrize(("writes", "at_ms"), CASES)
def test_a_car_is_in_from_the_opening_of_an_order(writes: list[tuple[int, dict[str, Value]]], at_ms: int | None):
    """The opening counts as it is stated, never after it was written; a draft and a void order have no car in."""
    state = order(*writes)

    vehicle = car_in(state)

    assert vehicle == (None if at_ms is None else CAR)
    assert vehicle is None or came_in_ms(state) == at_ms


def test_an_order_that_was_edited_while_somebody_deleted_it_has_its_car_in():
    """What the delete buried counts as far as the order shows it again."""
    opened = Write(op(1), 10, DEALER, {VISIT.labels["vehicle_id"]: CAR, VISIT.labels["opened_at"]: 4})
    gone = Write(op(2), 20, DEALER, None, based_on=(op(1),))
    edited = Write(op(3), 30, DEALER, {VISIT.labels["status"]: "open"}, based_on=(op(1),))

    state = fold_record([opened, gone, edited]).entries

    assert (car_in(state), came_in_ms(state)) == (CAR, 4)


def test_a_deleted_order_has_no_car_in():
    """An order that is gone proves nothing."""
    opened = Write(op(1), 10, DEALER, {VISIT.labels["vehicle_id"]: CAR, VISIT.labels["status"]: "open"})
    gone = Write(op(2), 20, DEALER, None, based_on=(op(1),))

    assert car_in(fold_record([opened, gone]).entries) is None


@pytest.mark.parametrize(
    ("stated", "at_ms"), [(4, 4), (5, 5), (6, 5), (None, 5)], ids=["before", "at", "after", "unsaid"]
)
def test_a_fact_never_happens_after_it_was_written_down(stated: int | None, at_ms: int):
    """The statement counts as far as the set time allows."""
    assert happened_ms(stated, 5) == at_ms


@pytest.mark.parametrize(("status", "car"), [("open", CAR), ("closed", CAR), ("draft", None), ("void", None)])
def test_a_correction_speaks_of_work_on_its_car(status: str, car: bytes | None):
    """What was done and forgotten on the first order is borne out by the one that corrects it."""
    state = order((50, {"vehicle_id": CAR, "status": status, "corrects_id": bytes(16)}))

    assert car_worked_on(state) == car


@pytest.mark.parametrize(
    ("status", "approval", "wanted"),
    [
        ("open", "proposed", True),
        ("completed", "proposed", False),
        ("settled", "proposed", False),
        ("closed", "proposed", False),
        ("closed", "approved", True),
        ("closed", None, True),
        ("open", "declined", False),
        ("closed", "declined", False),
    ],
)
def test_a_job_is_wanted_until_somebody_says_otherwise(status: str, approval: str | None, *, wanted: bool):
    """A declined one never; one that nobody has answered until the order is over."""
    assert is_wanted({"status": status}, {"approval": approval}) is wanted
