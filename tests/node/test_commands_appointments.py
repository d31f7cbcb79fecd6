"""What the desk may save about appointments: a call, a slot, arrival, no arrival, booked again."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from carnet_node.core.commands.appointments import (
    BookOrder,
    DayBook,
    Rebook,
    arrive_appointment,
    book_order,
    cancel_appointment,
    miss_appointment,
    missed_from_ms,
    note_appointment,
    plan_appointment,
    rebook_appointment,
    slot_of,
)
from carnet_node.core.commands.booking import MINUTE_MS, DayHours, Slot
from carnet_node.core.commands.customers import Values
from carnet_node.core.commands.drafting import Drafts, Read
from carnet_node.core.heads import Head, Heads
from carnet_node.core.refusals import CommandRefused, ProblemCode
from carnet_node.core.shop_limits import NO_SHOW_GRACE_MINUTES
from carnet_protocol.ids import OpId
from carnet_protocol.kinds import APPOINTMENT_STATES, APPOINTMENT_TRANSITIONS, REBOOK_REASONS, VISIT_STATES
from carnet_protocol.registry import Value
from support.desk import counted_ids, problems_of, record

NOW_MS = 1_790_000_000_000
TEN_MS = NOW_MS + 60 * MINUTE_MS
MISSED_MS = TEN_MS + NO_SHOW_GRACE_MINUTES * MINUTE_MS
OPEN = DayBook((), DayHours(NOW_MS, NOW_MS + 600 * MINUTE_MS, 30 * MINUTE_MS, None, None), NOW_MS)
SHUT = DayBook((), None, NOW_MS)
CALL: dict[str, Value] = {"caller_phone": "138 0013 8000", "plate_no": "湘A·12345", "wish": "brakes squeal"}
SLOT: dict[str, Value] = {"starts_at": TEN_MS, "planned_minutes": 60, "bay_code": "B1", "advisor_code": "A1"}
STATUS, SAID = OpId(b"s" * 16), OpId(b"v" * 16)


def read_in(status: str, **values: Value) -> Read:
    """Appointment 1 in a state, as its author had it before them."""
    heads = Heads((Head(STATUS, bytes([9]), False), Head(SAID, bytes([1, 2, 3, 7]), False)))
    said = {**CALL, **(SLOT if status != "requested" else {})}
    return Read(record(1), heads, {**said, "status": status, **values})


def order_in(status: str) -> Read:
    """Order 5 in a state: car 6 of customer 7, brought by somebody."""
    brought: dict[str, Value] = {
        "sender_name": "王小明",
        "sender_phone": "+8613800138000",
        "plate_at_visit": "湘A12345",
        "vehicle_id": record(6),
        "customer_id": record(7),
        "advisor_code": "A9",
        "customer_note": "brakes squeal",
    }
    return Read(record(5), Heads(()), {**brought, "status": status})


def only(drafts: Drafts) -> dict[str, Any]:
    """The values of the one draft."""
    (draft,) = drafts
    return dict(draft.values)


def test_a_call_needs_nothing_but_a_number():
    """Number and plate in their one spelling, the wish as it was said, and nothing booked."""
    noted = only(note_appointment(CALL, SHUT, counted_ids()))

    assert noted == {
        "requested_at": NOW_MS,
        "channel": "phone",
        "caller_phone": "+8613800138000",
        "plate_no": "湘A12345",
        "wish": "brakes squeal",
        "status": "requested",
    }


def test_a_call_with_a_slot_is_booked_at_once():
    """Whoever takes the call may see that there is room."""
    noted = only(note_appointment({**CALL, **SLOT}, OPEN, counted_ids()))

    assert {name: noted[name] for name in SLOT} == SLOT
    assert noted["status"] == "booked"


@pytest.mark.parametrize(
    ("values", "problems"),
    [
        pytest.param({"wish": "brakes"}, [("caller_phone", ProblemCode.MISSING)], id="nobody to call back"),
        pytest.param({**CALL, "status": "arrived"}, [("status", ProblemCode.LOCKED)], id="a state of its own"),
        pytest.param({**CALL, "visit_id": record(9)}, [("visit_id", ProblemCode.LOCKED)], id="an order"),
        pytest.param({"caller_phone": "12"}, [("caller_phone", ProblemCode.BAD_PHONE)], id="no telephone number"),
        pytest.param({**CALL, "starts_at": TEN_MS}, [("planned_minutes", ProblemCode.MISSING)], id="no minutes"),
        pytest.param({**CALL, "bay_code": "B1"}, [("starts_at", ProblemCode.MISSING)], id="a bay at no time"),
        pytest.param(
            {**CALL, **SLOT, "planned_minutes": 4}, [("planned_minutes", ProblemCode.BAD_VALUE)], id="four minutes"
        ),
        pytest.param(
            {**CALL, **SLOT, "starts_at": NOW_MS - 1}, [("starts_at", ProblemCode.BAD_ORDER)], id="in the past"
        ),
    ],
)
def test_what_a_call_lacks_is_told(values: dict[str, Value], problems: list[tuple[str, ProblemCode]]):
    """Each problem with its field; nothing is noted."""
    assert problems_of(lambda: note_appointment(values, OPEN, counted_ids())) == problems


def test_a_slot_that_is_taken_is_refused():
    """Bay and advisor are told apart, and the day that is shut."""
    taken = DayBook((Slot(TEN_MS, 30, "B1", "A1"),), OPEN.hours, NOW_MS)

    def note(book: DayBook) -> Callable[[], Drafts]:
        return lambda: note_appointment({**CALL, **SLOT}, book, counted_ids())

    assert [problems_of(note(book)) for book in (taken, SHUT)] == [
        [("bay_code", ProblemCode.ALREADY_THERE), ("advisor_code", ProblemCode.ALREADY_THERE)],
        [("starts_at", ProblemCode.BAD_VALUE)],
    ]


def test_a_slot_books_what_was_asked_for():
    """Intake writes slot and state, based on what its author read of both."""
    (draft,) = plan_appointment(read_in("requested"), SLOT, OPEN)

    assert dict(draft.values) == {**SLOT, "status": "booked"}
    assert set(draft.based_on) == {STATUS, SAID}


def test_a_slot_moves_as_one():
    """Another time writes bay, advisor and minutes with it, and the state stays."""
    moved = only(plan_appointment(read_in("booked"), {"starts_at": TEN_MS + MINUTE_MS}, OPEN))

    assert moved == {**SLOT, "starts_at": TEN_MS + MINUTE_MS}


def test_a_correction_of_the_wish_judges_no_slot():
    """A slot that has begun, or on a day that is shut by now, stands in nobody's way."""
    assert only(plan_appointment(read_in("booked"), {"wish": "oil"}, SHUT)) == {"wish": "oil"}


def test_saving_what_is_there_writes_nothing():
    """No register changes, no draft."""
    assert plan_appointment(read_in("booked"), {"wish": "brakes squeal"}, OPEN) == ()


def test_a_booked_appointment_keeps_a_time():
    """Taking the time away is no way to cancel."""
    assert problems_of(lambda: plan_appointment(read_in("booked"), {"starts_at": None}, OPEN)) == [
        ("starts_at", ProblemCode.MISSING)
    ]


@pytest.mark.parametrize("status", ["no_show", "cancelled", "arrived"])
def test_what_has_ended_is_not_moved(status: str):
    """It is booked again instead."""
    assert problems_of(lambda: plan_appointment(read_in(status), SLOT, OPEN)) == [("status", ProblemCode.LOCKED)]


STEPS: dict[str, Callable[[Read], Drafts]] = {
    "arrived": lambda read: arrive_appointment(read, TEN_MS, record(9)),
    "cancelled": lambda read: cancel_appointment(read, "customer_wish"),
    "no_show": lambda read: miss_appointment(read, MISSED_MS),
}


@pytest.mark.parametrize("state", STEPS)
@pytest.mark.parametrize("status", APPOINTMENT_STATES)
def test_a_step_is_taken_where_the_registry_allows_it(status: str, state: str):
    """Every state and every step: what the registry allows is drafted, all else is refused."""
    if state in APPOINTMENT_TRANSITIONS[status]:
        assert only(STEPS[state](read_in(status)))["status"] == state
    else:
        assert problems_of(lambda: STEPS[state](read_in(status))) == [("status", ProblemCode.ILLEGAL_STEP)]


def test_an_arrival_names_its_order():
    """The order that the car was taken in with stands with it, and when it came."""
    assert only(arrive_appointment(read_in("booked"), TEN_MS, record(9))) == {
        "status": "arrived",
        "visit_id": record(9),
        "arrived_at": TEN_MS,
    }


@pytest.mark.parametrize(("reason", "code"), [("", ProblemCode.MISSING), ("weather", ProblemCode.BAD_VALUE)])
def test_a_cancelled_appointment_needs_a_reason(reason: str, code: ProblemCode):
    """One of the registry's."""
    assert (("cancel_reason", code)) in problems_of(lambda: cancel_appointment(read_in("booked"), reason))


@pytest.mark.parametrize("now_ms", [TEN_MS, MISSED_MS - 1])
def test_nobody_is_missed_while_the_car_is_waited_for(now_ms: int):
    """A slot is kept for its grace past its time; until then it is waited for, or cancelled."""
    assert problems_of(lambda: miss_appointment(read_in("booked"), now_ms)) == [("starts_at", ProblemCode.BAD_ORDER)]


def test_an_appointment_says_from_when_on_nobody_came():
    """Only a booked one; what waits for a slot or has ended is never missed."""
    states = {status: missed_from_ms(read_in(status).values) for status in APPOINTMENT_STATES}

    assert states == {status: MISSED_MS if status == "booked" else None for status in APPOINTMENT_STATES}


def test_booking_again_follows_what_has_ended():
    """Who called and what for goes over; the former one stays as it is."""
    again = only(rebook_appointment(Rebook(read_in("no_show"), "no_show", SLOT), OPEN, counted_ids()))

    assert again == {
        **SLOT,
        "requested_at": NOW_MS,
        "channel": "phone",
        "caller_phone": "+8613800138000",
        "plate_no": "湘A12345",
        "wish": "brakes squeal",
        "status": "booked",
        "follows_id": record(1),
        "rebooked_because": "no_show",
    }


def test_a_car_that_waits_for_parts_comes_back_to_its_order():
    """The order of its arrival is taken over."""
    again = only(rebook_appointment(Rebook(read_in("arrived", visit_id=record(9)), "parts", {}), SHUT, counted_ids()))

    assert (again["visit_id"], again["rebooked_because"], again["status"]) == (record(9), "parts", "requested")


@pytest.mark.parametrize(
    ("status", "because", "problems"),
    [
        pytest.param("booked", "no_show", [("status", ProblemCode.ILLEGAL_STEP)], id="still expected"),
        pytest.param("no_show", "", [("rebooked_because", ProblemCode.MISSING)], id="no reason"),
        pytest.param("arrived", "parts", [("visit_id", ProblemCode.MISSING)], id="parts for no order"),
    ],
)
def test_booking_again_without_ground_is_refused(status: str, because: str, problems: list[tuple[str, ProblemCode]]):
    """What is still expected is moved, and a reason is needed."""
    command = Rebook(read_in(status), because, SLOT)

    assert problems_of(lambda: rebook_appointment(command, OPEN, counted_ids())) == problems


def test_a_car_that_came_without_an_appointment_is_booked_for_its_order():
    """Car, plate, customer and who brought it go over from the order; there is no former appointment."""
    back = only(book_order(BookOrder(order_in("open"), "parts", SLOT), OPEN, counted_ids()))

    assert back == {
        **SLOT,
        "requested_at": NOW_MS,
        "channel": "in_person",
        "caller_name": "王小明",
        "caller_phone": "+8613800138000",
        "plate_no": "湘A12345",
        "vehicle_id": record(6),
        "customer_id": record(7),
        "status": "booked",
        "rebooked_because": "parts",
        "visit_id": record(5),
    }


def test_who_comes_back_may_be_somebody_else():
    """What the booking says of the caller stands before what the order says of who brought the car."""
    said: dict[str, Value] = {"caller_name": "李四", "caller_phone": "13900139000", "wish": "part has come"}

    back = only(book_order(BookOrder(order_in("open"), "workshop", said), SHUT, counted_ids()))

    assert (back["caller_name"], back["caller_phone"], back["wish"]) == ("李四", "+8613900139000", "part has come")
    assert (back["plate_no"], back["status"]) == ("湘A12345", "requested")


@pytest.mark.parametrize("reason", REBOOK_REASONS)
def test_every_reason_of_the_registry_books_an_order(reason: str):
    """The reason stands in the appointment as it was said."""
    back = only(book_order(BookOrder(order_in("open"), reason, {}), SHUT, counted_ids()))

    assert back["rebooked_because"] == reason


@pytest.mark.parametrize("status", VISIT_STATES)
def test_a_car_comes_back_only_to_an_order_that_has_not_ended(status: str):
    """Draft, open and completed orders are booked; the refusal of every other state names it."""
    command = BookOrder(order_in(status), "parts", SLOT)

    if status in ("draft", "open", "completed"):
        assert only(book_order(command, OPEN, counted_ids()))["visit_id"] == record(5)
        return
    with pytest.raises(CommandRefused) as refused:
        book_order(command, OPEN, counted_ids())
    (problem,) = refused.value.problems
    assert (problem.field, problem.code) == ("status", ProblemCode.LOCKED)
    assert problem.what == f"The order is {status}; no car comes back to it."
    assert problem.next == "Note a new appointment for the car."


@pytest.mark.parametrize(
    ("because", "values", "problem"),
    [
        pytest.param("", SLOT, ("rebooked_because", ProblemCode.MISSING), id="no reason"),
        pytest.param("boredom", SLOT, ("rebooked_because", ProblemCode.BAD_VALUE), id="no reason of the registry"),
        pytest.param("parts", {"vehicle_id": record(8)}, ("vehicle_id", ProblemCode.LOCKED), id="another car"),
        pytest.param("parts", {"vehicle_id": None}, ("vehicle_id", ProblemCode.LOCKED), id="without its car"),
        pytest.param("parts", {"visit_id": record(8)}, ("visit_id", ProblemCode.LOCKED), id="another order"),
        pytest.param("parts", {"follows_id": record(8)}, ("follows_id", ProblemCode.LOCKED), id="a former one"),
        pytest.param(
            "parts", {**SLOT, "starts_at": NOW_MS - 1}, ("starts_at", ProblemCode.BAD_ORDER), id="a time behind"
        ),
        pytest.param("parts", {"starts_at": TEN_MS}, ("planned_minutes", ProblemCode.MISSING), id="a time alone"),
    ],
)
def test_an_order_is_not_booked_without_ground(because: str, values: Values, problem: tuple[str, ProblemCode]):
    """A reason, the car of the order, and a slot that can be booked."""
    command = BookOrder(order_in("open"), because, values)

    assert problem in problems_of(lambda: book_order(command, OPEN, counted_ids()))


def test_everything_that_is_wrong_with_a_booked_order_is_told_at_once():
    """Neither the missing reason nor the time behind waits for the other."""
    command = BookOrder(order_in("open"), "", {**SLOT, "starts_at": NOW_MS - 1})

    found = problems_of(lambda: book_order(command, OPEN, counted_ids()))

    assert ("rebooked_because", ProblemCode.MISSING) in found
    assert ("starts_at", ProblemCode.BAD_ORDER) in found


def test_the_bay_that_an_order_is_booked_at_is_free():
    """Its slot is judged by what is taken on its day, as for a call."""
    taken = replace(OPEN, taken=(Slot(TEN_MS, 60, "B1", ""),))

    assert problems_of(lambda: book_order(BookOrder(order_in("open"), "parts", SLOT), taken, counted_ids())) == [
        ("bay_code", ProblemCode.ALREADY_THERE)
    ]


def test_a_slot_has_a_time_and_minutes():
    """Bay and advisor may be missing; without minutes there is no slot."""
    assert slot_of(SLOT) == Slot(TEN_MS, 60, "B1", "A1")
    assert slot_of({"starts_at": TEN_MS, "planned_minutes": 60}) == Slot(TEN_MS, 60)
    assert slot_of({"starts_at": TEN_MS}) is None
